package io.dyetrace.lab.check;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a check found.
 *
 * @param measured names and values, in the order of measuring
 * @param problems why the claim does not hold; empty when it does
 */
public record CheckResult(Map<String, Object> measured, List<String> problems) {
  public boolean passed() {
    return problems.isEmpty();
  }

  static Builder builder() {
    return new Builder();
  }

  /** Collects. */
  static final class Builder {
    private final Map<String, Object> measured = new LinkedHashMap<>();
    private final List<String> problems = new ArrayList<>();

    Builder measured(String name, Object value) {
      measured.put(name, value);
      return this;
    }

    Builder require(boolean condition, String problem, Object... arguments) {
      if (!condition) {
        problems.add(String.format(problem, arguments));
      }
      return this;
    }

    CheckResult build() {
      return new CheckResult(measured, List.copyOf(problems));
    }
  }
}
