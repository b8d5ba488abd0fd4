package io.dyetrace.analytics.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.dyetrace.analytics.AnalyticsConfig;
import io.dyetrace.analytics.AnalyticsJob;
import io.dyetrace.analytics.JobSinks;
import io.dyetrace.analytics.JobSources;
import io.dyetrace.analytics.KafkaTestClient;
import io.dyetrace.analytics.ParametersMain;
import io.dyetrace.analytics.Records;
import io.dyetrace.analytics.detection.Detector;
import io.dyetrace.analytics.detection.DetectorOperator;
import io.dyetrace.analytics.detection.Parameters;
import io.dyetrace.analytics.flow.Flows;
import io.dyetrace.analytics.kafka.KafkaConnectors;
import io.dyetrace.analytics.sim.SimTopology;
import io.dyetrace.analytics.telemetry.TelemetryReader.Keyed;
import io.dyetrace.broker.BrokerConfig;
import io.dyetrace.broker.EmbeddedBroker;
import io.dyetrace.common.config.StrictYaml;
import io.dyetrace.common.record.CounterBatch;
import io.dyetrace.common.record.PointBatch;
import io.dyetrace.common.record.ProbeBatch;
import io.dyetrace.common.record.ProbeResult;
import io.dyetrace.common.record.Schema;
import io.dyetrace.common.record.Verdict;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;
import org.apache.flink.streaming.api.graph.StreamGraph;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The job on a mini cluster and a broker, stopped hard and started again. */
@Timeout(300)
class EmbeddedFlinkIT {
  @TempDir Path directory;
  private EmbeddedBroker broker;
  private KafkaTestClient kafka;
  private final List<EmbeddedFlink> started = new ArrayList<>();

  /** Says a verdict with the probe's sequence as its revision for each probe, once. */
  private static final class Echo implements Detector {
    private final List<Verdict> next = new ArrayList<>();

    @Override
    public void accept(ProbeBatch batch) {
      for (ProbeResult result : batch.getResultsList()) {
        next.add(Records.verdict("gw-1", result.getProbeSequence(), result.getSentTimeNs()));
      }
    }

    @Override
    public void accept(PointBatch batch) {}

    @Override
    public void accept(CounterBatch batch) {}

    @Override
    public List<Verdict> advance(long eventTimeNs, boolean caughtUp) {
      List<Verdict> verdicts = List.copyOf(next);
      next.clear();
      return verdicts;
    }

    @Override
    public Detector with(Parameters parameters) {
      return this;
    }

    @Override
    public byte[] snapshot() {
      byte[][] verdicts = next.stream().map(Verdict::toByteArray).toArray(byte[][]::new);
      Verdict.Builder all = Verdict.newBuilder();
      for (byte[] verdict : verdicts) {
        all.addHealthySiblings(new String(verdict, StandardCharsets.ISO_8859_1));
      }
      return all.build().toByteArray();
    }
  }

  private static final class EchoFactory implements Detector.Factory {
    private static final long serialVersionUID = 1L;

    @Override
    public Detector create(String cluster, Parameters parameters) {
      return new Echo();
    }

    @Override
    public Detector restore(String cluster, Parameters parameters, byte[] snapshot) {
      Echo echo = new Echo();
      try {
        for (String verdict : Verdict.parseFrom(snapshot).getHealthySiblingsList()) {
          echo.next.add(Verdict.parseFrom(verdict.getBytes(StandardCharsets.ISO_8859_1)));
        }
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
      return echo;
    }
  }

  @BeforeEach
  void startBroker() throws Exception {
    broker = new EmbeddedBroker(BrokerConfig.forTest(directory.resolve("kafka")));
    broker.start();
    kafka = new KafkaTestClient(broker.bootstrapServers());
  }

  @AfterEach
  void stop() throws Exception {
    for (EmbeddedFlink flink : started) {
      flink.close();
    }
    kafka.close();
    broker.close();
  }

  private EmbeddedFlink start() throws Exception {
    EmbeddedFlink flink = embedded(checkpoints().toString());
    flink.start(() -> false);
    return flink;
  }

  private EmbeddedFlink embedded(String checkpoints) {
    AnalyticsConfig config =
        StrictYaml.parse(
            """
            kafka: {bootstrap_servers: "%s"}
            clickhouse: {url: "http://127.0.0.1:1"}
            topology: unused.yaml
            checkpoints: {directory: %s, interval: 200ms}
            """
                .formatted(broker.bootstrapServers(), checkpoints),
            "test",
            AnalyticsConfig.class);
    EmbeddedFlink flink = new EmbeddedFlink(config, c -> graph(c, broker.bootstrapServers()));
    started.add(flink);
    return flink;
  }

  private Path checkpoints() {
    return directory.resolve("checkpoints");
  }

  private static StreamGraph graph(Configuration flink, String address) {
    KafkaConnectors kafka = new KafkaConnectors(address);
    StreamExecutionEnvironment environment =
        StreamExecutionEnvironment.getExecutionEnvironment(flink);
    AnalyticsJob.build(
        environment,
        new JobSources(
            kafka.source(KafkaConnectors.DETECTION, Keyed.BY_CLUSTER, "detection"),
            kafka.source(KafkaConnectors.STORAGE, Keyed.BY_SENDER, "storage"),
            kafka.endOffsets()),
        new JobSinks(kafka.verdicts(), new DiscardingSink<>(), kafka.deadLetters()),
        new EchoFactory(),
        Flows.of(SimTopology.lab()),
        DetectorOperator.Settings.DEFAULT);
    return environment.getStreamGraph();
  }

  /** One batch per probe. The heartbeats' times go on, so that the watermark does. */
  private void probes(int from, int until) {
    for (int i = from; i < until; i++) {
      long nowNs = System.currentTimeMillis() * 1_000_000;
      kafka.send(Schema.TOPIC_PROBES, Records.probes(1, i, 1, nowNs).toByteArray());
    }
    kafka.flush();
  }

  private List<Integer> verdicts(int atLeast) throws Exception {
    List<Integer> revisions = new ArrayList<>();
    for (ConsumerRecord<byte[], byte[]> record :
        kafka.readAll(Schema.TOPIC_VERDICTS, atLeast, Duration.ofSeconds(20))) {
      revisions.add(Verdict.parseFrom(record.value()).getRevision());
    }
    return revisions;
  }

  private static List<Integer> numbers(int from, int until) {
    return IntStream.range(from, until).boxed().toList();
  }

  private static void awaitCheckpointAfterNow(EmbeddedFlink flink) throws Exception {
    long nowMs = System.currentTimeMillis();
    while (flink.health().checkpointMs() <= nowMs) {
      Thread.sleep(20);
    }
  }

  @Test
  void shouldGoOnWhereTheNewestCheckpointStands() throws Exception {
    EmbeddedFlink first = start();
    assertThat(first.restoredFrom()).isEmpty();
    probes(1, 101);
    assertThat(new TreeSet<>(verdicts(100))).containsExactlyElementsOf(numbers(1, 101));
    awaitCheckpointAfterNow(first);
    first.kill();

    // 50 of these are repeats.
    probes(51, 151);
    EmbeddedFlink second = start();
    assertThat(second.restoredFrom()).isPresent();
    assertThat(verdicts(150)).as("each once").containsExactlyElementsOf(numbers(1, 151));
    awaitCheckpointAfterNow(second);
    try (var runs = Files.list(checkpoints())) {
      assertThat(runs).as("the run before and this one").hasSize(2);
    }
  }

  @Test
  void shouldFindItsCheckpointsInADirectoryGivenAsAUri() throws Exception {
    EmbeddedFlink first = embedded(checkpoints().toUri().toString());
    first.start(() -> false);
    probes(1, 2);
    verdicts(1);
    awaitCheckpointAfterNow(first);
    first.kill();

    EmbeddedFlink second = embedded("file://" + checkpoints());
    second.start(() -> false);
    assertThat(second.restoredFrom()).isPresent();
  }

  @Test
  void shouldStopWhileItWaitsForKafka() throws Exception {
    broker.close();
    EmbeddedFlink flink = embedded(checkpoints().toString());
    long startNs = System.nanoTime();
    // The tasks need Kafka; it is told to stop as soon as it waits for them.
    AtomicInteger asked = new AtomicInteger();
    flink.start(() -> asked.incrementAndGet() > 1);
    flink.close();
    assertThat(asked).hasValue(2);
    assertThat(Duration.ofNanos(System.nanoTime() - startNs)).isLessThan(Duration.ofSeconds(30));
  }

  @Test
  void shouldFallBackToTheCheckpointBeforeAndAtLastToTheBeginning() throws Exception {
    EmbeddedFlink first = start();
    probes(1, 11);
    verdicts(10);
    awaitCheckpointAfterNow(first);
    awaitCheckpointAfterNow(first);
    first.kill();
    List<Path> good = new RetainedCheckpoints(checkpoints()).newestFirst();
    assertThat(good).hasSizeGreaterThanOrEqualTo(2);

    // A file that was cut short while it was written.
    Path metadata = good.get(0).resolve("_metadata");
    byte[] whole = Files.readAllBytes(metadata);
    Files.write(metadata, java.util.Arrays.copyOf(whole, whole.length / 2));
    EmbeddedFlink second = start();
    assertThat(second.restoredFrom()).contains(good.get(1));
    second.kill();

    try (var files = Files.find(checkpoints(), 3, (path, a) -> path.endsWith("_metadata"))) {
      for (Path each : files.toList()) {
        Files.write(each, new byte[] {1, 2, 3});
      }
    }
    EmbeddedFlink third = start();
    assertThat(third.restoredFrom()).isEmpty();
    probes(11, 21);
    assertThat(new TreeSet<>(verdicts(30))).containsExactlyElementsOf(numbers(1, 21));
  }

  private int parameters(StringBuilder said, String... arguments) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);
    int status = ParametersMain.run(out, out, arguments);
    said.setLength(0);
    said.append(bytes.toString(StandardCharsets.UTF_8));
    return status;
  }

  private void awaitParametersVersion(long version) throws Exception {
    long deadlineNs = System.nanoTime() + 30_000_000_000L;
    while (metric("dyetrace_analytics_parameters_version") != version
        && System.nanoTime() < deadlineNs) {
      Thread.sleep(50);
    }
    assertThat(metric("dyetrace_analytics_parameters_version")).isEqualTo(version);
  }

  private static double metric(String name) {
    return FlinkMetrics.collector().collect().stream()
        .filter(m -> m.getMetadata().getName().equals(name))
        .flatMap(m -> m.getDataPoints().stream())
        .mapToDouble(d -> ((GaugeSnapshot.GaugeDataPointSnapshot) d).getValue())
        .sum();
  }

  @Test
  void shouldTakeParametersFromTheCommandKeepThemThroughAKillAndRefuseBadOnes() throws Exception {
    Files.writeString(directory.resolve("topology.yaml"), SimTopology.labYaml());
    String config =
        Files.writeString(
                directory.resolve("analytics.yaml"),
                "kafka: {bootstrap_servers: '%s'}\nclickhouse: {url: 'http://127.0.0.1:1'}\ntopology: topology.yaml\ncheckpoints: {directory: x}\n"
                    .formatted(broker.bootstrapServers()))
            .toString();
    EmbeddedFlink first = start();
    probes(1, 2);
    verdicts(1);
    StringBuilder said = new StringBuilder();
    assertThat(parameters(said, "show", "--config", config)).isZero();
    assertThat(said).contains("nothing is changed");
    assertThat(parameters(said, "set", "--config", config, "crash.consecutive_losses=0"))
        .isEqualTo(2);
    assertThat(said).contains("crash.consecutive_losses: 0 is not within");
    assertThat(parameters(said, "set", "--config", config, "--cluster", "lub", "jitter.delay=1s"))
        .isEqualTo(2);
    assertThat(said).contains("no 'lub' in the topology");

    assertThat(parameters(said, "set", "--config", config, "crash.consecutive_losses=5")).isZero();
    awaitParametersVersion(1);
    assertThat(parameters(said, "set", "--config", config, "--cluster", "lab", "jitter.delay=80ms"))
        .isZero();
    awaitParametersVersion(2);
    assertThat(parameters(said, "set", "--config", config, "jitter.delay=90ms", "--json")).isZero();
    awaitParametersVersion(3);
    assertThat(said)
        .contains("\"scope\":\"*\"")
        .contains("\"version\":3")
        .contains("consecutive_losses: 5\\njitter:\\n  delay: 90ms\\n");

    // Sent past the command.
    kafka.send(Schema.TOPIC_PARAMETERS, "*", "{crash: {consecutive_losses: 1000}}");
    List<ConsumerRecord<byte[], byte[]>> letters =
        kafka.readAll(Schema.TOPIC_DEAD_LETTER, 1, Duration.ofSeconds(20));
    assertThat(letters).hasSize(1);
    assertThat(
            new String(
                letters.get(0).headers().lastHeader("reason").value(), StandardCharsets.UTF_8))
        .contains("crash.consecutive_losses: 1000 is not within");
    awaitCheckpointAfterNow(first);
    first.kill();

    start();
    awaitParametersVersion(3);
    assertThat(parameters(said, "reset", "--config", config)).isZero();
    awaitParametersVersion(2);
    assertThat(parameters(said, "reset", "--config", config, "--cluster", "lab")).isZero();
    awaitParametersVersion(0);
  }

  @Test
  void shouldKeepWhatItCannotReadInTheDeadLetterTopic() throws Exception {
    start();
    byte[] garbage = {(byte) 0xff, 5, 5};
    kafka.send(Schema.TOPIC_POINTS, garbage);
    byte[] later =
        Records.probes(1, 1, 1, System.currentTimeMillis() * 1_000_000).toBuilder()
            .setSchemaVersion(9)
            .build()
            .toByteArray();
    kafka.send(Schema.TOPIC_PROBES, later);
    probes(5, 6);
    List<ConsumerRecord<byte[], byte[]>> letters =
        kafka.readAll(Schema.TOPIC_DEAD_LETTER, 2, Duration.ofSeconds(20));
    assertThat(letters).hasSize(2);
    assertThat(letters).extracting(ConsumerRecord::value).containsExactlyInAnyOrder(garbage, later);
    for (ConsumerRecord<byte[], byte[]> letter : letters) {
      List<String> headers = new ArrayList<>();
      for (Header header : letter.headers()) {
        headers.add(header.key() + "=" + new String(header.value(), StandardCharsets.UTF_8));
      }
      boolean isProbe = letter.value().length > 3;
      assertThat(headers)
          .contains("topic=" + (isProbe ? Schema.TOPIC_PROBES : Schema.TOPIC_POINTS))
          .anyMatch(
              h -> h.startsWith(isProbe ? "reason=schema_version: version 9" : "reason=unparsable"))
          .anyMatch(h -> h.startsWith("partition="))
          .anyMatch(h -> h.startsWith("offset="));
    }
    assertThat(verdicts(1)).as("the good one beside them").containsExactly(5);
  }
}
