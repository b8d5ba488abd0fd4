package io.dyetrace.benchmarks.campaign;

import io.dyetrace.common.record.Verdict;
import io.dyetrace.common.record.VerdictState;
import io.dyetrace.common.registry.FaultClass;
import java.util.Locale;

/** What a verdict said, and when, in simulated time. */
record Said(long atNs, VerdictState state, String faultClass, String component, double confidence) {
  static Said of(long atNs, Verdict v) {
    return new Said(
        atNs,
        v.getState(),
        FaultClass.nameOf(v.getFaultClass()),
        v.getComponent(),
        v.getConfidence());
  }

  boolean opens() {
    return state == VerdictState.OPEN;
  }

  @Override
  public String toString() {
    return String.format(Locale.ROOT, "%.1f s %s %s/%s", atNs / 1e9, state, faultClass, component);
  }
}
