package io.dyetrace.analytics.detect;

import static io.dyetrace.analytics.detect.Evidences.seconds;

import io.dyetrace.common.record.ComponentKind;
import io.dyetrace.common.record.Evidence;
import io.dyetrace.common.record.ProbeOutcome;
import io.dyetrace.common.registry.FaultClass;
import io.dyetrace.common.registry.Tier;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * NODE_CRASH: the agent runs and says that the gateway is dead, or has not heard its heartbeat, and
 * probes that lead there are lost in a row. When the agent is silent as well (the whole machine is
 * gone) the heartbeat tells nothing: more losses are needed then, on ports known to lead to the
 * node.
 */
final class NodeCrashRule implements FaultRule {
  /**
   * The agent sees the lock of the gateway's telemetry file free: it errs once in ten thousand
   * times.
   */
  private static final double DEAD_NATS = 9;

  /**
   * No heartbeat for three seconds from a node whose agent runs: a stalled machine does that now
   * and then.
   */
  private static final double MUTE_NATS = 5;

  /** Stamps come about so much later than the answer. */
  private static final long STAMPS_COME_NS = 2_500_000_000L;

  @Override
  public FaultClass faultClass() {
    return FaultClass.NODE_CRASH;
  }

  @Override
  public boolean concludesFromSilence() {
    return true;
  }

  @Override
  public List<Suspicion> suspects(Evaluation now) {
    List<Suspicion> suspicions = new ArrayList<>();
    List<String> mute =
        now.scope().nodes().stream().filter(n -> now.node(n).mute(now.nowNs())).toList();
    List<String> unwell =
        now.scope().nodes().stream()
            .filter(n -> !now.node(n).agentFresh(now.nowNs()) && !now.node(n).drained())
            .collect(Collectors.toCollection(ArrayList::new));
    unwell.addAll(mute);
    for (String node : now.scope().nodes()) {
      NodeStream stream = now.node(node);
      // What was never heard may just not have been started yet.
      boolean waited =
          now.nowNs() - now.startedNs() >= now.config().noData().firstContact().toNanos();
      if (stream.drained() || !stream.everSeen() && !waited) {
        continue;
      }
      if (mute.contains(node)) {
        suspectMute(now, node, stream, mute, suspicions);
      } else if (!stream.agentFresh(now.nowNs())) {
        suspectBlind(now, node, stream, unwell, suspicions);
      }
    }
    return suspicions;
  }

  private void suspectMute(
      Evaluation now,
      String node,
      NodeStream stream,
      List<String> mute,
      List<Suspicion> suspicions) {
    long sinceNs =
        Math.max(
            now.nowNs() - now.config().timing().evidenceWindow().toNanos(), stream.lastPointNs());
    List<JudgedProbe> lost =
        Strays.ofWellProbers(
            now,
            Evaluation.since(
                now.index().mayPass(node),
                sinceNs,
                p -> isLostBefore(p) && Strays.mayLeadTo(now, p, node)));
    // A loss whose port is unknown belongs to one of the nodes that are mute now: no other loses
    // all it gets, whoever else is silent.
    if (Strays.weight(now, node, lost, mute) < now.config().crash().consecutiveLosses()
        || !Strays.takesItsShare(now, node, lost, mute)
        || !probersWell(now, node, lost)) {
      return;
    }
    // Stamps that do not come may also be lost behind the gateway: then probes are answered.
    boolean beating = stream.beating(now.nowNs());
    if (beating && answeredBlind(now, node, lost)) {
      return;
    }
    List<Evidence> evidence = new ArrayList<>(lossEvidence(now, node, lost));
    evidence.add(muteEvidence(node, stream, beating));
    double nats = stream.gatewayAlive() ? MUTE_NATS : DEAD_NATS;
    suspicions.add(suspicion(now, node, Strays.share(now, node, lost, mute), nats, evidence));
  }

  /** Why its agent holds the gateway for dead or hung. */
  private static Evidence muteEvidence(String node, NodeStream stream, boolean beating) {
    if (!stream.gatewayAlive()) {
      return Evidences.of(
          "gateway_alive",
          0,
          1,
          1,
          "%s's agent runs and says that the gateway process is dead.",
          node);
    }
    if (beating) {
      double standingSeconds = seconds(stream.agentTimeNs() - stream.drainingNs());
      return Evidences.of(
          "workers_standing_seconds",
          standingSeconds,
          1,
          1,
          "%s's gateway still beats, but its workers have stamped nothing and not moved for %.1f s.",
          node,
          standingSeconds);
    }
    double silentSeconds = seconds(stream.agentTimeNs() - stream.heartbeatNs());
    return Evidences.of(
        "heartbeat_age_seconds",
        silentSeconds,
        1,
        1,
        "%s's agent runs and has heard no heartbeat of the gateway for %.1f s (normal: 1 s).",
        node,
        silentSeconds);
  }

  /** Lost at the node, or nobody knows where, while another node is silent. */
  private static boolean isLostBefore(JudgedProbe p) {
    return p.fate().isLostAtNode() || p.fate() == Fate.LOST_BLIND && p.node().isEmpty();
  }

  private void suspectBlind(
      Evaluation now,
      String node,
      NodeStream stream,
      List<String> unwell,
      List<Suspicion> suspicions) {
    long sinceNs =
        Math.max(
            now.nowNs() - now.config().timing().evidenceWindow().toNanos(), stream.lastPointNs());
    List<JudgedProbe> lost =
        Strays.ofWellProbers(
            now,
            Evaluation.since(
                now.index().mayPass(node),
                sinceNs,
                p -> p.fate() == Fate.LOST_BLIND && Strays.mayLeadTo(now, p, node)));
    if (!Strays.beganWithSilence(now, stream, lost)) {
      lost = lost.stream().filter(p -> !p.node().isEmpty()).toList();
    }
    // One whose port is unknown belongs to one of the nodes that are silent or mute now.
    if (Strays.weight(now, node, lost, unwell) < now.config().crash().consecutiveLossesBlind()
        || !Strays.takesItsShare(now, node, lost, unwell)) {
      return;
    }
    long firstNs = Evaluation.first(lost);
    boolean answeredSince =
        !Evaluation.since(
                now.index().passing(node), firstNs, p -> p.fate().isAnswered() && p.met(node))
            .isEmpty();
    if (answeredSince || answeredBlind(now, node, lost) || !probersWell(now, node, lost)) {
      return;
    }
    List<Evidence> evidence = new ArrayList<>(lossEvidence(now, node, lost));
    evidence.add(
        Evidences.of(
            "telemetry_age_seconds",
            seconds(now.nowNs() - stream.lastHeardNs()),
            1,
            1,
            "%s's telemetry has been silent for %.1f s, its agent included.",
            node,
            seconds(now.nowNs() - stream.lastHeardNs())));
    List<JudgedProbe> own = Strays.share(now, node, lost, unwell);
    suspicions.add(suspicion(now, node, own, 0, evidence));
  }

  /**
   * Probes are answered without a stamp of the node's tier: a gateway forwards whose agent is
   * silent. Stamps of the others may still come for the newest ones.
   */
  private static boolean answeredBlind(Evaluation now, String node, List<JudgedProbe> lost) {
    Tier tier = now.network().tierOf(node);
    long untilNs = now.nowNs() - STAMPS_COME_NS;
    long answered =
        Evaluation.since(
                now.index().mayPass(node),
                Evaluation.first(lost),
                p ->
                    p.fate().isAnswered()
                        && p.sentNs() < untilNs
                        && now.network().serves(node, p.vip())
                        && p.hops().stream().anyMatch(h -> h.leg().tier() == tier && !h.stamped()))
            .size();
    return answered * 4 > lost.size();
  }

  private Suspicion suspicion(
      Evaluation now, String node, List<JudgedProbe> lost, double nats, List<Evidence> evidence) {
    return new Suspicion(
        new Hypothesis(faultClass(), ComponentKind.NODE, node),
        Evaluation.first(lost),
        Evaluation.last(lost),
        lost,
        nats,
        evidence,
        Evaluation.vips(lost),
        EvidenceSql.probesOfNode(now.network(), node, Evaluation.first(lost), now.nowNs()));
  }

  private static List<Evidence> lossEvidence(Evaluation now, String node, List<JudgedProbe> lost) {
    long firstNs = Evaluation.first(lost);
    long others = now.probes(firstNs, p -> p.fate().isAnswered() && !p.met(node)).size();
    long unreachable =
        Evaluation.count(lost, p -> p.trace().outcome == ProbeOutcome.ICMP_UNREACHABLE);
    long mapped = Evaluation.count(lost, p -> p.node().equals(node));
    return List.of(
        Evidences.of(
            "probes_lost_in_a_row",
            lost.size(),
            0,
            lost.size(),
            "%d probes in a row got no answer and no stamp %s (%d on ports known to lead to %s; %d host-unreachable); "
                + "%d probes over other nodes were answered meanwhile.",
            lost.size(),
            where(now, node, lost),
            mapped,
            node,
            unreachable,
            others));
  }

  /** What is missing; and what is there, which clears the tier in front. */
  private static String where(Evaluation now, String node, List<JudgedProbe> lost) {
    if (!now.network().hasTiers()) {
      return "on any node";
    }
    Tier tier = now.network().tierOf(node);
    long passed = Evaluation.count(lost, JudgedProbe::stamped);
    return String.format(
        Locale.ROOT,
        "of a node of its tier %s, %d of them stamped by the tiers before",
        tier,
        passed);
  }

  /** The probers that lost them do get answers over other nodes: it is not the prober. */
  private static boolean probersWell(Evaluation now, String node, List<JudgedProbe> lost) {
    long firstNs = Evaluation.first(lost);
    // When none of its tier gives a sign of life, nobody can be answered.
    boolean noneLives =
        now.network().nodesIn(now.network().tierOf(node)).stream()
            .map(now::node)
            .allMatch(n -> n.mute(now.nowNs()) || !n.agentFresh(now.nowNs()));
    return noneLives
        || lost.stream()
            .map(JudgedProbe::prober)
            .distinct()
            .anyMatch(
                prober ->
                    !Evaluation.since(
                            now.index().ofProber(prober), firstNs, p -> p.fate().isAnswered())
                        .isEmpty());
  }

  @Override
  public Health health(Evaluation now, Hypothesis open) {
    String node = open.component();
    NodeStream stream = now.node(node);
    if (!stream.agentFresh(now.nowNs())) {
      return healthUnseen(now, node);
    }
    if (!stream.beating(now.nowNs()) || stream.mute(now.nowNs())) {
      return Health.BAD;
    }
    // Probes that came through late, after a pause, are no losses: count from when the heartbeat
    // came back.
    if (now.nowNs() - stream.beatingSinceNs() < now.config().verdicts().healthyFor().toNanos()) {
      return Health.UNKNOWN;
    }
    return now.health(
        p -> p.fate().isLostAtNode() && Strays.mayLeadTo(now, p, node),
        p -> p.fate() == Fate.ANSWERED && p.stampedAt(node));
  }

  /**
   * Of a node whose agent is silent: well when probes are answered that only it can have passed.
   */
  private static Health healthUnseen(Evaluation now, String node) {
    List<String> silent =
        now.network().nodes().stream()
            .filter(n -> !now.node(n).agentFresh(now.nowNs()) && !now.node(n).drained())
            .toList();
    Tier tier = now.network().tierOf(node);
    // Whoever stamps has told of everything until then.
    long untilNs =
        now.network().nodesIn(tier).stream()
                .filter(n -> now.node(n).agentFresh(now.nowNs()))
                .mapToLong(n -> now.node(n).completeUntilNs())
                .min()
                .orElse(now.nowNs())
            - now.config().timing().stampDelay().toNanos();
    long answered =
        Evaluation.since(
                now.index().mayPass(node),
                now.healthySinceNs(),
                p ->
                    p.fate().isAnswered()
                        && p.sentNs() < untilNs
                        && now.network().serves(node, p.vip())
                        && p.hops().stream()
                            .anyMatch(h -> h.leg().tier() == tier && isOf(h, node, silent)))
            .size();
    return answered >= now.config().verdicts().healthyProbes() ? Health.HEALTHY : Health.BAD;
  }

  /** No stamp, and its port leads there or there is no other node that leaves none. */
  private static boolean isOf(Hop hop, String node, List<String> silent) {
    return !hop.stamped()
        && (hop.node().isEmpty() ? silent.equals(List.of(node)) : hop.node().equals(node));
  }
}
