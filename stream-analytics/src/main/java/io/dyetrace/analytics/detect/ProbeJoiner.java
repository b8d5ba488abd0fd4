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
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/**
 * Joins probe results with the points of the same probe key, in whatever order they come, and
 * teaches port map and baselines.
 */
final class ProbeJoiner {
  private static final Comparator<ProbeTrace> BY_TIME =
      Comparator.comparingLong(ProbeTrace::timeNs).thenComparingLong(ProbeTrace::key);

  private final DetectorConfig.Timing config;
  private final Network network;
  private final PortMap ports;
  private final RttBaselines baselines;
  private final ReplyKeys replyKeys;
  private final Map<Long, ProbeTrace> traces = new HashMap<>();

  ProbeJoiner(
      DetectorConfig.Timing config, Network network, PortMap ports, RttBaselines baselines) {
    this.config = config;
    this.network = network;
    this.ports = ports;
    this.baselines = baselines;
    this.replyKeys = new ReplyKeys(config, network.flows());
  }

  void accept(ProbeBatch batch) {
    String prober = network.proberName(batch.getProberId(), batch.getLocation().getNode());
    long settledNs = batch.getBootId() * 1_000_000L + config.proberSettling().toNanos();
    for (ProbeResult result : batch.getResultsList()) {
      ProbeTrace t = trace(batch.getProberId(), result.getProbeSequence(), result.getSentTimeNs());
      if (t.hasResult() && result.getOutcome() != ProbeOutcome.LATE_SYN_ACK) {
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
      learnRtt(t);
      replyKeys.accept(batch.getProberId(), result).forEach(k -> stamp(k.node(), k.point()));
    }
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

  private void stamp(String node, Point p) {
    ProbeTrace t = trace(p.getProberId(), p.getProbeSequence(), p.getTimeNs());
    Leg leg = Leg.of(network.tierOf(node), p.getDirection());
    boolean forward = leg.isForward();
    if (forward && t.vip.isEmpty()) {
      t.vip = network.vipName(p.getVip(), p.getDestinationAddress(), p.getDestinationPort());
    }
    if (t.prober.isEmpty()) {
      t.prober = network.proberName(p.getProberId(), "");
    }
    if (!p.getBackend().isEmpty()) {
      t.backend = p.getBackend();
    }
    if (p.getReason() != 0) {
      // A gateway forwards or drops a packet once; of repeated SYNs the first drop tells.
      if (t.dropReason == 0) {
        t.dropNode = node;
        t.dropLeg = leg;
        t.dropReason = p.getReason();
        t.dropNs = p.getTimeNs();
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

  private void learnRtt(ProbeTrace t) {
    if (t.outcome != ProbeOutcome.SYN_ACK || t.rttNs <= 0) {
      return;
    }
    for (Leg leg : Leg.values()) {
      if (leg.isForward() && t.received(leg) && t.learn(leg.tier())) {
        baselines.learn(t.prober, t.rxNode(leg), t.rttNs);
      }
    }
  }

  private ProbeTrace trace(int proberId, int sequence, long timeNs) {
    ProbeTrace t =
        traces.computeIfAbsent(
            ProbeTrace.key(proberId, sequence), k -> new ProbeTrace(proberId, sequence));
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

  int size() {
    return traces.size() + replyKeys.size();
  }

  void expire(long nowNs) {
    replyKeys.expire(nowNs);
    long oldest = nowNs - config.traceRetention().toNanos();
    traces.values().removeIf(t -> t.timeNs() < oldest);
    if (traces.size() > config.maxTraces()) {
      List<ProbeTrace> all = since(Long.MIN_VALUE);
      Iterator<ProbeTrace> first = all.iterator();
      while (traces.size() > config.maxTraces()) {
        traces.remove(first.next().key());
      }
    }
  }

  void write(DataOutput out) throws IOException {
    List<ProbeTrace> all = since(Long.MIN_VALUE);
    out.writeInt(all.size());
    for (ProbeTrace t : all) {
      t.write(out);
    }
    replyKeys.write(out);
  }

  void read(DataInput in, int version) throws IOException {
    for (int n = in.readInt(); n > 0; n--) {
      ProbeTrace t = ProbeTrace.read(in, version);
      traces.put(t.key(), t);
    }
    if (version > 1) {
      replyKeys.read(in);
    }
  }
}
