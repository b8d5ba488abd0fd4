package io.dyetrace.benchmarks.job;

import io.dyetrace.analytics.AnalyticsConfig;
import io.dyetrace.analytics.AnalyticsJob;
import io.dyetrace.analytics.FaultDetectors;
import io.dyetrace.analytics.JobSinks;
import io.dyetrace.analytics.JobSources;
import io.dyetrace.analytics.cluster.FlinkSettings;
import io.dyetrace.analytics.detection.Detector;
import io.dyetrace.analytics.detection.DetectorOperator;
import io.dyetrace.analytics.telemetry.TelemetryReader.Keyed;
import io.dyetrace.common.config.StrictYaml;
import java.io.DataInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.runtime.checkpoint.Checkpoints;
import org.apache.flink.runtime.checkpoint.OperatorState;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.minicluster.MiniClusterConfiguration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;
import org.apache.flink.streaming.api.graph.StreamGraph;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Drives the whole analytics job, source in memory and rows discarded, and says what a record costs
 * its task threads. Started by {@code benchmarks/analytics.sh}.
 */
@Command(name = "analytics-bench", mixinStandardHelpOptions = true)
public final class JobBench implements Callable<Integer> {
  private static final int LEAD_MS = 3_000;

  @Option(names = "--nodes", description = "gateway nodes, half of each tier")
  private int nodes = 1_000;

  @Option(names = "--probers")
  private int probers = 16;

  @Option(names = "--vips")
  private int vips = 16;

  @Option(names = "--rate", description = "records a second: results, points, counter rows")
  private int rate = 100_000;

  @Option(names = "--seconds", description = "of telemetry")
  private int seconds = 40;

  @Option(names = "--warmup", description = "seconds of it that do not count")
  private int warmup = 15;

  @Option(names = "--full-speed", description = "as a backlog, not at its rate")
  private boolean fullSpeed;

  @Option(names = "--without-detector", description = "a detector that does nothing")
  private boolean withoutDetector;

  @Option(names = "--json", description = "appends the result as one line")
  private @Nullable Path json;

  public static void main(String[] arguments) {
    CommandLine command = new CommandLine(new JobBench());
    // What a user adds goes before what the script says.
    System.exit(command.setOverwrittenOptionsAllowed(true).execute(arguments));
  }

  @Override
  public Integer call() throws Exception {
    LoadShape shape = new LoadShape(nodes, probers, vips, rate, seconds);
    List<Load.Sent> load = makeLoad(shape);
    Path directory = Files.createTempDirectory("dyetrace-bench");
    try {
      run(shape, load, directory);
    } finally {
      try (Stream<Path> paths = Files.walk(directory)) {
        for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(path);
        }
      }
    }
    return 0;
  }

  /** At its rate it has to be ready before its first record is due: what one second costs tells. */
  private List<Load.Sent> makeLoad(LoadShape shape) {
    if (fullSpeed) {
      return Load.make(shape, System.currentTimeMillis() - seconds * 1_000L, warmup * 1_000);
    }
    long beganNs = System.nanoTime();
    Load.make(new LoadShape(nodes, probers, vips, rate, 3), 0, Integer.MAX_VALUE);
    long allMs = (System.nanoTime() - beganNs) / 1_000_000 * seconds / 3;
    long startMs = System.currentTimeMillis() + 2 * allMs + LEAD_MS;
    List<Load.Sent> load = Load.make(shape, startMs, warmup * 1_000);
    if (System.currentTimeMillis() > startMs) {
      throw new IllegalStateException("the load was not made in time; the machine is too busy");
    }
    return load;
  }

  private void run(LoadShape shape, List<Load.Sent> load, Path directory) throws Exception {
    String configText =
        """
        kafka: {bootstrap_servers: "127.0.0.1:1"}
        clickhouse: {url: "http://127.0.0.1:1"}
        topology: unused.yaml
        checkpoints: {directory: %s}
        """
            .formatted(directory);
    AnalyticsConfig config = StrictYaml.parse(configText, "bench", AnalyticsConfig.class);
    MemorySource.load(load, !fullSpeed);
    MiniCluster cluster =
        new MiniCluster(
            new MiniClusterConfiguration.Builder()
                .setConfiguration(FlinkSettings.embeddedCluster(config))
                .setNumTaskManagers(1)
                .setNumSlotsPerTaskManager(1)
                .build());
    cluster.start();
    try {
      StreamGraph graph =
          graph(
              FlinkSettings.job(config, Optional.empty()),
              new FaultDetectors(configText, shape.topology()));
      cluster.submitJob(graph).get();
      long allRows = load.stream().mapToLong(Load.Sent::rows).sum();
      long startMs = load.get(0).appendMs();
      Map<String, Long> rowsRead = new TreeMap<>();
      TaskThreads used = measure(allRows * warmup / seconds, allRows, rowsRead);
      long lateMs = System.currentTimeMillis() - startMs - seconds * 1_000L;
      String path = cluster.triggerCheckpoint(graph.getJobID()).get();
      Report report =
          new Report(shape, used, rowsRead, stateBytes(Path.of(java.net.URI.create(path))), lateMs);
      System.out.print(report.markdown(!fullSpeed, !withoutDetector));
      if (json != null) {
        report.appendJson(json, !fullSpeed, !withoutDetector);
      }
      cluster.cancelJob(graph.getJobID()).get();
      cluster.requestJobResult(graph.getJobID()).get();
    } finally {
      cluster.close();
    }
  }

  private StreamGraph graph(Configuration flink, FaultDetectors detectors) {
    StreamExecutionEnvironment environment =
        StreamExecutionEnvironment.getExecutionEnvironment(flink);
    Detector.Factory factory = withoutDetector ? new NoDetector.Factory() : detectors;
    AnalyticsJob.build(
        environment,
        new JobSources(
            new MemorySource(Keyed.BY_CLUSTER, "detection"),
            new MemorySource(Keyed.BY_SENDER, "storage"),
            MemorySource::endOffsets),
        new JobSinks(new VerdictLatencies(), new DiscardingSink<>(), new DiscardingSink<>()),
        factory,
        detectors.flows(),
        DetectorOperator.Settings.DEFAULT);
    return environment.getStreamGraph();
  }

  /** A backlog's two readers begin and end at times of their own: so does their measurement. */
  private static TaskThreads measure(long warmRows, long allRows, Map<String, Long> rowsRead)
      throws InterruptedException {
    Map<String, TaskThreads> began = new TreeMap<>();
    Map<String, TaskThreads> ended = new TreeMap<>();
    while (ended.size() < MemorySource.ROWS.size()) {
      Thread.sleep(10);
      for (Map.Entry<String, AtomicLong> e : MemorySource.ROWS.entrySet()) {
        long rows = e.getValue().get();
        if (rows >= warmRows && !began.containsKey(e.getKey())) {
          began.put(e.getKey(), TaskThreads.now());
          rowsRead.put(e.getKey(), -rows);
        }
        if (rows >= allRows && !ended.containsKey(e.getKey())) {
          ended.put(e.getKey(), TaskThreads.now());
          rowsRead.merge(e.getKey(), rows, Long::sum);
        }
      }
    }
    TaskThreads detection = between("detection", began, ended);
    TaskThreads storage = between("storage", began, ended);
    Map<String, TaskThreads.Usage> byTask = new TreeMap<>();
    detection.byTask().forEach((t, u) -> addTo(byTask, t, u, Report.isDetection(t)));
    storage.byTask().forEach((t, u) -> addTo(byTask, t, u, !Report.isDetection(t)));
    TaskThreads longer = detection.timeNs() > storage.timeNs() ? detection : storage;
    return new TaskThreads(byTask, longer.gcMs(), longer.timeNs());
  }

  /** What a pipeline used between two readings, both of which were made. */
  private static TaskThreads between(
      String pipeline, Map<String, TaskThreads> began, Map<String, TaskThreads> ended) {
    return Objects.requireNonNull(ended.get(pipeline))
        .since(Objects.requireNonNull(began.get(pipeline)));
  }

  private static void addTo(
      Map<String, TaskThreads.Usage> byTask, String task, TaskThreads.Usage usage, boolean its) {
    if (its) {
      byTask.put(task, usage);
    }
  }

  /** By operator, as the checkpoint holds it. */
  private static Map<String, Long> stateBytes(Path checkpoint) throws IOException {
    Map<String, Long> bytes = new TreeMap<>();
    try (DataInputStream in =
        new DataInputStream(Files.newInputStream(checkpoint.resolve("_metadata")))) {
      for (OperatorState state :
          Checkpoints.loadCheckpointMetadata(
                  in, JobBench.class.getClassLoader(), checkpoint.toUri().toString())
              .getOperatorStates()) {
        String uid = state.getOperatorUid().orElse(state.getOperatorID().toString());
        if (state.getStateSize() > 0) {
          bytes.put(uid, state.getStateSize());
        }
      }
    }
    return bytes;
  }
}
