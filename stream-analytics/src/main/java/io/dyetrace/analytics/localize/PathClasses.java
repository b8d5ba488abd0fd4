package io.dyetrace.analytics.localize;

import java.util.Arrays;

/** Paths grouped by weight. */
record PathClasses(double[] weight, int[] paths, int[] of) {
  static PathClasses of(double[] weights) {
    double[] weight = new double[weights.length];
    int[] paths = new int[weights.length];
    int[] of = new int[weights.length];
    int n = 0;
    for (int p = 0; p < weights.length; p++) {
      int k = 0;
      while (k < n && Math.abs(weight[k] - weights[p]) > 1e-12 + 1e-9 * weight[k]) {
        k++;
      }
      if (k == n) {
        weight[n++] = weights[p];
      }
      of[p] = k;
      paths[k]++;
    }
    return new PathClasses(Arrays.copyOf(weight, n), Arrays.copyOf(paths, n), of);
  }

  double least() {
    double least = weight[0];
    for (double w : weight) {
      least = Math.min(least, w);
    }
    return least;
  }

  /** Links of a path of class k that are not shared, on average. */
  double hops(PathSet set, int k) {
    double hops = 0;
    for (int p = 0; p < of.length; p++) {
      hops += of[p] == k ? set.hops[p] : 0;
    }
    return hops / paths[k];
  }
}
