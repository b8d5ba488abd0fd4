package io.dyetrace.analytics.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Message;
import io.dyetrace.analytics.Records;
import io.dyetrace.analytics.telemetry.Telemetry.Batch;
import io.dyetrace.analytics.telemetry.Telemetry.Position;
import io.dyetrace.analytics.telemetry.Telemetry.Progress;
import io.dyetrace.analytics.telemetry.Telemetry.Reason;
import io.dyetrace.analytics.telemetry.Telemetry.Unreadable;
import io.dyetrace.analytics.telemetry.TelemetryReader.Keyed;
import io.dyetrace.common.record.CounterBatch;
import io.dyetrace.common.record.DropCounters;
import io.dyetrace.common.record.Point;
import io.dyetrace.common.record.PointBatch;
import io.dyetrace.common.record.ProbeBatch;
import io.dyetrace.common.record.ProbeOutcome;
import io.dyetrace.common.record.Verdict;
import java.util.Map;
import java.util.Random;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataOutputSerializer;
import org.junit.jupiter.api.Test;

class TelemetryReaderTest {
  private static final long NOW_MS = 1_900_000_000_000L;
  private static final long NOW_NS = NOW_MS * 1_000_000;

  private final TelemetryReader byCluster = new TelemetryReader(Keyed.BY_CLUSTER);
  private final TelemetryReader bySender = new TelemetryReader(Keyed.BY_SENDER);

  private static Position at(Kind kind) {
    return new Position(kind.topic(), 0, 17);
  }

  private Telemetry read(Kind kind, Message message) {
    return byCluster.read(at(kind), NOW_MS, null, message.toByteArray());
  }

  private void assertImpossible(Kind kind, Message message, String detail) {
    assertThat(read(kind, message))
        .isInstanceOfSatisfying(
            Unreadable.class,
            u -> {
              assertThat(u.reason()).isEqualTo(Reason.IMPOSSIBLE_VALUE);
              assertThat(u.detail()).contains(detail);
              assertThat(u.value()).isEqualTo(message.toByteArray());
            });
  }

  @Test
  void shouldRefuseARoundTripThatNoProberWaitsFor() {
    ProbeBatch batch = Records.probes(1, 5, 1, NOW_NS);
    for (long rttNs : new long[] {-1, 600_000_000_001L, Long.MAX_VALUE}) {
      ProbeBatch.Builder bad = batch.toBuilder();
      bad.getResultsBuilder(0).setRttNs(rttNs);
      assertImpossible(Kind.PROBES, bad.build(), "rtt_ns: " + Long.toUnsignedString(rttNs));
    }
  }

  @Test
  void shouldReadEveryKind() {
    assertThat(read(Kind.PROBES, Records.probes(1, 5, 3, NOW_NS))).isInstanceOf(Batch.class);
    assertThat(read(Kind.POINTS, Records.points("gw-1", 1, 3, NOW_NS))).isInstanceOf(Batch.class);
    assertThat(read(Kind.COUNTERS, Records.counters("gw-1", 1, NOW_NS))).isInstanceOf(Batch.class);
    assertThat(read(Kind.MESH, Records.mesh(1, NOW_NS))).isInstanceOf(Batch.class);
    assertThat(read(Kind.VERDICTS, Records.verdict("gw-1", 1, NOW_NS))).isInstanceOf(Batch.class);
  }

  @Test
  void shouldKeyByClusterOrBySender() {
    byte[] points = Records.points("gw-1", 1, 1, NOW_NS).toByteArray();
    assertThat(byCluster.read(at(Kind.POINTS), NOW_MS, null, points).key()).isEqualTo("lab/lab");
    assertThat(bySender.read(at(Kind.POINTS), NOW_MS, null, points).key()).isEqualTo("n/gw-1");
    byte[] probes = Records.probes(3, 1, 1, NOW_NS).toByteArray();
    assertThat(bySender.read(at(Kind.PROBES), NOW_MS, null, probes).key()).isEqualTo("p/3");
  }

  @Test
  void shouldNotLetASendersClockRunAheadOfTheBroker() {
    Batch ahead = (Batch) read(Kind.PROBES, Records.probes(1, 5, 1, NOW_NS + 60_000_000_000L));
    assertThat(ahead.eventTimeMs()).isEqualTo(NOW_MS);
    Batch behind = (Batch) read(Kind.PROBES, Records.probes(1, 5, 1, NOW_NS - 60_000_000_000L));
    assertThat(behind.eventTimeMs()).isEqualTo(NOW_MS - 60_000);
  }

  @Test
  void shouldShowTheDetectionNoTimeThatIsAheadOfTheBroker() {
    long aheadNs = NOW_NS + 3_600_000_000_000L;
    long latestNs = NOW_NS + 2_000_000_000L;
    CounterBatch counters = Records.counters("gw-1", 1, aheadNs);
    CounterBatch limited = (CounterBatch) ((Batch) read(Kind.COUNTERS, counters)).message();
    assertThat(limited.getAgent().getTimeNs()).isEqualTo(latestNs);
    assertThat(limited.getAgent().getDrainedUntilNs()).isEqualTo(latestNs);
    assertThat(limited.getAgent().getGatewayAlive()).isTrue();
    assertThat(limited.getNode(0).getTimeNs()).isEqualTo(latestNs);
    assertThat(limited.getVips(0).getTimeNs()).isEqualTo(latestNs);
    PointBatch points =
        (PointBatch) ((Batch) read(Kind.POINTS, Records.points("gw-1", 1, 2, aheadNs))).message();
    assertThat(points.getPointsList()).allMatch(p -> p.getTimeNs() == latestNs);
    ProbeBatch probes =
        (ProbeBatch) ((Batch) read(Kind.PROBES, Records.probes(1, 1, 1, aheadNs))).message();
    assertThat(probes.getHeartbeat().getTimeNs()).isEqualTo(latestNs);
    assertThat(probes.getResults(0).getSentTimeNs()).isEqualTo(latestNs);

    // What is stored is what was sent, and what is right is not touched.
    byte[] sent = counters.toByteArray();
    assertThat(((Batch) bySender.read(at(Kind.COUNTERS), NOW_MS, null, sent)).message())
        .isEqualTo(counters);
    CounterBatch right = Records.counters("gw-1", 1, NOW_NS + 1_000_000_000L);
    assertThat(((Batch) read(Kind.COUNTERS, right)).message()).isEqualTo(right);
  }

  @Test
  void shouldPutAsideNamesThatAreTooLong() throws Exception {
    String longest = "ä".repeat(128);
    assertThat(move(read(Kind.POINTS, Records.points(longest, 1, 1, NOW_NS))))
        .isInstanceOf(Batch.class);
    assertImpossible(
        Kind.POINTS, Records.points(longest + "x", 1, 1, NOW_NS), "location: 257 bytes long");
    String endless = "x".repeat(70_000);
    PointBatch points = Records.points("gw-1", 1, 1, NOW_NS);
    Point point = points.getPoints(0);
    assertImpossible(
        Kind.POINTS,
        points.toBuilder().setLocation(points.getLocation().toBuilder().setRegion(endless)).build(),
        "location: 70000");
    assertImpossible(
        Kind.POINTS,
        points.toBuilder().setPoints(0, point.toBuilder().setVip(endless)).build(),
        "vip: 70000");
    assertImpossible(
        Kind.POINTS,
        points.toBuilder().setPoints(0, point.toBuilder().setBackend(endless)).build(),
        "backend: 70000");
    CounterBatch counters = Records.counters("gw-1", 1, NOW_NS);
    assertImpossible(
        Kind.COUNTERS,
        counters.toBuilder().setVips(0, counters.getVips(0).toBuilder().setVip(endless)).build(),
        "vip: 70000");
    assertImpossible(
        Kind.COUNTERS,
        counters.toBuilder()
            .addDrops(
                DropCounters.newBuilder().setTimeNs(NOW_NS).setRingSequence(9).setVip(endless))
            .build(),
        "vip: 70000");
    ProbeBatch probes = Records.probes(1, 1, 1, NOW_NS);
    assertImpossible(
        Kind.PROBES,
        probes.toBuilder()
            .setResults(0, probes.getResults(0).toBuilder().setTarget(endless))
            .build(),
        "target: 70000");
    Verdict verdict = Records.verdict("gw-1", 1, NOW_NS);
    assertImpossible(
        Kind.VERDICTS, verdict.toBuilder().setFaultId(endless).build(), "fault_id: 70000");
    assertImpossible(
        Kind.VERDICTS, verdict.toBuilder().setComponent(endless).build(), "component: 70000");
  }

  @Test
  void shouldPutAsideWhatDoesNotParse() {
    byte[] garbage = {(byte) 0xff, 1, 2, 3};
    Telemetry read = byCluster.read(at(Kind.PROBES), NOW_MS, new byte[] {9}, garbage);
    assertThat(read)
        .isInstanceOfSatisfying(
            Unreadable.class,
            u -> {
              assertThat(u.reason()).isEqualTo(Reason.UNPARSABLE);
              assertThat(u.value()).isEqualTo(garbage);
              assertThat(u.recordKey()).containsExactly(9);
              assertThat(u.position()).isEqualTo(at(Kind.PROBES));
            });
    assertThat(byCluster.read(at(Kind.PROBES), NOW_MS, null, null))
        .isInstanceOfSatisfying(
            Unreadable.class, u -> assertThat(u.reason()).isEqualTo(Reason.EMPTY));
  }

  @Test
  void shouldPutAsideALaterSchemaVersion() {
    Message later = Records.probes(1, 5, 1, NOW_NS).toBuilder().setSchemaVersion(2).build();
    assertThat(read(Kind.PROBES, later))
        .isInstanceOfSatisfying(
            Unreadable.class, u -> assertThat(u.reason()).isEqualTo(Reason.SCHEMA_VERSION));
    Message none = Records.counters("gw-1", 1, NOW_NS).toBuilder().setSchemaVersion(0).build();
    assertThat(read(Kind.COUNTERS, none)).isInstanceOf(Unreadable.class);
  }

  @Test
  void shouldPutAsideImpossibleValues() {
    assertImpossible(Kind.PROBES, Records.probes(1, 5, 1, 7), "heartbeat.time_ns: 7");
    assertImpossible(
        Kind.PROBES,
        Records.probes(1, 5, 0, NOW_NS).toBuilder()
            .addResults(Records.probe(1, ProbeOutcome.PROBE_OUTCOME_UNSPECIFIED, NOW_NS))
            .build(),
        "outcome");
    assertImpossible(Kind.PROBES, Records.probes(70_000, 5, 1, NOW_NS), "prober_id: 70000");
    assertImpossible(Kind.POINTS, Records.points("gw-1", 0, 1, NOW_NS), "ring_sequence: 0");
    assertImpossible(Kind.POINTS, Records.points("", 1, 1, NOW_NS), "location");
    assertImpossible(
        Kind.COUNTERS, Records.counters("gw-1", 1, NOW_NS + 100_000_000_000_000L), "agent.time_ns");
    Message mesh =
        Records.mesh(1, NOW_NS).toBuilder()
            .setLatencies(0, Records.mesh(1, NOW_NS).getLatencies(0).toBuilder().addBucketCounts(1))
            .build();
    assertImpossible(Kind.MESH, mesh, "bucket_counts: 3 for 1 bounds");
    assertImpossible(
        Kind.VERDICTS,
        Records.verdict("gw-1", 1, NOW_NS).toBuilder().clearState().build(),
        "state");
  }

  @Test
  void shouldSurviveAnyBytes() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    byte[] valid = Records.points("gw-1", 1, 5, NOW_NS).toByteArray();
    for (int i = 0; i < 20_000; i++) {
      byte[] bytes = valid.clone();
      for (int flip = 0; flip <= random.nextInt(4); flip++) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
      }
      Telemetry read = byCluster.read(at(Kind.POINTS), NOW_MS, null, bytes);
      assertThat(read).as("seed %d", seed).isNotNull();
    }
  }

  @Test
  void shouldMoveEveryElementBetweenTasksUnchanged() throws Exception {
    Telemetry batch = read(Kind.COUNTERS, Records.counters("gw-1", 1, NOW_NS));
    Batch moved = (Batch) move(batch);
    assertThat(moved.message()).isEqualTo(((Batch) batch).message());
    assertThat(moved.position()).isEqualTo(at(Kind.COUNTERS));
    assertThat(moved.eventTimeMs()).isEqualTo(NOW_MS);
    Unreadable unreadable =
        (Unreadable) move(byCluster.read(at(Kind.MESH), NOW_MS, null, new byte[] {1}));
    assertThat(unreadable.value()).containsExactly(1);
    assertThat(unreadable.reason()).isEqualTo(Reason.UNPARSABLE);
    Progress progress = new Progress("k", Map.of("a-0", 5L, "a-1", 7L));
    assertThat(move(progress)).isEqualTo(progress);
  }

  private static Telemetry move(Telemetry element) throws Exception {
    DataOutputSerializer out = new DataOutputSerializer(64);
    TelemetrySerializer.INSTANCE.serialize(element, out);
    return TelemetrySerializer.INSTANCE.deserialize(
        new DataInputDeserializer(out.getCopyOfBuffer()));
  }
}
