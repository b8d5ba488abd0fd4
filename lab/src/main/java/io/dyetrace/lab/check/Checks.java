package io.dyetrace.lab.check;

import io.dyetrace.lab.Lab;
import java.util.List;

/** The acceptance checks. */
public final class Checks {
  private static final List<Check> ALL = List.of(new BigTransfer());

  private Checks() {}

  public static List<Check> all() {
    return ALL;
  }

  /** The check of this name. */
  public static Check named(String name) {
    return ALL.stream()
        .filter(c -> c.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "no check '" + name + "'; known: " + ALL.stream().map(Check::name).toList()));
  }

  /** Runs one and says what came of it. */
  public static CheckResult run(Lab lab, Check check) {
    lab.console().say("check %s: %s", check.name(), check.claim());
    CheckResult result = check.run(lab);
    result.measured().forEach((name, value) -> lab.console().say("  %s: %s", name, value));
    result.problems().forEach(problem -> lab.console().say("  PROBLEM: %s", problem));
    lab.console().say("check %s: %s", check.name(), result.passed() ? "passed" : "FAILED");
    return result;
  }
}
