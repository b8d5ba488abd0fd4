package io.dyetrace.analytics.detect;

import io.dyetrace.common.record.Point;
import io.dyetrace.common.record.PointBatch;
import io.dyetrace.common.record.ProbeBatch;
import io.dyetrace.common.record.ProbeKeyState;
import io.dyetrace.common.record.ProbeOutcome;
import io.dyetrace.common.record.ProbeResult;
import io.dyetrace.common.registry.Direction;
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
  private final Map<Long, ProbeTrace> traces = new HashMap<>();

  ProbeJoiner(
      DetectorConfig.Timing config, Network network, PortMap ports, RttBaselines baselines) {
    this.config = config;
    this.network = network;
    this.ports = ports;
    this.baselines = baselines;
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
    }
  }

  void accept(PointBatch batch) {
    String node = batch.getLocation().getNode();
    for (Point p : batch.getPointsList()) {
      if (p.getKeyState() == ProbeKeyState.KEY_VERIFIED && !p.getReset()) {
        stamp(trace(p.getProberId(), p.getProbeSequence(), p.getTimeNs()), node, p);
      }
    }
  }

  private void stamp(ProbeTrace t, String node, Point p) {
    boolean forward = p.getDirection() == Direction.FORWARD.code();
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
        t.dropReason = p.getReason();
        t.dropNs = p.getTimeNs();
      }
      return;
    }
    if (p.getPoint() == TracePoint.RX.code()) {
      if (forward) {
        t.rxNode = node;
        t.rxNs = p.getTimeNs();
        if (!t.vip.isEmpty()) {
          ports.learn(t.proberId, t.vip, p.getSourcePort(), node, p.getTimeNs());
        }
        learnRtt(t);
      } else {
        t.replyRxNode = node;
      }
    } else if (p.getPoint() == TracePoint.TX.code()) {
      if (forward) {
        t.txNode = node;
      } else {
        t.replyTxNode = node;
      }
    }
  }

  private void learnRtt(ProbeTrace t) {
    if (!t.learned && t.outcome == ProbeOutcome.SYN_ACK && t.rttNs > 0 && !t.rxNode.isEmpty()) {
      t.learned = true;
      baselines.learn(t.prober, t.rxNode, t.rttNs);
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
    return traces.size();
  }

  void expire(long nowNs) {
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
  }

  void read(DataInput in) throws IOException {
    for (int n = in.readInt(); n > 0; n--) {
      ProbeTrace t = ProbeTrace.read(in);
      traces.put(t.key(), t);
    }
  }
}
