package io.dyetrace.analytics.detect;

import java.util.List;
import java.util.Map;

/**
 * Whether a probe that got no answer was lost between two stamps, and by nobody who was away: its
 * stamps are complete, the node that did not stamp it is known, and that node beat before and a
 * while after. So a crash, a hang and missing telemetry are no loss of a link.
 */
final class LossProof {
  /** What is known of it. */
  enum State {
    PROVEN,
    /** Something else took it, or nobody will ever know. */
    DISMISSED,
    /** It takes a moment. */
    OPEN,
    /** It takes until its port is met again. */
    UNMAPPED
  }

  /** The node beat so long after the loss, the clocks of two hosts being a second apart. */
  private static final long ALIVE_NS = 1_200_000_000L;

  /** So long after it came back what it lost has nothing to do with its absence. */
  private static final long BACK_NS = 2 * Samples.SECOND_NS;

  /** What telemetry has not proven by then it never will. */
  private static final long PATIENCE_NS = 12 * Samples.SECOND_NS;

  /** By then every source port has been used again, in whatever order. */
  private static final long PORT_PATIENCE_NS = 330 * Samples.SECOND_NS;

  private final Network network;
  private final PortMap ports;
  private final Judge judge;
  private final Map<String, NodeStream> nodes;

  LossProof(Network network, PortMap ports, Judge judge, Map<String, NodeStream> nodes) {
    this.network = network;
    this.ports = ports;
    this.judge = judge;
    this.nodes = nodes;
  }

  /** It got no answer and was not dropped by a gateway. */
  static boolean isLost(ProbeTrace t) {
    return switch (t.outcome) {
      case TIMEOUT, ICMP_UNREACHABLE -> t.dropReason == 0;
      default -> false;
    };
  }

  JudgedProbe judge(ProbeTrace t, long nowNs) {
    return judge.judge(List.of(t), nowNs).get(0);
  }

  State of(JudgedProbe p, long nowNs) {
    long ageNs = nowNs - p.sentNs();
    return switch (p.fate()) {
      case LOST_AFTER -> State.PROVEN;
      case LOST_BEFORE, LOST_INSIDE, BACKEND_SILENT ->
          p.node().isEmpty() ? unmapped(p, ageNs) : mapped(p, ageNs);
      case UNDECIDED, LOST_BLIND -> openUntil(PATIENCE_NS, ageNs);
      default -> State.DISMISSED;
    };
  }

  private static State openUntil(long patienceNs, long ageNs) {
    return ageNs > patienceNs ? State.DISMISSED : State.OPEN;
  }

  private State mapped(JudgedProbe p, long ageNs) {
    Leg leg = p.hops().get(p.at()).leg();
    if (p.trace().unmapped && ports.changedSince(p.vip(), leg, p.sentNs())) {
      return State.DISMISSED; // where its port leads now it did not lead then
    }
    State alive = alive(p.node(), p.sentNs());
    return alive == State.OPEN ? openUntil(PATIENCE_NS, ageNs) : alive;
  }

  /**
   * Nobody knows where its port leads. Whoever it may have met has to be alive; then it waits until
   * the port is met again. One that never is belongs to no node: it may be in a bucket of the
   * router that loses everything.
   */
  private State unmapped(JudgedProbe p, long ageNs) {
    if (p.trace().unmapped) {
      return ageNs > PORT_PATIENCE_NS ? State.PROVEN : State.UNMAPPED;
    }
    for (String node : network.nodesOf(p.vip(), p.tier())) {
      State alive = alive(node, p.sentNs());
      if (alive != State.PROVEN) {
        return alive == State.OPEN ? openUntil(PATIENCE_NS, ageNs) : alive;
      }
    }
    return State.UNMAPPED;
  }

  private State alive(String name, long sentNs) {
    NodeStream node = nodes.get(name);
    if (node == null || node.drained() || node.beatingSinceNs() > sentNs - BACK_NS) {
      return State.DISMISSED;
    }
    return node.heartbeatNs() >= sentNs + ALIVE_NS ? State.PROVEN : State.OPEN;
  }
}
