package io.dyetrace.analytics.localize.bench;

import io.dyetrace.analytics.localize.PathSet;
import io.dyetrace.analytics.localize.Splitter;
import java.util.Arrays;

/**
 * Flock's model (PACMNET 2023): a packet is lost with one probability on a path with a failed
 * component and with another on a path without; components fail with a prior. Greedy search with
 * the change of likelihood kept for every component, links and devices alike.
 *
 * @param lossGood loss of a good path
 * @param lossBad loss of a bad path
 * @param prior what a failed link costs, in nats
 * @param devices whether devices may fail, or only links
 */
record FlockGreedy(double lossGood, double lossBad, double prior, boolean devices)
    implements Baseline {
  private static final int MAX_FAILED = 64;

  @Override
  public String name() {
    return "Flock, good "
        + lossGood
        + ", bad "
        + lossBad
        + ", prior "
        + prior
        + (devices ? "" : ", links only");
  }

  @Override
  public Accused accuse(LabelledTrace trace) {
    Run run = new Run(trace);
    Accused accused = Accused.none();
    int links = trace.topology.links();
    for (int n = 0; n < MAX_FAILED; n++) {
      int best = -1;
      double most = 0;
      for (int c = 0; c < run.score.length; c++) {
        // The published prior of a device is five times that of a link.
        double value = run.score[c] - (c < links ? prior : 5 * prior);
        if (value > most && !run.failed[c] && (devices || c < links)) {
          most = value;
          best = c;
        }
      }
      if (best < 0) {
        return accused;
      }
      run.fail(best);
      if (best < links) {
        accused.links().add(best);
      } else {
        accused.devices().add(best - links);
      }
    }
    return accused;
  }

  /** The search on one trace. */
  private final class Run {
    final double[] score;
    final boolean[] failed;
    private final int[][] shared;
    private final int[] set;
    private final double[] ratio;
    private final boolean[] covered;
    private final PathSet[] sets;
    private final boolean[][] badPath;
    private final int[] badPaths;
    private final int[][] sharedBy;
    private final int[][] ofSet;

    Run(LabelledTrace trace) {
      Splitter splitter = new Splitter(trace.topology);
      int n = trace.size();
      shared = new int[n][];
      set = new int[n];
      ratio = new double[n];
      covered = new boolean[n];
      score = new double[trace.topology.components()];
      failed = new boolean[score.length];
      int[] sharedCounts = new int[score.length];
      for (int i = 0; i < n; i++) {
        splitter.split(trace.paths(i), trace.paths(i).length);
        shared[i] = Arrays.copyOf(splitter.sharedComponents(), splitter.shared());
        set[i] = splitter.set();
        double lost = trace.lost(i);
        ratio[i] =
            lost * Math.log(lossBad / lossGood)
                + (trace.sent(i) - lost) * Math.log((1 - lossBad) / (1 - lossGood));
        for (int c : shared[i]) {
          sharedCounts[c]++;
        }
      }
      sets = splitter.sets().toArray(new PathSet[0]);
      badPath = new boolean[sets.length][];
      badPaths = new int[sets.length];
      ofSet = new int[sets.length][];
      sharedBy = new int[score.length][];
      int[] setCounts = new int[sets.length];
      for (int s : set) {
        if (s >= 0) {
          setCounts[s]++;
        }
      }
      for (int s = 0; s < sets.length; s++) {
        badPath[s] = new boolean[sets[s].paths];
        ofSet[s] = new int[setCounts[s]];
      }
      for (int c = 0; c < score.length; c++) {
        sharedBy[c] = new int[sharedCounts[c]];
      }
      for (int i = 0; i < n; i++) {
        for (int c : shared[i]) {
          sharedBy[c][--sharedCounts[c]] = i;
        }
        if (set[i] >= 0) {
          ofSet[set[i]][--setCounts[set[i]]] = i;
        }
        scoreObservation(i, 1);
      }
    }

    void fail(int c) {
      for (int i : sharedBy[c]) {
        if (!covered[i]) {
          scoreObservation(i, -1);
          covered[i] = true;
        }
      }
      for (int s = 0; s < sets.length; s++) {
        int at = Arrays.binarySearch(sets[s].components, c);
        if (at < 0) {
          continue;
        }
        for (int i : ofSet[s]) {
          scoreObservation(i, -1);
        }
        for (int p : sets[s].pathsOf[at]) {
          badPaths[s] += badPath[s][p] ? 0 : 1;
          badPath[s][p] = true;
        }
        for (int i : ofSet[s]) {
          scoreObservation(i, 1);
        }
      }
      failed[c] = true;
    }

    private void scoreObservation(int i, int sign) {
      if (covered[i]) {
        return;
      }
      if (set[i] < 0) {
        for (int c : shared[i]) {
          score[c] += sign * ratio[i];
        }
        return;
      }
      int s = set[i];
      int paths = sets[s].paths;
      double[] values = new double[paths + 1];
      Arrays.fill(values, Double.NaN);
      double now = mixed(badPaths[s], paths, ratio[i]);
      for (int c : shared[i]) {
        score[c] += sign * (ratio[i] - now);
      }
      for (int k = 0; k < sets[s].components.length; k++) {
        int bad = badPaths[s];
        for (int p : sets[s].pathsOf[k]) {
          bad += badPath[s][p] ? 0 : 1;
        }
        if (Double.isNaN(values[bad])) {
          values[bad] = mixed(bad, paths, ratio[i]) - now;
        }
        score[sets[s].components[k]] += sign * values[bad];
      }
    }

    private double mixed(int bad, int paths, double logRatio) {
      if (bad == 0) {
        return 0;
      }
      if (bad == paths) {
        return logRatio;
      }
      double share = (double) bad / paths;
      if (logRatio > 500) {
        return logRatio + Math.log(share);
      }
      return Math.log(1 - share + share * Math.exp(logRatio));
    }
  }
}
