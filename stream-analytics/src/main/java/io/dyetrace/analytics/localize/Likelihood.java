package io.dyetrace.analytics.localize;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The log-likelihood of a trace under a set of failed components, and how it would change by one
 * more: for every component and every loss rate of a grid at once, kept up to date as components
 * fail and heal, by touching only the observations that meet them.
 *
 * <p>How observations weigh under what has failed: {@link FailedWeights}.
 */
final class Likelihood {
  /** The weight of a component that loses everything. */
  static final double HIGHEST_WEIGHT = 9.2;

  private static final double HOPELESS_NATS = 0;

  /** Numbers that may be kept to save time: 64 MiB. */
  private static final long MOST_KEPT = 8L << 20;

  final Evidence evidence;
  final double background;

  /** Weights that are tried: first those of healthy components, then those of failed ones. */
  final double[] grid;

  /** Where the weights of failed components begin in {@link #grid}. */
  final int failedFrom;

  private final int components;

  /** The change of log-likelihood for component c at grid[j]: scores[c * grid.length + j]. */
  private final double[] scores;

  /**
   * Components that no loss rate makes better before anything has failed: explaining losses by
   * others does not make them better either, and they are no longer kept up to date.
   */
  private final boolean[] hopeless;

  private final EvidenceIndex index;
  private final FailedWeights failed;
  private final RateProfile profile;
  private final SetChanges changes;
  private final Map<Integer, double[]> rowTables = new HashMap<>();
  private final @Nullable Signatures[] signaturesOf;

  /** What the observations of a set added to the scores of its kinds of components. */
  private final @Nullable Kinds[] added;

  /** The same for what the paths of a lossy observation share. */
  private final @Nullable Shared[] addedShared;

  private long kept;

  Likelihood(
      Evidence evidence,
      EvidenceIndex index,
      Parameters parameters,
      double background,
      Set<Integer> suspected) {
    this.evidence = evidence;
    this.background = background;
    components = evidence.topology.components();
    grid = grid(parameters, background);
    failedFrom = parameters.elevated().length;
    scores = new double[components * grid.length];
    hopeless = new boolean[components];
    this.index = index;
    failed = new FailedWeights(evidence, index, background);
    profile = new RateProfile(failed);
    changes = new SetChanges(failed, grid);
    signaturesOf = new Signatures[evidence.sets.length];
    added = new Kinds[evidence.sets.length];
    addedShared = new Shared[evidence.lossySet.length];
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
      hopeless[c] = most < HOPELESS_NATS && !suspected.contains(c);
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
    return failed.weight(c);
  }

  /** See {@link RateProfile#of}. */
  double[] profile(int c, double[] weights) {
    return profile.of(c, weights);
  }

  /** See {@link RateProfile#again}. */
  double[] profileAgain(int c, double[] weights) {
    return profile.again(c, weights);
  }

  /** See {@link FailedWeights#backgroundLosses}. */
  double backgroundLosses() {
    return failed.backgroundLosses();
  }

  /** The scores of a component; see {@link #grid}. */
  double score(int c, int j) {
    return scores[c * grid.length + j];
  }

  /** Gives a component a weight; 0 heals it. */
  void set(int c, double newWeight) {
    if (failed.weight(c) == newWeight) {
      return;
    }
    scoreAll(c, -1);
    failed.set(c, newWeight);
    for (int s : index.setsOf[c]) {
      signaturesOf[s] = null;
    }
    scoreAll(c, 1);
  }

  private void scoreAll(int c, int sign) {
    for (int r : index.rowsOf[c]) {
      scoreRow(r, sign);
    }
    for (int s : index.setsOf[c]) {
      scoreSet(s, sign);
    }
    for (int o : index.lossyOf[c]) {
      scoreLossy(o, sign);
    }
  }

  private void scoreRow(int r, int sign) {
    float w = failed.rowWeight(r);
    double[] table = rowTables.get(Float.floatToIntBits(w));
    if (table == null) {
      if (rowTables.size() > 200_000) {
        rowTables.clear();
      }
      table = new double[grid.length];
      double base = FailedWeights.logLoss(w);
      for (int j = 0; j < grid.length; j++) {
        table[j] = FailedWeights.logLoss(w + grid[j]) - base;
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

  private Signatures signatures(int s) {
    Signatures signatures = signaturesOf[s];
    if (signatures == null) {
      signatures = Signatures.of(evidence.sets[s], failed.classes(s), hopeless);
      signaturesOf[s] = signatures;
    }
    return signatures;
  }

  /** All observations of a set. */
  private void scoreSet(int s, int sign) {
    Signatures signatures = signatures(s);
    Kinds before = added[s];
    boolean fresh = before == null || sign > 0;
    double[][] change =
        before == null || sign > 0
            ? changes.lossless(evidence.sets[s], failed.classes(s), signatures)
            : before.change;
    for (int o : index.lossyOfSet[s]) {
      Shared known = addedShared[o];
      Shared shared =
          fresh || known == null
              ? new Shared(changes.lossy(o, signatures, fresh ? change : null))
              : known;
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
    return kinds == null
        ? 0
        : (long) (kinds.change.length + index.lossyOfSet[s].length) * grid.length;
  }

  private void add(Signatures signatures, double[][] change, int sign) {
    for (int i = 0; i < signatures.components().length; i++) {
      int at = signatures.components()[i] * grid.length;
      double[] from = change[signatures.of()[i]];
      for (int j = 0; j < grid.length; j++) {
        scores[at + j] += sign * from[j];
      }
    }
  }

  /** A lossy observation, where what all of its paths share changes. */
  private void scoreLossy(int o, int sign) {
    int s = evidence.lossySet[o];
    Signatures signatures = signatures(s);
    double[][] change = new double[signatures.kinds().size()][grid.length];
    double[] shared = changes.lossy(o, signatures, change);
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

  /** What was added for each kind of components of a set. */
  private record Kinds(double[][] change) {}

  /** What was added for what the paths of a lossy observation share. */
  private record Shared(double[] change) {}
}
