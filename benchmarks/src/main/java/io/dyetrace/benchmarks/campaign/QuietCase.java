package io.dyetrace.benchmarks.campaign;

import java.util.Locale;

/** One hour of a quiet day: {@code quiet:100:8:DAY-SEED:HOUR}. */
record QuietCase(int nodes, double density, long seed, int hour) {
  static final String WORD = "quiet";

  String id() {
    return String.format(
        Locale.ROOT, "%s:%d:%s:%d:%d", WORD, nodes, FaultCase.number(density), seed, hour);
  }

  static QuietCase parse(String id) {
    String[] parts = id.split(":");
    if (parts.length != 5 || !parts[0].equals(WORD)) {
      throw new IllegalArgumentException(
          "'" + id + "' is no quiet hour: it should look like quiet:100:8:4711:13");
    }
    try {
      return new QuietCase(
          Integer.parseInt(parts[1]),
          Double.parseDouble(parts[2]),
          Long.parseLong(parts[3]),
          Integer.parseInt(parts[4]));
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("'" + id + "': something is no number", e);
    }
  }
}
