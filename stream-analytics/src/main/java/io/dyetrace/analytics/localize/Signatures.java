package io.dyetrace.analytics.localize;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Components of a set that have equally many paths in every class change it alike: they are of one
 * kind.
 *
 * @param of which kind each component is of
 * @param kinds per kind and class, how many paths have such a component
 */
record Signatures(int[] components, int[] of, List<int[]> kinds) {
  /** Without components that are hopeless. */
  static Signatures of(PathSet set, PathClasses classes, boolean[] hopeless) {
    int n = classes.weight().length;
    int[] components = new int[set.components.length];
    int[] of = new int[set.components.length];
    int used = 0;
    List<int[]> kinds = new ArrayList<>();
    long[] keys = new long[of.length];
    for (int i = 0; i < of.length; i++) {
      if (hopeless[set.components[i]]) {
        continue;
      }
      // Each class has a random number: sums of them are equal for equal counts only.
      long key = 0;
      for (int p : set.pathsOf[i]) {
        key += classKey(classes.of()[p]);
      }
      int kind = 0;
      while (kind < kinds.size() && keys[kind] != key) {
        kind++;
      }
      if (kind == kinds.size()) {
        int[] counts = new int[n];
        for (int p : set.pathsOf[i]) {
          counts[classes.of()[p]]++;
        }
        kinds.add(counts);
        keys[kind] = key;
      }
      components[used] = set.components[i];
      of[used++] = kind;
    }
    return new Signatures(Arrays.copyOf(components, used), of, kinds);
  }

  /** A number like a random one for each class. */
  private static long classKey(int k) {
    long x = (k + 1) * 0x9E3779B97F4A7C15L;
    x = (x ^ (x >>> 32)) * 0xD6E8FEB86659FD93L;
    return x ^ (x >>> 32);
  }
}
