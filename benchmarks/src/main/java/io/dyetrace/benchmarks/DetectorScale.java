package io.dyetrace.benchmarks;

import com.google.protobuf.InvalidProtocolBufferException;
import io.dyetrace.analytics.detect.DetectorConfig;
import io.dyetrace.analytics.detect.FaultDetector;
import io.dyetrace.common.record.CounterBatch;
import io.dyetrace.common.record.PointBatch;
import io.dyetrace.common.record.ProbeBatch;
import io.dyetrace.common.record.Verdict;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What the detector alone costs in clusters of any size: records a CPU-second, the time of a look,
 * and bytes of state a node, in quiet and while a node is dead.
 *
 * <pre>
 * java -cp ... io.dyetrace.benchmarks.DetectorScale 4 100 1000 4000
 * </pre>
 *
 * <p>Records are parsed from bytes outside the measured time; what protobuf decodes only when asked
 * is decoded inside.
 */
public final class DetectorScale {
  private static final long SECOND_NS = 1_000_000_000L;
  private static final int LOOKS = 5;
  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  private final Fleet fleet;
  private final FaultDetector detector;
  private final List<Verdict> verdicts = new ArrayList<>();
  private long cpuNs;
  private long looksNs;
  private long slowestLookNs;
  private long records;

  private DetectorScale(int nodes, double lossShare) {
    this.fleet = new Fleet(nodes, lossShare);
    this.detector = new FaultDetector(fleet.topology(), DetectorConfig.defaults());
  }

  /** Runs each number of nodes given. */
  public static void main(String[] args) throws InvalidProtocolBufferException {
    double lossShare = Double.parseDouble(System.getProperty("loss", "1e-4"));
    int warmUp = Integer.getInteger("warmup", 40);
    int measured = Integer.getInteger("seconds", 30);
    for (String arg : args) {
      DetectorScale run = new DetectorScale(Integer.parseInt(arg), lossShare);
      run.seconds(warmUp);
      run.report("warm-up", warmUp);
      run.seconds(measured);
      run.report("quiet", measured);
      run.fleet.kill();
      run.seconds(measured);
      run.report("one node dead", measured);
    }
  }

  private void seconds(int count) throws InvalidProtocolBufferException {
    cpuNs = 0;
    looksNs = 0;
    slowestLookNs = 0;
    records = 0;
    verdicts.clear();
    for (int i = 0; i < count; i++) {
      second();
    }
  }

  private void second() throws InvalidProtocolBufferException {
    List<ProbeBatch> probes = new ArrayList<>();
    List<PointBatch> points = new ArrayList<>();
    List<CounterBatch> counters = new ArrayList<>();
    records += fleet.nextSecond(probes, points, counters);
    for (int look = 0; look < LOOKS; look++) {
      long startNs = THREADS.getCurrentThreadCpuTime();
      part(probes, look).forEach(detector::accept);
      part(points, look).forEach(detector::accept);
      part(counters, look).forEach(detector::accept);
      long lookNs = THREADS.getCurrentThreadCpuTime();
      verdicts.addAll(
          detector.advance(fleet.nowNs() - SECOND_NS + (look + 1) * SECOND_NS / LOOKS, true));
      long endNs = THREADS.getCurrentThreadCpuTime();
      cpuNs += endNs - startNs;
      looksNs += endNs - lookNs;
      slowestLookNs = Math.max(slowestLookNs, endNs - lookNs);
    }
  }

  private static <T> List<T> part(List<T> all, int look) {
    return all.subList(all.size() * look / LOOKS, all.size() * (look + 1) / LOOKS);
  }

  private void report(String what, int seconds) {
    System.out.printf(
        Locale.ROOT,
        "%5d nodes, %-14s %9.0f records/s in %8.0f per CPU-second (%.2f us each); a look %8.3f ms, at most %8.3f ms; "
            + "state %6d bytes a node; verdicts %s%n",
        fleet.nodes(),
        what,
        (double) records / seconds,
        records / (cpuNs / 1e9),
        cpuNs / 1e3 / records,
        looksNs / 1e6 / seconds / LOOKS,
        slowestLookNs / 1e6,
        detector.snapshot().length / fleet.nodes(),
        verdicts.stream()
            .limit(5)
            .map(
                v ->
                    v.getState()
                        + " "
                        + v.getFaultId()
                        + " +"
                        + (v.getDetectedNs() - v.getFirstBadNs()) / SECOND_NS
                        + "s")
            .toList());
  }
}
