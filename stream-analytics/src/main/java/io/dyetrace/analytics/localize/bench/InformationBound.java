package io.dyetrace.analytics.localize.bench;

import io.dyetrace.analytics.localize.Topology;
import java.util.Arrays;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;

/**
 * How well anyone can do on a trace: the posterior of every component under the prior of the
 * generator itself, which no localizer is told. What is accused from it, as many as suit the family
 * best, is a bound on F up to sampling: where it stays below a goal, the evidence does.
 *
 * <p>Gibbs sampling over as many slots as may fail at most. A slot is emptied and drawn again from
 * its exact distribution given the others: nothing, or one of all components with one of all loss
 * rates. The posterior is the mean of those distributions, not of what was drawn.
 */
final class InformationBound {
  private static final int SWEEPS = 60;
  private static final int UNUSED_SWEEPS = 12;
  private static final double LEAST = 1e-300;

  private final FailurePrior prior;
  private final int links;
  private final int components;

  /** Packets that arrived over known paths. */
  private final double[] passed;

  /** Lossy observations: the components of each path, the components of all, packets lost. */
  private final int[][][] paths;

  private final int[][] met;
  private final double[] lost;

  /** The weights of what has failed in the current sample. */
  private final double[] weight;

  private final double[] healthy;
  private final double[][] scores;

  InformationBound(LabelledTrace trace, FailurePrior prior) {
    this.prior = prior;
    links = trace.topology.links();
    components = trace.topology.components();
    passed = new double[components];
    weight = new double[components];
    healthy = new double[components];
    scores = new double[components][];
    Flows flows = Flows.of(trace);
    int rows = 0;
    int[][][] all = new int[flows.paths.size()][][];
    double[] losses = new double[all.length];
    for (int i = 0; i < all.length; i++) {
      int[][] split = split(trace.topology, flows.paths.get(i));
      double[] sum = flows.sums.get(i);
      double arrived = sum[Flows.SENT] - sum[Flows.LOST];
      if (arrived > 0 && split.length > 1) {
        throw new IllegalArgumentException("what arrived must have a known path");
      }
      for (int c : split[0]) {
        passed[c] += split.length == 1 ? arrived : 0;
      }
      if (sum[Flows.LOST] > 0) {
        all[rows] = split;
        losses[rows++] = sum[Flows.LOST];
      }
    }
    paths = Arrays.copyOf(all, rows);
    lost = Arrays.copyOf(losses, rows);
    met = new int[rows][];
    for (int r = 0; r < rows; r++) {
      met[r] = Arrays.stream(paths[r]).flatMapToInt(Arrays::stream).distinct().sorted().toArray();
    }
  }

  /** The components of each path: its links, and the nodes they touch. */
  private static int[][] split(Topology topology, int[] candidates) {
    int[][] split = new int[Flows.count(candidates)][];
    int at = 0;
    for (int p = 0; p < split.length; p++) {
      Set<Integer> found = new TreeSet<>();
      for (; candidates[at] >= 0; at++) {
        found.add(candidates[at]);
        found.add(topology.links() + topology.from(candidates[at]));
        found.add(topology.links() + topology.to(candidates[at]));
      }
      split[p] = found.stream().mapToInt(Integer::intValue).toArray();
      at++;
    }
    return split;
  }

  /** The posterior of every component; the chain begins with these failures. */
  double[] posterior(Set<Integer> start, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    int[] slot = new int[prior.most()];
    Arrays.fill(slot, -1);
    Arrays.fill(weight, 0);
    int used = 0;
    for (int c : start) {
      double[] weights = prior.weights()[c];
      if (used < slot.length && weights.length > 0) {
        slot[used++] = c;
        weight[c] = weights[weights.length / 2];
      }
    }
    double[] mean = new double[components];
    int draws = 0;
    for (int sweep = 0; sweep < SWEEPS; sweep++) {
      for (int k = 0; k < slot.length; k++) {
        if (slot[k] < 0 && !firstEmpty(slot, k)) {
          continue;
        }
        if (slot[k] >= 0) {
          weight[slot[k]] = 0;
        }
        boolean counts = sweep >= UNUSED_SWEEPS;
        slot[k] = draw(slot, k, random, counts ? mean : new double[components]);
        draws += counts ? 1 : 0;
      }
    }
    for (int c = 0; c < components; c++) {
      mean[c] /= draws;
    }
    return mean;
  }

  private static boolean firstEmpty(int[] slot, int k) {
    for (int i = 0; i < k; i++) {
      if (slot[i] < 0) {
        return false;
      }
    }
    return true;
  }

  /** Draws what is in slot k and adds to {@code sum} how probable everything was. */
  private int draw(int[] slot, int k, SplittableRandom random, double[] sum) {
    score();
    int others = 0;
    for (int i = 0; i < slot.length; i++) {
      others += i != k && slot[i] >= 0 ? 1 : 0;
    }
    // As many failures as may be are equally probable, and none is not: sets of n + 1 have this
    // many times the weight of sets of n, shared among the slots that may hold the new one.
    double more = Math.log((others + 1.0) / (slot.length - others));
    double top = others > 0 ? 0 : Double.NEGATIVE_INFINITY;
    for (int c = 0; c < components; c++) {
      for (int j = 0; weight[c] == 0 && j < scores[c].length; j++) {
        scores[c][j] += prior.logPrior()[c][j] + more - healthy[c];
        top = Math.max(top, scores[c][j]);
      }
    }
    double nothing = others > 0 ? Math.exp(-top) : 0;
    double all = nothing;
    for (int c = 0; c < components; c++) {
      for (int j = 0; weight[c] == 0 && j < scores[c].length; j++) {
        scores[c][j] = Math.exp(scores[c][j] - top);
        all += scores[c][j];
      }
    }
    double left = random.nextDouble() * all - nothing;
    int drawn = left < 0 ? -2 : -1;
    int drawnRate = 0;
    for (int c = 0; c < components; c++) {
      if (weight[c] > 0) {
        sum[c]++;
        continue;
      }
      for (int j = 0; j < scores[c].length; j++) {
        sum[c] += scores[c][j] / all;
        left -= scores[c][j];
        if (left < 0 && drawn == -1) {
          drawn = c;
          drawnRate = j;
        }
      }
    }
    if (drawn >= 0) {
      weight[drawn] = prior.weights()[drawn][drawnRate];
    }
    return Math.max(-1, drawn);
  }

  /** By how much the log-likelihood changes for every component and rate. */
  private void score() {
    double[] spread = prior.backgrounds();
    double[][] elevated = new double[components][];
    for (int c = 0; c < components; c++) {
      double[] weights = prior.weights()[c];
      scores[c] = new double[weights.length];
      for (int j = 0; j < weights.length; j++) {
        scores[c][j] = -weights[j] * passed[c];
      }
      elevated[c] = new double[c < links ? spread.length : 0];
      for (int j = 0; j < elevated[c].length; j++) {
        elevated[c][j] = -(spread[j] - prior.background()) * passed[c];
      }
    }
    double[] through = new double[components];
    for (int r = 0; r < paths.length; r++) {
      for (int c : met[r]) {
        through[c] = 0;
      }
      double survivors = 0;
      for (int[] path : paths[r]) {
        double survives = Math.exp(-weightOf(path));
        survivors += survives;
        for (int c : path) {
          through[c] += survives;
        }
      }
      int n = paths[r].length;
      double base = Math.log(Math.max(LEAST, 1 - survivors / n));
      for (int c : met[r]) {
        double rest = survivors - through[c];
        for (int j = 0; j < scores[c].length; j++) {
          double passes = rest + through[c] * Math.exp(-prior.weights()[c][j]);
          scores[c][j] += lost[r] * (Math.log(Math.max(LEAST, 1 - passes / n)) - base);
        }
        for (int j = 0; j < elevated[c].length; j++) {
          double passes = rest + through[c] * Math.exp(prior.background() - spread[j]);
          elevated[c][j] += lost[r] * (Math.log(Math.max(LEAST, 1 - passes / n)) - base);
        }
      }
    }
    for (int c = 0; c < components; c++) {
      healthy[c] = logMean(elevated[c]);
    }
  }

  private double weightOf(int[] path) {
    double sum = 0;
    for (int c : path) {
      sum += weight[c] + (c < links ? prior.background() : 0);
    }
    return sum;
  }

  private static double logMean(double[] values) {
    if (values.length == 0) {
      return 0;
    }
    double top = Arrays.stream(values).max().orElse(0);
    double sum = 0;
    for (double value : values) {
      sum += Math.exp(value - top);
    }
    return top + Math.log(sum / values.length);
  }
}
