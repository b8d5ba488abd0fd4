package io.dyetrace.analytics.detect;

import io.dyetrace.common.record.Evidence;
import java.util.Locale;

/** Makes evidence records and the numbers in their sentences. */
final class Evidences {
  private static final double MILLISECOND_NS = 1e6;

  private Evidences() {}

  static Evidence of(
      String measure,
      double value,
      double baseline,
      long observations,
      String sentence,
      Object... numbers) {
    return Evidence.newBuilder()
        .setMeasure(measure)
        .setValue(value)
        .setBaseline(baseline)
        .setObservations(observations)
        .setSummary(String.format(Locale.ROOT, sentence, numbers))
        .build();
  }

  static double ms(double ns) {
    return ns / MILLISECOND_NS;
  }

  static double seconds(double ns) {
    return ns / 1e9;
  }

  static double ratio(long part, long whole) {
    return whole == 0 ? 0 : (double) part / whole;
  }

  static long percent(double ratio) {
    return Math.round(100 * ratio);
  }
}
