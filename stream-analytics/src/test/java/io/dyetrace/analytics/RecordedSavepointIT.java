package io.dyetrace.analytics;

import static org.assertj.core.api.Assertions.assertThat;

import io.dyetrace.analytics.cluster.EmbeddedFlink;
import io.dyetrace.analytics.cluster.FlinkMetrics;
import io.dyetrace.broker.BrokerConfig;
import io.dyetrace.broker.EmbeddedBroker;
import io.dyetrace.common.config.StrictYaml;
import io.dyetrace.common.record.Schema;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.DataPointSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/**
 * The job goes on from savepoints that earlier versions wrote. After a change of the state that is
 * meant to break with them, or to keep one of a new version:
 *
 * <pre>mvn verify -pl stream-analytics -Dit.test=RecordedSavepointIT -Ddyetrace.record_savepoint=2
 * </pre>
 */
@Timeout(300)
class RecordedSavepointIT {
  private static final Path SAVEPOINTS = Path.of("src/test/resources/savepoints");

  /** What the recorded job had seen: points 1 to 600 of gw-1, results 1 to 40 of prober 1. */
  private static final int POINTS = 600;

  private static final int RESULTS = 40;

  @TempDir Path directory;
  private EmbeddedBroker broker;
  private KafkaTestClient kafka;

  @BeforeEach
  void start() throws Exception {
    broker = new EmbeddedBroker(BrokerConfig.forTest(directory.resolve("kafka")));
    broker.start();
    kafka = new KafkaTestClient(broker.bootstrapServers());
  }

  @AfterEach
  void stop() throws Exception {
    kafka.close();
    broker.close();
  }

  private EmbeddedFlink embedded(Path checkpoints) throws Exception {
    String text =
        """
        kafka: {bootstrap_servers: "%s"}
        clickhouse: {url: "http://127.0.0.1:1"}
        topology: unused.yaml
        checkpoints: {directory: %s, interval: 200ms}
        """
            .formatted(broker.bootstrapServers(), checkpoints);
    AnalyticsConfig config = StrictYaml.parse(text, "test", AnalyticsConfig.class);
    String topology = Files.readString(Path.of("src/test/resources/topology.yaml"));
    FaultDetectors detectors = new FaultDetectors(text, topology);
    return new EmbeddedFlink(config, flink -> AnalyticsMain.graph(flink, config, detectors));
  }

  private void send() {
    long nowNs = System.currentTimeMillis() * 1_000_000;
    kafka.send(Schema.TOPIC_POINTS, Records.points("gw-1", 1, POINTS, nowNs).toByteArray());
    kafka.send(Schema.TOPIC_PROBES, Records.probes(1, 1, RESULTS, nowNs).toByteArray());
    kafka.send(Schema.TOPIC_COUNTERS, Records.counters("gw-1", 1, nowNs).toByteArray());
    kafka.flush();
  }

  /** The sum over labels that contain a text. */
  private static double metric(String name, String label) {
    return FlinkMetrics.collector().collect().stream()
        .filter(m -> m.getMetadata().getName().equals(name))
        .flatMap(m -> m.getDataPoints().stream())
        .filter(d -> d.getLabels().toString().contains(label))
        .mapToDouble(RecordedSavepointIT::value)
        .sum();
  }

  private static double value(DataPointSnapshot point) {
    return point instanceof CounterDataPointSnapshot counter
        ? counter.getValue()
        : ((GaugeDataPointSnapshot) point).getValue();
  }

  private static void await(String name, String label, double atLeast) throws Exception {
    long deadlineNs = System.nanoTime() + 60_000_000_000L;
    while (metric(name, label) < atLeast && System.nanoTime() < deadlineNs) {
      Thread.sleep(50);
    }
    assertThat(metric(name, label)).as(name + " " + label).isEqualTo(atLeast);
  }

  @Test
  void shouldKnowWhatTheJobKnewThatWroteEachRecordedSavepoint() throws Exception {
    try (Stream<Path> recorded = Files.list(SAVEPOINTS)) {
      List<Path> all = recorded.sorted().toList();
      assertThat(all).isNotEmpty();
      for (Path savepoint : all) {
        Path checkpoints = directory.resolve("restore-" + savepoint.getFileName());
        Path copy = Files.createDirectories(checkpoints.resolve("recorded/chk-1"));
        Files.copy(savepoint.resolve("_metadata"), copy.resolve("_metadata"));
        try (EmbeddedFlink flink = embedded(checkpoints)) {
          flink.start(() -> false);
          assertThat(flink.restoredFrom()).as("%s", savepoint).contains(copy);
          // By its timer, without any input.
          await("dyetrace_analytics_clusters", "", 1);
          assertThat(metric("dyetrace_analytics_detector_restore_failures", "")).isZero();
          send();
          for (String pipeline : new String[] {"detection", "storage"}) {
            await("dyetrace_analytics_duplicates", pipeline, POINTS + RESULTS + 2);
          }
        }
      }
    }
  }

  @Test
  @EnabledIfSystemProperty(
      named = "dyetrace.record_savepoint",
      matches = "[0-9]+",
      disabledReason = "no test: it records the savepoint of a new version when asked to")
  void recordASavepoint() throws Exception {
    try (EmbeddedFlink flink = embedded(directory.resolve("checkpoints"))) {
      flink.start(() -> false);
      send();
      await("dyetrace_analytics_records", "detection", 3);
      await("dyetrace_analytics_records", "storage", 3);
      await("dyetrace_analytics_clusters", "", 1);
      Path written = Path.of(URI.create(flink.savepoint(directory)));
      Path target = SAVEPOINTS.resolve(System.getProperty("dyetrace.record_savepoint", ""));
      Files.createDirectories(target);
      Files.copy(written.resolve("_metadata"), target.resolve("_metadata"));
    }
  }
}
