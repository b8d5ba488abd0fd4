package io.dyetrace.analytics.detect;

import io.dyetrace.common.registry.DropReason;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Says what became of each probe, from its result, its stamps and how complete the stamps are. */
final class Judge {
  private static final long MILLISECOND_NS = 1_000_000L;
  private static final long SAME_MOMENT_NS = 40 * MILLISECOND_NS;

  private final DetectorConfig config;
  private final Network network;
  private final PortMap ports;
  private final RttBaselines baselines;
  private final Map<String, NodeStream> nodes;

  Judge(
      DetectorConfig config,
      Network network,
      PortMap ports,
      RttBaselines baselines,
      Map<String, NodeStream> nodes) {
    this.config = config;
    this.network = network;
    this.ports = ports;
    this.baselines = baselines;
    this.nodes = nodes;
  }

  /** Judges probes that come oldest first. */
  List<JudgedProbe> judge(List<ProbeTrace> traces, long nowNs) {
    List<JudgedProbe> judged = new ArrayList<>(traces.size());
    for (ProbeTrace t : traces) {
      String stampedNode = t.stampedNode();
      String node =
          stampedNode.isEmpty() ? ports.node(t.proberId, t.vip, t.sourcePort) : stampedNode;
      judged.add(new JudgedProbe(t, fate(t, node, nowNs), node, !stampedNode.isEmpty()));
    }
    for (int i = 0; i < judged.size(); i++) {
      JudgedProbe p = judged.get(i);
      if (p.fate() == Fate.DELAYED && !delayedAlone(judged, i)) {
        judged.set(i, new JudgedProbe(p.trace(), Fate.DELAYED_EVERYWHERE, p.node(), p.stamped()));
      }
    }
    return judged;
  }

  private Fate fate(ProbeTrace t, String node, long nowNs) {
    if (t.settling || t.vip.isEmpty()) {
      return Fate.UNDECIDED;
    }
    return switch (t.outcome) {
      case SYN_ACK, CHALLENGE_ACK -> answered(t, node);
      case LATE_SYN_ACK -> Fate.LATE;
      case RST ->
          t.dropReason != 0
              ? dropped(t)
              : t.backend.isEmpty() ? Fate.UNDECIDED : Fate.BACKEND_REFUSED;
      case SEND_ERROR -> Fate.SEND_ERROR;
      case TIMEOUT, ICMP_UNREACHABLE -> t.dropReason != 0 ? dropped(t) : lost(t, node, nowNs);
      // Only a drop point is known yet: it tells by itself.
      case PROBE_OUTCOME_UNSPECIFIED -> t.dropReason != 0 ? dropped(t) : Fate.UNDECIDED;
      case ABANDONED, UNRECOGNIZED -> Fate.UNDECIDED;
    };
  }

  private Fate answered(ProbeTrace t, String node) {
    if (node.isEmpty() || t.rttNs == 0) {
      return Fate.ANSWERED;
    }
    NodeStream stream = nodes.get(node);
    boolean late = baselines.delayed(t.rttNs, baselines.baselineNs(t.prober, node));
    if (!late) {
      return Fate.ANSWERED;
    }
    return stream != null && stream.settling(t.timeNs()) ? Fate.UNDECIDED : Fate.DELAYED;
  }

  private Fate dropped(ProbeTrace t) {
    NodeStream stream = nodes.get(t.dropNode);
    if (stream != null && stream.settling(t.dropNs)) {
      return Fate.UNDECIDED;
    }
    DropReason reason = DropReason.fromCode(t.dropReason);
    if (reason == null) {
      return Fate.DROPPED_OTHER;
    }
    if (reason == DropReason.NO_NEIGHBOUR) {
      return t.backend.isEmpty() ? Fate.DROPPED_OTHER : Fate.BACKEND_SILENT;
    }
    if (reason == DropReason.NON_SYN_NO_SESSION) {
      return Fate.DROPPED_OTHER;
    }
    return switch (reason.group()) {
      case "config", "tunnel" -> Fate.DROPPED_CONFIG;
      case "limit" -> Fate.DROPPED_LIMIT;
      case "planned" -> Fate.UNDECIDED;
      default -> Fate.DROPPED_OTHER;
    };
  }

  private Fate lost(ProbeTrace t, String node, long nowNs) {
    if (!t.replyTxNode.isEmpty()) {
      return Fate.LOST_AFTER;
    }
    if (!node.isEmpty()) {
      NodeStream stream = nodes.get(node);
      if (stream == null || !stream.agentFresh(nowNs)) {
        return t.stampedNode().isEmpty() ? Fate.LOST_BLIND : Fate.UNDECIDED;
      }
      if (!complete(stream, t)) {
        return Fate.UNDECIDED;
      }
    } else {
      for (String candidate : network.nodesOf(t.vip)) {
        NodeStream stream = nodes.get(candidate);
        if (stream == null || !complete(stream, t)) {
          return Fate.UNDECIDED;
        }
      }
    }
    if (!t.replyRxNode.isEmpty()) {
      return Fate.LOST_INSIDE;
    }
    if (!t.txNode.isEmpty()) {
      return Fate.BACKEND_SILENT;
    }
    return t.rxNode.isEmpty() ? Fate.LOST_BEFORE : Fate.LOST_INSIDE;
  }

  private boolean complete(NodeStream stream, ProbeTrace t) {
    return stream.completeUntilNs() >= t.sentNs + config.timing().stampDelay().toNanos();
  }

  /**
   * Whether a delay is the node's own. Probes over other nodes that were on their way at the same
   * time are the control group; those of the same prober count first, because a prober that stands
   * still delays whatever it sends. A standstill of the machine ends for all at once: a delayed
   * probe counts against it only when its answer came at the same moment.
   */
  private boolean delayedAlone(List<JudgedProbe> judged, int index) {
    JudgedProbe p = judged.get(index);
    long delayNs = config.jitter().delay().toNanos();
    // A probe sent in the last moments of a stall is not delayed by it.
    long fromNs = p.sentNs() - 20 * MILLISECOND_NS;
    long toNs = p.sentNs() + Math.max(0, p.trace().rttNs - delayNs - 10 * MILLISECOND_NS);
    for (boolean sameProber : new boolean[] {true, false}) {
      int[] seen = controlGroup(judged, index, fromNs, toNs, sameProber);
      if (seen[0] + seen[1] > 0) {
        return seen[1] <= 0.3 * (seen[0] + seen[1]);
      }
    }
    int[] seen =
        controlGroup(
            judged, index, fromNs - 1000 * MILLISECOND_NS, toNs + 1000 * MILLISECOND_NS, true);
    return seen[0] >= 2 && seen[1] == 0;
  }

  private static long receivedNs(JudgedProbe p) {
    return p.sentNs() + p.trace().rttNs;
  }

  /** Probes over other nodes sent in the interval: on time, delayed until the same moment. */
  private static int[] controlGroup(
      List<JudgedProbe> judged, int index, long fromNs, long toNs, boolean sameProber) {
    JudgedProbe p = judged.get(index);
    int[] seen = new int[2];
    int first = index;
    while (first > 0 && judged.get(first - 1).sentNs() >= fromNs) {
      first--;
    }
    for (int i = first; i < judged.size() && judged.get(i).sentNs() <= toNs; i++) {
      JudgedProbe other = judged.get(i);
      if (other.node().equals(p.node()) || (sameProber && !other.prober().equals(p.prober()))) {
        continue;
      }
      if (other.fate() == Fate.ANSWERED) {
        seen[0]++;
      } else if ((other.fate() == Fate.DELAYED || other.fate() == Fate.DELAYED_EVERYWHERE)
          && Math.abs(receivedNs(other) - receivedNs(p)) <= SAME_MOMENT_NS) {
        seen[1]++;
      }
    }
    return seen;
  }
}
