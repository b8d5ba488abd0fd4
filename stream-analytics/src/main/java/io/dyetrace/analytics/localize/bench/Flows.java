package io.dyetrace.analytics.localize.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The observations of a trace, those with equal paths together: what the baselines work on. */
final class Flows {
  /** The links of each candidate path, each path ended by -1. */
  final List<int[]> paths = new ArrayList<>();

  final List<double[]> sums = new ArrayList<>();
  static final int SENT = 0;
  static final int LOST = 1;
  static final int FLOWS = 2;
  static final int LOSSY_FLOWS = 3;

  private Flows() {}

  static Flows of(LabelledTrace trace) {
    Flows flows = new Flows();
    Map<Key, double[]> byPath = new LinkedHashMap<>();
    for (int i = 0; i < trace.size(); i++) {
      double[] sum =
          byPath.computeIfAbsent(
              new Key(trace.paths(i)),
              key -> {
                double[] fresh = new double[4];
                flows.paths.add(key.paths);
                flows.sums.add(fresh);
                return fresh;
              });
      sum[SENT] += trace.sent(i);
      sum[LOST] += trace.lost(i);
      sum[FLOWS]++;
      sum[LOSSY_FLOWS] += trace.lost(i) > 0 ? 1 : 0;
    }
    return flows;
  }

  /** How many candidates a path array holds. */
  static int count(int[] paths) {
    int count = 0;
    for (int link : paths) {
      count += link < 0 ? 1 : 0;
    }
    return count;
  }

  /** Path arrays compared by value. */
  private static final class Key {
    final int[] paths;
    final int hash;

    Key(int[] paths) {
      this.paths = paths;
      hash = Arrays.hashCode(paths);
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Key key && Arrays.equals(paths, key.paths);
    }

    @Override
    public int hashCode() {
      return hash;
    }
  }
}
