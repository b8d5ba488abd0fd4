package io.dyetrace.analytics.detect;

import java.util.Map;
import java.util.TreeMap;

/**
 * A score per node for dashboards: the share of its probes that were well, 0 while its gateway is
 * mute. Decides nothing.
 */
final class NodeHealth {
  private final Map<String, Double> scores = new TreeMap<>();
  private final Map<String, Integer> probes = new TreeMap<>();

  void update(Evaluation now) {
    Map<String, int[]> counts = new TreeMap<>();
    for (JudgedProbe p : now.probes()) {
      if (!p.node().isEmpty() && p.fate() != Fate.UNDECIDED) {
        int[] c = counts.computeIfAbsent(p.node(), k -> new int[2]);
        c[0]++;
        c[1] += p.isBad() ? 1 : 0;
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

  Map<String, Double> scores() {
    return Map.copyOf(scores);
  }

  Map<String, Integer> probes() {
    return Map.copyOf(probes);
  }
}
