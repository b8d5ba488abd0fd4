package io.dyetrace.benchmarks.campaign;

import java.util.List;

/** Seconds to a verdict over many faults. */
record Times(int count, double medianSeconds, double p99Seconds, double maxSeconds) {
  static Times of(List<Double> seconds) {
    List<Double> sorted = seconds.stream().sorted().toList();
    return sorted.isEmpty()
        ? new Times(0, Double.NaN, Double.NaN, Double.NaN)
        : new Times(
            sorted.size(), at(sorted, 0.5), at(sorted, 0.99), sorted.get(sorted.size() - 1));
  }

  private static double at(List<Double> sorted, double share) {
    return sorted.get((int) Math.ceil(share * sorted.size()) - 1);
  }
}
