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
          new ConfigErrorRule(),
          new LinkLossRule(),
          new NodeOverloadRule(),
          new VipAttackRule(),
          new VipOverloadRule(),
          new NoDataRule());

  private FaultRules() {}
}
