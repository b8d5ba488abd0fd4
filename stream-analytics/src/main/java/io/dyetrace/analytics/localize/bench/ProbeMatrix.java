package io.dyetrace.analytics.localize.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * deTector's probe matrix (ATC 2017): paths between racks, added greedily until every link is on so
 * many of them and, if asked for, no two links are on the same ones (identifiability 1). The next
 * path is the one that meets the least covered links and tells most links apart, here of a sample
 * of all paths. Links of different aggregation positions never share a path, so each position is a
 * problem of its own.
 */
final class ProbeMatrix {
  private static final int SAMPLE = 60;
  private static final int MAX_USELESS = 400;

  private final FatTree tree;
  private final int coverage;
  private final boolean identifiable;
  private final SplittableRandom random;
  private final int[] covered;

  /** Links with the same number are on the same paths so far. */
  private final int[] group;

  private final List<Integer> groupSize = new ArrayList<>();
  private final List<int[]> paths = new ArrayList<>();
  private int[] links = new int[0];

  ProbeMatrix(FatTree tree, int coverage, boolean identifiable, SplittableRandom random) {
    this.tree = tree;
    this.coverage = coverage;
    this.identifiable = identifiable;
    this.random = random;
    covered = new int[tree.network.topology().links()];
    group = new int[covered.length];
  }

  /** The paths, each ended by -1. */
  List<int[]> paths() {
    for (int position = 0; position < tree.half; position++) {
      links = linksOf(position);
      groupSize.add(links.length);
      for (int link : links) {
        group[link] = groupSize.size() - 1;
      }
      int useless = 0;
      while (useless < MAX_USELESS && !done()) {
        int[] path = best(position);
        if (gain(path) == 0) {
          useless++;
          continue;
        }
        useless = 0;
        take(path);
      }
    }
    return paths;
  }

  private int[] linksOf(int position) {
    List<Integer> found = new ArrayList<>();
    for (int p = 0; p < tree.pods; p++) {
      for (int i = 0; i < tree.half; i++) {
        found.add(tree.network.link(tree.tor[p][i], tree.agg[p][position]));
        found.add(tree.network.link(tree.agg[p][position], tree.core[position * tree.half + i]));
      }
    }
    return found.stream().mapToInt(Integer::intValue).toArray();
  }

  private boolean done() {
    for (int link : links) {
      if (covered[link] < coverage || (identifiable && groupSize.get(group[link]) > 1)) {
        return false;
      }
    }
    return true;
  }

  /** Of some paths that begin at a link in need, the one with the lowest published score. */
  private int[] best(int position) {
    int[] best = new int[0];
    int least = Integer.MAX_VALUE;
    for (int i = 0; i < SAMPLE; i++) {
      int from = random.nextInt(tree.pods);
      int to = (from + 1 + random.nextInt(tree.pods - 1)) % tree.pods;
      int[] path =
          tree.rackPath(
              tree.tor[from][random.nextInt(tree.half)],
              tree.tor[to][random.nextInt(tree.half)],
              position * tree.half + random.nextInt(tree.half));
      int score = gain(path) == 0 ? 1 << 20 : identifiable ? -splits(path) : 0;
      for (int k = 0; path[k] >= 0; k++) {
        score += covered[path[k]];
      }
      if (score < least) {
        least = score;
        best = path;
      }
    }
    return best;
  }

  private int gain(int[] path) {
    int gain = identifiable ? splits(path) : 0;
    for (int k = 0; path[k] >= 0; k++) {
      gain += covered[path[k]] < coverage ? 1 : 0;
    }
    return gain;
  }

  /** How many groups a path would split. */
  private int splits(int[] path) {
    int splits = 0;
    for (int k = 0; path[k] >= 0; k++) {
      int together = 0;
      boolean first = true;
      for (int other = 0; path[other] >= 0; other++) {
        boolean same = group[path[other]] == group[path[k]];
        together += same ? 1 : 0;
        first &= !same || other >= k;
      }
      splits += first && together < groupSize.get(group[path[k]]) ? 1 : 0;
    }
    return splits;
  }

  private void take(int[] path) {
    int[] before = new int[path.length - 1];
    for (int k = 0; path[k] >= 0; k++) {
      covered[path[k]]++;
      before[k] = group[path[k]];
    }
    for (int old : Arrays.stream(before).distinct().toArray()) {
      int moved = 0;
      for (int k = 0; path[k] >= 0; k++) {
        if (before[k] == old) {
          group[path[k]] = groupSize.size();
          moved++;
        }
      }
      groupSize.set(old, groupSize.get(old) - moved);
      groupSize.add(moved);
    }
    paths.add(path);
  }
}
