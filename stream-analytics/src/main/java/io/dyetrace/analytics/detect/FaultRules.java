package io.dyetrace.analytics.detect;

import java.util.List;

/**
 * The table of fault classes: a new class is a line here, a {@link FaultRule}, a row in {@link
 * Likelihood} and a test.
 */
final class FaultRules {
  static final List<FaultRule> ALL =
      List.of(
          new NodeCrashRule(),
          new NodeJitterRule(),
          new ProberFaultRule(),
          new BackendDownRule(),
          new CommonPathRule(),
          new ConfigErrorRule(),
          new LinkLossRule(),
          new NodeOverloadRule(),
          new VipAttackRule(),
          new VipOverloadRule(),
          new NoDataRule());

  private FaultRules() {}

  /** The rule that tells whether an open verdict's component is well again. */
  static FaultRule of(Hypothesis h) {
    return ALL.stream()
        .filter(r -> r.judges(h))
        .findFirst()
        .orElseThrow(() -> new IllegalStateException("no rule for " + h.faultId()));
  }
}
