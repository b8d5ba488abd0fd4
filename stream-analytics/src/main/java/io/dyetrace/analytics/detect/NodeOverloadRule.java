package io.dyetrace.analytics.detect;

import io.dyetrace.common.record.ComponentKind;
import io.dyetrace.common.record.Evidence;
import io.dyetrace.common.registry.DropReason;
import io.dyetrace.common.registry.FaultClass;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * NODE_OVERLOAD: one node drops packets, or verified probes, of several VIPs for limits, and no
 * sibling drops any of these. A VIP that its siblings limit too is the VIP's own trouble. A node
 * without siblings cannot be told from its VIPs: then VIP_OVERLOAD says what can be said.
 */
final class NodeOverloadRule implements FaultRule {
  /** One VIP on the node. */
  private record Limited(String vip, BadSeconds seconds, List<JudgedProbe> probes) {
    long firstNs() {
      return Math.min(seconds.firstNs(), Evaluation.first(probes));
    }

    long lastNs() {
      return Math.max(seconds.lastNs(), Evaluation.last(probes));
    }
  }

  @Override
  public FaultClass faultClass() {
    return FaultClass.NODE_OVERLOAD;
  }

  @Override
  public boolean concludesFromSilence() {
    return false;
  }

  @Override
  public List<Suspicion> suspects(Evaluation now) {
    List<Suspicion> suspicions = new ArrayList<>();
    for (String node : now.scope().nodes()) {
      suspect(now, node, suspicions);
    }
    return suspicions;
  }

  private void suspect(Evaluation now, String node, List<Suspicion> suspicions) {
    DetectorConfig.Overload config = now.config().overload();
    long sinceNs = now.nowNs() - config.window().toNanos();
    boolean limiting =
        now.node(node).troubledSince(sinceNs)
            || now.index().passing(node).stream().anyMatch(p -> p.fate() == Fate.DROPPED_LIMIT);
    List<String> siblings = now.network().controls(node);
    if (!limiting || siblings.isEmpty()) {
      return;
    }
    List<Limited> byCounters = new ArrayList<>();
    List<Limited> byProbes = new ArrayList<>();
    Set<String> shared = new TreeSet<>();
    for (String vip : now.network().vipsOf(node)) {
      Limited here = limited(now, node, vip, sinceNs);
      boolean counted = here.seconds().size() >= config.badSeconds();
      if (!counted && here.probes().isEmpty()) {
        continue;
      }
      if (siblings.stream().anyMatch(s -> isLimited(now, s, vip, sinceNs))) {
        shared.add(vip);
      } else if (counted) {
        byCounters.add(here);
      } else {
        byProbes.add(here);
      }
    }
    List<Limited> all = new ArrayList<>(byCounters);
    all.addAll(byProbes);
    List<JudgedProbe> dropped = all.stream().flatMap(l -> l.probes().stream()).toList();
    boolean enough = byCounters.size() >= config.vips() || dropped.size() >= config.probes();
    if (all.size() < config.vips() || !enough) {
      return;
    }
    suspicions.add(suspicion(now, node, siblings, all, shared, dropped));
  }

  private static Limited limited(Evaluation now, String node, String vip, long sinceNs) {
    return new Limited(
        vip,
        BadSeconds.limited(now, node, vip, sinceNs),
        Evaluation.since(
            now.index().passing(node),
            sinceNs,
            p -> p.fate() == Fate.DROPPED_LIMIT && p.vip().equals(vip) && p.node().equals(node)));
  }

  private static boolean isLimited(Evaluation now, String node, String vip, long sinceNs) {
    Limited there = limited(now, node, vip, sinceNs);
    return !there.seconds().isEmpty() || !there.probes().isEmpty();
  }

  private Suspicion suspicion(
      Evaluation now,
      String node,
      List<String> siblings,
      List<Limited> limited,
      Set<String> shared,
      List<JudgedProbe> dropped) {
    long firstNs = limited.stream().mapToLong(Limited::firstNs).min().orElse(now.nowNs());
    long lastNs = limited.stream().mapToLong(Limited::lastNs).max().orElse(now.nowNs());
    long packets = limited.stream().mapToLong(l -> l.seconds().packets()).sum();
    Set<Long> seconds = new TreeSet<>();
    limited.forEach(l -> seconds.addAll(l.seconds().packetsBySecond().keySet()));
    List<String> vips = limited.stream().map(Limited::vip).toList();
    List<Evidence> evidence = new ArrayList<>();
    evidence.add(
        Evidences.of(
            "limit_drops_per_second",
            seconds.isEmpty() ? 0 : (double) packets / seconds.size(),
            0,
            seconds.size(),
            "%s dropped %d packets of %d of its %d VIPs (%s) for a limit within %d s.",
            node,
            packets,
            vips.size(),
            now.network().vipsOf(node).size(),
            String.join(", ", vips),
            now.config().overload().window().toSeconds()));
    if (!dropped.isEmpty()) {
      Map<String, Integer> reasons = new TreeMap<>();
      dropped.forEach(p -> reasons.merge(DropReason.nameOf(p.trace().dropReason), 1, Integer::sum));
      evidence.add(
          Evidences.of(
              "verified_probes_limited",
              dropped.size(),
              0,
              dropped.size(),
              "%d verified probes to %s were dropped by %s: %s.",
              dropped.size(),
              Evaluation.vips(dropped),
              node,
              reasons));
    }
    evidence.add(
        Evidences.of(
            "siblings_limiting_the_same",
            0,
            0,
            siblings.size(),
            "None of its siblings %s dropped a packet of these VIPs for a limit meanwhile%s: it is the node, not the VIPs.",
            siblings,
            shared.isEmpty() ? "" : " (of " + shared + " they did, and it is not counted)"));
    Hypothesis hypothesis = new Hypothesis(faultClass(), ComponentKind.NODE, node);
    return new Suspicion(
        hypothesis,
        firstNs,
        Math.min(lastNs, now.nowNs()),
        dropped,
        BadSeconds.NATS * limited.stream().mapToInt(l -> l.seconds().size()).sum(),
        evidence,
        vips.stream().sorted().toList(),
        EvidenceSql.limitDropsOfNode(node, firstNs, now.nowNs()));
  }

  @Override
  public Health health(Evaluation now, Hypothesis open) {
    String node = open.component();
    long sinceNs = now.nowNs() - now.config().verdicts().healthyFor().toNanos();
    for (String vip : now.network().vipsOf(node)) {
      if (!BadSeconds.limited(now, node, vip, sinceNs).isEmpty()) {
        return Health.BAD;
      }
    }
    return now.health(
        p -> p.fate() == Fate.DROPPED_LIMIT && p.node().equals(node),
        p -> p.fate().isAnswered() && p.met(node));
  }
}
