package io.dyetrace.analytics;

import io.dyetrace.analytics.cluster.EmbeddedFlink;
import io.dyetrace.analytics.cluster.FlinkMetrics;
import io.dyetrace.analytics.cluster.FlinkSettings;
import io.dyetrace.analytics.cluster.RetainedCheckpoints;
import io.dyetrace.analytics.detection.DetectorOperator;
import io.dyetrace.analytics.kafka.KafkaConnectors;
import io.dyetrace.analytics.kafka.ParameterTopic;
import io.dyetrace.analytics.telemetry.TelemetryReader.Keyed;
import io.dyetrace.common.config.ConfigException;
import io.dyetrace.common.config.HostPort;
import io.dyetrace.common.config.MetricsConfig;
import io.dyetrace.common.config.StrictYaml;
import io.dyetrace.common.metrics.MetricsServer;
import io.dyetrace.common.topology.Topology;
import io.dyetrace.storage.flink.ClickHouseSink;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.graph.StreamGraph;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Starts the analytics: {@code ./dyetrace analytics --config analytics.yaml}. */
@Command(
    name = "analytics",
    mixinStandardHelpOptions = true,
    description = "The Flink job in a mini cluster, or submitted to a cluster.")
public final class AnalyticsMain implements Callable<Integer> {
  private static final Logger LOG = LoggerFactory.getLogger(AnalyticsMain.class);

  /** Without a checkpoint for so long the process does not call itself ready. */
  private static final Duration STALE_CHECKPOINT = Duration.ofSeconds(30);

  @Option(
      names = "--config",
      required = true,
      paramLabel = "FILE",
      description = "Configuration (YAML).")
  private Path configFile = Path.of("");

  @Option(
      names = "--check-config",
      description = "Read configuration and topology, say whether they are right, and end.")
  private boolean checkOnly;

  @Option(
      names = "--restore-from",
      paramLabel = "URI",
      description =
          "With 'embedded: false': the checkpoint or savepoint to go on from"
              + " (default: the newest one in a local checkpoint directory).")
  private @Nullable String restoreFrom;

  private final CountDownLatch stop = new CountDownLatch(1);
  private final CountDownLatch stopped = new CountDownLatch(1);

  /** Entry point. */
  public static void main(String[] arguments) {
    System.exit(new CommandLine(new AnalyticsMain()).execute(arguments));
  }

  @Override
  public Integer call() throws Exception {
    AnalyticsConfig config;
    String configText;
    String topologyText;
    Topology topology;
    try {
      config = StrictYaml.read(configFile, AnalyticsConfig.class);
      configText = Files.readString(configFile);
      Path topologyFile = configFile.toAbsolutePath().resolveSibling(config.topology());
      topology = Topology.read(topologyFile);
      topologyText = Files.readString(topologyFile);
    } catch (ConfigException e) {
      System.err.println("dyetrace analytics: " + e.getMessage());
      return 2;
    } catch (IOException e) {
      System.err.println("dyetrace analytics: " + e);
      return 2;
    }
    if (config.embedded() && restoreFrom != null) {
      System.err.println("dyetrace analytics: --restore-from: given, but embedded is true");
      return 2;
    }
    if (checkOnly) {
      System.err.println(configFile + ": right");
      return 0;
    }
    FaultDetectors detectors = new FaultDetectors(configText, topologyText);
    makeParameterTopic(config);
    try {
      return config.embedded()
          ? runEmbedded(config, topology, detectors)
          : submit(config, detectors);
    } catch (IOException e) {
      System.err.println("dyetrace analytics: " + e.getMessage());
      return 1;
    }
  }

  /** A Kafka of before parameters could be changed does not have it. */
  private static void makeParameterTopic(AnalyticsConfig config) throws InterruptedException {
    try {
      new ParameterTopic(config.kafka().bootstrapServers()).make();
    } catch (IOException e) {
      LOG.warn("{}; the job waits for it", e.getMessage());
    }
  }

  static StreamGraph graph(Configuration flink, AnalyticsConfig config, FaultDetectors detectors) {
    StreamExecutionEnvironment environment =
        StreamExecutionEnvironment.getExecutionEnvironment(flink);
    build(environment, config, detectors);
    return environment.getStreamGraph();
  }

  private static void build(
      StreamExecutionEnvironment environment, AnalyticsConfig config, FaultDetectors detectors) {
    KafkaConnectors kafka = new KafkaConnectors(config.kafka().bootstrapServers());
    AnalyticsJob.build(
        environment,
        new JobSources(
            kafka.source(KafkaConnectors.DETECTION, Keyed.BY_CLUSTER, "detection"),
            kafka.source(KafkaConnectors.STORAGE, Keyed.BY_SENDER, "storage"),
            kafka.endOffsets()),
        new JobSinks(kafka.verdicts(), ClickHouseSink.to(config.clickhouse()), kafka.deadLetters()),
        detectors.after(kafka.pastVerdicts()),
        detectors.flows(),
        DetectorOperator.Settings.DEFAULT.withDeduplicationTtl(config.deduplicationTtl()));
  }

  private int runEmbedded(AnalyticsConfig config, Topology topology, FaultDetectors detectors)
      throws Exception {
    PrometheusRegistry registry = new PrometheusRegistry();
    AtomicLong checkpointMs = new AtomicLong();
    registry.register(FlinkMetrics.collector());
    VipCoverage.register(topology, registry);
    GaugeWithCallback.builder()
        .name("dyetrace_analytics_checkpoint_age_seconds")
        .help("Time since the last complete checkpoint was begun; NaN before the first.")
        .callback(callback -> callback.call(ageSeconds(checkpointMs.get())))
        .register(registry);
    Runtime.getRuntime().addShutdownHook(new Thread(this::stopAndWait, "shutdown"));
    try (MetricsServer metrics = metricsServer(config.metrics(), registry);
        EmbeddedFlink flink = new EmbeddedFlink(config, c -> graph(c, config, detectors))) {
      metrics.start();
      long startNs = System.nanoTime();
      flink.start(() -> stop.getCount() == 0);
      if (stop.getCount() != 0) {
        LOG.info("the job was started in {} ms", (System.nanoTime() - startNs) / 1_000_000);
        supervise(flink, metrics, checkpointMs);
      }
    } finally {
      stopped.countDown();
    }
    return 0;
  }

  private void supervise(EmbeddedFlink flink, MetricsServer metrics, AtomicLong checkpointMs)
      throws Exception {
    boolean announced = false;
    long startedMs = System.currentTimeMillis();
    do {
      EmbeddedFlink.Health health = flink.health();
      checkpointMs.set(health.checkpointMs());
      if (health.status().isGloballyTerminalState()) {
        throw new IllegalStateException("the job ended: " + health.status());
      }
      long newestMs = Math.max(startedMs, health.checkpointMs());
      if (!health.isRunning()) {
        metrics.setNotReady(
            health.status()
                + ", "
                + health.tasksRunning()
                + " of "
                + health.tasks()
                + " tasks run");
      } else if (System.currentTimeMillis() - newestMs > STALE_CHECKPOINT.toMillis()) {
        metrics.setNotReady("no checkpoint for " + STALE_CHECKPOINT.toSeconds() + " s");
      } else if (health.checkpointMs() > 0) {
        metrics.setReady();
        if (!announced) {
          announced = true;
          LOG.info(
              "analytics ready, {}",
              flink.restoredFrom().map(path -> "restored from " + path).orElse("without a state"));
        }
      }
    } while (!stop.await(500, TimeUnit.MILLISECONDS));
  }

  private static double ageSeconds(long checkpointMs) {
    return checkpointMs == 0 ? Double.NaN : (System.currentTimeMillis() - checkpointMs) / 1000.0;
  }

  private static MetricsServer metricsServer(
      @Nullable MetricsConfig config, PrometheusRegistry registry) {
    HostPort listen = config == null ? new HostPort("127.0.0.1", 0) : config.listen();
    return new MetricsServer(listen, registry);
  }

  /** Runs in the shutdown hook: the process ends with 0 once everything is closed. */
  private void stopAndWait() {
    if (stopped.getCount() == 0) {
      return;
    }
    stop.countDown();
    try {
      if (stopped.await(45, TimeUnit.SECONDS)) {
        Runtime.getRuntime().halt(0);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private int submit(AnalyticsConfig config, FaultDetectors detectors) throws Exception {
    HostPort jobmanager = Objects.requireNonNull(config.jobmanager());
    Optional<String> checkpoint = Optional.ofNullable(restoreFrom);
    Optional<Path> local = config.checkpoints().localDirectory();
    if (checkpoint.isEmpty() && local.isPresent()) {
      checkpoint =
          new RetainedCheckpoints(local.get()).newest().map(path -> path.toUri().toString());
    }
    LOG.info("restoring from {}", checkpoint.orElse("nothing: from the beginning of the topics"));
    StreamExecutionEnvironment environment =
        StreamExecutionEnvironment.createRemoteEnvironment(
            jobmanager.host(),
            jobmanager.port(),
            FlinkSettings.job(config, checkpoint),
            UserJars.ofClassPath());
    build(environment, config, detectors);
    String id = environment.executeAsync().getJobID().toString();
    LOG.info("submitted to {} as job {}", jobmanager, id);
    return 0;
  }
}
