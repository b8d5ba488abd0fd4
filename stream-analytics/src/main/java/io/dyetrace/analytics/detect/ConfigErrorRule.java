package io.dyetrace.analytics.detect;

import static io.dyetrace.analytics.detect.Evidences.ratio;

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
  /** Probes of one VIP that met one node. */
  private static final class Cell {
    final List<JudgedProbe> dropped = new ArrayList<>();
    int othersSinceFirst;
  }

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
    Map<String, Map<String, Cell>> cells = cells(now);
    Map<String, Set<String>> hitVipsByNode = new TreeMap<>();
    Map<String, Set<String>> hitNodesByVip = new TreeMap<>();
    cells.forEach(
        (vip, byNode) ->
            byNode.forEach(
                (node, cell) -> {
                  if (hit(now, cell)) {
                    hitVipsByNode.computeIfAbsent(node, k -> new TreeSet<>()).add(vip);
                    hitNodesByVip.computeIfAbsent(vip, k -> new TreeSet<>()).add(node);
                  }
                }));
    List<Suspicion> suspicions = new ArrayList<>();
    Set<String> wholeVips = new TreeSet<>();
    hitNodesByVip.forEach(
        (vip, nodes) -> {
          if (hitsWholeTier(now, vip, nodes)) {
            wholeVips.add(vip);
            List<JudgedProbe> dropped =
                nodes.stream().flatMap(n -> dropped(cells, vip, n).stream()).toList();
            suspicions.add(suspicion(now, ComponentKind.VIP, vip, dropped, List.of()));
          }
        });
    hitVipsByNode.forEach(
        (node, vips) -> {
          vips.removeAll(wholeVips);
          List<String> served = now.network().vipsOf(node);
          if (vips.isEmpty()) {
            return;
          }
          List<JudgedProbe> all =
              vips.stream().flatMap(v -> dropped(cells, v, node).stream()).toList();
          if (!scopeKnown(now, node, vips, Evaluation.first(all))) {
            return;
          }
          if (vips.containsAll(served) && served.size() > 1) {
            suspicions.add(
                suspicion(now, ComponentKind.NODE, node, all, now.network().siblings(node)));
            return;
          }
          for (String vip : vips) {
            List<JudgedProbe> dropped = dropped(cells, vip, node);
            List<String> well =
                now.network().nodesOf(vip, now.network().tierOf(node)).stream()
                    .filter(n -> !hitNodesByVip.getOrDefault(vip, Set.of()).contains(n))
                    .toList();
            suspicions.add(
                suspicion(now, ComponentKind.VIP_ON_NODE, vip + "@" + node, dropped, well));
          }
        });
    return suspicions;
  }

  private static Map<String, Map<String, Cell>> cells(Evaluation now) {
    long sinceNs = now.nowNs() - now.config().config().window().toNanos();
    Map<String, Map<String, Cell>> cells = new TreeMap<>();
    for (JudgedProbe p : now.probes(sinceNs, p -> p.stamped() && p.fate() != Fate.UNDECIDED)) {
      Map<String, Cell> ofVip = cells.computeIfAbsent(p.vip(), k -> new TreeMap<>());
      for (String node : p.nodes()) {
        if (p.stampedAt(node)) {
          add(p, node, ofVip.computeIfAbsent(node, k -> new Cell()));
        }
      }
    }
    return cells;
  }

  private static void add(JudgedProbe p, String node, Cell cell) {
    if (p.fate() == Fate.DROPPED_CONFIG && p.node().equals(node)) {
      cell.dropped.add(p);
    } else {
      cell.othersSinceFirst += cell.dropped.isEmpty() ? 0 : 1;
    }
  }

  /** Every node of a tier drops the VIP, and there are several. */
  private static boolean hitsWholeTier(Evaluation now, String vip, Set<String> hit) {
    Set<Tier> tiers = now.network().tiersOf(vip);
    if (tiers.isEmpty()) { // the topology no longer has it
      return hit.size() > 1;
    }
    for (Tier tier : tiers) {
      List<String> nodes = now.network().nodesOf(vip, tier);
      if (nodes.stream().filter(hit::contains).count() > 1 && hit.containsAll(nodes)) {
        return true;
      }
    }
    return false;
  }

  private static List<JudgedProbe> dropped(
      Map<String, Map<String, Cell>> cells, String vip, String node) {
    Cell cell = cells.getOrDefault(vip, Map.of()).get(node);
    return cell == null ? List.of() : cell.dropped;
  }

  private static boolean hit(Evaluation now, Cell cell) {
    DetectorConfig.Config config = now.config().config();
    int dropped = cell.dropped.size();
    return dropped >= config.probes()
        && ratio(dropped, dropped + cell.othersSinceFirst) >= config.failedShare();
  }

  /**
   * Every other VIP of the node has been met since the first drop, often enough to tell, or the
   * wait is over.
   */
  private static boolean scopeKnown(Evaluation now, String node, Set<String> hit, long firstNs) {
    if (now.nowNs() - firstNs >= now.config().config().scopeWait().toNanos()) {
      return true;
    }
    for (String vip : now.network().vipsOf(node)) {
      if (hit.contains(vip)) {
        continue;
      }
      long met =
          Evaluation.since(
                  now.index().ofVip(vip), firstNs, p -> p.stampedAt(node) && p.fate().isAnswered())
              .size();
      if (met < 2) {
        return false;
      }
    }
    // The same for the VIP's other nodes: the whole VIP may be gone.
    return hit.stream()
        .allMatch(
            vip ->
                now.network().nodesOf(vip, now.network().tierOf(node)).size() == 1
                    || Evaluation.since(
                                now.index().ofVip(vip),
                                firstNs,
                                p -> p.stamped() && p.fate().isAnswered())
                            .size()
                        >= 2);
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
