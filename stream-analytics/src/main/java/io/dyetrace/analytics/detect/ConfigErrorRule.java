package io.dyetrace.analytics.detect;

import io.dyetrace.analytics.detect.ConfigCells.Reach;
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
 * CONFIG_ERROR: a node drops verified probes of a VIP for a reason of its configuration, and its
 * siblings forward them. A VIP on a node is the component; the node, when it drops all its VIPs;
 * the VIP, when all its nodes drop it.
 */
final class ConfigErrorRule implements FaultRule {
  @Override
  public FaultClass faultClass() {
    return FaultClass.CONFIG_ERROR;
  }

  @Override
  public boolean concludesFromSilence() {
    return false;
  }

  @Override
  public List<Suspicion> suspects(Evaluation now) {
    if (now.probes().stream().noneMatch(p -> p.fate() == Fate.DROPPED_CONFIG)) {
      return List.of();
    }
    ConfigCells cells = new ConfigCells(now);
    Map<String, Set<String>> vipsByNode = cells.droppingNodes();
    Map<String, Set<String>> nodesByVip = new TreeMap<>();
    vipsByNode.forEach(
        (node, vips) ->
            vips.forEach(v -> nodesByVip.computeIfAbsent(v, k -> new TreeSet<>()).add(node)));
    List<Suspicion> suspicions = new ArrayList<>();
    Set<String> wholeVips = new TreeSet<>();
    nodesByVip.forEach(
        (vip, nodes) -> {
          if (hitsWholeTier(now, cells, vip, nodes)) {
            wholeVips.add(vip);
            List<JudgedProbe> dropped =
                nodes.stream().flatMap(n -> cells.dropped(vip, n).stream()).toList();
            suspicions.add(suspicion(now, ComponentKind.VIP, vip, dropped, List.of()));
          }
        });
    vipsByNode.forEach(
        (node, vips) -> {
          vips.removeAll(wholeVips);
          suspectNode(now, cells, node, vips, nodesByVip, suspicions);
        });
    return suspicions;
  }

  /** The node, when it drops all its VIPs; else each VIP on it, once that is known. */
  private void suspectNode(
      Evaluation now,
      ConfigCells cells,
      String node,
      Set<String> vips,
      Map<String, Set<String>> nodesByVip,
      List<Suspicion> suspicions) {
    Set<String> narrow = new TreeSet<>();
    for (String vip : vips) {
      List<String> nodes = now.network().nodesOf(vip, now.network().tierOf(node));
      if (cells.ofVip(vip, nodes) == Reach.NARROW) {
        narrow.add(vip);
      }
    }
    if (narrow.isEmpty()) {
      return; // these VIPs may be gone on all nodes
    }
    Reach reach = cells.ofNode(node, now.network().vipsOf(node));
    if (reach == Reach.WIDE) {
      List<JudgedProbe> all = vips.stream().flatMap(v -> cells.dropped(v, node).stream()).toList();
      suspicions.add(suspicion(now, ComponentKind.NODE, node, all, now.network().siblings(node)));
    } else if (reach == Reach.NARROW) {
      for (String vip : narrow) {
        if (cells.hit(vip, node)) {
          Set<String> dropping = nodesByVip.getOrDefault(vip, Set.of());
          List<String> well =
              now.network().nodesOf(vip, now.network().tierOf(node)).stream()
                  .filter(n -> !dropping.contains(n))
                  .toList();
          List<JudgedProbe> dropped = cells.dropped(vip, node);
          suspicions.add(
              suspicion(now, ComponentKind.VIP_ON_NODE, vip + "@" + node, dropped, well));
        }
      }
    }
  }

  /** Every node of a tier drops the VIP, and there are several. */
  private static boolean hitsWholeTier(
      Evaluation now, ConfigCells cells, String vip, Set<String> dropping) {
    Set<Tier> tiers = now.network().tiersOf(vip);
    if (tiers.isEmpty()) { // the topology no longer has it
      return cells.ofVip(vip, dropping) == Reach.WIDE;
    }
    return tiers.stream()
        .anyMatch(t -> cells.ofVip(vip, now.network().nodesOf(vip, t)) == Reach.WIDE);
  }

  private Suspicion suspicion(
      Evaluation now,
      ComponentKind kind,
      String component,
      List<JudgedProbe> dropped,
      List<String> well) {
    Map<String, Integer> reasons = new TreeMap<>();
    dropped.forEach(p -> reasons.merge(DropReason.nameOf(p.trace().dropReason), 1, Integer::sum));
    long firstNs = Evaluation.first(dropped);
    List<Evidence> evidence = new ArrayList<>();
    evidence.add(
        Evidences.of(
            "verified_probes_dropped",
            dropped.size(),
            0,
            dropped.size(),
            "%d verified probes to %s were dropped by %s: %s.",
            dropped.size(),
            Evaluation.vips(dropped),
            dropped.stream().map(JudgedProbe::node).distinct().sorted().toList(),
            reasons));
    if (!well.isEmpty()) {
      List<String> vips = Evaluation.vips(dropped);
      long forwarded =
          now.probes(
                  firstNs,
                  p ->
                      vips.contains(p.vip())
                          && well.stream().anyMatch(p::met)
                          && p.fate().isAnswered())
              .size();
      evidence.add(
          Evidences.of(
              "siblings_answered",
              forwarded,
              0,
              forwarded,
              "%s forwarded %d probes to the same VIPs meanwhile.",
              well,
              forwarded));
    }
    return new Suspicion(
        new Hypothesis(faultClass(), kind, component),
        firstNs,
        Evaluation.last(dropped),
        dropped,
        0,
        evidence,
        Evaluation.vips(dropped),
        EvidenceSql.dropsOfProbes(dropped, firstNs, now.nowNs()));
  }

  @Override
  public Health health(Evaluation now, Hypothesis open) {
    return now.health(
        p -> p.fate() == Fate.DROPPED_CONFIG && met(open, p),
        p -> p.fate().isAnswered() && p.stamped() && met(open, p));
  }

  private static boolean met(Hypothesis open, JudgedProbe p) {
    return switch (open.kind()) {
      case VIP -> p.vip().equals(open.component());
      case NODE -> p.met(open.component());
      default -> {
        int at = open.component().lastIndexOf('@');
        yield p.vip().equals(open.component().substring(0, at))
            && p.met(open.component().substring(at + 1));
      }
    };
  }
}
