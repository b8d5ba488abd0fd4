package io.dyetrace.analytics.detect;

import io.dyetrace.common.record.ComponentKind;
import io.dyetrace.common.record.Evidence;
import io.dyetrace.common.registry.DropReason;
import io.dyetrace.common.registry.FaultClass;
import io.dyetrace.common.registry.Tier;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * VIP_OVERLOAD: several nodes drop packets, or verified probes, of one VIP for a limit at the same
 * time.
 */
final class VipOverloadRule implements FaultRule {
  @Override
  public FaultClass faultClass() {
    return FaultClass.VIP_OVERLOAD;
  }

  @Override
  public boolean concludesFromSilence() {
    return false;
  }

  @Override
  public List<Suspicion> suspects(Evaluation now) {
    List<Suspicion> suspicions = new ArrayList<>();
    for (String vip : now.scope().vips()) {
      suspect(now, vip, suspicions);
    }
    return suspicions;
  }

  private void suspect(Evaluation now, String vip, List<Suspicion> suspicions) {
    DetectorConfig.Overload config = now.config().overload();
    long sinceNs = now.nowNs() - config.window().toNanos();
    // The tier that limits: the others pass everything on, and count nothing.
    List<String> nodes = limitingNodes(now, vip);
    Set<String> hit = new TreeSet<>();
    int badSeconds = 0;
    long packets = 0;
    long firstNs = Long.MAX_VALUE;
    long lastNs = Long.MIN_VALUE;
    for (String node : nodes) {
      BadSeconds bad = BadSeconds.limited(now, node, vip, sinceNs);
      if (bad.size() >= config.badSeconds()) {
        hit.add(node);
        badSeconds += bad.size();
        packets += bad.packets();
        firstNs = Math.min(firstNs, bad.firstNs());
        lastNs = Math.max(lastNs, bad.lastNs());
      }
    }
    int needed = Math.min(config.nodes(), nodes.size());
    List<JudgedProbe> dropped =
        Evaluation.since(now.index().ofVip(vip), sinceNs, p -> p.fate() == Fate.DROPPED_LIMIT);
    Set<String> droppedBy = new TreeSet<>();
    dropped.forEach(p -> droppedBy.add(p.node()));
    boolean byCounters = hit.size() >= needed;
    boolean byProbes = dropped.size() >= config.probes() && droppedBy.size() >= needed;
    if (!byCounters && !byProbes) {
      return;
    }
    List<Evidence> evidence = new ArrayList<>();
    if (byCounters) {
      evidence.add(
          Evidences.of(
              "limit_drops_per_second",
              (double) packets * hit.size() / badSeconds,
              0,
              badSeconds,
              "%d nodes (%s) dropped %d packets of %s for a limit within %d s.",
              hit.size(),
              String.join(", ", hit),
              packets,
              vip,
              config.window().toSeconds()));
    }
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
              vip,
              droppedBy,
              reasons));
      firstNs = Math.min(firstNs, Evaluation.first(dropped));
      lastNs = Math.max(lastNs, Evaluation.last(dropped));
    }
    evidence.add(otherVips(now, vip, nodes, sinceNs));
    suspicions.add(
        new Suspicion(
            new Hypothesis(faultClass(), ComponentKind.VIP, vip),
            firstNs,
            Math.min(lastNs, now.nowNs()),
            dropped,
            byCounters ? BadSeconds.NATS * badSeconds : 0,
            evidence,
            List.of(vip),
            EvidenceSql.limitDropsOfVip(vip, firstNs, now.nowNs())));
  }

  private static List<String> limitingNodes(Evaluation now, String vip) {
    List<String> stateful = now.network().nodesOf(vip, Tier.CLB);
    return stateful.isEmpty() ? now.network().nodesOf(vip) : stateful;
  }

  /** What tells it from nodes that are over their own limits: those would limit other VIPs too. */
  private static Evidence otherVips(Evaluation now, String vip, List<String> nodes, long sinceNs) {
    Set<String> others = new TreeSet<>();
    Set<String> limited = new TreeSet<>();
    for (String node : nodes) {
      for (String other : now.network().vipsOf(node)) {
        if (!other.equals(vip)) {
          others.add(other);
          if (BadSeconds.limited(now, node, other, sinceNs).size()
              >= now.config().overload().badSeconds()) {
            limited.add(other);
          }
        }
      }
    }
    return Evidences.of(
        "other_vips_limited",
        limited.size(),
        0,
        others.size(),
        "Of the %d other VIPs on the same nodes %d are over a limit: it is the VIP, not the nodes.",
        others.size(),
        limited.size());
  }

  @Override
  public Health health(Evaluation now, Hypothesis open) {
    String vip = open.component();
    long sinceNs = now.nowNs() - now.config().verdicts().healthyFor().toNanos();
    for (String node : now.network().nodesOf(vip)) {
      if (!BadSeconds.limited(now, node, vip, sinceNs).isEmpty()) {
        return Health.BAD;
      }
    }
    return now.health(
        p -> p.fate() == Fate.DROPPED_LIMIT && p.vip().equals(vip),
        p -> p.fate().isAnswered() && p.vip().equals(vip));
  }
}
