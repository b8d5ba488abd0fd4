package io.dyetrace.benchmarks.campaign;

import java.util.Locale;
import java.util.Random;

/**
 * One fault of a campaign: its id says all that is needed to have it again.
 *
 * @param density probes that each node meets in a round, on the average
 */
record FaultCase(Scenario scenario, int nodes, double density, long seed) {
  /** As {@code --replay} takes it: {@code crash:100:8:4711}. */
  String id() {
    return String.format(Locale.ROOT, "%s:%d:%s:%d", scenario.word(), nodes, number(density), seed);
  }

  /** Of the packets that a partial loss takes: 0.2 to 10 %. */
  double share() {
    return 0.002 * Math.pow(50, new Random(~seed).nextDouble());
  }

  static FaultCase parse(String id) {
    String[] parts = id.split(":");
    if (parts.length != 4) {
      throw new IllegalArgumentException(
          "'" + id + "' is no fault: it should look like crash:100:8:4711");
    }
    try {
      return new FaultCase(
          Scenario.of(parts[0]),
          Integer.parseInt(parts[1]),
          Double.parseDouble(parts[2]),
          Long.parseLong(parts[3]));
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("'" + id + "': nodes, density or seed is no number", e);
    }
  }

  static String number(double n) {
    return n == Math.rint(n) ? Long.toString((long) n) : Double.toString(n);
  }
}
