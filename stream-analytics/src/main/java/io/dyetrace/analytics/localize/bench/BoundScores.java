package io.dyetrace.analytics.localize.bench;

import java.util.Comparator;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;

/**
 * What is accused from the posteriors of {@link InformationBound}: as many components as make
 * expected precision plus a weight times expected recall greatest. The weight that suits the family
 * best is chosen after the fact, in favour of the bound.
 */
final class BoundScores {
  private static final double[] RECALL_WEIGHTS = {0.6, 0.8, 1, 1.25, 1.5, 1.75, 2, 2.5};
  private static final int MOST = 64;

  private final Score[] scores = new Score[RECALL_WEIGHTS.length];

  BoundScores() {
    for (int i = 0; i < scores.length; i++) {
      scores[i] = new Score();
    }
  }

  /** Two chains, one from the truth and one from what was found, tell whether they mix. */
  void add(LabelledTrace trace, FailurePrior prior, Set<Integer> found) {
    InformationBound bound = new InformationBound(trace, prior);
    int links = trace.topology.links();
    Set<Integer> truth = new TreeSet<>(trace.failedLinks);
    trace.failedDevices.forEach(device -> truth.add(links + device));
    double[] posterior = bound.posterior(truth, 1);
    double[] other = bound.posterior(found, 2);
    for (int c = 0; c < posterior.length; c++) {
      posterior[c] = (posterior[c] + other[c]) / 2;
    }
    int[] order =
        IntStream.range(0, posterior.length)
            .boxed()
            .sorted(Comparator.comparingDouble(c -> -posterior[c]))
            .mapToInt(Integer::intValue)
            .toArray();
    for (int i = 0; i < scores.length; i++) {
      Set<Integer> accusedLinks = new TreeSet<>();
      Set<Integer> accusedDevices = new TreeSet<>();
      int count = accused(posterior, order, RECALL_WEIGHTS[i]);
      for (int k = 0; k < count; k++) {
        if (order[k] < links) {
          accusedLinks.add(order[k]);
        } else {
          accusedDevices.add(order[k] - links);
        }
      }
      scores[i].add(trace, accusedLinks, accusedDevices);
    }
  }

  private static int accused(double[] posterior, int[] order, double recallWeight) {
    double total = 0;
    for (double value : posterior) {
      total += value;
    }
    int best = 0;
    double most = 1;
    double right = 0;
    for (int k = 0; k < Math.min(MOST, order.length); k++) {
      right += posterior[order[k]];
      double value = right / (k + 1) + recallWeight * right / Math.max(1, total);
      if (value > most) {
        most = value;
        best = k + 1;
      }
    }
    return best;
  }

  Score best() {
    Score best = scores[0];
    for (Score score : scores) {
      best = score.f() > best.f() ? score : best;
    }
    return best;
  }
}
