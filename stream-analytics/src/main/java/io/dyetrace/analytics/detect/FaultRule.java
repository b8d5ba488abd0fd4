package io.dyetrace.analytics.detect;

import io.dyetrace.common.registry.FaultClass;
import java.time.Duration;
import java.util.List;

/**
 * How one class of fault is recognised. Keeps no state: everything it needs is in the evaluation.
 */
interface FaultRule {
  /** The class it recognises. */
  FaultClass faultClass();

  /**
   * Its evidence is, in part, something that did not come: not to be believed before the input is
   * caught up.
   */
  boolean concludesFromSilence();

  /** Whether verdicts of this kind are its own; those of its class, as a rule. */
  default boolean judges(Hypothesis h) {
    return h.faultClass() == faultClass();
  }

  /** Every component that seems to have the fault now. */
  List<Suspicion> suspects(Evaluation now);

  /** Whether a component that had the fault has it still. */
  Health health(Evaluation now, Hypothesis open);

  /**
   * How long {@link #health} must have said healthy without a break; most rules look back over the
   * whole time themselves.
   */
  default Duration healthyHold(DetectorConfig.Verdicts config) {
    return config.holdFor();
  }
}
