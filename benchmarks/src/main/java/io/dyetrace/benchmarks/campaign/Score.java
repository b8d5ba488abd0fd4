package io.dyetrace.benchmarks.campaign;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * How well a set of faults was found.
 *
 * @param faults injected
 * @param found of which somebody was told the right component in time
 * @param right of which class and component were right
 * @param classSeen of which a verdict of the right class was given, whomever it named
 * @param verdicts opened in all
 * @param wrong of them: verdicts on somebody who was well
 */
record Score(
    int faults, int found, int right, int classSeen, int verdicts, int wrong, Times times) {
  static Score of(List<FaultResult> results) {
    int found = 0;
    int right = 0;
    int classSeen = 0;
    int verdicts = 0;
    int wrong = 0;
    for (FaultResult r : results) {
      found += r.accusing().isPresent() ? 1 : 0;
      right += r.accusing().isPresent() && r.accusing().equals(r.right()) ? 1 : 0;
      classSeen += r.classSeen() ? 1 : 0;
      verdicts += r.opened().size();
      wrong += r.wrong().size();
    }
    List<Double> seconds =
        results.stream().map(FaultResult::secondsToVerdict).flatMap(Optional::stream).toList();
    return new Score(results.size(), found, right, classSeen, verdicts, wrong, Times.of(seconds));
  }

  /** Verdicts that named somebody who was broken, of all that were given. */
  double precision() {
    return ratio(verdicts - wrong, verdicts);
  }

  /** Faults whose component was named, of all. */
  double recall() {
    return ratio(found, faults);
  }

  /** Faults that were called by their name at first, of those found. */
  double classRight() {
    return ratio(right, found);
  }

  /** Faults whose component was named, of those of which a verdict had the right class. */
  double componentRight() {
    return ratio(Math.min(right, classSeen), classSeen);
  }

  private static double ratio(int part, int whole) {
    return whole == 0 ? Double.NaN : (double) part / whole;
  }

  /** What was injected against what was seen, class by class. */
  static Map<String, Map<String, Integer>> matrix(List<FaultResult> results) {
    Map<String, Map<String, Integer>> matrix = new TreeMap<>();
    for (FaultResult r : results) {
      matrix
          .computeIfAbsent(r.label().faultClass().name(), k -> new TreeMap<>())
          .merge(r.seenClass(), 1, Integer::sum);
    }
    return matrix;
  }
}
