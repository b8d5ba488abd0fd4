package io.dyetrace.analytics.detection;

import java.util.List;

/**
 * What was changed at run time about one detector.
 *
 * @param version of the newest change; 0 when nothing is changed
 * @param documents in the form of the configuration's block {@code detection}; a later one stands
 *     over an earlier one, all over the configuration
 */
public record Parameters(long version, List<String> documents) {
  public static final Parameters UNCHANGED = new Parameters(0, List.of());

  /** Copies the list. */
  public Parameters {
    documents = List.copyOf(documents);
  }
}
