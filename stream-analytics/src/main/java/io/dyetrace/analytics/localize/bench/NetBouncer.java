package io.dyetrace.analytics.localize.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * NetBouncer (NSDI 2019): the success rates of links that fit those of paths best, by coordinate
 * descent on the squared error with a penalty {@code λ x (1 - x)} that pushes rates to 0 or 1;
 * links below a threshold are accused, devices most of whose links are. It needs known paths.
 *
 * @param lambda the penalty
 * @param threshold the loss from which a link is accused
 * @param deviceShare the share of a device's links from which it is accused
 */
record NetBouncer(double lambda, double threshold, double deviceShare) implements Baseline {
  private static final int MAX_SWEEPS = 60;

  @Override
  public String name() {
    return "NetBouncer, lambda " + lambda + ", threshold " + threshold;
  }

  @Override
  public Accused accuse(LabelledTrace trace) {
    Flows flows = Flows.of(trace);
    int links = trace.topology.links();
    List<int[]> paths = new ArrayList<>();
    List<Double> success = new ArrayList<>();
    for (int i = 0; i < flows.paths.size(); i++) {
      int[] path = flows.paths.get(i);
      if (Flows.count(path) == 1) {
        paths.add(Arrays.copyOf(path, path.length - 1));
        double[] sum = flows.sums.get(i);
        success.add(1 - sum[Flows.LOST] / sum[Flows.SENT]);
      }
    }
    int[] counts = new int[links];
    double[] x = new double[links];
    for (int i = 0; i < paths.size(); i++) {
      for (int link : paths.get(i)) {
        counts[link]++;
        x[link] += success.get(i);
      }
    }
    int[][] pathsOf = new int[links][];
    for (int l = 0; l < links; l++) {
      pathsOf[l] = new int[counts[l]];
      x[l] = counts[l] == 0 ? 1 : x[l] / counts[l];
      counts[l] = 0;
    }
    for (int i = 0; i < paths.size(); i++) {
      for (int link : paths.get(i)) {
        pathsOf[link][counts[link]++] = i;
      }
    }
    for (int sweep = 0; sweep < MAX_SWEEPS; sweep++) {
      double moved = 0;
      for (int l = 0; l < links; l++) {
        if (pathsOf[l].length == 0) {
          continue;
        }
        double s1 = 0;
        double s2 = 0;
        for (int i : pathsOf[l]) {
          double others = 1;
          for (int link : paths.get(i)) {
            others *= link == l ? 1 : x[link];
          }
          s1 += others * success.get(i);
          s2 += others * others;
        }
        double next;
        if (s2 > lambda) {
          next = Math.max(0, Math.min(1, (2 * s1 - lambda) / (2 * (s2 - lambda))));
        } else {
          next = 2 * s1 - s2 > 0 ? 1 : 0;
        }
        moved = Math.max(moved, Math.abs(next - x[l]));
        x[l] = next;
      }
      if (moved < 1e-6) {
        break;
      }
    }
    return accused(trace, x, pathsOf);
  }

  private Accused accused(LabelledTrace trace, double[] x, int[][] pathsOf) {
    Accused accused = Accused.none();
    int nodes = trace.topology.nodes();
    int[] met = new int[nodes];
    int[] lossy = new int[nodes];
    for (int l = 0; l < x.length; l++) {
      boolean bad = pathsOf[l].length > 0 && 1 - x[l] >= threshold;
      if (bad) {
        accused.links().add(l);
      }
      for (int end : new int[] {trace.topology.from(l), trace.topology.to(l)}) {
        met[end] += pathsOf[l].length > 0 ? 1 : 0;
        lossy[end] += bad ? 1 : 0;
      }
    }
    for (int v = 0; v < nodes; v++) {
      if (met[v] > 2 && lossy[v] >= deviceShare * met[v]) {
        int device = v;
        accused.devices().add(v);
        accused
            .links()
            .removeIf(l -> trace.topology.from(l) == device || trace.topology.to(l) == device);
      }
    }
    return accused;
  }
}
