package io.dyetrace.analytics.detect;

import io.dyetrace.common.registry.FaultClass;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;

/** How those who stand in a rack or zone are, when one of them is suspected. */
final class Members {
  /** What is known of a member. */
  enum State {
    AFFECTED,
    WELL,
    UNSEEN
  }

  /**
   * One who stands there.
   *
   * @param nats log-likelihood ratio of it having the fault against it being well
   * @param bad its bad probes
   */
  record Member(String name, State state, double nats, List<JudgedProbe> bad) {
    static Member of(String name, double nats, List<JudgedProbe> bad) {
      State state =
          nats >= TELLING_NATS ? State.AFFECTED : nats <= -TELLING_NATS ? State.WELL : State.UNSEEN;
      return new Member(name, state, nats, bad);
    }
  }

  /** Evidence that tells how a member is. */
  private static final double TELLING_NATS = 4;

  /** A probe lost on a port that leads to it, and one answered. */
  private static final double LOST_NATS = 8.5;

  private static final double ANSWERED_NATS = -6.9;

  /** A delayed probe, and one that is not. */
  private static final double DELAYED_NATS = 5.4;

  private static final double ON_TIME_NATS = -0.8;

  /** A sign of life from after the fault, and telemetry that stopped with it. */
  private static final double ALIVE_NATS = -6;

  private static final double SILENT_NATS = 4;

  /** What failed within that time failed together. */
  private static final long TOGETHER_NS = 10 * Samples.SECOND_NS;

  /** Clocks differ by up to a second, and so do two of them by the time of a record. */
  private static final long CLOCK_NS = 1_200_000_000L;

  private static final long LIFE_NS = 2_200_000_000L;

  private final Evaluation now;
  private final Map<String, Suspicion> suspected;
  private final long togetherSinceNs;
  private final long firstBadNs;

  private Members(Evaluation now, Place place, Map<String, Suspicion> suspected) {
    this.now = now;
    this.suspected = suspected;
    // A node that has been dead for long is no part of what happens now.
    long newestNs = Long.MIN_VALUE;
    for (String node : suspected.keySet()) {
      if (place.nodes.contains(node)) {
        newestNs = Math.max(newestNs, lifeNs(node));
      }
    }
    this.togetherSinceNs = newestNs - TOGETHER_NS;
    long firstNs = Long.MAX_VALUE;
    for (Map.Entry<String, Suspicion> s : suspected.entrySet()) {
      if (place.nodes.contains(s.getKey()) && lifeNs(s.getKey()) >= togetherSinceNs) {
        firstNs = Math.min(firstNs, s.getValue().firstBadNs());
      }
    }
    this.firstBadNs = firstNs;
  }

  /** Everybody in the place; one of its nodes at least is suspected. */
  static List<Member> of(
      Evaluation now, FaultClass faultClass, Place place, Map<String, Suspicion> suspected) {
    Members members = new Members(now, place, suspected);
    List<Member> all = new ArrayList<>();
    if (faultClass == FaultClass.NODE_CRASH) {
      place.nodes.forEach(n -> all.add(members.crashed(n)));
      place.probers.forEach(p -> all.add(members.prober(p)));
      place.hosts.forEach(h -> all.add(members.host(h)));
    } else {
      place.nodes.forEach(n -> all.add(members.jittery(n)));
    }
    return all;
  }

  private long lifeNs(String node) {
    NodeStream stream = now.node(node);
    return Math.max(stream.heartbeatNs(), stream.lastPointNs());
  }

  private List<JudgedProbe> lost(Collection<JudgedProbe> of, String node) {
    List<JudgedProbe> lost = new ArrayList<>();
    for (JudgedProbe p : of) {
      if (p.sentNs() >= firstBadNs - CLOCK_NS
          && p.node().equals(node)
          && (p.fate().isLostAtNode() || p.fate() == Fate.LOST_BLIND)) {
        lost.add(p);
      }
    }
    return lost;
  }

  private Member crashed(String node) {
    NodeStream stream = now.node(node);
    boolean suspicious = now.scope().nodes().contains(node);
    if (stream.drained() || !stream.everSeen() || lifeNs(node) < togetherSinceNs) {
      return Member.of(node, 0, List.of());
    }
    if (!suspicious) {
      return Member.of(node, ALIVE_NATS, List.of());
    }
    List<JudgedProbe> lost = lost(now.index().passing(node), node);
    long answered =
        Evaluation.since(
                now.index().passing(node),
                firstBadNs + CLOCK_NS,
                p -> p.met(node) && p.fate().isAnswered())
            .size();
    double nats = LOST_NATS * lost.size() + ANSWERED_NATS * answered;
    if (stream.mute(now.nowNs())) {
      nats += SILENT_NATS;
    } else if (lifeNs(node) > firstBadNs + LIFE_NS) {
      nats += ALIVE_NATS;
    } else if (!stream.agentFresh(now.nowNs())) {
      nats += SILENT_NATS;
    }
    return Member.of(node, withSuspicion(node, nats), lost);
  }

  private double withSuspicion(String node, double nats) {
    return suspected.containsKey(node) ? Math.max(nats, TELLING_NATS) : nats;
  }

  private Member jittery(String node) {
    NodeStream stream = now.node(node);
    if (!suspected.containsKey(node)) {
      if (stream.drained() || !stream.beating(now.nowNs())) {
        return Member.of(node, 0, List.of());
      }
      if (!now.scope().nodes().contains(node)) {
        return Member.of(node, ALIVE_NATS, List.of());
      }
    }
    List<JudgedProbe> delayed = new ArrayList<>();
    double nats = 0;
    for (JudgedProbe p : now.index().passing(node)) {
      if (p.sentNs() >= firstBadNs - CLOCK_NS && !passesAnother(p, node)) {
        if (p.fate() == Fate.DELAYED) {
          delayed.add(p);
          nats += DELAYED_NATS;
        } else if (p.fate() == Fate.ANSWERED) {
          nats += ON_TIME_NATS;
        }
      }
    }
    return Member.of(node, withSuspicion(node, nats), delayed);
  }

  /** What met two of them tells nothing of which of them it was. */
  private boolean passesAnother(JudgedProbe p, String node) {
    return p.hops().stream()
        .anyMatch(h -> !h.node().equals(node) && suspected.containsKey(h.node()));
  }

  private Member prober(String prober) {
    ProberStream stream = now.probers().get(prober);
    long heardNs = stream == null ? 0 : stream.lastHeardNs();
    if (heardNs < togetherSinceNs) {
      return Member.of(prober, 0, List.of());
    }
    return Member.of(
        prober, heardNs > firstBadNs + LIFE_NS ? ALIVE_NATS : silent(heardNs), List.of());
  }

  private double silent(long heardNs) {
    return now.nowNs() - heardNs > now.config().timing().agentFresh().toNanos() ? SILENT_NATS : 0;
  }

  private Member host(String host) {
    double nats = 0;
    List<JudgedProbe> failed = new ArrayList<>();
    for (JudgedProbe p : now.index().toHost(host)) {
      if (!host.equals(now.network().hostOf(p.trace().backend))) {
        continue;
      }
      if (p.fate() == Fate.BACKEND_SILENT && p.sentNs() >= firstBadNs - CLOCK_NS) {
        failed.add(p);
        nats += LOST_NATS;
      } else if (p.fate().isAnswered() && p.sentNs() >= firstBadNs + CLOCK_NS) {
        nats += ANSWERED_NATS;
      }
    }
    return Member.of(host, nats, failed);
  }
}
