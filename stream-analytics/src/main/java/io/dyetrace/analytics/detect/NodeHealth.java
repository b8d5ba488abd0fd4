package io.dyetrace.analytics.detect;

import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/**
 * A score per node for dashboards: the share of its probes that were well, 0 while its gateway is
 * mute. What another tier did to them does not count. Decides nothing.
 */
final class NodeHealth {
  private final Map<String, Double> scores = new TreeMap<>();
  private final Map<String, Integer> probes = new TreeMap<>();

  void update(Evaluation now) {
    Map<String, int[]> counts = new TreeMap<>();
    Map<String, int[]> delays = delays(now);
    for (JudgedProbe p : now.probes()) {
      if (p.fate() == Fate.UNDECIDED) {
        continue;
      }
      String blamed = p.fate() == Fate.DELAYED ? slowest(now, p, delays) : p.node();
      for (String node : p.nodes()) {
        // What failed behind or before it tells nothing of a node that it may not have reached.
        if (p.met(node) || p.stampedAt(node)) {
          int[] c = counts.computeIfAbsent(node, k -> new int[2]);
          c[0]++;
          c[1] += p.isBad() && node.equals(blamed) ? 1 : 0;
        }
      }
    }
    scores.clear();
    probes.clear();
    for (String node : now.nodes().keySet()) {
      int[] c = counts.getOrDefault(node, new int[2]);
      probes.put(node, c[0]);
      scores.put(node, now.node(node).mute(now.nowNs()) ? 0.0 : 1 - Evidences.ratio(c[1], c[0]));
    }
  }

  /** Node → probes answered through it, and how many of them late. */
  private static Map<String, int[]> delays(Evaluation now) {
    Map<String, int[]> delays = new TreeMap<>();
    for (JudgedProbe p : now.probes()) {
      if (p.fate() == Fate.ANSWERED || p.fate() == Fate.DELAYED) {
        for (String node : p.nodes()) {
          int[] c = delays.computeIfAbsent(node, k -> new int[2]);
          c[0]++;
          c[1] += p.fate() == Fate.DELAYED ? 1 : 0;
        }
      }
    }
    return delays;
  }

  /** Of the nodes that a delayed probe met the one that stands out most among its siblings. */
  private static String slowest(Evaluation now, JudgedProbe p, Map<String, int[]> delays) {
    String slowest = p.node();
    double most = Double.NEGATIVE_INFINITY;
    for (String node : p.nodes()) {
      double[] siblings =
          now.network().siblings(node).stream().mapToDouble(s -> share(delays, s)).toArray();
      double usual = Arrays.stream(siblings).average().orElse(0);
      double excess = share(delays, node) - usual;
      if (excess > most) {
        most = excess;
        slowest = node;
      }
    }
    return slowest;
  }

  private static double share(Map<String, int[]> delays, String node) {
    int[] c = delays.getOrDefault(node, new int[2]);
    return Evidences.ratio(c[1], c[0]);
  }

  Map<String, Double> scores() {
    return Map.copyOf(scores);
  }

  Map<String, Integer> probes() {
    return Map.copyOf(probes);
  }
}
