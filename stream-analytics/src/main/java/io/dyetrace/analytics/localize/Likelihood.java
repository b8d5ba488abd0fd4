package io.dyetrace.analytics.localize;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The log-likelihood of a trace under a set of failed components, and how it would change by one
 * more: for every component and every loss rate of a grid at once, kept up to date as components
 * fail and heal, by touching only the observations that meet them.
 *
 * <p>Loss rates are kept as weights {@code w = -ln(1 - rate)}, so that weights add up along a path.
 * A packet over a path of weight {@code W} arrives with probability {@code exp(-W)}.
 */
final class Likelihood {
  /** The weight of a component that loses everything. */
  static final double HIGHEST_WEIGHT = 9.2;

  private static final double HOPELESS_NATS = 0;

  /** Numbers that may be kept to save time: 64 MiB. */
  private static final long MOST_KEPT = 8L << 20;

  private static final double[] NONE = new double[0];

  final Evidence evidence;
  final double background;

  /** Weights that are tried: first those of healthy components, then those of failed ones. */
  final double[] grid;

  /** Where the weights of failed components begin in {@link #grid}. */
  final int failedFrom;

  private final int components;
  private final double[] weight;

  /** The change of log-likelihood for component c at grid[j]: scores[c * grid.length + j]. */
  private final double[] scores;

  /**
   * Components that no loss rate makes better before anything has failed: explaining losses by
   * others does not make them better either, and they are no longer kept up to date.
   */
  private final boolean[] hopeless;

  private final int[][] rowsOf;
  private final int[][] setsOf;
  private final int[][] lossyOf;
  private final int[][] lossyOfSet;
  private final Map<Integer, double[]> rowTables = new HashMap<>();
  private final Map<Long, double[][]> freshTables = new HashMap<>();
  private final double[][] survival;
  private final @Nullable Classes[] classesOf;
  private final @Nullable Signatures[] signaturesOf;

  /** What the observations of a set added to the scores of its kinds of components. */
  private final @Nullable Kinds[] added;

  /** The same for what the paths of a lossy observation share. */
  private final @Nullable Shared[] addedShared;

  private long kept;

  Likelihood(
      Evidence evidence,
      Index index,
      Parameters parameters,
      double background,
      Set<Integer> failed) {
    this.evidence = evidence;
    this.background = background;
    components = evidence.topology.components();
    weight = new double[components];
    grid = grid(parameters, background);
    failedFrom = parameters.elevated().length;
    scores = new double[components * grid.length];
    hopeless = new boolean[components];
    rowsOf = index.rowsOf;
    setsOf = index.setsOf;
    lossyOf = index.lossyOf;
    lossyOfSet = index.lossyOfSet;
    classesOf = new Classes[evidence.sets.length];
    signaturesOf = new Signatures[evidence.sets.length];
    added = new Kinds[evidence.sets.length];
    addedShared = new Shared[evidence.lossySet.length];
    survival = new double[evidence.binSize.length][];
    for (int bin = 0; bin < survival.length; bin++) {
      if (evidence.binSize[bin] > 0) {
        survival[bin] = new double[grid.length];
        for (int j = 0; j < grid.length; j++) {
          survival[bin][j] = Math.exp(-evidence.binSize[bin] * grid[j]);
        }
      }
    }
    for (int c = 0; c < components; c++) {
      for (int j = 0; j < grid.length; j++) {
        scores[c * grid.length + j] = -grid[j] * evidence.passed[c];
      }
    }
    for (int r = 0; r < evidence.rowComponents.length; r++) {
      scoreRow(r, 1);
    }
    for (int s = 0; s < evidence.sets.length; s++) {
      scoreSet(s, 1);
    }
    for (int c = 0; c < components; c++) {
      double most = Double.NEGATIVE_INFINITY;
      for (int j = failedFrom; j < grid.length; j++) {
        most = Math.max(most, score(c, j));
      }
      hopeless[c] = most < HOPELESS_NATS && !failed.contains(c);
    }
    Arrays.fill(signaturesOf, null);
    Arrays.fill(added, null);
    Arrays.fill(addedShared, null);
    kept = 0;
  }

  private static double[] grid(Parameters parameters, double background) {
    int healthy = parameters.elevated().length;
    double lowest = background * parameters.failedOverBackground();
    int failed =
        Math.max(
            4,
            1
                + (int)
                    Math.ceil(
                        Math.log(HIGHEST_WEIGHT / lowest) / Math.log(parameters.gridRatio())));
    double[] grid = new double[healthy + failed];
    for (int j = 0; j < healthy; j++) {
      grid[j] = background * parameters.elevated()[j];
    }
    for (int j = 0; j < failed; j++) {
      grid[healthy + j] = lowest * Math.pow(HIGHEST_WEIGHT / lowest, j / (failed - 1.0));
    }
    return grid;
  }

  double weight(int c) {
    return weight[c];
  }

  /** The scores of a component; see {@link #grid}. */
  double score(int c, int j) {
    return scores[c * grid.length + j];
  }

  /** Gives a component a weight; 0 heals it. */
  void set(int c, double newWeight) {
    if (weight[c] == newWeight) {
      return;
    }
    scoreAll(c, -1);
    replace(c, newWeight);
    scoreAll(c, 1);
  }

  /** Changes a weight and nothing else: scores are those of before. */
  private void replace(int c, double newWeight) {
    weight[c] = newWeight;
    for (int s : setsOf[c]) {
      classesOf[s] = null;
      signaturesOf[s] = null;
    }
  }

  /** As {@link #profile}, for a component that has failed: as if it were healthy. */
  double[] profileAgain(int c, double[] weights) {
    double now = weight[c];
    Classes[] classes = new Classes[setsOf[c].length];
    Signatures[] signatures = new Signatures[classes.length];
    for (int i = 0; i < classes.length; i++) {
      classes[i] = classesOf[setsOf[c][i]];
      signatures[i] = signaturesOf[setsOf[c][i]];
    }
    replace(c, 0);
    double[] change = profile(c, weights);
    weight[c] = now;
    for (int i = 0; i < classes.length; i++) {
      classesOf[setsOf[c][i]] = classes[i];
      signaturesOf[setsOf[c][i]] = signatures[i];
    }
    return change;
  }

  private void scoreAll(int c, int sign) {
    for (int r : rowsOf[c]) {
      scoreRow(r, sign);
    }
    for (int s : setsOf[c]) {
      scoreSet(s, sign);
    }
    for (int o : lossyOf[c]) {
      scoreLossy(o, sign);
    }
  }

  /** The weight of a lossy known path; rounded so that equal paths share their table. */
  private float rowWeight(int r) {
    double w = background * evidence.rowHops[r];
    for (int c : evidence.rowComponents[r]) {
      w += weight[c];
    }
    return (float) w;
  }

  private void scoreRow(int r, int sign) {
    float w = rowWeight(r);
    double[] table = rowTables.get(Float.floatToIntBits(w));
    if (table == null) {
      if (rowTables.size() > 200_000) {
        rowTables.clear();
      }
      table = new double[grid.length];
      double base = logLoss(w);
      for (int j = 0; j < grid.length; j++) {
        table[j] = logLoss(w + grid[j]) - base;
      }
      rowTables.put(Float.floatToIntBits(w), table);
    }
    double lost = sign * evidence.rowLost[r];
    for (int c : evidence.rowComponents[r]) {
      int at = c * grid.length;
      for (int j = 0; j < grid.length; j++) {
        scores[at + j] += lost * table[j];
      }
    }
  }

  /** ln(1 - exp(-w)): the probability that a packet is lost on a path of this weight. */
  static double logLoss(double w) {
    return Math.log(-Math.expm1(-w));
  }

  /** Paths of a set that have the same weight, and which path is in which class. */
  private Classes classes(int s) {
    Classes classes = classesOf[s];
    if (classes == null) {
      classes = classify(evidence.sets[s]);
      classesOf[s] = classes;
    }
    return classes;
  }

  private Signatures signatures(int s) {
    Signatures signatures = signaturesOf[s];
    if (signatures == null) {
      signatures = signatures(evidence.sets[s], classes(s));
      signaturesOf[s] = signatures;
    }
    return signatures;
  }

  private Classes classify(PathSet set) {
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
    return Classes.of(weights);
  }

  /**
   * Components of a set that have equally many paths in every class change it alike; hopeless ones
   * are left out.
   */
  private Signatures signatures(PathSet set, Classes classes) {
    int n = classes.weight.length;
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
        key += classKey(classes.of[p]);
      }
      int kind = 0;
      while (kind < kinds.size() && keys[kind] != key) {
        kind++;
      }
      if (kind == kinds.size()) {
        int[] counts = new int[n];
        for (int p : set.pathsOf[i]) {
          counts[classes.of[p]]++;
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

  /** All observations of a set. */
  private void scoreSet(int s, int sign) {
    Signatures signatures = signatures(s);
    Kinds before = added[s];
    boolean fresh = before == null || sign > 0;
    double[][] change =
        before == null || sign > 0
            ? losslessChange(evidence.sets[s], classes(s), signatures)
            : before.change;
    for (int o : lossyOfSet[s]) {
      Shared known = addedShared[o];
      Shared shared =
          fresh || known == null ? new Shared(lossyChange(o, fresh ? change : null)) : known;
      addShared(o, shared.change, sign);
      addedShared[o] = sign > 0 && kept < MOST_KEPT ? shared : null;
    }
    add(signatures, change, sign);
    keep(s, sign > 0 ? new Kinds(change) : null);
  }

  /** Keeps what was added, so that it need not be computed again to be taken away. */
  private void keep(int s, @Nullable Kinds now) {
    kept -= size(s, added[s]);
    added[s] = kept < MOST_KEPT ? now : null;
    kept += size(s, added[s]);
  }

  private long size(int s, @Nullable Kinds kinds) {
    return kinds == null ? 0 : (long) (kinds.change.length + lossyOfSet[s].length) * grid.length;
  }

  private double[][] losslessChange(PathSet set, Classes classes, Signatures signatures) {
    double[] bins = set.losslessByBin();
    double[][] change = new double[signatures.kinds.size()][grid.length];
    double[][] products = new double[change.length][grid.length];
    for (double[] product : products) {
      Arrays.fill(product, 1);
    }
    int n = classes.weight.length;
    double least = classes.least();
    double[] survivors = new double[n];
    for (int bin = 0; bin < bins.length; bin++) {
      if (bins[bin] == 0) {
        continue;
      }
      double all = 0;
      for (int k = 0; k < n && n > 1; k++) {
        survivors[k] = Math.exp(-evidence.binSize[bin] * (classes.weight[k] - least));
        all += classes.paths[k] * survivors[k];
      }
      for (int kind = 0; kind < change.length; kind++) {
        int[] with = signatures.kinds.get(kind);
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

  private void add(Signatures signatures, double[][] change, int sign) {
    for (int i = 0; i < signatures.components.length; i++) {
      int at = signatures.components[i] * grid.length;
      double[] from = change[signatures.of[i]];
      for (int j = 0; j < grid.length; j++) {
        scores[at + j] += sign * from[j];
      }
    }
  }

  /** A lossy observation, where what all of its paths share changes. */
  private void scoreLossy(int o, int sign) {
    int s = evidence.lossySet[o];
    Signatures signatures = signatures(s);
    double[][] change = new double[signatures.kinds.size()][grid.length];
    double[] shared = lossyChange(o, change);
    add(signatures, change, sign);
    addShared(o, shared, sign);
    Kinds all = added[s];
    for (int kind = 0; all != null && kind < change.length; kind++) {
      for (int j = 0; j < grid.length; j++) {
        all.change[kind][j] += sign * change[kind][j];
      }
    }
    addedShared[o] = sign > 0 && all != null ? new Shared(shared) : null;
  }

  private void addShared(int o, double[] change, int sign) {
    for (int c : evidence.lossyShared[o]) {
      int at = c * grid.length;
      for (int j = 0; j < grid.length; j++) {
        scores[at + j] += sign * change[j];
      }
    }
  }

  /**
   * By how much a lossy observation changes for each weight of what all of its paths share; adds by
   * how much it changes for each kind of what they do not.
   */
  private double[] lossyChange(int o, double @Nullable [][] change) {
    Classes classes = classes(evidence.lossySet[o]);
    Signatures signatures = signatures(evidence.lossySet[o]);
    int n = classes.weight.length;
    double lost = evidence.lossyLost[o];
    double passed = evidence.lossySent[o] - lost;
    double sharedWeight = sharedWeight(o);
    double[] base = new double[n];
    double most = Double.NEGATIVE_INFINITY;
    for (int k = 0; k < n; k++) {
      base[k] = logObserved(sharedWeight + classes.weight[k], passed, lost);
      most = Math.max(most, base[k]);
    }
    double sum = 0;
    double[] bases = new double[n];
    for (int k = 0; k < n; k++) {
      bases[k] = Math.exp(base[k] - most);
      sum += classes.paths[k] * bases[k];
    }
    double count = evidence.lossyCount[o];
    double[] shared = new double[grid.length];
    double[] with = new double[n];
    for (int j = 0; j < grid.length; j++) {
      double all = 0;
      double top = most;
      for (int k = 0; k < n; k++) {
        with[k] = logObserved(sharedWeight + classes.weight[k] + grid[j], passed, lost);
        top = Math.max(top, with[k]);
      }
      double shrink = Math.exp(most - top);
      for (int k = 0; k < n; k++) {
        with[k] = Math.exp(with[k] - top);
        all += classes.paths[k] * with[k];
      }
      double logSum = Math.log(sum) + most;
      shared[j] = count * (Math.log(Math.max(1e-300, all)) + top - logSum);
      for (int kind = 0; change != null && kind < change.length; kind++) {
        int[] members = signatures.kinds.get(kind);
        double mixed = 0;
        for (int k = 0; k < n; k++) {
          mixed += members[k] * with[k] + (classes.paths[k] - members[k]) * bases[k] * shrink;
        }
        change[kind][j] += count * (Math.log(Math.max(1e-300, mixed)) + top - logSum);
      }
    }
    return shared;
  }

  private double sharedWeight(int o) {
    double w = background * evidence.lossySharedHops[o];
    for (int c : evidence.lossyShared[o]) {
      w += weight[c];
    }
    return w;
  }

  private static double logObserved(double w, double passed, double lost) {
    return -passed * w + lost * logLoss(w);
  }

  /**
   * The change of log-likelihood if a component that is healthy now had each of these weights,
   * without the rounding of the grid.
   */
  double[] profile(int c, double[] weights) {
    double[] change = new double[weights.length];
    for (int j = 0; j < weights.length; j++) {
      change[j] = -weights[j] * evidence.passed[c];
    }
    for (int r : rowsOf[c]) {
      float w = rowWeight(r);
      double base = logLoss(w);
      for (int j = 0; j < weights.length; j++) {
        change[j] += evidence.rowLost[r] * (logLoss(w + weights[j]) - base);
      }
    }
    double[] survives = setsOf[c].length == 0 ? NONE : survivals(weights);
    for (int s : setsOf[c]) {
      PathSet set = evidence.sets[s];
      Classes classes = classes(s);
      int[] with = membership(set, classes, c);
      profileLossless(set, classes, with, survives, change);
      for (int o : lossyOfSet[s]) {
        profileLossy(o, classes, with, weights, change);
      }
    }
    for (int o : lossyOf[c]) {
      Classes classes = classes(evidence.lossySet[o]);
      profileLossy(o, classes, classes.paths, weights, change);
    }
    return change;
  }

  private static int[] membership(PathSet set, Classes classes, int c) {
    int[] with = new int[classes.weight.length];
    for (int p : set.pathsOf[Arrays.binarySearch(set.components, c)]) {
      with[classes.of[p]]++;
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
      PathSet set, Classes classes, int[] with, double[] survives, double[] change) {
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
            classes.weight.length == 1 ? 1 : Math.exp(-size * (classes.weight[k] - least));
        touched += with[k] * survivors;
        untouched += (classes.paths[k] - with[k]) * survivors;
      }
      for (int j = 0; j < change.length; j++) {
        double passes = untouched + touched * survives[bin * change.length + j];
        change[j] += bins[bin] * Math.log(Math.max(1e-300, passes / (touched + untouched)));
      }
    }
  }

  private void profileLossy(
      int o, Classes classes, int[] members, double[] weights, double[] change) {
    double lost = evidence.lossyLost[o];
    double passed = evidence.lossySent[o] - lost;
    double sharedWeight = sharedWeight(o);
    int n = members.length;
    double[] parts = new double[2 * n];
    double[] base = new double[n];
    for (int k = 0; k < n; k++) {
      base[k] = logObserved(sharedWeight + classes.weight[k], passed, lost);
      parts[k] = base[k] + Math.log(classes.paths[k]);
      parts[n + k] = Double.NEGATIVE_INFINITY;
    }
    double before = Numbers.logSum(parts);
    for (int j = 0; j < weights.length; j++) {
      for (int k = 0; k < n; k++) {
        int without = classes.paths[k] - members[k];
        parts[k] = without == 0 ? Double.NEGATIVE_INFINITY : base[k] + Math.log(without);
        parts[n + k] =
            members[k] == 0
                ? Double.NEGATIVE_INFINITY
                : Math.log(members[k])
                    + logObserved(sharedWeight + classes.weight[k] + weights[j], passed, lost);
      }
      change[j] += evidence.lossyCount[o] * (Numbers.logSum(parts) - before);
    }
  }

  /** How many losses the background explains, beside the failed components. */
  double backgroundLosses() {
    double losses = 0;
    for (int r = 0; r < evidence.rowLost.length; r++) {
      losses += evidence.rowLost[r] * background * evidence.rowHops[r] / rowWeight(r);
    }
    for (int o = 0; o < evidence.lossySet.length; o++) {
      PathSet set = evidence.sets[evidence.lossySet[o]];
      Classes classes = classes(evidence.lossySet[o]);
      double lost = evidence.lossyLost[o];
      double passed = evidence.lossySent[o] - lost;
      double sharedWeight = sharedWeight(o);
      double[] parts = new double[classes.weight.length];
      for (int k = 0; k < parts.length; k++) {
        parts[k] =
            Math.log(classes.paths[k])
                + logObserved(sharedWeight + classes.weight[k], passed, lost);
      }
      double sum = Numbers.logSum(parts);
      for (int k = 0; k < parts.length; k++) {
        double w = sharedWeight + classes.weight[k];
        double quiet = background * (evidence.lossySharedHops[o] + classes.hops(set, k));
        losses += evidence.lossyCount[o] * lost * Math.exp(parts[k] - sum) * quiet / w;
      }
    }
    return losses;
  }

  /** Which observations meet which component; the same for every background. */
  static final class Index {
    final int[][] rowsOf;
    final int[][] setsOf;
    final int[][] lossyOf;
    final int[][] lossyOfSet;

    Index(Evidence evidence) {
      int components = evidence.topology.components();
      rowsOf = Numbers.invert(evidence.rowComponents, components);
      int[][] setComponents = new int[evidence.sets.length][];
      for (int s = 0; s < setComponents.length; s++) {
        setComponents[s] = evidence.sets[s].components;
      }
      setsOf = Numbers.invert(setComponents, components);
      lossyOf = Numbers.invert(evidence.lossyShared, components);
      int[][] setOf = new int[evidence.lossySet.length][];
      for (int o = 0; o < setOf.length; o++) {
        setOf[o] = new int[] {evidence.lossySet[o]};
      }
      lossyOfSet = Numbers.invert(setOf, evidence.sets.length);
    }
  }

  /** Paths grouped by weight. */
  private record Classes(double[] weight, int[] paths, int[] of) {
    static Classes of(double[] weights) {
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
      return new Classes(Arrays.copyOf(weight, n), Arrays.copyOf(paths, n), of);
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

  /** What was added for each kind of components of a set. */
  private record Kinds(double[][] change) {}

  /** What was added for what the paths of a lossy observation share. */
  private record Shared(double[] change) {}

  private record Signatures(int[] components, int[] of, List<int[]> kinds) {}
}
