package io.dyetrace.benchmarks;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
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
import io.dyetrace.common.record.WorkerCounters;
import io.dyetrace.common.registry.Direction;
import io.dyetrace.common.registry.Tier;
import io.dyetrace.common.registry.TracePoint;
import io.dyetrace.common.topology.Topology;
import io.dyetrace.common.topology.Vip;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;

/**
 * The telemetry of a cluster of any size, a second at a time: groups of up to 16 nodes that serve
 * the same four VIPs, each VIP probed by two probers with 16 probes in 5 s, 8 a node.
 */
final class Fleet {
  private static final long SECOND_NS = 1_000_000_000L;
  private static final long START_NS = 1_767_225_600L * SECOND_NS;
  private static final int GROUP = 16;
  private static final int VIPS_OF_GROUP = 4;
  private static final int PROBERS_OF_VIP = 2;
  private static final int PORTS = 512;
  private static final long TIMEOUT_NS = SECOND_NS;

  private final int nodes;
  private final int probers;
  private final double lossShare;
  private final Topology topology;
  private final List<Vip> vips;
  private final Random random = new Random(1);
  // What a probe of this second makes known in a later one.
  private final TreeMap<Long, List<List<ProbeResult>>> later = new TreeMap<>();
  private long second;
  private double owed;
  private int turn;
  private int sequence;
  private int dead = -1;

  Fleet(int nodes, double lossShare) {
    this.nodes = nodes;
    this.lossShare = lossShare;
    this.probers = Math.max(2, Math.min(200, nodes / 32));
    this.topology = Topology.parse(yaml(), "fleet of " + nodes);
    this.vips = List.copyOf(topology.vips());
  }

  Topology topology() {
    return topology;
  }

  int nodes() {
    return nodes;
  }

  long nowNs() {
    return START_NS + second * SECOND_NS;
  }

  /** From now on the second node is dead, and its agent says so. */
  void kill() {
    dead = 1;
  }

  private int groups() {
    return (nodes + GROUP - 1) / GROUP;
  }

  private String yaml() {
    StringBuilder y =
        new StringBuilder(
            "version: 1\nregion: bench\nzones:\n  - name: a\n    racks:\n      - name: r\n        components:\n");
    for (int n = 0; n < nodes; n++) {
      component(y, "gw-" + n + ", kind: gateway, tier: CLB");
    }
    for (int p = 1; p <= probers; p++) {
      component(y, "prober-" + p + ", kind: prober, prober_id: " + p);
    }
    for (int g = 0; g < groups(); g++) {
      for (int h = 0; h < 3; h++) {
        component(y, "rs-" + g + "-" + h + ", kind: backend_host");
      }
    }
    y.append("vips:\n");
    for (int g = 0; g < groups(); g++) {
      StringBuilder members = new StringBuilder();
      for (int n = g * GROUP; n < Math.min(nodes, (g + 1) * GROUP); n++) {
        members.append(members.isEmpty() ? "gw-" : ", gw-").append(n);
      }
      for (int v = 0; v < VIPS_OF_GROUP; v++) {
        vip(y, g, v, members);
      }
    }
    return y.toString();
  }

  private static void component(StringBuilder y, String what) {
    y.append("          - {name: ").append(what).append(", cluster: c}\n");
  }

  private static void vip(StringBuilder y, int group, int vip, StringBuilder members) {
    int number = group * VIPS_OF_GROUP + vip;
    y.append("  - name: vip-").append(number).append("\n    address: 198.19.");
    y.append(number / 250).append('.').append(number % 250 + 1);
    y.append("\n    port: 80\n    protocol: tcp\n    nodes: [").append(members);
    y.append("]\n    backends:\n");
    for (int h = 0; h < 3; h++) {
      y.append(
          "      - {name: rs-%d-%d-v%d, address: 198.18.1.1, port: %d}\n"
              .formatted(group, h, vip, 1000 + vip));
    }
  }

  /** Adds the records of the next second; returns how many. */
  long nextSecond(List<ProbeBatch> probes, List<PointBatch> points, List<CounterBatch> counters)
      throws InvalidProtocolBufferException {
    long count = 0;
    List<List<Point>> stamps = lists(nodes);
    owed += nodes * 8 / 5.0;
    int probesNow = (int) owed;
    owed -= probesNow;
    for (int i = 0; i < probesNow; i++) {
      probe(nowNs() + i * SECOND_NS / probesNow, stamps);
    }
    List<List<ProbeResult>> known = later.remove(second);
    for (int p = 0; p < probers; p++) {
      ProbeBatch.Builder batch =
          ProbeBatch.newBuilder()
              .setSchemaVersion(Schema.VERSION)
              .setLocation(location("prober-" + (p + 1)))
              .setProberId(p + 1)
              .setBootId(START_NS / 1_000_000 - 60_000)
              .setHeartbeat(
                  ProberHeartbeat.newBuilder()
                      .setTimeNs(nowNs() + SECOND_NS)
                      .setCompleteUntilNs(nowNs() - TIMEOUT_NS));
      if (known != null) {
        batch.addAllResults(known.get(p));
      }
      count += batch.getResultsCount() + 1;
      probes.add(ProbeBatch.parseFrom(batch.build().toByteArray()));
    }
    for (int n = 0; n < nodes; n++) {
      Location at = location("gw-" + n);
      PointBatch batch =
          PointBatch.newBuilder()
              .setSchemaVersion(Schema.VERSION)
              .setLocation(at)
              .setBootId(START_NS - 60 * SECOND_NS)
              .addAllPoints(stamps.get(n))
              .build();
      count += batch.getPointsCount();
      points.add(PointBatch.parseFrom(batch.toByteArray()));
      CounterBatch said = counters(n, at);
      count += said.getNodeCount() + said.getWorkersCount() + 1;
      counters.add(CounterBatch.parseFrom(said.toByteArray()));
    }
    second++;
    return count;
  }

  private CounterBatch counters(int node, Location at) {
    long timeNs = nowNs() + SECOND_NS * 9 / 10;
    CounterBatch.Builder batch =
        CounterBatch.newBuilder()
            .setSchemaVersion(Schema.VERSION)
            .setLocation(at)
            .setBootId(START_NS - 60 * SECOND_NS)
            .setAgent(
                AgentStatus.newBuilder()
                    .setTimeNs(nowNs() + SECOND_NS)
                    .setDrainedUntilNs(nowNs() + SECOND_NS - 50_000_000)
                    .setGatewayAlive(node != dead));
    if (node != dead) {
      batch.addNode(NodeCounters.newBuilder().setTimeNs(timeNs).setState(NodeState.READY));
      batch.addWorkers(
          WorkerCounters.newBuilder().setTimeNs(timeNs).setLongestPollGapNs(2_000_000));
    }
    return batch.build();
  }

  private void probe(long sentNs, List<List<Point>> stamps) {
    int pair = turn++ % (vips.size() * PROBERS_OF_VIP);
    int number = pair / PROBERS_OF_VIP;
    int prober = pair % probers + 1;
    Vip vip = vips.get(number);
    int port = 20_000 + random.nextInt(PORTS);
    int group = number / VIPS_OF_GROUP;
    int members = Math.min(GROUP, nodes - group * GROUP);
    int node =
        group * GROUP
            + Math.floorMod(((port * 31 + number * 7 + prober) * 0x9E3779B9) >>> 8, members);
    boolean lost = node == dead || random.nextDouble() < lossShare;
    long rttNs = 400_000L + random.nextInt(200_000);
    ProbeResult.Builder result =
        ProbeResult.newBuilder()
            .setProbeSequence(sequence)
            .setTarget(vip.name())
            .setTargetAddress(ByteString.copyFrom(vip.address().getAddress()))
            .setTargetPort(80)
            .setSourceAddress(ByteString.copyFrom(new byte[] {(byte) 198, 18, 11, 2}))
            .setSourcePort(port)
            .setSentTimeNs(sentNs)
            .setOutcome(lost ? ProbeOutcome.TIMEOUT : ProbeOutcome.SYN_ACK);
    if (!lost) {
      result.setRttNs(rttNs);
      String backend = vip.backends().get(random.nextInt(3)).name();
      List<Point> of = stamps.get(node);
      of.add(stamp(vip, prober, port, "", sentNs + 100_000, TracePoint.RX, Direction.FORWARD));
      of.add(stamp(vip, prober, port, backend, sentNs + 120_000, TracePoint.TX, Direction.FORWARD));
      of.add(stamp(vip, prober, port, backend, sentNs + 200_000, TracePoint.RX, Direction.REPLY));
      of.add(stamp(vip, prober, port, backend, sentNs + 210_000, TracePoint.TX, Direction.REPLY));
    }
    sequence++;
    later
        .computeIfAbsent(second + (lost ? 1 : 0), k -> lists(probers))
        .get(prober - 1)
        .add(result.build());
  }

  private Point stamp(
      Vip vip,
      int prober,
      int port,
      String backend,
      long timeNs,
      TracePoint point,
      Direction direction) {
    Point.Builder b =
        Point.newBuilder()
            .setTimeNs(timeNs)
            .setTier(Tier.CLB.code())
            .setPoint(point.code())
            .setDirection(direction.code())
            .setVip(vip.name())
            .setBackend(backend)
            .setKeyState(ProbeKeyState.KEY_VERIFIED)
            .setProberId(prober)
            .setProbeSequence(sequence)
            .setRingSequence(sequence)
            .setProtocol(6);
    if (direction == Direction.FORWARD) {
      b.setSourcePort(port)
          .setDestinationPort(80)
          .setDestinationAddress(ByteString.copyFrom(vip.address().getAddress()));
    }
    return b.build();
  }

  private static Location location(String name) {
    return Location.newBuilder().setRegion("bench").setCluster("c").setNode(name).build();
  }

  private static <T> List<List<T>> lists(int count) {
    List<List<T>> lists = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      lists.add(new ArrayList<>());
    }
    return lists;
  }
}
