package io.dyetrace.benchmarks.job;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import io.dyetrace.analytics.telemetry.Kind;
import io.dyetrace.common.record.AgentStatus;
import io.dyetrace.common.record.CounterBatch;
import io.dyetrace.common.record.Location;
import io.dyetrace.common.record.NodeCounters;
import io.dyetrace.common.record.NodeState;
import io.dyetrace.common.record.Point;
import io.dyetrace.common.record.PointBatch;
import io.dyetrace.common.record.ProbeBatch;
import io.dyetrace.common.record.ProbeKeyState;
import io.dyetrace.common.record.ProbeOutcome;
import io.dyetrace.common.record.ProbeResult;
import io.dyetrace.common.record.ProberHeartbeat;
import io.dyetrace.common.record.Schema;
import io.dyetrace.common.record.VipCounters;
import io.dyetrace.common.record.WorkerCounters;
import io.dyetrace.common.registry.Direction;
import io.dyetrace.common.registry.Tier;
import io.dyetrace.common.registry.TracePoint;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Kafka's records as agents and probers write them, with all their bytes, in the order in which
 * they are appended.
 *
 * <p>Agents and probers publish every 50 ms. From {@code firstCrashMs} on one CLB node after
 * another is dead for {@link #DEAD_MS}: without stamps and counters, its probes time out.
 */
final class Load {
  /** A Kafka record: so many results, points and counter rows. */
  record Sent(Kind kind, int partition, long appendMs, byte[] value, int rows) {}

  static final int PARTITIONS = 4;
  private static final int PUBLISH_MS = 50;
  private static final int DEAD_MS = 6_000;
  private static final int BETWEEN_CRASHES_MS = 8_000;
  private static final int TIMEOUT_MS = 1_000;
  private static final int PORTS = 16_384;
  private static final long MS_NS = 1_000_000;

  private final LoadShape shape;
  private final long startMs;
  private final int firstCrashMs;
  private final SplittableRandom random = new SplittableRandom(7);
  private final List<Sent> records = new ArrayList<>();
  private final PointBatch.Builder[] points;
  private final long[] ringSequences;
  private final long[] counterSequences;
  private final ProbeBatch.Builder[] results;
  private final List<List<ProbeResult>> timeouts = new ArrayList<>();
  private final int[][] cycles;

  private Load(LoadShape shape, long startMs, int firstCrashMs) {
    this.shape = shape;
    this.startMs = startMs;
    this.firstCrashMs = firstCrashMs;
    this.points = new PointBatch.Builder[shape.nodes()];
    this.ringSequences = new long[shape.nodes()];
    this.counterSequences = new long[shape.nodes()];
    this.results = new ProbeBatch.Builder[shape.probers()];
    this.cycles = new int[shape.probers()][shape.vips()];
  }

  /** Telemetry that begins at this time. */
  static List<Sent> make(LoadShape shape, long startMs, int firstCrashMs) {
    Load load = new Load(shape, startMs, firstCrashMs);
    for (int ms = 0; ms < shape.seconds() * 1_000; ms += PUBLISH_MS) {
      load.publishInterval(ms);
    }
    return load.records;
  }

  private void publishInterval(int ms) {
    int ticks = 1_000 / PUBLISH_MS;
    int tick = ms / PUBLISH_MS;
    long before = (long) shape.probesPerSecond() * tick / ticks;
    int count = (int) ((long) shape.probesPerSecond() * (tick + 1) / ticks - before);
    while (timeouts.size() <= tick + TIMEOUT_MS / PUBLISH_MS) {
      timeouts.add(new ArrayList<>());
    }
    for (int i = 0; i < count; i++) {
      probe(before + i, ms, (startMs + ms) * MS_NS + i * (PUBLISH_MS * MS_NS / count));
    }
    int first = records.size();
    long endMs = startMs + ms + PUBLISH_MS;
    timeouts.get(tick).forEach(r -> results(r.getSourceAddress().byteAt(2) - 1).addResults(r));
    timeouts.set(tick, List.of());
    for (int p = 0; p < shape.probers(); p++) {
      publishResults(p, endMs, ms % 1_000 == p * PUBLISH_MS % 1_000);
    }
    for (int n = 0; n < shape.nodes(); n++) {
      publishNode(n, ms, endMs);
    }
    records.subList(first, records.size()).sort(Comparator.comparingLong(Sent::appendMs));
  }

  private void probe(long number, int ms, long sentNs) {
    int prober = (int) (number % shape.probers());
    int vip = (int) (number / shape.probers() % shape.vips());
    int port = 20_000 + cycles[prober][vip]++ % PORTS;
    int hash = (prober * 31 + vip) * 17 + port * 0x9E3779B1;
    int eip = Math.floorMod(hash >>> 7, shape.nodesPerTier());
    int clb = Math.floorMod(hash >>> 3, shape.nodesPerTier());
    int sequence = (int) (number / shape.probers()) + 1;
    ByteString client = ByteString.copyFrom(new byte[] {10, 1, (byte) (prober + 1), 2});
    ByteString outside = ByteString.copyFrom(new byte[] {(byte) 198, 19, 0, (byte) (vip + 1)});
    ByteString inside = ByteString.copyFrom(new byte[] {(byte) 198, 19, 1, (byte) (vip + 1)});
    Point.Builder known =
        Point.newBuilder()
            .setWorker(0)
            .setProtocol(6)
            .setPacketBytes(74)
            .setTcpFlags(2)
            .setKeyState(ProbeKeyState.KEY_VERIFIED)
            .setProberId(prober + 1)
            .setProbeSequence(sequence);
    long rttNs = 300_000L + random.nextInt(100_000);
    known
        .setTier(Tier.EIP.code())
        .setDirection(Direction.FORWARD.code())
        .setSourceAddress(client)
        .setSourcePort(port)
        .setDestinationAddress(outside)
        .setDestinationPort(80);
    pass(eip, known, sentNs + rttNs / 6);
    boolean dead = isDead(clb, ms);
    if (!dead) {
      known
          .setTier(Tier.CLB.code())
          .setVip(LoadShape.vip(vip))
          .setBackend("rs-%d-%s".formatted(vip * 2 + (port & 1), LoadShape.vip(vip)))
          .setDestinationAddress(inside);
      pass(shape.nodesPerTier() + clb, known, sentNs + rttNs / 3);
      known.setDirection(Direction.REPLY.code()).setTcpFlags(18);
      pass(shape.nodesPerTier() + clb, known, sentNs + rttNs / 2);
      known
          .setTier(Tier.EIP.code())
          .clearVip()
          .clearBackend()
          .setSourceAddress(inside)
          .setSourcePort(80)
          .setDestinationAddress(client)
          .setDestinationPort(port)
          .setKeyState(ProbeKeyState.KEY_UNKNOWN)
          .clearProberId()
          .clearProbeSequence();
      pass(eip, known, sentNs + rttNs * 2 / 3);
    }
    ProbeResult.Builder result =
        ProbeResult.newBuilder()
            .setProbeSequence(sequence)
            .setRound(ms / 5_000 + 1)
            .setTarget(LoadShape.vip(vip))
            .setTargetAddress(outside)
            .setTargetPort(80)
            .setSourceAddress(client)
            .setSourcePort(port)
            .setSentTimeNs(sentNs);
    if (dead) {
      timeouts
          .get((ms + TIMEOUT_MS) / PUBLISH_MS)
          .add(result.setOutcome(ProbeOutcome.TIMEOUT).build());
    } else {
      result.setReceivedTimeNs(sentNs + rttNs).setRttNs(rttNs).setResetSent(true);
      results(prober).addResults(result.setOutcome(ProbeOutcome.SYN_ACK));
    }
  }

  /** One CLB node after another. */
  private boolean isDead(int clb, int ms) {
    int since = ms - firstCrashMs;
    return since >= 0
        && since % BETWEEN_CRASHES_MS < DEAD_MS
        && since / BETWEEN_CRASHES_MS % shape.nodesPerTier() == clb;
  }

  private void pass(int node, Point.Builder point, long rxNs) {
    if (points[node] == null) {
      points[node] = PointBatch.newBuilder();
    }
    point.setTimeNs(rxNs).setPoint(TracePoint.RX.code()).setDwellNs(0);
    points[node].addPoints(point.setRingSequence(++ringSequences[node]).build());
    point.setTimeNs(rxNs + 4_000).setPoint(TracePoint.TX.code()).setDwellNs(4_000);
    points[node].addPoints(point.setRingSequence(++ringSequences[node]).build());
  }

  private ProbeBatch.Builder results(int prober) {
    if (results[prober] == null) {
      results[prober] = ProbeBatch.newBuilder();
    }
    return results[prober];
  }

  private void publishResults(int prober, long endMs, boolean heartbeat) {
    if (results[prober] == null && !heartbeat) {
      return;
    }
    ProbeBatch.Builder batch =
        results(prober)
            .setSchemaVersion(Schema.VERSION)
            .setLocation(location("prober-" + (prober + 1)))
            .setProberId(prober + 1)
            .setBootId(startMs);
    if (heartbeat) {
      batch.setHeartbeat(
          ProberHeartbeat.newBuilder()
              .setTimeNs(endMs * MS_NS)
              .setCompleteUntilNs((endMs - TIMEOUT_MS - PUBLISH_MS) * MS_NS));
    }
    int rows = batch.getResultsCount();
    results[prober] = null;
    add(Kind.PROBES, prober, endMs, batch.build(), rows);
  }

  private void publishNode(int node, int ms, long endMs) {
    boolean isEip = node < shape.nodesPerTier();
    int n = isEip ? node : node - shape.nodesPerTier();
    Location location = location(isEip ? LoadShape.eip(n) : LoadShape.clb(n));
    PointBatch.Builder batch = points[node];
    if (batch != null) {
      batch.setSchemaVersion(Schema.VERSION).setLocation(location).setBootId(startMs * MS_NS);
      add(Kind.POINTS, node, endMs, batch.build(), batch.getPointsCount());
      points[node] = null;
    }
    boolean dead = !isEip && isDead(n, ms);
    if (ms % 1_000 == node * PUBLISH_MS % 1_000 && !dead) {
      add(Kind.COUNTERS, node, endMs, counters(node, location, endMs * MS_NS), 4);
    }
  }

  private CounterBatch counters(int node, Location location, long timeNs) {
    CounterBatch.Builder batch =
        CounterBatch.newBuilder()
            .setSchemaVersion(Schema.VERSION)
            .setLocation(location)
            .setBootId(startMs * MS_NS)
            .addNode(
                NodeCounters.newBuilder()
                    .setTimeNs(timeNs)
                    .setRingSequence(++counterSequences[node])
                    .setState(NodeState.READY)
                    .setSessionCapacity(1_000_000)
                    .setRxPackets(ringSequences[node] * 1_000)
                    .setTxPackets(ringSequences[node] * 1_000))
            .addWorkers(
                WorkerCounters.newBuilder()
                    .setTimeNs(timeNs)
                    .setRingSequence(++counterSequences[node])
                    .setLongestPollGapNs(200_000)
                    .setRingCapacity(65_536))
            .setAgent(
                AgentStatus.newBuilder()
                    .setTimeNs(timeNs)
                    .setDrainedUntilNs(timeNs)
                    .setGatewayAlive(true));
    for (Direction direction : List.of(Direction.FORWARD, Direction.REPLY)) {
      batch.addVips(
          VipCounters.newBuilder()
              .setTimeNs(timeNs)
              .setRingSequence(++counterSequences[node])
              .setVip(LoadShape.vip(node % shape.vips()))
              .setDirection(direction.code())
              .setPackets(ringSequences[node] * 1_000)
              .setBytes(ringSequences[node] * 64_000));
    }
    return batch.build();
  }

  private void add(Kind kind, int sender, long appendMs, Message message, int rows) {
    records.add(new Sent(kind, sender % PARTITIONS, appendMs, message.toByteArray(), rows));
  }

  private static Location location(String node) {
    return Location.newBuilder()
        .setRegion("bench")
        .setZone("a")
        .setRack("rack-1")
        .setCluster("c")
        .setNode(node)
        .build();
  }
}
