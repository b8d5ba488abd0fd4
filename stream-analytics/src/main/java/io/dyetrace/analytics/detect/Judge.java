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
      judged.add(t.judged != null ? t.judged : judge(t, nowNs));
    }
    for (int i = 0; i < judged.size(); i++) {
      JudgedProbe p = judged.get(i);
      if (p.fate() == Fate.DELAYED && !delayedAlone(judged, i)) {
        judged.set(i, p.as(Fate.DELAYED_EVERYWHERE));
      }
    }
    return judged;
  }

  /** The nodes that a probe met, or that its port leads to. */
  private List<Hop> hops(ProbeTrace t, List<Leg> way) {
    List<Hop> hops = new ArrayList<>(way.size());
    for (Leg leg : way) {
      if (leg.mapped() == leg) {
        String stamped = t.stampedNode(leg);
        String node =
            stamped.isEmpty() ? ports.node(t.proberId, t.vip, leg, t.sourcePort) : stamped;
        hops.add(new Hop(leg, node, !stamped.isEmpty()));
      }
    }
    return hops;
  }

  private static int hopOf(List<Hop> hops, Leg leg) {
    for (int i = 0; i < hops.size(); i++) {
      if (hops.get(i).leg() == leg.mapped()) {
        return i;
      }
    }
    return 0;
  }

  private JudgedProbe judge(ProbeTrace t, long nowNs) {
    List<Leg> way = network.way(t.vip);
    List<Hop> hops = hops(t, way);
    int last = hopOf(hops, network.lastForward(t.vip));
    if (t.settling || t.vip.isEmpty()) {
      return new JudgedProbe(t, Fate.UNDECIDED, hops, last);
    }
    Leg dropLeg = t.dropLeg;
    int dropAt = dropLeg == null ? last : hopOf(hops, dropLeg);
    return switch (t.outcome) {
      case SYN_ACK, CHALLENGE_ACK -> settle(new JudgedProbe(t, answered(t, hops), hops, last));
      case LATE_SYN_ACK -> new JudgedProbe(t, late(t, hops), hops, last);
      case RST ->
          t.dropReason != 0
              ? new JudgedProbe(t, dropped(t), hops, dropAt)
              : new JudgedProbe(
                  t, t.backend.isEmpty() ? Fate.UNDECIDED : Fate.BACKEND_REFUSED, hops, last);
      case SEND_ERROR -> new JudgedProbe(t, Fate.SEND_ERROR, hops, 0);
      case TIMEOUT, ICMP_UNREACHABLE ->
          t.dropReason != 0
              ? new JudgedProbe(t, dropped(t), hops, dropAt)
              : lost(t, way, hops, nowNs);
      // Only a drop point is known yet: it tells by itself.
      case PROBE_OUTCOME_UNSPECIFIED ->
          new JudgedProbe(t, t.dropReason != 0 ? dropped(t) : Fate.UNDECIDED, hops, dropAt);
      case ABANDONED, UNRECOGNIZED -> new JudgedProbe(t, Fate.UNDECIDED, hops, last);
    };
  }

  /** An answer in time over nodes that all stamped it stays what it is. */
  private JudgedProbe settle(JudgedProbe p) {
    if (p.fate() == Fate.ANSWERED && p.trace().rttNs < config.jitter().delay().toNanos()) {
      boolean known = true;
      for (Hop hop : p.hops()) {
        known &= hop.stamped();
      }
      p.trace().judged = known ? p : null;
    }
    return p;
  }

  private Fate answered(ProbeTrace t, List<Hop> hops) {
    if (t.rttNs == 0 || hops.stream().allMatch(h -> h.node().isEmpty())) {
      return Fate.ANSWERED;
    }
    boolean settling = false;
    for (Hop hop : hops) {
      if (hop.node().isEmpty()) {
        continue;
      }
      if (!baselines.delayed(t.rttNs, baselines.baselineNs(t.prober, hop.node()))) {
        return Fate.ANSWERED;
      }
      NodeStream stream = nodes.get(hop.node());
      settling |= stream != null && stream.settling(t.timeNs());
    }
    return settling ? Fate.UNDECIDED : Fate.DELAYED;
  }

  /**
   * An answer after the time-out is a delay like any other where it is known whose; siblings tell
   * whether it is one node's own.
   */
  private Fate late(ProbeTrace t, List<Hop> hops) {
    Fate fate = answered(t, hops);
    return fate == Fate.ANSWERED ? Fate.LATE : fate;
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

  /**
   * Looks for the last stamp: what follows it is to blame. A tier that stamped the packet on is
   * never blamed for what the next one did not stamp.
   */
  private JudgedProbe lost(ProbeTrace t, List<Leg> way, List<Hop> hops, long nowNs) {
    int reached = way.size() - 1;
    while (reached >= 0 && !t.received(way.get(reached)) && !t.sent(way.get(reached))) {
      reached--;
    }
    Leg leg = reached < 0 ? way.get(0) : way.get(reached);
    if (reached < 0) {
      return lostAt(t, Fate.LOST_BEFORE, hops, leg, nowNs);
    }
    if (!t.sent(leg)) {
      return lostAt(t, Fate.LOST_INSIDE, hops, leg, nowNs);
    }
    if (reached == way.size() - 1) {
      return new JudgedProbe(t, Fate.LOST_AFTER, hops, hopOf(hops, leg));
    }
    Leg next = way.get(reached + 1);
    return next.tier() == leg.tier()
        ? lostAt(t, Fate.BACKEND_SILENT, hops, leg, nowNs)
        : lostAt(t, Fate.LOST_BEFORE, hops, next, nowNs);
  }

  /** So it was, if every stamp that could be there is. */
  private JudgedProbe lostAt(ProbeTrace t, Fate fate, List<Hop> hops, Leg leg, long nowNs) {
    int at = hopOf(hops, leg);
    Hop hop = hops.get(at);
    Fate known = fate;
    if (!hop.node().isEmpty()) {
      NodeStream stream = nodes.get(hop.node());
      if (stream == null || !stream.agentFresh(nowNs)) {
        known = hop.stamped() ? Fate.UNDECIDED : Fate.LOST_BLIND;
      } else if (!complete(stream, t)) {
        known = Fate.UNDECIDED;
      }
    } else {
      known = lostSomewhere(t, fate, leg, nowNs);
    }
    return new JudgedProbe(t, known, hops, at);
  }

  /**
   * Nobody knows where its port leads: to a silent node, if all the others are complete. Who was
   * taken out of service, or was dead when last heard, stamps nothing: it hides nobody's loss.
   */
  private Fate lostSomewhere(ProbeTrace t, Fate fate, Leg leg, long nowNs) {
    List<String> candidates = network.nodesOf(t.vip, leg.tier());
    boolean told = candidates.isEmpty();
    boolean blind = false;
    for (String candidate : candidates) {
      NodeStream stream = nodes.get(candidate);
      if (stream != null && complete(stream, t)) {
        told = true;
      } else if (stream != null && stream.agentFresh(nowNs)) {
        return Fate.UNDECIDED;
      } else {
        blind |= stream == null || stream.gatewayAlive() && !stream.drained();
      }
    }
    return told && !blind ? fate : Fate.LOST_BLIND;
  }

  private boolean complete(NodeStream stream, ProbeTrace t) {
    return stream.completeUntilNs() >= t.sentNs + config.timing().stampDelay().toNanos();
  }

  /**
   * Whether a delay is a node's own: of one on the probe's way. Which one it is the siblings of its
   * tier tell.
   */
  private boolean delayedAlone(List<JudgedProbe> judged, int index) {
    return judged.get(index).nodes().stream().anyMatch(n -> delayedAlone(judged, index, n));
  }

  /**
   * Whether a delay is this node's own. Probes over other nodes that were on their way at the same
   * time are the control group; those of the same prober count first, because a prober that stands
   * still delays whatever it sends. A standstill of the machine ends for all at once: a delayed
   * probe counts against it only when its answer came at the same moment.
   */
  private boolean delayedAlone(List<JudgedProbe> judged, int index, String node) {
    JudgedProbe p = judged.get(index);
    long delayNs = config.jitter().delay().toNanos();
    // A probe sent in the last moments of a stall is not delayed by it.
    long fromNs = p.sentNs() - 20 * MILLISECOND_NS;
    long toNs = p.sentNs() + Math.max(0, p.trace().rttNs - delayNs - 10 * MILLISECOND_NS);
    for (boolean sameProber : new boolean[] {true, false}) {
      int[] seen = controlGroup(judged, index, node, fromNs, toNs, sameProber);
      if (seen[0] + seen[1] > 0) {
        return seen[1] <= 0.3 * (seen[0] + seen[1]);
      }
    }
    int[] seen =
        controlGroup(
            judged,
            index,
            node,
            fromNs - 1000 * MILLISECOND_NS,
            toNs + 1000 * MILLISECOND_NS,
            true);
    return seen[0] >= 2 && seen[1] == 0;
  }

  private static long receivedNs(JudgedProbe p) {
    return p.sentNs() + p.trace().rttNs;
  }

  /** Probes over other nodes sent in the interval: on time, delayed until the same moment. */
  private static int[] controlGroup(
      List<JudgedProbe> judged,
      int index,
      String node,
      long fromNs,
      long toNs,
      boolean sameProber) {
    JudgedProbe p = judged.get(index);
    int[] seen = new int[2];
    int first = index;
    while (first > 0 && judged.get(first - 1).sentNs() >= fromNs) {
      first--;
    }
    for (int i = first; i < judged.size() && judged.get(i).sentNs() <= toNs; i++) {
      JudgedProbe other = judged.get(i);
      if (other.passes(node) || (sameProber && !other.prober().equals(p.prober()))) {
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
