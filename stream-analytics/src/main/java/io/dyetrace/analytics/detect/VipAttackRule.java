package io.dyetrace.analytics.detect;

import io.dyetrace.common.record.ComponentKind;
import io.dyetrace.common.record.Evidence;
import io.dyetrace.common.registry.FaultClass;
import io.dyetrace.common.registry.Tier;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * VIP_ATTACK: several nodes of a tier drop malformed packets of one VIP at the same time. Limits of
 * the same VIP that overflow meanwhile are part of it; without malformed packets they are
 * VIP_OVERLOAD.
 *
 * <p>A packet that cannot be read meets no VIP, so counters tell how many there were, and the
 * sampled drop points which VIP they were addressed to.
 */
final class VipAttackRule implements FaultRule {
  /** Of a node's malformed packets so many must be the VIP's, else nobody is aimed at. */
  private static final double AIMED_SHARE = 0.5;

  @Override
  public FaultClass faultClass() {
    return FaultClass.VIP_ATTACK;
  }

  @Override
  public boolean concludesFromSilence() {
    return false;
  }

  @Override
  public List<Suspicion> suspects(Evaluation now) {
    List<Suspicion> suspicions = new ArrayList<>();
    for (String vip : now.scope().vips()) {
      for (Tier tier : now.network().tiersOf(vip)) {
        suspect(now, vip, now.network().nodesOf(vip, tier), suspicions);
      }
    }
    return suspicions;
  }

  private void suspect(Evaluation now, String vip, List<String> nodes, List<Suspicion> suspicions) {
    DetectorConfig.Overload config = now.config().overload();
    long sinceNs = now.nowNs() - config.window().toNanos();
    Map<String, BadSeconds> hit = new TreeMap<>();
    for (String node : nodes) {
      BadSeconds bad = badSeconds(now, node, vip, sinceNs);
      if (bad.size() >= config.badSeconds()) {
        hit.put(node, bad);
      }
    }
    if (hit.size() < Math.min(config.nodes(), nodes.size())) {
      return;
    }
    int badSeconds = hit.values().stream().mapToInt(BadSeconds::size).sum();
    long packets = hit.values().stream().mapToLong(BadSeconds::packets).sum();
    long firstNs = hit.values().stream().mapToLong(BadSeconds::firstNs).min().orElseThrow();
    long lastNs = hit.values().stream().mapToLong(BadSeconds::lastNs).max().orElseThrow();
    List<Evidence> evidence = new ArrayList<>();
    evidence.add(
        Evidences.of(
            "malformed_drops_per_second",
            (double) packets * hit.size() / badSeconds,
            0,
            badSeconds,
            "%d nodes (%s) dropped about %d malformed packets to %s within %d s.",
            hit.size(),
            String.join(", ", hit.keySet()),
            packets,
            vip,
            config.window().toSeconds()));
    List<JudgedProbe> limited =
        Evaluation.since(now.index().ofVip(vip), sinceNs, p -> p.fate() == Fate.DROPPED_LIMIT);
    addLimits(now, vip, sinceNs, limited, evidence);
    suspicions.add(
        new Suspicion(
            new Hypothesis(faultClass(), ComponentKind.VIP, vip),
            firstNs,
            Math.min(lastNs, now.nowNs()),
            limited,
            BadSeconds.NATS * badSeconds,
            evidence,
            List.of(vip),
            EvidenceSql.malformedDrops(hit.keySet(), firstNs, now.nowNs())));
  }

  /** Limits that overflow as well. */
  private static void addLimits(
      Evaluation now,
      String vip,
      long sinceNs,
      List<JudgedProbe> limited,
      List<Evidence> evidence) {
    Set<String> limiting = new TreeSet<>();
    long packets = 0;
    for (String node : now.network().nodesOf(vip)) {
      BadSeconds seconds = BadSeconds.limited(now, node, vip, sinceNs);
      if (!seconds.isEmpty()) {
        limiting.add(node);
        packets += seconds.packets();
      }
    }
    evidence.add(
        Evidences.of(
            "limit_drops",
            packets,
            0,
            limiting.size(),
            "Meanwhile %d packets of %s were dropped for a limit, %d verified probes among them.",
            packets,
            vip,
            limited.size()));
  }

  /** Seconds in which the node dropped too many malformed packets of the VIP, and how many. */
  private static BadSeconds badSeconds(Evaluation now, String node, String vip, long sinceNs) {
    NodeStream stream = now.node(node);
    if (!stream.troubledSince(sinceNs)) {
      return BadSeconds.of(now, Map.of());
    }
    TreeMap<Long, Long> seconds = new TreeMap<>(stream.malformed(vip, sinceNs, now.nowNs()));
    Map<String, Integer> samples = stream.malformedSamples(sinceNs, now.nowNs());
    int ours = samples.getOrDefault(vip, 0);
    int all = samples.values().stream().mapToInt(Integer::intValue).sum();
    double share = Evidences.ratio(ours, all);
    if (ours >= now.config().overload().samples() && share >= AIMED_SHARE) {
      stream
          .malformed("", sinceNs, now.nowNs())
          .forEach(
              (second, packets) -> seconds.merge(second, Math.round(packets * share), Long::sum));
    }
    return BadSeconds.of(now, seconds);
  }

  @Override
  public Health health(Evaluation now, Hypothesis open) {
    String vip = open.component();
    long sinceNs = now.nowNs() - now.config().verdicts().healthyFor().toNanos();
    for (String node : now.network().nodesOf(vip)) {
      if (!badSeconds(now, node, vip, sinceNs).isEmpty()) {
        return Health.BAD;
      }
    }
    return now.health(p -> false, p -> p.fate().isAnswered() && p.vip().equals(vip));
  }
}
