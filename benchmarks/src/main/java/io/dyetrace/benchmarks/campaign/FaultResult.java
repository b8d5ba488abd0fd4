package io.dyetrace.benchmarks.campaign;

import java.util.List;
import java.util.Optional;

/**
 * What came of one fault.
 *
 * @param said verdicts that were opened or resolved
 * @param records items that went through the job
 * @param cpuNs CPU time of the whole run, the simulation included
 */
record FaultResult(
    FaultCase fault, Setting setting, Label label, List<Said> said, long records, long cpuNs) {
  /** A verdict that opens later after the healing is no longer of the fault. */
  private static final long GRACE_NS = 5_000_000_000L;

  static final String NONE = "none";

  List<Said> opened() {
    return said.stream().filter(Said::opens).toList();
  }

  private boolean inTime(Said v) {
    return v.atNs() >= label.fromNs() && v.atNs() <= label.toNs() + GRACE_NS;
  }

  /** The first verdict that names who is broken, whatever it says of it. */
  Optional<Said> accusing() {
    return opened().stream().filter(v -> inTime(v) && label.accuses(v.component())).findFirst();
  }

  /** The first verdict that is right in class and component. */
  Optional<Said> right() {
    return opened().stream()
        .filter(v -> inTime(v) && label.accuses(v.component()) && ofClass(v))
        .findFirst();
  }

  private boolean ofClass(Said v) {
    return v.faultClass().equals(label.faultClass().name());
  }

  /** Verdicts on somebody who is well. */
  List<Said> wrong() {
    return opened().stream().filter(v -> !inTime(v) || !label.accuses(v.component())).toList();
  }

  /** The class that was seen: of the verdict on the component, else of any. */
  String seenClass() {
    return accusing()
        .or(() -> opened().stream().filter(this::inTime).findFirst())
        .map(Said::faultClass)
        .orElse(NONE);
  }

  /** A verdict of the right class was given, right component or not. */
  boolean classSeen() {
    return opened().stream().anyMatch(v -> inTime(v) && ofClass(v));
  }

  Optional<Double> secondsToVerdict() {
    return right().map(v -> (v.atNs() - label.fromNs()) / 1e9);
  }

  /** Found, called by its name, and nothing else said. */
  boolean clean() {
    return right().isPresent() && accusing().map(this::ofClass).orElse(false) && wrong().isEmpty();
  }
}
