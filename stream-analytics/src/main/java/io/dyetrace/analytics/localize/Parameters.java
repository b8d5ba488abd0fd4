package io.dyetrace.analytics.localize;

/**
 * The model's constants: one set for every trace, however it was observed. What depends on the
 * trace (background, loss rates, how many components there are) is estimated from it. They were
 * chosen on generated traces whose seeds the benchmark does not score.
 *
 * @param lowestBackground loss rate of healthy links, lower bound, per packet and link
 * @param highestBackground the same, upper bound
 * @param expectedBackground what is expected of it before anything was lost
 * @param expectedLosses how many losses that expectation is worth
 * @param failedOverBackground a failed component loses at least this many times the background
 * @param elevated multiples of the mean background that single healthy links may lose beside it
 * @param elevatedShare how probable each of those is; the rest of healthy links lose the mean
 * @param gridRatio ratio of neighbouring loss rates that are tried
 * @param softLow where the loss rates begin that failed components have more often than others
 * @param softHigh where they end
 * @param softTimes how much more often
 * @param quietNats what all accusations together must have over even odds: the price of waking
 *     somebody for nothing
 * @param cautionNats what every accusation must have over even odds
 * @param deviceNats what a device must have over a link
 * @param leastPosterior nothing less probable is accused
 * @param recallWeight what recall is worth, in units of precision
 */
public record Parameters(
    double lowestBackground,
    double highestBackground,
    double expectedBackground,
    double expectedLosses,
    double failedOverBackground,
    double[] elevated,
    double[] elevatedShare,
    double gridRatio,
    double softLow,
    double softHigh,
    double softTimes,
    double quietNats,
    double cautionNats,
    double deviceNats,
    double leastPosterior,
    double recallWeight) {
  /** The built-in ones. */
  public static final Parameters DEFAULT =
      new Parameters(
          1e-6,
          1e-3,
          3e-5,
          1.5,
          12,
          new double[] {1, 2.5, 5},
          new double[] {0.2, 0.08, 0.01},
          1.45,
          1.5e-3,
          3e-2,
          6,
          2,
          0,
          1.5,
          0.15,
          1.25);
}
