package io.dyetrace.analytics.detect;

import io.dyetrace.common.record.AgentStatus;
import io.dyetrace.common.record.CounterBatch;
import io.dyetrace.common.record.DropCounters;
import io.dyetrace.common.record.NodeCounters;
import io.dyetrace.common.record.NodeState;
import io.dyetrace.common.record.Point;
import io.dyetrace.common.record.PointBatch;
import io.dyetrace.common.record.ProbeKeyState;
import io.dyetrace.common.record.WorkerCounters;
import io.dyetrace.common.registry.DropReason;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;

/**
 * What one node's telemetry says: its heartbeat, its agent's status, gaps and losses second by
 * second.
 */
final class NodeStream {
  /**
   * Packets dropped for one reason on one VIP, cumulative since the gateway's start, and what each
   * second added.
   */
  private static final class Drops {
    long packets;
    final Samples added = new Samples();
  }

  private record DropKey(String vip, int reason) implements Comparable<DropKey> {
    @Override
    public int compareTo(DropKey other) {
      int byVip = vip.compareTo(other.vip);
      return byVip != 0 ? byVip : Integer.compare(reason, other.reason);
    }
  }

  /** So many counters of drops a node keeps; a gateway has 4,096 names of VIPs. */
  private static final int MANY_DROPS = 8192;

  /** More packets than anybody drops in a second. */
  private static final long NEVER = Long.MAX_VALUE / 8;

  private final DetectorConfig config;
  private long agentTimeNs;
  private long drainedUntilNs;

  /**
   * The agent's time when that was last seen to move. Not saved: whoever stands still is found out
   * anew.
   */
  private long drainingNs;

  private boolean gatewayAlive = true;

  /**
   * When its agent said alive after it had said dead. Not saved: silence counts anew after that.
   */
  private long aliveSinceNs;

  private long bootId;
  private int heartbeatsOfBoot;
  private long heartbeatNs;
  private long beatingSinceNs;
  private NodeState state = NodeState.NODE_STATE_UNSPECIFIED;
  private long rxMissed;
  private long lastPointNs;
  private long troubleNs;
  private final Samples pollGaps = new Samples();
  private final Samples heartbeatShifts = new Samples();
  private final Samples missed = new Samples();
  private final Map<DropKey, Drops> drops = new TreeMap<>();

  /** Of this boot. A counter that turns up may be one that was forgotten: it began before. */
  private boolean forgotDrops;

  private final Map<String, Samples> malformedByVip = new TreeMap<>();

  NodeStream(DetectorConfig config) {
    this.config = config;
  }

  void accept(PointBatch batch, Network network) {
    for (Point p : batch.getPointsList()) {
      lastPointNs = Math.max(lastPointNs, p.getTimeNs());
      if (p.getKeyState() == ProbeKeyState.KEY_SAMPLED && isMalformed(p.getReason())) {
        String vip =
            p.getVip().isEmpty()
                ? network.vipOf(p.getDestinationAddress(), p.getDestinationPort())
                : p.getVip();
        malformedByVip
            .computeIfAbsent(network.vips().contains(vip) ? vip : "", k -> new Samples())
            .add(p.getTimeNs(), Math.max(1, p.getSampleWeight()));
      }
    }
  }

  /** A packet that no working sender makes. */
  static boolean isMalformed(int reason) {
    DropReason known = DropReason.fromCode(reason);
    return known == DropReason.BAD_CHECKSUM
        || known != null && known.name().startsWith("MALFORMED_");
  }

  /** VIP → sampled malformed packets that were addressed to it; empty: to none. */
  Map<String, Integer> malformedSamples(long fromNs, long toNs) {
    Map<String, Integer> samples = new TreeMap<>();
    malformedByVip.forEach(
        (vip, all) -> {
          int count = all.between(fromNs, toNs).size();
          if (count > 0) {
            samples.put(vip, count);
          }
        });
    return samples;
  }

  /** Malformed packets that the node dropped, second by second, by the VIP they had met. */
  Map<Long, Long> malformed(String vip, long fromNs, long toNs) {
    return bySecond(key -> key.vip.equals(vip) && isMalformed(key.reason), fromNs, toNs);
  }

  void accept(CounterBatch batch) {
    if (batch.hasAgent()) {
      // An agent that has found no gateway at all names no boot. A boot id is the gateway's clock:
      // after the clock was set back the newer boot has the smaller one.
      boolean ofNewestBoot = batch.getBootId() == 0 || batch.getBootId() >= bootId;
      acceptStatus(batch.getAgent(), ofNewestBoot || batch.getAgent().getGatewayAlive());
    }
    if (batch.getNodeCount() + batch.getWorkersCount() + batch.getDropsCount() == 0) {
      return; // nothing of a gateway
    }
    if (batch.getBootId() != bootId) {
      if (newestNs(batch) <= heartbeatNs) {
        return; // of a gateway that is gone
      }
      startOver(batch.getBootId());
    }
    // Of the same second: a reason seen for the first time came after the heartbeat before.
    boolean knownBoot = heartbeatsOfBoot > 0;
    for (DropCounters d : batch.getDropsList()) {
      acceptDrops(d, knownBoot);
    }
    for (WorkerCounters w : batch.getWorkersList()) {
      if (!settling(w.getTimeNs())) {
        pollGaps.add(w.getTimeNs(), w.getLongestPollGapNs());
      }
    }
    for (NodeCounters n : batch.getNodeList()) {
      acceptHeartbeat(n);
    }
  }

  private static long newestNs(CounterBatch batch) {
    long newest = 0;
    for (NodeCounters n : batch.getNodeList()) {
      newest = Math.max(newest, n.getTimeNs());
    }
    for (WorkerCounters w : batch.getWorkersList()) {
      newest = Math.max(newest, w.getTimeNs());
    }
    for (DropCounters d : batch.getDropsList()) {
      newest = Math.max(newest, d.getTimeNs());
    }
    return newest;
  }

  private void acceptStatus(AgentStatus status, boolean current) {
    if (status.getTimeNs() >= agentTimeNs) {
      agentTimeNs = status.getTimeNs();
      // What an agent still drains of a gateway that is gone says nothing of its successor.
      boolean alive = current ? status.getGatewayAlive() : gatewayAlive;
      if (alive && !gatewayAlive) {
        aliveSinceNs = agentTimeNs;
      }
      gatewayAlive = alive;
      if (status.getDrainedUntilNs() > drainedUntilNs || drainingNs == 0) {
        drainingNs = agentTimeNs;
      }
      drainedUntilNs = Math.max(drainedUntilNs, status.getDrainedUntilNs());
    }
  }

  private void startOver(long newBootId) {
    bootId = newBootId;
    heartbeatsOfBoot = 0;
    beatingSinceNs = Long.MAX_VALUE;
    rxMissed = 0;
    pollGaps.clear();
    heartbeatShifts.clear();
    missed.clear();
    drops.clear();
    forgotDrops = false;
    malformedByVip.clear();
  }

  private void acceptHeartbeat(NodeCounters n) {
    if (n.getTimeNs() <= heartbeatNs) {
      return;
    }
    if (heartbeatsOfBoot > 0 && !settling(heartbeatNs)) {
      long intervalNs = n.getTimeNs() - heartbeatNs;
      heartbeatShifts.add(
          n.getTimeNs(),
          Math.abs(intervalNs - Samples.SECOND_NS * Math.max(1, Math.round(intervalNs / 1e9))));
      long lost = Math.max(0, n.getRxMissed() - rxMissed);
      missed.add(n.getTimeNs(), lost);
      if (lost >= config.jitter().missedPackets()) {
        troubleNs = Math.max(troubleNs, n.getTimeNs());
      }
    }
    boolean pause = n.getTimeNs() - heartbeatNs >= silenceNs();
    if (heartbeatsOfBoot == 0 || pause) {
      beatingSinceNs = n.getTimeNs();
    }
    rxMissed = n.getRxMissed();
    heartbeatNs = n.getTimeNs();
    state = n.getState();
    heartbeatsOfBoot++;
  }

  private void acceptDrops(DropCounters d, boolean knownBoot) {
    DropKey key = new DropKey(d.getVip(), d.getReason());
    Drops counted = drops.get(key);
    if (counted == null) {
      counted = new Drops();
      counted.packets = knownBoot && !forgotDrops ? 0 : d.getPackets();
      drops.put(key, counted);
    }
    if (d.getPackets() > counted.packets) {
      if (4 * (d.getPackets() - counted.packets) >= watchedDrops(d.getReason())) {
        troubleNs = Math.max(troubleNs, d.getTimeNs());
      }
      counted.added.add(d.getTimeNs(), d.getPackets() - counted.packets);
      counted.packets = d.getPackets();
    }
  }

  private long watchedDrops(int reason) {
    if (isQueueFull(reason)) {
      return config.jitter().missedPackets();
    }
    return isMalformed(reason) || groupOf(reason).equals("limit")
        ? config.overload().drops()
        : NEVER;
  }

  /** VIPs of which packets were dropped for a limit, or malformed, in the interval. */
  Set<String> droppedVips(long fromNs, long toNs) {
    Set<String> vips = new TreeSet<>(malformedSamples(fromNs, toNs).keySet());
    drops.forEach(
        (key, counted) -> {
          if (watchedDrops(key.reason) < NEVER && counted.added.max(fromNs, toNs) > 0) {
            vips.add(key.vip);
          }
        });
    vips.remove("");
    return vips;
  }

  /**
   * Its counters showed something worth a look at that time or later: a quarter of what makes a
   * second bad, because several reasons may fill it together.
   */
  boolean troubledSince(long sinceNs) {
    return troubleNs >= sinceNs;
  }

  /** Whether the node's telemetry asks for a look: something is missing, or its counters say so. */
  boolean suspicious(long nowNs, long windowNs) {
    return !beating(nowNs)
        || !agentFresh(nowNs)
        || hung()
        || standing()
        || nowNs - lastPointNs >= config.noData().groupSlack().toNanos() * 2
        || troubledSince(nowNs - windowNs);
  }

  /**
   * What this time shows is still coloured by the gateway's start. A boot id that is later than the
   * boot's first heartbeat is of a clock that was ahead.
   */
  boolean settling(long timeNs) {
    return timeNs < Math.min(bootId, beatingSinceNs) + config.timing().nodeSettling().toNanos();
  }

  /** The agent runs: what it does not report is not there. */
  boolean agentFresh(long nowNs) {
    return nowNs - agentTimeNs <= config.timing().agentFresh().toNanos();
  }

  /**
   * The agent runs and says that the gateway is dead, or has not heard its heartbeat for too long,
   * or its workers stand still.
   */
  boolean mute(long nowNs) {
    return agentFresh(nowNs) && (!gatewayAlive || hung() || stuck());
  }

  /**
   * The gateway's control thread beats and its workers do nothing: not even an empty ring has been
   * looked at for too long.
   */
  boolean stuck() {
    return standing() && lastPointNs < drainingNs;
  }

  /** What the agent has drained ends at the same time for too long: one worker at least stands. */
  private boolean standing() {
    return gatewayAlive && agentTimeNs - drainingNs >= silenceNs() && !settling(agentTimeNs);
  }

  /** When its workers were last seen to move. */
  long drainingNs() {
    return drainingNs;
  }

  private long silenceNs() {
    return config.crash().heartbeatSilence().toNanos();
  }

  private boolean hung() {
    return heartbeatNs != 0 && agentTimeNs - heartbeatNs >= silenceNs();
  }

  /** The gateway's heartbeat comes. */
  boolean beating(long nowNs) {
    return gatewayAlive && nowNs - heartbeatNs < silenceNs();
  }

  /** The first heartbeat since the last start or long pause; far away before there is one. */
  long beatingSinceNs() {
    return beatingSinceNs;
  }

  /** It was shutting down or drained when last heard: its silence is planned. */
  boolean drained() {
    return state == NodeState.DRAINING;
  }

  boolean gatewayAlive() {
    return gatewayAlive;
  }

  /** When it was last found alive after it had been found dead; 0: never. */
  long aliveSinceNs() {
    return aliveSinceNs;
  }

  /** Points stamped before this time are here: one that is missing does not exist. */
  long completeUntilNs() {
    if (!gatewayAlive) {
      return Math.max(drainedUntilNs, agentTimeNs - Samples.SECOND_NS / 2);
    }
    return hung() || standing()
        ? Math.max(drainedUntilNs, agentTimeNs - silenceNs())
        : drainedUntilNs;
  }

  /** The gateway has been heard at least once. */
  boolean everSeen() {
    return heartbeatNs != 0 || lastPointNs != 0;
  }

  long agentTimeNs() {
    return agentTimeNs;
  }

  long heartbeatNs() {
    return heartbeatNs;
  }

  long bootId() {
    return bootId;
  }

  long lastPointNs() {
    return lastPointNs;
  }

  /** The newest sign of life of the node's telemetry, whatever it is. */
  long lastHeardNs() {
    return Math.max(lastPointNs, Math.max(agentTimeNs, heartbeatNs));
  }

  /** The longest poll gap of each second. */
  Samples pollGaps() {
    return pollGaps;
  }

  /** How far each heartbeat was off its second. */
  Samples heartbeatShifts() {
    return heartbeatShifts;
  }

  /** Packets lost before RX in each second. */
  Samples missed() {
    return missed;
  }

  /** Packets that a VIP dropped for reasons of a group, second by second. */
  Map<Long, Long> drops(String vip, String group, long fromNs, long toNs) {
    return bySecond(key -> key.vip.equals(vip) && group.equals(groupOf(key.reason)), fromNs, toNs);
  }

  /** Packets dropped on any VIP for lack of room in a queue, second by second. */
  Map<Long, Long> queueDrops(long fromNs, long toNs) {
    return bySecond(
        key ->
            key.reason == DropReason.HANDOFF_RING_FULL.code()
                || key.reason == DropReason.TX_QUEUE_FULL.code()
                || key.reason == DropReason.MBUF_EXHAUSTED.code(),
        fromNs,
        toNs);
  }

  private Map<Long, Long> bySecond(Predicate<DropKey> fits, long fromNs, long toNs) {
    Map<Long, Long> bySecond = new TreeMap<>();
    drops.forEach(
        (key, dropped) -> {
          if (fits.test(key)) {
            for (Samples.Sample s : dropped.added.between(fromNs, toNs)) {
              bySecond.merge(s.timeNs() / Samples.SECOND_NS, s.value(), Long::sum);
            }
          }
        });
    return bySecond;
  }

  private static boolean isQueueFull(int reason) {
    return reason == DropReason.HANDOFF_RING_FULL.code()
        || reason == DropReason.TX_QUEUE_FULL.code()
        || reason == DropReason.MBUF_EXHAUSTED.code();
  }

  static String groupOf(int reason) {
    DropReason known = DropReason.fromCode(reason);
    return known == null ? "" : known.group();
  }

  int size() {
    return pollGaps.size()
        + heartbeatShifts.size()
        + missed.size()
        + drops.values().stream().mapToInt(d -> 1 + d.added.size()).sum()
        + malformedByVip.values().stream().mapToInt(Samples::size).sum();
  }

  void expire(long nowNs) {
    pollGaps.expire(nowNs);
    heartbeatShifts.expire(nowNs);
    missed.expire(nowNs);
    drops.values().forEach(d -> d.added.expire(nowNs));
    if (drops.size() > MANY_DROPS) {
      forgotDrops |= drops.values().removeIf(d -> d.added.isEmpty());
    }
    malformedByVip.values().forEach(s -> s.expire(nowNs));
    malformedByVip.values().removeIf(Samples::isEmpty);
  }

  void write(DataOutput out) throws IOException {
    out.writeLong(agentTimeNs);
    out.writeLong(drainedUntilNs);
    out.writeBoolean(gatewayAlive);
    out.writeLong(bootId);
    out.writeInt(heartbeatsOfBoot);
    out.writeLong(heartbeatNs);
    out.writeLong(beatingSinceNs);
    out.writeInt(state == NodeState.UNRECOGNIZED ? 0 : state.getNumber());
    out.writeLong(rxMissed);
    out.writeLong(lastPointNs);
    pollGaps.write(out);
    heartbeatShifts.write(out);
    missed.write(out);
    out.writeInt(drops.size());
    for (Map.Entry<DropKey, Drops> e : drops.entrySet()) {
      out.writeUTF(e.getKey().vip);
      out.writeInt(e.getKey().reason);
      out.writeLong(e.getValue().packets);
      e.getValue().added.write(out);
    }
    out.writeInt(malformedByVip.size());
    for (Map.Entry<String, Samples> e : malformedByVip.entrySet()) {
      out.writeUTF(e.getKey());
      e.getValue().write(out);
    }
  }

  private void restoreTrouble(Samples series, long least) {
    for (Samples.Sample s : series.between(Long.MIN_VALUE, Long.MAX_VALUE)) {
      if (s.value() >= least) {
        troubleNs = Math.max(troubleNs, s.timeNs());
      }
    }
  }

  void read(DataInput in, int version) throws IOException {
    agentTimeNs = in.readLong();
    drainingNs = agentTimeNs;
    drainedUntilNs = in.readLong();
    gatewayAlive = in.readBoolean();
    bootId = in.readLong();
    heartbeatsOfBoot = in.readInt();
    heartbeatNs = in.readLong();
    beatingSinceNs = in.readLong();
    NodeState known = NodeState.forNumber(in.readInt());
    state = known == null ? NodeState.NODE_STATE_UNSPECIFIED : known;
    rxMissed = in.readLong();
    lastPointNs = in.readLong();
    pollGaps.read(in);
    heartbeatShifts.read(in);
    missed.read(in);
    for (int n = in.readInt(); n > 0; n--) {
      Drops d = new Drops();
      DropKey key = new DropKey(in.readUTF(), in.readInt());
      d.packets = in.readLong();
      d.added.read(in);
      drops.put(key, d);
      restoreTrouble(d.added, (watchedDrops(key.reason) + 3) / 4);
    }
    restoreTrouble(missed, config.jitter().missedPackets());
    for (int n = version == 1 ? 0 : in.readInt(); n > 0; n--) {
      malformedByVip.computeIfAbsent(in.readUTF(), k -> new Samples()).read(in);
    }
  }
}
