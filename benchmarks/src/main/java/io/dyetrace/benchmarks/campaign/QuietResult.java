package io.dyetrace.benchmarks.campaign;

import io.dyetrace.common.registry.FaultClass;
import java.util.List;

/** What was said in a quiet hour. */
record QuietResult(
    QuietCase quiet,
    Setting setting,
    List<QuietDay.Event> events,
    List<Said> said,
    double hours,
    long records,
    long cpuNs) {
  private static final long SILENCE_NS = 15_000_000_000L;
  private static final long AFTERWARDS_NS = 60_000_000_000L;

  /** Verdicts that nobody should have been woken by. */
  List<Said> wrong() {
    return said.stream().filter(v -> v.opens() && !excused(v)).toList();
  }

  /** Telemetry that was missing for 15 s may be called missing. */
  private boolean excused(Said v) {
    return v.faultClass().equals(FaultClass.NO_DATA.name())
        && events.stream()
            .anyMatch(
                e ->
                    e.silence()
                        && e.lastsNs() >= SILENCE_NS
                        && v.atNs() >= e.atNs() + SILENCE_NS
                        && v.atNs() <= e.atNs() + AFTERWARDS_NS);
  }

  /** What happened in the minute before a verdict. */
  List<String> before(Said v) {
    return events.stream()
        .filter(e -> e.atNs() <= v.atNs() && v.atNs() <= e.atNs() + e.lastsNs() + AFTERWARDS_NS)
        .map(e -> "%.1f s: %s".formatted(e.atNs() / 1e9, e.what()))
        .toList();
  }
}
