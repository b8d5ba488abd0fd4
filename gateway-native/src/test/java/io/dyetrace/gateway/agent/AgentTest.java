package io.dyetrace.gateway.agent;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.InvalidProtocolBufferException;
import io.dyetrace.common.record.AgentStatus;
import io.dyetrace.common.record.CounterBatch;
import io.dyetrace.common.record.PointBatch;
import io.dyetrace.common.record.Schema;
import io.dyetrace.gateway.Ringtool;
import io.dyetrace.gateway.agent.Publisher.State;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The agent, turn by turn, on files that a real producer wrote and with a Kafka that does what the
 * test says.
 */
class AgentTest {
  private static final long SECOND_NS = TimeUnit.SECONDS.toNanos(1);

  @TempDir private Path directory;
  private final FakeKafka kafka = new FakeKafka();
  private final PrometheusRegistry registry = new PrometheusRegistry();
  private long realtimeNs = 2_000_000_000_000_000_000L;
  private long monotonicNs;
  private Agent agent;

  private record Message(String topic, String key, byte[] value, Publisher.Acknowledged told) {}

  private static final class FakeKafka implements Publisher {
    final List<Message> published = new ArrayList<>();
    final Deque<Message> open = new ArrayDeque<>();
    State state = State.CONNECTED;

    @Override
    public State poll(long nowNs) {
      State now = state;
      if (now == State.RESTARTED) {
        open.clear();
        state = State.CONNECTED;
      }
      return now;
    }

    @Override
    public void publish(String topic, String key, byte[] value, Acknowledged acknowledged) {
      assertThat(state).isEqualTo(State.CONNECTED);
      Message message = new Message(topic, key, value, acknowledged);
      published.add(message);
      open.add(message);
    }

    void acknowledgeAll() {
      while (!open.isEmpty()) {
        open.removeFirst().told().acknowledged();
      }
    }

    @Override
    public long inFlightBytes() {
      return open.stream().mapToLong(m -> m.value().length).sum();
    }

    @Override
    public long oldestInFlightNs() {
      return 0;
    }

    @Override
    public void close() {}
  }

  @BeforeAll
  static void needTheLibrary() {
    Ringtool.assumeBuilt();
  }

  @BeforeEach
  void makeAgent() {
    agent = newAgent();
  }

  private Agent newAgent() {
    AgentConfig config =
        io.dyetrace.common.config.StrictYaml.parse(
            "telemetry_directory: "
                + directory
                + "\nnodes: [{location: {region: r, zone: z, rack: k, cluster: c, node: gw-1}},"
                + " {location: {region: r, zone: z, rack: k, cluster: c, node: gw-2}}]\n"
                + "kafka: {bootstrap_servers: \"127.0.0.1:1\"}\nmetrics: {listen: \"127.0.0.1:0\"}\n",
            "test",
            AgentConfig.class);
    return new Agent(
        config,
        kafka,
        new AgentMetrics(registry, () -> realtimeNs),
        () -> realtimeNs,
        () -> monotonicNs);
  }

  @AfterEach
  void closeAgent() {
    kafka.state = State.WAITING;
    agent.close();
  }

  @Test
  void shouldPublishEveryPointOnceAndInOrder() throws IOException {
    try (Ringtool gateway = produce("gw-1", 1_000, "--workers=2")) {
      turn();
      assertThat(sequences("gw-1", 0)).containsExactlyElementsOf(upTo(1_000));
      assertThat(sequences("gw-1", 1)).containsExactlyElementsOf(upTo(1_000));
      turn();
      assertThat(points("gw-1")).isEqualTo(2_000);
      assertThat(Files.exists(gateway.file())).isTrue();
    }
  }

  @Test
  void shouldSayWhereItStandsAndKeyByNode() throws IOException {
    try (Ringtool gateway = produce("gw-1", 10)) {
      assertThat(gateway.file()).exists();
      turn();
      Message message = messages(Schema.TOPIC_POINTS, "gw-1").get(0);
      PointBatch batch = PointBatch.parseFrom(message.value());
      assertThat(batch.getSchemaVersion()).isEqualTo(Schema.VERSION);
      assertThat(batch.getLocation().getNode()).isEqualTo("gw-1");
      assertThat(batch.getLocation().getZone()).isEqualTo("z");
      assertThat(batch.getBootId()).isEqualTo(1);
    }
  }

  @Test
  void shouldKeepInTheRingWhatKafkaDidNotAcknowledge() throws IOException {
    try (Ringtool gateway = produce("gw-1", 100)) {
      assertThat(gateway.file()).exists();
      turn();
      kafka.state = State.WAITING;
      agent.close(); // as good as killed: nothing was acknowledged

      agent = newAgentAfterRestart();
      turn();
      kafka.acknowledgeAll();
      turn();
      kafka.state = State.WAITING;
      agent.close();
      assertThat(sequences("gw-1", 0)).containsExactlyElementsOf(twice(upTo(100)));

      agent = newAgentAfterRestart();
      turn();
      assertThat(points("gw-1")).isEqualTo(200);
    }
  }

  @Test
  void shouldPublishAgainWhatTheProducerGaveUp() throws IOException {
    try (Ringtool gateway = produce("gw-1", 100)) {
      assertThat(gateway.file()).exists();
      turn();
      kafka.state = State.RESTARTED;
      turn();
      turn();
      assertThat(sequences("gw-1", 0)).containsExactlyElementsOf(twice(upTo(100)));
      kafka.acknowledgeAll();
      turn();
      assertThat(points("gw-1")).isEqualTo(200);
    }
  }

  @Test
  void shouldReadAheadOfKafkaWithinItsBudgetOnly() throws IOException {
    try (Ringtool gateway = produce("gw-1", 200_000, "--ring-records=262144")) {
      assertThat(gateway.file()).exists();
      for (int i = 0; i < 100; i++) {
        turn();
      }
      assertThat(kafka.inFlightBytes()).isBetween(4L << 20, Agent.IN_FLIGHT_BYTES / 2 + (1 << 20));
      assertThat(points("gw-1")).isLessThan(200_000);
      for (int i = 0; i < 100; i++) {
        kafka.acknowledgeAll();
        turn();
      }
      assertThat(sequences("gw-1", 0)).containsExactlyElementsOf(upTo(200_000));
    }
  }

  @Test
  void shouldDrainADeadGatewaysFileFirstAndRemoveItThen() throws IOException {
    Ringtool dead = produce("gw-1", 100, "--boot-id=1");
    dead.kill();
    try (Ringtool alive = produce("gw-1", 50, "--boot-id=2")) {
      turn();
      assertThat(boots("gw-1")).containsExactly(1L, 2L);
      assertThat(dead.file()).exists();

      kafka.acknowledgeAll();
      turn();
      assertThat(dead.file()).doesNotExist();
      assertThat(alive.file()).exists();
    }
  }

  @Test
  void shouldFindTheFileOfAGatewayThatStartsLater() throws IOException {
    turn();
    assertThat(points("gw-1")).isZero();
    try (Ringtool gateway = produce("gw-1", 10)) {
      assertThat(gateway.file()).exists();
      turn();
      assertThat(points("gw-1")).isEqualTo(10);
    }
  }

  @Test
  void shouldKeepNodesApart() throws IOException {
    try (Ringtool one = produce("gw-1", 10);
        Ringtool two = produce("gw-2", 20)) {
      assertThat(one.file()).exists();
      assertThat(two.file()).exists();
      turn();
      assertThat(points("gw-1")).isEqualTo(10);
      assertThat(points("gw-2")).isEqualTo(20);
    }
  }

  @Test
  void shouldReportEachSecondForEachNodeAlsoWithoutAGateway() throws IOException {
    for (int i = 0; i < 100; i++) {
      turn(50_000_000);
      kafka.acknowledgeAll();
    }
    // not in the first second: an agent that has just started has not yet looked
    assertThat(statuses("gw-1")).hasSize(4);
    assertThat(statuses("gw-2")).hasSize(4).allMatch(s -> !s.getGatewayAlive());
    // without a gateway nothing can be stamped: all that was is published
    assertThat(statuses("gw-1")).allMatch(s -> s.getDrainedUntilNs() == s.getTimeNs());
  }

  @Test
  void shouldPromiseNoMoreThanKafkaAcknowledged() throws IOException {
    try (Ringtool gateway = produce("gw-1", 100)) {
      assertThat(gateway.file()).exists();
      turn(SECOND_NS);
      turn(SECOND_NS);
      AgentStatus before = lastStatus("gw-1");
      assertThat(before.getGatewayAlive()).isTrue();
      assertThat(before.getDrainedUntilNs())
          .isEqualTo(1); // the boot id: nothing was stamped before

      kafka.acknowledgeAll();
      turn(SECOND_NS);
      // now the gateway's own word counts, not the agent's clock
      assertThat(lastStatus("gw-1").getDrainedUntilNs())
          .isGreaterThan(1_700_000_000_000_000_000L)
          .isLessThan(realtimeNs);
    }
  }

  @Test
  void shouldReportADeadGatewayAndBeDrainedUntilNowOnceItsPointsAreInKafka() throws IOException {
    Ringtool gateway = produce("gw-1", 100);
    turn(SECOND_NS);
    gateway.kill();
    turn(SECOND_NS);
    assertThat(lastStatus("gw-1").getGatewayAlive()).isFalse();
    assertThat(lastStatus("gw-1").getDrainedUntilNs()).isEqualTo(1);

    kafka.acknowledgeAll();
    turn(SECOND_NS);
    AgentStatus last = lastStatus("gw-1");
    assertThat(last.getGatewayAlive()).isFalse();
    assertThat(last.getDrainedUntilNs()).isEqualTo(last.getTimeNs());
    assertThat(lastStatusBatch("gw-1").getBootId()).isEqualTo(1);
  }

  @Test
  void shouldNotPileUpStatusesDuringAnOutage() throws IOException {
    for (int i = 0; i < 60; i++) {
      turn(SECOND_NS);
    }
    assertThat(statuses("gw-1")).hasSize(5);
    kafka.acknowledgeAll();
    turn(SECOND_NS);
    assertThat(statuses("gw-1")).hasSize(6);
  }

  @Test
  void shouldTellWhatANodeDidBesidePassingPacketsOn() throws IOException {
    try (Ringtool gateway = produce("gw-1", 10)) {
      assertThat(gateway.file()).exists();
      turn();
      CounterBatch batch =
          CounterBatch.parseFrom(messages(Schema.TOPIC_COUNTERS, "gw-1").get(0).value());
      assertThat(batch.getNodeList())
          .isNotEmpty()
          .allSatisfy(n -> assertThat(n.getActions().getPacketsMade()).isEqualTo(4));
      assertThat(scrape())
          .contains("dyetrace_gateway_colour_recognised_total{node=\"gw-1\"} 10.0")
          .contains("dyetrace_gateway_handed_over_total{node=\"gw-1\"} 20.0")
          .contains("dyetrace_gateway_icmp_errors_sent_total{node=\"gw-1\"} 3.0")
          .contains("dyetrace_gateway_packets_made_total{node=\"gw-1\"} 4.0")
          .contains("dyetrace_gateway_packets_consumed_total{node=\"gw-1\"} 5.0")
          .contains("dyetrace_gateway_toa_sessions_total{node=\"gw-1\",told=\"syn\"} 53.0")
          .contains("dyetrace_gateway_toa_sessions_total{node=\"gw-1\",told=\"late\"} 7.0")
          .contains("dyetrace_gateway_toa_sessions_total{node=\"gw-1\",told=\"never\"} 8.0")
          .contains("dyetrace_agent_malformed_records_total{node=\"gw-1\"} 0.0");
    }
  }

  @Test
  void shouldReadNothingWhileKafkaIsAway() {
    kafka.state = State.WAITING;
    try (Ringtool gateway = produce("gw-1", 100)) {
      assertThat(gateway.file()).exists();
      turn(SECOND_NS);
      assertThat(kafka.published).isEmpty();
      assertThat(agent.notReadyReason()).contains("no connection to Kafka at 127.0.0.1:1");
      assertThat(scrape())
          .contains("dyetrace_gateway_ring_used_records{node=\"gw-1\",worker=\"0\"} 100.0");
    }
    kafka.state = State.CONNECTED;
    turn(SECOND_NS);
    assertThat(agent.notReadyReason()).isEmpty();
  }

  @Test
  void shouldSetAFileAsideThatItCannotReadAndSayNothingAboutTheNode() throws IOException {
    Path bad = directory.resolve("gw-1-00000000000000000009.rings");
    Files.write(bad, new byte[4 << 20]);
    turn(SECOND_NS);
    turn(SECOND_NS);
    assertThat(statuses("gw-1")).isEmpty();
    assertThat(statuses("gw-2")).hasSize(1);
    assertThat(bad).exists();
    assertThat(scrape()).contains("dyetrace_agent_bad_files_total{node=\"gw-1\"} 1.0");

    try (Ringtool gateway = produce("gw-1", 10, "--boot-id=10")) {
      assertThat(gateway.file()).exists();
      turn(SECOND_NS);
      assertThat(points("gw-1")).isEqualTo(10);
      assertThat(lastStatus("gw-1").getGatewayAlive()).isTrue();
    }
  }

  @Test
  void shouldCountRecordsThatContradictThemselvesAndGoOn() throws IOException {
    Ringtool gateway = produce("gw-1", 10);
    gateway.kill();
    long records = recordsOffset(gateway.file(), 0);
    try (var channel =
        java.nio.channels.FileChannel.open(
            gateway.file(), java.nio.file.StandardOpenOption.WRITE)) {
      // the third record's sequence, the fifth one's type
      channel.write(java.nio.ByteBuffer.wrap(new byte[] {99}), records + 2 * 128 + 8);
      channel.write(java.nio.ByteBuffer.wrap(new byte[] {99}), records + 4 * 128 + 18);
    }
    turn();
    assertThat(sequences("gw-1", 0)).containsExactly(1L, 2L, 4L, 6L, 7L, 8L, 9L, 10L);
    assertThat(scrape()).contains("dyetrace_agent_malformed_records_total{node=\"gw-1\"} 2.0");
    kafka.acknowledgeAll();
    turn();
    assertThat(gateway.file()).doesNotExist();
  }

  @Test
  void shouldServeTheGatewaysCounters() throws IOException {
    try (Ringtool gateway = produce("gw-1", 10)) {
      assertThat(gateway.file()).exists();
      turn();
      kafka.acknowledgeAll();
      turn();
      assertThat(scrape())
          .contains("dyetrace_gateway_alive{node=\"gw-1\"} 1.0")
          .contains("dyetrace_gateway_alive{node=\"gw-2\"} 0.0")
          .contains("dyetrace_gateway_ready{node=\"gw-1\"} 1.0")
          .contains("dyetrace_gateway_rx_packets_total{node=\"gw-1\"} 10.0")
          .contains("dyetrace_gateway_points_lost_total{node=\"gw-1\"} 0.0")
          .contains("dyetrace_gateway_colour_total{node=\"gw-1\",result=\"verified\"} 10.0")
          .contains(
              "dyetrace_gateway_vip_packets_total{direction=\"FORWARD\",node=\"gw-1\",vip=\"vip-web\"} 10.0")
          .contains("dyetrace_gateway_drops_total{node=\"gw-1\",reason=\"NO_VIP\",vip=\"\"} 1.0")
          .contains("dyetrace_gateway_worker_poll_gap_seconds{node=\"gw-1\",worker=\"0\"} 1.0E-4")
          .contains("dyetrace_gateway_session_capacity{node=\"gw-1\"} 1024.0")
          .contains("dyetrace_gateway_heartbeat_age_seconds{node=\"gw-1\"}")
          .contains("dyetrace_gateway_ring_used_records{node=\"gw-1\",worker=\"control\"} 0.0")
          .contains("dyetrace_agent_points_published_total{node=\"gw-1\"} 10.0")
          .contains("dyetrace_agent_drained_age_seconds{node=\"gw-1\"}")
          .contains("dyetrace_agent_kafka_connected 1.0");
    }
  }

  private static long recordsOffset(Path file, int ring) throws IOException {
    try (var channel = java.nio.channels.FileChannel.open(file)) {
      java.nio.ByteBuffer word =
          java.nio.ByteBuffer.allocate(8).order(java.nio.ByteOrder.nativeOrder());
      // the header's fixed part is padded to 128 bytes; a ring's third cache line starts with the
      // offset
      channel.read(word, 128 + ring * 192L + 128);
      return word.getLong(0);
    }
  }

  private Agent newAgentAfterRestart() {
    kafka.open.clear();
    kafka.state = State.CONNECTED;
    registry.clear();
    return newAgent();
  }

  private Ringtool produce(String node, int points, String... options) {
    List<String> all =
        new ArrayList<>(List.of("--count=" + points, "--ring-records=4096", "--boot-id=1"));
    all.addAll(List.of(options));
    return Ringtool.produce(directory, node, all.toArray(String[]::new)).awaitWritten();
  }

  private void turn() {
    turn(1_000_000);
  }

  private void turn(long passedNs) {
    monotonicNs += passedNs;
    realtimeNs += passedNs;
    agent.poll();
  }

  private List<Message> messages(String topic, String node) {
    return kafka.published.stream()
        .filter(m -> m.topic().equals(topic) && m.key().equals(node))
        .toList();
  }

  private List<PointBatch> batches(String node) throws InvalidProtocolBufferException {
    List<PointBatch> batches = new ArrayList<>();
    for (Message message : messages(Schema.TOPIC_POINTS, node)) {
      batches.add(PointBatch.parseFrom(message.value()));
    }
    return batches;
  }

  private List<Long> sequences(String node, int worker) throws InvalidProtocolBufferException {
    return batches(node).stream()
        .flatMap(b -> b.getPointsList().stream())
        .filter(p -> p.getWorker() == worker)
        .map(p -> p.getRingSequence())
        .toList();
  }

  private List<Long> boots(String node) throws InvalidProtocolBufferException {
    return batches(node).stream().map(PointBatch::getBootId).distinct().toList();
  }

  private long points(String node) throws InvalidProtocolBufferException {
    return batches(node).stream().mapToLong(PointBatch::getPointsCount).sum();
  }

  private List<CounterBatch> statusBatches(String node) throws InvalidProtocolBufferException {
    List<CounterBatch> found = new ArrayList<>();
    for (Message message : messages(Schema.TOPIC_COUNTERS, node)) {
      CounterBatch batch = CounterBatch.parseFrom(message.value());
      if (batch.hasAgent()) {
        found.add(batch);
      }
    }
    return found;
  }

  private List<AgentStatus> statuses(String node) throws InvalidProtocolBufferException {
    return statusBatches(node).stream().map(CounterBatch::getAgent).toList();
  }

  private CounterBatch lastStatusBatch(String node) throws InvalidProtocolBufferException {
    List<CounterBatch> all = statusBatches(node);
    return all.get(all.size() - 1);
  }

  private AgentStatus lastStatus(String node) throws InvalidProtocolBufferException {
    return lastStatusBatch(node).getAgent();
  }

  private String scrape() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      PrometheusTextFormatWriter.create().write(out, registry.scrape());
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
    return out.toString(StandardCharsets.UTF_8);
  }

  private static List<Long> upTo(long last) {
    return LongStream.rangeClosed(1, last).boxed().toList();
  }

  private static List<Long> twice(List<Long> list) {
    List<Long> both = new ArrayList<>(list);
    both.addAll(list);
    return both;
  }
}
