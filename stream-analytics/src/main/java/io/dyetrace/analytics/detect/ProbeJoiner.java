package io.dyetrace.analytics.detect;

import io.dyetrace.common.record.Point;
import io.dyetrace.common.record.PointBatch;
import io.dyetrace.common.record.ProbeBatch;
import io.dyetrace.common.record.ProbeKeyState;
import io.dyetrace.common.record.ProbeOutcome;
import io.dyetrace.common.record.ProbeResult;
import io.dyetrace.common.registry.TracePoint;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Joins probe results with the points of the same probe key, in whatever order they come, and
 * teaches port map, baselines and the watch.
 *
 * <p>A probe that was answered and left every stamp has nothing to wait for: it is kept for as long
 * as evidence counts, any other for the whole retention.
 */
final class ProbeJoiner {
  private static final Comparator<ProbeTrace> BY_TIME =
      Comparator.comparingLong(ProbeTrace::timeNs).thenComparingLong(ProbeTrace::key);

  /** One run of a prober; its start is never later than anything heard of it. */
  private record Boot(long id, long startedNs) {
    static Boot earlier(Boot known, Boot heard) {
      return known.id == heard.id && known.startedNs <= heard.startedNs ? known : heard;
    }
  }

  private final DetectorConfig.Timing config;
  private final Network network;
  private final PortMap ports;
  private final RttBaselines baselines;
  private final Watch watch;
  private final LossTests losses;
  private final long evidenceNs;
  private final long lateNs;
  private final double lateFactor;
  private final ReplyKeys replyKeys;
  private final Map<Long, ProbeTrace> traces = new HashMap<>();
  // By prober of the topology. Not saved: a start is told again by what comes next.
  private final Map<Integer, Boot> boots = new HashMap<>();
  // In the order they turned up, so that none is looked at before its time.
  private final ArrayDeque<ProbeTrace> young = new ArrayDeque<>();
  private final ArrayDeque<ProbeTrace> old = new ArrayDeque<>();

  ProbeJoiner(
      DetectorConfig all,
      Network network,
      PortMap ports,
      RttBaselines baselines,
      Watch watch,
      LossTests losses) {
    this.config = all.timing();
    this.network = network;
    this.ports = ports;
    this.baselines = baselines;
    this.watch = watch;
    this.losses = losses;
    this.evidenceNs = Watch.windowNs(all) + 2 * Samples.SECOND_NS;
    this.lateNs = all.jitter().delay().toNanos();
    this.lateFactor = all.jitter().delayFactor() / 2;
    this.replyKeys = new ReplyKeys(config, network.flows());
  }

  void accept(ProbeBatch batch) {
    String prober = network.proberName(batch.getProberId(), batch.getLocation().getNode());
    long settledNs = startedNs(batch) + config.proberSettling().toNanos();
    for (ProbeResult result : batch.getResultsList()) {
      ProbeTrace t = trace(batch.getProberId(), result.getProbeSequence(), result.getSentTimeNs());
      boolean first = !t.hasResult();
      if (!first && result.getOutcome() != ProbeOutcome.LATE_SYN_ACK) {
        continue; // a repetition, or the time-out of a probe whose late answer came first
      }
      t.prober = prober;
      t.vip =
          network.vipName(result.getTarget(), result.getTargetAddress(), result.getTargetPort());
      t.sourcePort = result.getSourcePort();
      t.sentNs = result.getSentTimeNs();
      t.outcome = result.getOutcome();
      t.rttNs = result.getRttNs();
      t.settling = t.sentNs < settledNs;
      t.padded = result.getPaddingBytes() > 0;
      if (first) {
        watchResult(t);
        losses.heard(t);
      } else {
        losses.late(t);
      }
      learnRtt(t);
      replyKeys.accept(batch.getProberId(), result).forEach(k -> stamp(k.node(), k.point()));
    }
  }

  /**
   * When the batch's prober started: its boot id says so, by a clock that may have been ahead then.
   * What it sent or said since is not older than its start.
   */
  private long startedNs(ProbeBatch batch) {
    long bootNs = batch.getBootId() * 1_000_000L;
    if (network.topology().prober(batch.getProberId()).isEmpty()) {
      return bootNs;
    }
    long firstNs = batch.hasHeartbeat() ? batch.getHeartbeat().getTimeNs() : Long.MAX_VALUE;
    for (ProbeResult result : batch.getResultsList()) {
      firstNs = Math.min(firstNs, result.getSentTimeNs());
    }
    Boot boot = new Boot(batch.getBootId(), Math.min(bootNs, firstNs));
    return boots.merge(batch.getProberId(), boot, Boot::earlier).startedNs;
  }

  void accept(PointBatch batch) {
    String node = batch.getLocation().getNode();
    for (Point p : batch.getPointsList()) {
      if (p.getKeyState() == ProbeKeyState.KEY_VERIFIED && !p.getReset()) {
        stamp(node, p);
      }
      replyKeys.accept(node, p).forEach(k -> stamp(k.node(), k.point()));
    }
  }

  private void watchResult(ProbeTrace t) {
    boolean failed = isFailed(t);
    watchNew(Watch.Kind.PROBER, t.prober, t, failed);
    watchNew(Watch.Kind.VIP, t.vip, t, failed);
    if (t.outcome == ProbeOutcome.SYN_ACK) {
      watch.answered(Watch.Kind.PROBER, t.prober);
      watch.answered(Watch.Kind.VIP, t.vip);
    }
    for (Leg leg : network.way(t.vip)) {
      if (leg.mapped() == leg) {
        watchHop(t, leg, failed);
      }
    }
    if (failed && !t.backend.isEmpty()) {
      watch.failed(Watch.Kind.HOST, network.hostOf(t.backend));
    }
  }

  private void watchHop(ProbeTrace t, Leg leg, boolean failed) {
    String stamped = t.stampedNode(leg);
    if (!stamped.isEmpty()) {
      if (failed) {
        watch.failed(Watch.Kind.NODE, stamped);
      }
      return;
    }
    String mapped = ports.node(t.proberId, t.vip, leg, t.sourcePort);
    // Of an answered probe whose stamps are on their way nobody needs to guess the node.
    if (failed || !mapped.isEmpty()) {
      watchNew(Watch.Kind.NODE, mapped, t, failed);
    }
  }

  /** The probe is now known to have met the component. */
  private void watchNew(Watch.Kind kind, String component, ProbeTrace t, boolean failed) {
    watch.met(kind, component, t);
    if (failed) {
      watch.failed(kind, component);
    }
  }

  private static boolean isFailed(ProbeTrace t) {
    return switch (t.outcome) {
      case TIMEOUT, ICMP_UNREACHABLE, RST, SEND_ERROR -> true;
      default -> false;
    };
  }

  private void stamp(String from, Point p) {
    ProbeTrace t = trace(p.getProberId(), p.getProbeSequence(), p.getTimeNs());
    String node = network.canonical(from);
    Leg leg = Leg.of(network.tierOf(node), p.getDirection());
    boolean met = t.met(node);
    boolean forward = leg.isForward();
    if (forward && t.vip.isEmpty()) {
      t.vip = network.vipName(p.getVip(), p.getDestinationAddress(), p.getDestinationPort());
    }
    if (t.prober.isEmpty()) {
      t.prober = network.proberName(p.getProberId(), "");
    }
    if (!met) {
      watchNew(Watch.Kind.NODE, node, t, isFailed(t));
    }
    if (t.backend.isEmpty() && !p.getBackend().isEmpty()) {
      t.backend = network.canonical(p.getBackend());
      watchNew(Watch.Kind.HOST, network.hostOf(t.backend), t, isFailed(t));
    }
    if (p.getReason() != 0) {
      // A gateway forwards or drops a packet once; of repeated SYNs the first drop tells.
      if (t.dropReason == 0) {
        t.dropNode = node;
        t.dropLeg = leg;
        t.dropReason = p.getReason();
        t.dropNs = p.getTimeNs();
        watchDrop(t, node);
      }
      return;
    }
    if (p.getPoint() == TracePoint.RX.code()) {
      t.received(leg, node);
      // A stateful tier's reply comes back to the node that its session is on: nothing to learn.
      if (leg.mapped() == leg && !t.vip.isEmpty()) {
        int proberPort = forward ? p.getSourcePort() : p.getDestinationPort();
        ports.learn(t.proberId, t.vip, leg, proberPort, node, p.getTimeNs());
      }
      learnRtt(t);
    } else if (p.getPoint() == TracePoint.TX.code()) {
      t.sent(leg, node);
    }
  }

  /** A verified probe that a gateway dropped says by itself that something is wrong. */
  private void watchDrop(ProbeTrace t, String node) {
    watch.suspect(Watch.Kind.NODE, node);
    if (!t.vip.isEmpty()) {
      watch.met(Watch.Kind.VIP, t.vip, t);
      watch.suspect(Watch.Kind.VIP, t.vip);
    }
  }

  private void learnRtt(ProbeTrace t) {
    if (t.outcome != ProbeOutcome.SYN_ACK || t.rttNs <= 0 || !network.isProber(t.prober)) {
      return;
    }
    for (Leg leg : Leg.values()) {
      if (leg.isForward() && t.received(leg) && t.learn(leg.tier())) {
        String node = t.rxNode(leg);
        watch.answered(Watch.Kind.NODE, node);
        watch.timed(
            node,
            t.rttNs >= lateNs && t.rttNs >= lateFactor * baselines.baselineNs(t.prober, node));
        baselines.learn(t.prober, node, t.rttNs);
      }
    }
  }

  private ProbeTrace trace(int proberId, int sequence, long timeNs) {
    ProbeTrace t = traces.get(ProbeTrace.key(proberId, sequence));
    if (t == null) {
      t = new ProbeTrace(proberId, sequence);
      traces.put(t.key(), t);
      young.addLast(t);
    }
    t.judged = null; // whatever comes may change what is thought of it
    t.firstNs = t.firstNs == 0 ? timeNs : Math.min(t.firstNs, timeNs);
    return t;
  }

  /** Everything sent at or after a time, oldest first. */
  List<ProbeTrace> since(long timeNs) {
    List<ProbeTrace> all = new ArrayList<>();
    for (ProbeTrace t : traces.values()) {
      if (t.timeNs() >= timeNs) {
        all.add(t);
      }
    }
    all.sort(BY_TIME);
    return all;
  }

  /** The same probes, oldest first. */
  static List<ProbeTrace> sorted(Collection<ProbeTrace> some) {
    List<ProbeTrace> all = new ArrayList<>(some);
    all.sort(BY_TIME);
    return all;
  }

  /** Probes that evidence may still be made of. */
  int young() {
    return young.size();
  }

  int size() {
    return traces.size() + replyKeys.size();
  }

  void expire(long nowNs) {
    replyKeys.expire(nowNs);
    while (!young.isEmpty() && young.getFirst().timeNs() < nowNs - evidenceNs) {
      ProbeTrace t = young.removeFirst();
      if (isComplete(t)) {
        traces.remove(t.key());
      } else {
        old.addLast(t);
      }
    }
    long oldest = nowNs - config.traceRetention().toNanos();
    while (!old.isEmpty() && (old.getFirst().timeNs() < oldest || isTooMany())) {
      traces.remove(old.removeFirst().key());
    }
    while (isTooMany()) {
      traces.remove(young.removeFirst().key());
    }
  }

  private boolean isTooMany() {
    return traces.size() > config.maxTraces();
  }

  /** Nothing that could still come would change what is known of it. */
  private boolean isComplete(ProbeTrace t) {
    if (t.outcome != ProbeOutcome.SYN_ACK) {
      return false;
    }
    for (Leg leg : network.way(t.vip)) {
      if (!t.received(leg) || !t.sent(leg)) {
        return false;
      }
    }
    return true;
  }

  void write(DataOutput out) throws IOException {
    // As they turned up: whoever reads them asks them for their age in this order.
    out.writeInt(old.size() + young.size());
    for (ProbeTrace t : old) {
      t.write(out);
    }
    for (ProbeTrace t : young) {
      t.write(out);
    }
    replyKeys.write(out);
  }

  /** What is known of the probe, told to a watch that has forgotten it. */
  private void watchAgain(ProbeTrace t) {
    watch.met(Watch.Kind.PROBER, t.prober, t);
    watch.met(Watch.Kind.VIP, t.vip, t);
    for (Leg leg : network.way(t.vip)) {
      if (leg.mapped() == leg) {
        String stamped = t.stampedNode(leg);
        watch.met(
            Watch.Kind.NODE,
            stamped.isEmpty() ? ports.node(t.proberId, t.vip, leg, t.sourcePort) : stamped,
            t);
      }
    }
    if (!t.backend.isEmpty()) {
      watch.met(Watch.Kind.HOST, network.hostOf(t.backend), t);
    }
  }

  void read(DataInput in, int version) throws IOException {
    for (int n = in.readInt(); n > 0; n--) {
      ProbeTrace t = ProbeTrace.read(in, version);
      traces.put(t.key(), t);
      young.addLast(t);
      watchAgain(t);
      if (t.hasResult() && !t.counted) {
        losses.heard(t);
      }
    }
    if (version > 1) {
      replyKeys.read(in);
    }
  }
}
