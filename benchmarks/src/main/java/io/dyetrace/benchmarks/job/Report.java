package io.dyetrace.benchmarks.job;

import io.dyetrace.benchmarks.job.TaskThreads.Usage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * What a run measured.
 *
 * @param rowsRead records that each pipeline read in the measured time
 * @param lateMs how much later than its append time the last record was read
 */
record Report(
    LoadShape shape,
    TaskThreads used,
    Map<String, Long> rowsRead,
    Map<String, Long> stateBytes,
    long lateMs) {

  /** The detection's tasks; all others are the storage's. */
  static boolean isDetection(String task) {
    return task.contains("detection-source") || task.contains("detector");
  }

  private double nsPerRecord(String pipeline) {
    return used.byTask().entrySet().stream()
            .filter(e -> isDetection(e.getKey()) == pipeline.equals("detection"))
            .mapToLong(e -> e.getValue().cpuNs())
            .sum()
        / (double) rowsRead.getOrDefault(pipeline, 1L);
  }

  /** Each record goes through both pipelines. */
  private double recordsPerCpuSecond() {
    return 1e9 / (nsPerRecord("detection") + nsPerRecord("storage"));
  }

  private long allStateBytes() {
    return stateBytes.values().stream().mapToLong(n -> n).sum();
  }

  private double gcShare() {
    return used.gcMs() * 1e6 / used.timeNs();
  }

  String markdown(boolean paced, boolean detector) {
    StringBuilder out = new StringBuilder();
    line(
        out,
        "## %s, %s",
        paced ? "At %,d records/s".formatted(shape.recordsPerSecond()) : "As a backlog",
        detector ? "with the detector" : "without the detector");
    line(out, "");
    line(
        out,
        "%,d nodes in two tiers, %d probers, %d VIPs, %,d probes/s (%.0f per CLB node and round),"
            + " %d s of telemetry.",
        shape.nodes(),
        shape.probers(),
        shape.vips(),
        shape.probesPerSecond(),
        shape.probesPerNodeAndRound(),
        shape.seconds());
    line(out, "");
    line(out, "| | |");
    line(out, "| --- | --- |");
    line(out, "| records per CPU-second, whole job | %,.0f |", recordsPerCpuSecond());
    line(
        out,
        "| CPU ns per record: detection, storage | %,.0f, %,.0f |",
        nsPerRecord("detection"),
        nsPerRecord("storage"));
    line(
        out,
        "| state bytes per component (%,d components) | %,d |",
        shape.components(),
        allStateBytes() / shape.components());
    line(out, "| of it, in bytes | %s |", state());
    line(out, "| garbage collection, share of time | %.1f %% |", 100 * gcShare());
    if (paced) {
      line(
          out,
          "| event time to verdict, p50 / p99 of %d | %d / %d ms |",
          VerdictLatencies.count(),
          VerdictLatencies.quantileMs(0.5),
          VerdictLatencies.quantileMs(0.99));
      line(out, "| last record read after its append time | %,d ms |", lateMs);
    }
    if (detector) {
      line(
          out,
          "| verdicts | %s |",
          VerdictLatencies.verdicts().stream()
              .collect(Collectors.groupingBy(v -> v, TreeMap::new, Collectors.counting())));
    }
    line(out, "");
    line(out, "| task | CPU ns per record | bytes allocated per record |");
    line(out, "| --- | --- | --- |");
    used.byTask()
        .forEach(
            (task, usage) -> {
              double rows = rowsRead.getOrDefault(isDetection(task) ? "detection" : "storage", 1L);
              line(
                  out,
                  "| %s | %,.0f | %,.0f |",
                  task,
                  usage.cpuNs() / rows,
                  usage.allocatedBytes() / rows);
            });
    line(out, "");
    return out.toString();
  }

  private String state() {
    return stateBytes.entrySet().stream()
        .map(e -> "%s %,d".formatted(e.getKey(), e.getValue()))
        .collect(Collectors.joining(", "));
  }

  private static void line(StringBuilder out, String format, Object... values) {
    out.append(values.length == 0 ? format : format.formatted(values)).append('\n');
  }

  /** One line of JSON. */
  void appendJson(Path file, boolean paced, boolean detector) throws IOException {
    String state =
        stateBytes.entrySet().stream()
            .map(e -> "\"%s\":%d".formatted(e.getKey(), e.getValue()))
            .collect(Collectors.joining(","));
    Usage all = used.byTask().values().stream().reduce(TaskThreads.NOTHING, Usage::plus);
    String text =
        String.format(
            Locale.ROOT,
            "{\"paced\":%b,\"detector\":%b,\"nodes\":%d,\"probers\":%d,\"vips\":%d,\"rate\":%d,"
                + "\"seconds\":%d,\"records_per_cpu_second\":%.0f,\"detection_ns\":%.0f,"
                + "\"storage_ns\":%.0f,\"allocated_bytes_per_record\":%.0f,"
                + "\"components\":%d,\"state_bytes\":{%s},\"state_bytes_per_component\":%d,"
                + "\"gc_share\":%.4f,\"verdicts\":%d,\"verdict_p50_ms\":%d,\"verdict_p99_ms\":%d,"
                + "\"late_ms\":%d}%n",
            paced,
            detector,
            shape.nodes(),
            shape.probers(),
            shape.vips(),
            shape.recordsPerSecond(),
            shape.seconds(),
            recordsPerCpuSecond(),
            nsPerRecord("detection"),
            nsPerRecord("storage"),
            all.allocatedBytes() / (double) rowsRead.getOrDefault("detection", 1L),
            shape.components(),
            state,
            allStateBytes() / shape.components(),
            gcShare(),
            VerdictLatencies.count(),
            VerdictLatencies.quantileMs(0.5),
            VerdictLatencies.quantileMs(0.99),
            lateMs);
    Files.writeString(file, text, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
  }
}
