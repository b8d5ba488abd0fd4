package io.dyetrace.analytics.detect;

import static io.dyetrace.analytics.detect.Evidences.ratio;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Which node drops which VIP for a reason of its configuration, and how far that reaches: a cell is
 * a VIP on a node; its siblings are the VIP on other nodes, or the node's other VIPs.
 *
 * <p>Whether the siblings drop as well is a sequential test. Each of them needs one verified drop
 * (13.8 nats for the wider fault) or two answers (6.4 nats against it); one that forwards settles
 * that it is not all of them.
 */
final class ConfigCells {
  /** How far a fault reaches. */
  enum Reach {
    /** Not all siblings. */
    NARROW,
    /** All of them. */
    WIDE,
    /** Too few probes have met them yet. */
    UNKNOWN
  }

  /** So many answers show that a sibling forwards. */
  private static final int ANSWERS = 2;

  /** Of the siblings so many must have been seen to drop before the wait is over. */
  private static final double SEEN = 0.9;

  /** How far the clocks of two probers may be apart. */
  private static final long SKEW_NS = Samples.SECOND_NS;

  /** Since when probes show it, by each prober's own clock if it lost one itself. */
  private record Start(Map<String, Long> byProber, long firstNs) {
    static Start of(Collection<Cell> cells) {
      Map<String, Long> byProber = new HashMap<>();
      long firstNs = Long.MAX_VALUE;
      for (Cell cell : cells) {
        for (JudgedProbe p : cell.dropped) {
          byProber.merge(p.prober(), p.sentNs(), Math::min);
          firstNs = Math.min(firstNs, p.sentNs());
        }
      }
      return new Start(byProber, firstNs);
    }

    boolean isBefore(JudgedProbe p) {
      Long own = byProber.get(p.prober());
      return own == null ? p.sentNs() - SKEW_NS > firstNs : p.sentNs() > own;
    }
  }

  /** Probes of one VIP that met one node. */
  private static final class Cell {
    final List<JudgedProbe> dropped = new ArrayList<>();
    final List<JudgedProbe> others = new ArrayList<>();

    void add(JudgedProbe p, String node) {
      (p.fate() == Fate.DROPPED_CONFIG && p.node().equals(node) ? dropped : others).add(p);
    }

    /** Since its first drop nearly nothing else has become of its probes. */
    boolean drops(double share) {
      if (dropped.isEmpty()) {
        return false;
      }
      Start start = Start.of(List.of(this));
      long since = Evaluation.count(others, start::isBefore);
      return ratio(dropped.size(), dropped.size() + since) >= share;
    }

    long answeredSince(Start group) {
      Start start = dropped.isEmpty() ? group : Start.of(List.of(this));
      return Evaluation.count(others, p -> p.fate().isAnswered() && start.isBefore(p));
    }
  }

  private static final Cell EMPTY = new Cell();

  private final DetectorConfig.Config config;
  private final long nowNs;
  private final Map<String, Map<String, Cell>> cells = new TreeMap<>();

  ConfigCells(Evaluation now) {
    config = now.config().config();
    nowNs = now.nowNs();
    long sinceNs = nowNs - now.config().timing().evidenceWindow().toNanos();
    for (JudgedProbe p : now.probes(sinceNs, p -> p.stamped() && p.fate() != Fate.UNDECIDED)) {
      Map<String, Cell> ofVip = cells.computeIfAbsent(p.vip(), k -> new TreeMap<>());
      for (String node : p.nodes()) {
        if (p.stampedAt(node)) {
          ofVip.computeIfAbsent(node, k -> new Cell()).add(p, node);
        }
      }
    }
  }

  private Cell cell(String vip, String node) {
    return cells.getOrDefault(vip, Map.of()).getOrDefault(node, EMPTY);
  }

  List<JudgedProbe> dropped(String vip, String node) {
    return cell(vip, node).dropped;
  }

  /** Node → the VIPs it drops, be it one probe. */
  Map<String, Set<String>> droppingNodes() {
    Map<String, Set<String>> dropping = new TreeMap<>();
    cells.forEach(
        (vip, byNode) ->
            byNode.forEach(
                (node, cell) -> {
                  if (cell.drops(config.failedShare())) {
                    dropping.computeIfAbsent(node, k -> new TreeSet<>()).add(vip);
                  }
                }));
    return dropping;
  }

  /** It alone is enough for an accusation. */
  boolean hit(String vip, String node) {
    Cell cell = cell(vip, node);
    return isEnough(cell.dropped) && cell.drops(config.failedShare());
  }

  private boolean isEnough(List<JudgedProbe> dropped) {
    return dropped.size() >= config.probes()
        && Evaluation.last(dropped) >= nowNs - config.window().toNanos();
  }

  /** Whether all these nodes drop the VIP. */
  Reach ofVip(String vip, Collection<String> nodes) {
    return reach(nodes.stream().map(n -> cell(vip, n)).toList());
  }

  /** Whether the node drops all these VIPs. */
  Reach ofNode(String node, Collection<String> vips) {
    return reach(vips.stream().map(v -> cell(v, node)).toList());
  }

  private Reach reach(List<Cell> siblings) {
    if (siblings.size() < 2) {
      return Reach.NARROW;
    }
    Start start = Start.of(siblings);
    int dropping = 0;
    int undecided = 0;
    for (Cell cell : siblings) {
      if (cell.drops(config.failedShare())) {
        dropping++;
        continue;
      }
      long answered = cell.answeredSince(start);
      if (answered >= ANSWERS) {
        return Reach.NARROW;
      }
      undecided += answered > 0 || !cell.dropped.isEmpty() ? 1 : 0;
    }
    boolean waited = nowNs - start.firstNs >= config.scopeWait().toNanos();
    List<JudgedProbe> dropped = siblings.stream().flatMap(c -> c.dropped.stream()).toList();
    if (dropping >= 2
        && undecided == 0
        && isEnough(dropped)
        && (waited || dropping >= SEEN * siblings.size())) {
      return Reach.WIDE;
    }
    return waited ? Reach.NARROW : Reach.UNKNOWN;
  }
}
