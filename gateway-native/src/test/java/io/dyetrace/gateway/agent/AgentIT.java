package io.dyetrace.gateway.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.dyetrace.broker.BrokerConfig;
import io.dyetrace.broker.EmbeddedBroker;
import io.dyetrace.common.record.AgentStatus;
import io.dyetrace.common.record.CounterBatch;
import io.dyetrace.common.record.Point;
import io.dyetrace.common.record.PointBatch;
import io.dyetrace.common.record.Schema;
import io.dyetrace.gateway.Ringtool;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The agent as a process of its own, a real Kafka broker, and gateways that write real telemetry
 * files.
 */
@Timeout(90)
class AgentIT {
  @TempDir private Path directory;
  private Path telemetry;
  private String kafka;
  private int metricsPort;
  private @Nullable EmbeddedBroker broker;
  private @Nullable Process agent;

  /** Where a point stands: a gateway process's ring. */
  private record Ring(String node, long bootId, int worker) {}

  @BeforeAll
  static void needTheLibrary() {
    Ringtool.assumeBuilt();
  }

  @BeforeEach
  void prepare() throws IOException {
    telemetry = Files.createDirectory(directory.resolve("telemetry"));
    kafka = "127.0.0.1:" + freePort();
    metricsPort = freePort();
  }

  @AfterEach
  void stop() {
    if (agent != null) {
      agent.destroyForcibly();
    }
    if (broker != null) {
      broker.close();
    }
  }

  @Test
  void shouldLoseNothingWhenTheAgentIsKilledAndStartedAgain() throws Exception {
    startBroker();
    Process first = startAgent();
    try (Ringtool gateway =
        Ringtool.produce(telemetry, "gw-1", "--rate=2000", "--count=12000", "--workers=2")) {
      awaitPublished(2_000);
      first.destroyForcibly().waitFor();
      Thread.sleep(2_000);
      startAgent();
      gateway.awaitWritten();
      awaitDrained();
      for (int worker = 0; worker < 2; worker++) {
        assertContiguous(points(), worker, 12_000);
      }
    }
  }

  @Test
  void shouldLoseNothingDuringAnOutageOfKafka() throws Exception {
    EmbeddedBroker first = startBroker();
    startAgent();
    try (Ringtool gateway = Ringtool.produce(telemetry, "gw-1", "--rate=2000", "--count=18000")) {
      awaitPublished(2_000);
      first.close();
      Thread.sleep(5_000);
      await("not ready", () -> ready() == 503);
      startBroker();
      gateway.awaitWritten();
      awaitDrained();
      assertContiguous(points(), 0, 18_000);
      await("ready", () -> ready() == 200);
    }
  }

  @Test
  void shouldWaitForAKafkaThatComesLaterAndForAGatewayThatRestarts() throws Exception {
    startAgent();
    Ringtool first = Ringtool.produce(telemetry, "gw-1", "--rate=3000", "--count=3000");
    first.awaitWritten();
    first.kill();
    await("not ready", () -> ready() == 503);
    assertThat(first.file()).exists();
    startBroker();
    await("ready", () -> ready() == 200);
    try (Ringtool second = Ringtool.produce(telemetry, "gw-1", "--rate=1000", "--count=1000")) {
      second.awaitWritten();
      await("the first file is removed", () -> !Files.exists(first.file()));
      awaitDrained();
      Map<Ring, NavigableMap<Long, Integer>> points = points();
      assertThat(points).hasSize(2);
      assertThat(points.values()).extracting(Map::size).containsExactlyInAnyOrder(3_000, 1_000);
    }
  }

  @Test
  void shouldTellWithinASecondThatAGatewayDied() throws Exception {
    startBroker();
    startAgent();
    await("ready", () -> ready() == 200);
    Ringtool gateway = Ringtool.produce(telemetry, "gw-1", "--rate=1000");
    await("alive", () -> metric("dyetrace_gateway_alive") == 1);
    long killedNs = System.currentTimeMillis() * 1_000_000L;
    gateway.kill();
    await("dead", () -> metric("dyetrace_gateway_alive") == 0);
    await("drained", () -> lastStatus().getDrainedUntilNs() > killedNs);
    AgentStatus firstDead =
        statuses().stream()
            .filter(s -> s.getTimeNs() > killedNs && !s.getGatewayAlive())
            .findFirst()
            .orElseThrow();
    assertThat(firstDead.getTimeNs() - killedNs).isLessThan(TimeUnit.MILLISECONDS.toNanos(1_500));
  }

  @Test
  void shouldStopCleanlyAndGiveBackWhatIsInKafka() throws Exception {
    startBroker();
    Process first = startAgent();
    try (Ringtool gateway = Ringtool.produce(telemetry, "gw-1", "--count=5000").awaitWritten()) {
      awaitDrained();
      first.destroy();
      assertThat(first.waitFor(10, TimeUnit.SECONDS)).isTrue();
      assertThat(first.exitValue()).isZero();
      startAgent();
      Thread.sleep(1_000);
      Map<Ring, NavigableMap<Long, Integer>> points = points();
      assertThat(points.values().iterator().next().values()).allMatch(times -> times == 1);
      assertThat(gateway.file()).exists();
    }
  }

  @Test
  void shouldEndWithOneLineWhenItsConfigurationIsWrong() throws Exception {
    Path config = directory.resolve("wrong.yaml");
    Files.writeString(config, "telemetry_directory: /x\nnode: []\n");
    Process process = java(config).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).isEqualTo(2);
    assertThat(output).contains("wrong.yaml").contains("nodes: missing").hasLineCount(1);
  }

  private EmbeddedBroker startBroker() throws IOException {
    EmbeddedBroker started =
        new EmbeddedBroker(BrokerConfig.forTest(directory.resolve("kafka"), kafka));
    broker = started;
    started.start();
    return started;
  }

  private Process startAgent() throws IOException {
    Path config = directory.resolve("agent.yaml");
    Files.writeString(
        config,
        """
        telemetry_directory: %s
        nodes:
          - location: {region: lab, zone: lab-a, rack: rack-1, cluster: lab, node: gw-1}
        kafka: {bootstrap_servers: "%s"}
        metrics: {listen: "127.0.0.1:%d"}
        """
            .formatted(telemetry, kafka, metricsPort));
    Process started =
        java(config)
            .redirectErrorStream(true)
            .redirectOutput(
                ProcessBuilder.Redirect.appendTo(directory.resolve("agent.log").toFile()))
            .start();
    agent = started;
    return started;
  }

  private static ProcessBuilder java(Path config) {
    return new ProcessBuilder(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-Xcheck:jni",
        "-Xmx128m",
        "-XX:TieredStopAtLevel=1",
        "-Ddyetrace.home=" + System.getProperty("dyetrace.home"),
        "-cp",
        System.getProperty("java.class.path"),
        AgentMain.class.getName(),
        "--config",
        config.toString());
  }

  private int ready() {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + metricsPort + "/-/ready")).build();
    try {
      return HttpClient.newHttpClient()
          .send(request, HttpResponse.BodyHandlers.discarding())
          .statusCode();
    } catch (IOException e) {
      return 0;
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private String metrics() {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + metricsPort + "/metrics")).build();
    try {
      return HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString()).body();
    } catch (IOException e) {
      return "";
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private double metric(String name) {
    return metrics()
        .lines()
        .filter(line -> line.startsWith(name))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' '))))
        .findFirst()
        .orElse(-1);
  }

  private void awaitPublished(int points) throws Exception {
    await(
        points + " points published",
        () -> metric("dyetrace_agent_points_published_total") >= points);
  }

  /** Every worker's ring has been given back whole. */
  private void awaitDrained() throws Exception {
    await(
        "drained",
        () -> {
          List<String> rings =
              metrics()
                  .lines()
                  .filter(line -> line.startsWith("dyetrace_gateway_ring_used_records"))
                  .filter(line -> !line.contains("control"))
                  .toList();
          return !rings.isEmpty() && rings.stream().allMatch(line -> line.endsWith(" 0.0"));
        });
  }

  private void await(String what, Callable<Boolean> condition) throws Exception {
    long deadlineNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(40);
    while (!condition.call()) {
      assertThat(System.nanoTime())
          .as(() -> what + "; the agent said:\n" + log())
          .isLessThan(deadlineNs);
      Thread.sleep(50);
    }
  }

  private String log() {
    try {
      return Files.readString(directory.resolve("agent.log"));
    } catch (IOException e) {
      return e.toString();
    }
  }

  private Map<Ring, NavigableMap<Long, Integer>> points() throws Exception {
    Map<Ring, NavigableMap<Long, Integer>> times = new HashMap<>();
    for (ConsumerRecord<String, byte[]> record : all(Schema.TOPIC_POINTS)) {
      assertThat(record.key()).isEqualTo("gw-1");
      PointBatch batch = PointBatch.parseFrom(record.value());
      for (Point point : batch.getPointsList()) {
        times
            .computeIfAbsent(
                new Ring(batch.getLocation().getNode(), batch.getBootId(), point.getWorker()),
                ring -> new TreeMap<>())
            .merge(point.getRingSequence(), 1, Integer::sum);
      }
    }
    return times;
  }

  private static void assertContiguous(
      Map<Ring, NavigableMap<Long, Integer>> points, int worker, long count) {
    NavigableMap<Long, Integer> sequences =
        points.entrySet().stream()
            .filter(entry -> entry.getKey().worker() == worker)
            .map(Map.Entry::getValue)
            .findFirst()
            .orElseThrow();
    assertThat(sequences).hasSize((int) count);
    assertThat(sequences.firstKey()).isEqualTo(1);
    assertThat(sequences.lastKey()).isEqualTo(count);
  }

  private List<AgentStatus> statuses() throws Exception {
    List<AgentStatus> found = new ArrayList<>();
    for (ConsumerRecord<String, byte[]> record : all(Schema.TOPIC_COUNTERS)) {
      CounterBatch batch = CounterBatch.parseFrom(record.value());
      if (batch.hasAgent()) {
        found.add(batch.getAgent());
      }
    }
    return found;
  }

  private AgentStatus lastStatus() throws Exception {
    List<AgentStatus> all = statuses();
    return all.isEmpty() ? AgentStatus.getDefaultInstance() : all.get(all.size() - 1);
  }

  private List<ConsumerRecord<String, byte[]>> all(String topic) {
    Map<String, Object> config =
        Map.of(
            ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG,
            kafka,
            ConsumerConfig.AUTO_OFFSET_RESET_CONFIG,
            "earliest");
    List<ConsumerRecord<String, byte[]>> records = new ArrayList<>();
    try (KafkaConsumer<String, byte[]> consumer =
        new KafkaConsumer<>(config, new StringDeserializer(), new ByteArrayDeserializer())) {
      List<TopicPartition> partitions =
          consumer.partitionsFor(topic).stream()
              .map(p -> new TopicPartition(p.topic(), p.partition()))
              .toList();
      consumer.assign(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      consumer.seekToBeginning(partitions);
      while (ends.entrySet().stream().anyMatch(e -> consumer.position(e.getKey()) < e.getValue())) {
        consumer.poll(Duration.ofMillis(100)).forEach(records::add);
      }
    }
    return records;
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }
}
