package io.dyetrace.analytics.localize;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How the log-likelihood of observations whose path is unknown would change if one more component
 * failed, for every weight of a grid: packets took one of the paths, so that it is a mean over
 * them.
 */
final class SetChanges {
  private final FailedWeights failed;
  private final Evidence evidence;
  private final double[] grid;
  private final double[][] survival;
  private final Map<Long, double[][]> freshTables = new HashMap<>();

  SetChanges(FailedWeights failed, double[] grid) {
    this.failed = failed;
    evidence = failed.evidence;
    this.grid = grid;
    survival = new double[evidence.binSize.length][];
    for (int bin = 0; bin < survival.length; bin++) {
      if (evidence.binSize[bin] > 0) {
        survival[bin] = new double[grid.length];
        for (int j = 0; j < grid.length; j++) {
          survival[bin][j] = Math.exp(-evidence.binSize[bin] * grid[j]);
        }
      }
    }
  }

  /** By how much what lost nothing changes for each kind of components of a set. */
  double[][] lossless(PathSet set, PathClasses classes, Signatures signatures) {
    double[] bins = set.losslessByBin();
    double[][] change = new double[signatures.kinds().size()][grid.length];
    double[][] products = new double[change.length][grid.length];
    for (double[] product : products) {
      Arrays.fill(product, 1);
    }
    int n = classes.weight().length;
    double least = classes.least();
    double[] survivors = new double[n];
    for (int bin = 0; bin < bins.length; bin++) {
      if (bins[bin] == 0) {
        continue;
      }
      double all = 0;
      for (int k = 0; k < n && n > 1; k++) {
        survivors[k] = Math.exp(-evidence.binSize[bin] * (classes.weight()[k] - least));
        all += classes.paths()[k] * survivors[k];
      }
      for (int kind = 0; kind < change.length; kind++) {
        int[] with = signatures.kinds().get(kind);
        if (n == 1) {
          double[] table = freshTable(bin, with[0], set.paths);
          for (int j = 0; j < grid.length; j++) {
            change[kind][j] += bins[bin] * table[j];
          }
          continue;
        }
        double touched = 0;
        for (int k = 0; k < n; k++) {
          touched += with[k] * survivors[k];
        }
        multiply(products[kind], change[kind], touched / all, survival[bin], bins[bin]);
      }
    }
    for (int kind = 0; kind < change.length && n > 1; kind++) {
      for (int j = 0; j < grid.length; j++) {
        change[kind][j] += Math.log(products[kind][j]);
      }
    }
    return change;
  }

  /**
   * Adds {@code count} times the logarithm of {@code 1 - share (1 - survival)}: logarithms are
   * dear, so that factors are multiplied first as long as the product has room.
   */
  private static void multiply(
      double[] product, double[] sum, double share, double[] survival, double count) {
    for (int j = 0; j < product.length; j++) {
      double factor = 1 - share * (1 - survival[j]);
      if (count > 4 || factor < 1e-30) {
        sum[j] += count * Math.log(Math.max(1e-300, factor));
        continue;
      }
      double next = product[j];
      for (int i = 0; i < count; i++) {
        next *= factor;
      }
      if (next < 1e-150) {
        sum[j] += Math.log(next);
        next = 1;
      }
      product[j] = next;
    }
  }

  /** As long as nothing of a set has failed, only the share of its paths matters. */
  private double[] freshTable(int bin, int with, int paths) {
    long key = ((long) with << 32) | paths;
    double[][] tables = freshTables.computeIfAbsent(key, k -> new double[survival.length][]);
    double[] table = tables[bin];
    if (table == null) {
      table = new double[grid.length];
      double share = (double) with / paths;
      for (int j = 0; j < grid.length; j++) {
        table[j] = Math.log(1 - share + share * survival[bin][j]);
      }
      tables[bin] = table;
    }
    return table;
  }

  /**
   * By how much a lossy observation changes for each weight of what all of its paths share; adds by
   * how much it changes for each kind of what they do not.
   */
  double[] lossy(int o, Signatures signatures, double @Nullable [][] change) {
    PathClasses classes = failed.classes(evidence.lossySet[o]);
    int n = classes.weight().length;
    double lost = evidence.lossyLost[o];
    double passed = evidence.lossySent[o] - lost;
    double sharedWeight = failed.sharedWeight(o);
    double[] base = new double[n];
    double most = Double.NEGATIVE_INFINITY;
    for (int k = 0; k < n; k++) {
      base[k] = FailedWeights.logObserved(sharedWeight + classes.weight()[k], passed, lost);
      most = Math.max(most, base[k]);
    }
    double sum = 0;
    double[] bases = new double[n];
    for (int k = 0; k < n; k++) {
      bases[k] = Math.exp(base[k] - most);
      sum += classes.paths()[k] * bases[k];
    }
    double count = evidence.lossyCount[o];
    double[] shared = new double[grid.length];
    double[] with = new double[n];
    for (int j = 0; j < grid.length; j++) {
      double all = 0;
      double top = most;
      for (int k = 0; k < n; k++) {
        with[k] =
            FailedWeights.logObserved(sharedWeight + classes.weight()[k] + grid[j], passed, lost);
        top = Math.max(top, with[k]);
      }
      double shrink = Math.exp(most - top);
      for (int k = 0; k < n; k++) {
        with[k] = Math.exp(with[k] - top);
        all += classes.paths()[k] * with[k];
      }
      double logSum = Math.log(sum) + most;
      shared[j] = count * (Math.log(Math.max(1e-300, all)) + top - logSum);
      for (int kind = 0; change != null && kind < change.length; kind++) {
        int[] members = signatures.kinds().get(kind);
        double mixed = 0;
        for (int k = 0; k < n; k++) {
          mixed += members[k] * with[k] + (classes.paths()[k] - members[k]) * bases[k] * shrink;
        }
        change[kind][j] += count * (Math.log(Math.max(1e-300, mixed)) + top - logSum);
      }
    }
    return shared;
  }
}
