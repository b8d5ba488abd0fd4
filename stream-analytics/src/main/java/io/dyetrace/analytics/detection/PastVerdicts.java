package io.dyetrace.analytics.detection;

import io.dyetrace.common.record.Verdict;
import java.io.Serializable;
import java.util.List;

/**
 * What was told before. A job that is killed may have told more than its last checkpoint knows, and
 * what it opened then nobody else would ever close.
 */
@FunctionalInterface
public interface PastVerdicts extends Serializable {
  /** Nothing was. */
  PastVerdicts NONE = List::of;

  /** Every revision that is still to be had, in any order, repetitions included. */
  List<Verdict> read();
}
