package io.dyetrace.analytics.localize;

import java.util.Arrays;

/** The log-likelihood as a function of the loss rate of one component, everything else as it is. */
final class RateProfile {
  private static final double[] NONE = new double[0];

  private final FailedWeights failed;
  private final Evidence evidence;
  private final EvidenceIndex index;

  RateProfile(FailedWeights failed) {
    this.failed = failed;
    evidence = failed.evidence;
    index = failed.index;
  }

  /** As {@link #of}, for a component that has failed: as if it were healthy. */
  double[] again(int c, double[] weights) {
    return failed.without(c, () -> of(c, weights));
  }

  /**
   * The change of log-likelihood if a component that is healthy now had each of these weights,
   * without the rounding of the grid.
   */
  double[] of(int c, double[] weights) {
    double[] change = new double[weights.length];
    for (int j = 0; j < weights.length; j++) {
      change[j] = -weights[j] * evidence.passed[c];
    }
    for (int r : index.rowsOf[c]) {
      float w = failed.rowWeight(r);
      double base = FailedWeights.logLoss(w);
      for (int j = 0; j < weights.length; j++) {
        change[j] += evidence.rowLost[r] * (FailedWeights.logLoss(w + weights[j]) - base);
      }
    }
    double[] survives = index.setsOf[c].length == 0 ? NONE : survivals(weights);
    for (int s : index.setsOf[c]) {
      PathSet set = evidence.sets[s];
      PathClasses classes = failed.classes(s);
      int[] with = membership(set, classes, c);
      profileLossless(set, classes, with, survives, change);
      for (int o : index.lossyOfSet[s]) {
        profileLossy(o, classes, with, weights, change);
      }
    }
    for (int o : index.lossyOf[c]) {
      PathClasses classes = failed.classes(evidence.lossySet[o]);
      profileLossy(o, classes, classes.paths(), weights, change);
    }
    return change;
  }

  private static int[] membership(PathSet set, PathClasses classes, int c) {
    int[] with = new int[classes.weight().length];
    for (int p : set.pathsOf[Arrays.binarySearch(set.components, c)]) {
      with[classes.of()[p]]++;
    }
    return with;
  }

  /** How probably an observation of each size passes each weight. */
  private double[] survivals(double[] weights) {
    double[] survives = new double[evidence.binSize.length * weights.length];
    for (int bin = 0; bin < evidence.binSize.length; bin++) {
      for (int j = 0; j < weights.length && evidence.binSize[bin] > 0; j++) {
        survives[bin * weights.length + j] = Math.exp(-evidence.binSize[bin] * weights[j]);
      }
    }
    return survives;
  }

  private void profileLossless(
      PathSet set, PathClasses classes, int[] with, double[] survives, double[] change) {
    double[] bins = set.losslessByBin();
    double least = classes.least();
    for (int bin = 0; bin < bins.length; bin++) {
      if (bins[bin] == 0) {
        continue;
      }
      double size = evidence.binSize[bin];
      double touched = 0;
      double untouched = 0;
      for (int k = 0; k < with.length; k++) {
        double survivors =
            classes.weight().length == 1 ? 1 : Math.exp(-size * (classes.weight()[k] - least));
        touched += with[k] * survivors;
        untouched += (classes.paths()[k] - with[k]) * survivors;
      }
      for (int j = 0; j < change.length; j++) {
        double passes = untouched + touched * survives[bin * change.length + j];
        change[j] += bins[bin] * Math.log(Math.max(1e-300, passes / (touched + untouched)));
      }
    }
  }

  private void profileLossy(
      int o, PathClasses classes, int[] members, double[] weights, double[] change) {
    double lost = evidence.lossyLost[o];
    double passed = evidence.lossySent[o] - lost;
    double sharedWeight = failed.sharedWeight(o);
    int n = members.length;
    double[] parts = new double[2 * n];
    double[] base = new double[n];
    for (int k = 0; k < n; k++) {
      base[k] = FailedWeights.logObserved(sharedWeight + classes.weight()[k], passed, lost);
      parts[k] = base[k] + Math.log(classes.paths()[k]);
      parts[n + k] = Double.NEGATIVE_INFINITY;
    }
    double before = Numbers.logSum(parts);
    for (int j = 0; j < weights.length; j++) {
      for (int k = 0; k < n; k++) {
        int without = classes.paths()[k] - members[k];
        parts[k] = without == 0 ? Double.NEGATIVE_INFINITY : base[k] + Math.log(without);
        parts[n + k] =
            members[k] == 0
                ? Double.NEGATIVE_INFINITY
                : Math.log(members[k])
                    + FailedWeights.logObserved(
                        sharedWeight + classes.weight()[k] + weights[j], passed, lost);
      }
      change[j] += evidence.lossyCount[o] * (Numbers.logSum(parts) - before);
    }
  }
}
