package io.dyetrace.analytics.localize;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * Components that no one can tell apart from these observations: exchanging them, and what goes
 * with them, leaves the evidence as it is. Whatever the rest, they failed equally probably.
 *
 * <p>Found by colour refinement: components begin with a colour made of what passed them; every
 * observation takes one from its components and every component one from its observations, a few
 * times over. Equal colours at the end mean the same surroundings, that far.
 */
final class Twins {
  private static final int ROUNDS = 3;

  private final Evidence evidence;
  private final long[] colour;
  private final Map<Long, int[]> members = new HashMap<>();

  Twins(Evidence evidence) {
    this.evidence = evidence;
    int components = evidence.topology.components();
    colour = new long[components];
    for (int c = 0; c < components; c++) {
      long kind = c < evidence.topology.links() ? 1 : 2;
      colour[c] = mix(kind, Double.doubleToLongBits(evidence.passed[c]));
    }
    for (int round = 0; round < ROUNDS; round++) {
      refine();
    }
    Map<Long, Integer> sizes = new HashMap<>();
    for (long value : colour) {
      sizes.merge(value, 1, Integer::sum);
    }
    for (int c = components - 1; c >= 0; c--) {
      int left = sizes.merge(colour[c], -1, Integer::sum);
      int size = left + 1;
      members.computeIfAbsent(colour[c], key -> new int[size])[left] = c;
    }
  }

  /** The components like this one, itself among them, ascending; not to be changed. */
  int[] of(int c) {
    int[] alike = members.get(colour[c]);
    return alike == null ? new int[] {c} : alike;
  }

  private void refine() {
    long[] next = colour.clone();
    for (int r = 0; r < evidence.rowComponents.length; r++) {
      long sum = 0;
      for (int c : evidence.rowComponents[r]) {
        sum += mix(colour[c], 3);
      }
      long row = mix(sum, Double.doubleToLongBits(evidence.rowLost[r]));
      for (int c : evidence.rowComponents[r]) {
        next[c] += row;
      }
    }
    refineSets(next);
    System.arraycopy(next, 0, colour, 0, next.length);
  }

  private void refineSets(long[] next) {
    long[] lossy = new long[evidence.sets.length];
    for (int o = 0; o < evidence.lossySet.length; o++) {
      long sum = Double.doubleToLongBits(evidence.lossyCount[o]);
      sum = mix(sum, Double.doubleToLongBits(evidence.lossySent[o]));
      sum = mix(sum, Double.doubleToLongBits(evidence.lossyLost[o]));
      for (int c : evidence.lossyShared[o]) {
        sum += mix(colour[c], 5);
      }
      lossy[evidence.lossySet[o]] += mix(sum, 7);
    }
    long[] ofSet = new long[evidence.sets.length];
    for (int s = 0; s < ofSet.length; s++) {
      ofSet[s] = refineSet(evidence.sets[s], lossy[s], next);
    }
    for (int o = 0; o < evidence.lossySet.length; o++) {
      long from = mix(ofSet[evidence.lossySet[o]], 11);
      from = mix(from, Double.doubleToLongBits(evidence.lossyLost[o]));
      for (int c : evidence.lossyShared[o]) {
        next[c] += from;
      }
    }
  }

  private long refineSet(PathSet set, long lossy, long[] next) {
    long[] path = new long[set.paths];
    for (int i = 0; i < set.components.length; i++) {
      long own = mix(colour[set.components[i]], 13);
      for (int p : set.pathsOf[i]) {
        path[p] += own;
      }
    }
    long sum = lossy + mix(Arrays.hashCode(set.losslessByBin()), 17);
    for (long value : path) {
      sum += mix(value, 19);
    }
    for (int i = 0; i < set.components.length; i++) {
      for (int p : set.pathsOf[i]) {
        next[set.components[i]] += mix(sum, path[p]);
      }
    }
    return sum;
  }

  private static long mix(long a, long b) {
    long x = a * 0x9E3779B97F4A7C15L + b;
    x = (x ^ (x >>> 30)) * 0xBF58476D1CE4E5B9L;
    x = (x ^ (x >>> 27)) * 0x94D049BB133111EBL;
    return x ^ (x >>> 31);
  }
}
