package io.dyetrace.analytics.localize;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What has failed and how much it loses, and what that makes of the paths of observations.
 *
 * <p>Loss rates are kept as weights {@code w = -ln(1 - rate)}, so that weights add up along a path.
 * A packet over a path of weight {@code W} arrives with probability {@code exp(-W)}.
 */
final class FailedWeights {
  final Evidence evidence;
  final EvidenceIndex index;
  final double background;
  private final double[] weight;
  private final @Nullable PathClasses[] classesOf;

  FailedWeights(Evidence evidence, EvidenceIndex index, double background) {
    this.evidence = evidence;
    this.index = index;
    this.background = background;
    weight = new double[evidence.topology.components()];
    classesOf = new PathClasses[evidence.sets.length];
  }

  double weight(int c) {
    return weight[c];
  }

  void set(int c, double newWeight) {
    weight[c] = newWeight;
    for (int s : index.setsOf[c]) {
      classesOf[s] = null;
    }
  }

  /** Asks something as if this component were healthy. */
  double[] without(int c, Supplier<double[]> question) {
    double now = weight[c];
    int[] sets = index.setsOf[c];
    @Nullable PathClasses[] classes = new PathClasses[sets.length];
    for (int i = 0; i < sets.length; i++) {
      classes[i] = classesOf[sets[i]];
    }
    set(c, 0);
    double[] answer = question.get();
    weight[c] = now;
    for (int i = 0; i < sets.length; i++) {
      classesOf[sets[i]] = classes[i];
    }
    return answer;
  }

  /** The weight of a lossy known path; rounded so that equal paths share their table. */
  float rowWeight(int r) {
    double w = background * evidence.rowHops[r];
    for (int c : evidence.rowComponents[r]) {
      w += weight[c];
    }
    return (float) w;
  }

  /** Paths of a set that have the same weight, and which path is in which class. */
  PathClasses classes(int s) {
    PathClasses classes = classesOf[s];
    if (classes == null) {
      classes = classify(evidence.sets[s]);
      classesOf[s] = classes;
    }
    return classes;
  }

  private PathClasses classify(PathSet set) {
    double[] weights = new double[set.paths];
    for (int p = 0; p < set.paths; p++) {
      weights[p] = background * set.hops[p];
    }
    for (int i = 0; i < set.components.length; i++) {
      double w = weight[set.components[i]];
      if (w > 0) {
        for (int p : set.pathsOf[i]) {
          weights[p] += w;
        }
      }
    }
    return PathClasses.of(weights);
  }

  /** What all paths of a lossy observation weigh together. */
  double sharedWeight(int o) {
    double w = background * evidence.lossySharedHops[o];
    for (int c : evidence.lossyShared[o]) {
      w += weight[c];
    }
    return w;
  }

  /** ln(1 - exp(-w)): the probability that a packet is lost on a path of this weight. */
  static double logLoss(double w) {
    return Math.log(-Math.expm1(-w));
  }

  /** ln of how probable it is that so many packets pass this weight and so many are lost. */
  static double logObserved(double w, double passed, double lost) {
    return -passed * w + lost * logLoss(w);
  }

  /** How many losses the background explains, beside the failed components. */
  double backgroundLosses() {
    double losses = 0;
    for (int r = 0; r < evidence.rowLost.length; r++) {
      losses += evidence.rowLost[r] * background * evidence.rowHops[r] / rowWeight(r);
    }
    for (int o = 0; o < evidence.lossySet.length; o++) {
      PathSet set = evidence.sets[evidence.lossySet[o]];
      PathClasses classes = classes(evidence.lossySet[o]);
      double lost = evidence.lossyLost[o];
      double passed = evidence.lossySent[o] - lost;
      double sharedWeight = sharedWeight(o);
      double[] parts = new double[classes.weight().length];
      for (int k = 0; k < parts.length; k++) {
        parts[k] =
            Math.log(classes.paths()[k])
                + logObserved(sharedWeight + classes.weight()[k], passed, lost);
      }
      double sum = Numbers.logSum(parts);
      for (int k = 0; k < parts.length; k++) {
        double w = sharedWeight + classes.weight()[k];
        double quiet = background * (evidence.lossySharedHops[o] + classes.hops(set, k));
        losses += evidence.lossyCount[o] * lost * Math.exp(parts[k] - sum) * quiet / w;
      }
    }
    return losses;
  }
}
