package io.dyetrace.analytics.detect;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Losses without a stamp on ports that nobody knows the node of: which of the nodes that give no
 * sign of life may have taken them.
 */
final class Strays {
  /** Losses that begin so long after a node's last sign of life have nothing to do with it. */
  private static final long WITH_SILENCE_NS = 5 * Samples.SECOND_NS;

  /** Routers spread probes unevenly, and few probes are spread more unevenly. */
  private static final double LEAST_SHARE = 0.25;

  /** Of several nodes each must have lost its part: fewer must not explain as much. */
  private static final double LEAST_SHARE_OF_EACH = 0.6;

  private Strays() {}

  /** It met the node, or may have. */
  static boolean mayLeadTo(Evaluation now, JudgedProbe p, String node) {
    return p.node().isEmpty() ? serves(now, p, node) : p.node().equals(node);
  }

  private static boolean serves(Evaluation now, JudgedProbe p, String node) {
    return now.network().tierOf(node) == p.tier() && now.network().serves(node, p.vip());
  }

  /**
   * Without the strays of probers that get no answer at all while others do: those are the
   * prober's.
   */
  static List<JudgedProbe> ofWellProbers(Evaluation now, List<JudgedProbe> lost) {
    Set<String> well = wellProbers(now, Evaluation.first(lost));
    return well.isEmpty()
        ? lost
        : lost.stream().filter(p -> !p.node().isEmpty() || well.contains(p.prober())).toList();
  }

  private static Set<String> wellProbers(Evaluation now, long sinceNs) {
    Set<String> well = new TreeSet<>();
    for (JudgedProbe p : now.probes()) {
      if (p.sentNs() >= sinceNs && p.fate().isAnswered()) {
        well.add(p.prober());
      }
    }
    return well;
  }

  /** How many of the losses the node took: a stray belongs to all that share it in equal parts. */
  static double weight(Evaluation now, String node, List<JudgedProbe> lost, List<String> sharing) {
    double weight = 0;
    for (JudgedProbe p : lost) {
      weight += p.node().equals(node) ? 1 : 1.0 / sharers(now, p, sharing);
    }
    return weight;
  }

  private static long sharers(Evaluation now, JudgedProbe p, List<String> sharing) {
    return Math.max(1, sharing.stream().filter(n -> serves(now, p, n)).count());
  }

  /**
   * A node that routers still send to and that lets nothing pass loses its part of all probes. Few
   * losses beside many answers are of another kind. Of several nodes the one that let a probe pass
   * last is the likeliest; the others stand accused only as far as the losses are more than those
   * before them explain. Losses on ports known to lead to the node need no such guess.
   */
  static boolean takesItsShare(
      Evaluation now, String node, List<JudgedProbe> lost, List<String> sharing) {
    List<JudgedProbe> strays = lost.stream().filter(p -> p.node().isEmpty()).toList();
    if (strays.size() < lost.size() || strays.isEmpty()) {
      return true;
    }
    Set<String> well = wellProbers(now, strays.get(0).sentNs());
    double expected = 0;
    for (JudgedProbe p : now.probes()) {
      if (p.sentNs() >= strays.get(0).sentNs()
          && (well.isEmpty() || well.contains(p.prober()))
          && p.fate() != Fate.UNDECIDED
          && now.network().serves(node, p.vip())) {
        expected += 1.0 / now.network().nodesOf(p.vip(), now.network().tierOf(node)).size();
      }
    }
    long likelier = likelier(now, node, strays.get(0), sharing);
    double least = likelier == 0 ? LEAST_SHARE : LEAST_SHARE_OF_EACH * (likelier + 1);
    return strays.size() >= least * expected;
  }

  /** Nodes that may have taken it as well and were well for longer. */
  private static long likelier(Evaluation now, String node, JudgedProbe p, List<String> sharing) {
    Comparator<String> order =
        Comparator.comparingLong((String n) -> -now.node(n).lastPointNs())
            .thenComparing(Comparator.naturalOrder());
    return sharing.stream().filter(n -> serves(now, p, n) && order.compare(n, node) < 0).count();
  }

  /**
   * What one of several nodes explains: each takes its part of the strays, so that one does not
   * explain the others away.
   */
  static List<JudgedProbe> share(
      Evaluation now, String node, List<JudgedProbe> lost, List<String> sharing) {
    Map<String, List<String>> byVip = new HashMap<>();
    List<JudgedProbe> share = new ArrayList<>();
    for (JudgedProbe p : lost) {
      List<String> sharers = List.of();
      if (p.node().isEmpty()) {
        sharers =
            byVip.computeIfAbsent(
                p.vip(), k -> sharing.stream().filter(n -> serves(now, p, n)).toList());
      }
      if (sharers.size() < 2 || sharers.get(turn(p, sharers.size())).equals(node)) {
        share.add(p);
      }
    }
    return share.isEmpty() ? lost : share;
  }

  /** Neighbouring probes go to different nodes, whatever the pattern of their numbers. */
  private static int turn(JudgedProbe p, int of) {
    return (int) Math.floorMod((p.key() * 0x9e3779b97f4a7c15L) >>> 32, (long) of);
  }

  /**
   * The node carried probes, fell silent, and then losses began: its machine is gone. Losses that
   * begin later are not its own: it may have been taken out of service and switched off.
   */
  static boolean beganWithSilence(Evaluation now, NodeStream stream, List<JudgedProbe> lost) {
    long heardNs = stream.lastHeardNs();
    return stream.lastPointNs() >= heardNs - now.config().timing().evidenceWindow().toNanos()
        && Evaluation.first(lost.stream().filter(p -> p.node().isEmpty()).toList())
            <= heardNs + WITH_SILENCE_NS;
  }
}
