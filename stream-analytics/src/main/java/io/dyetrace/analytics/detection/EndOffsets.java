package io.dyetrace.analytics.detection;

import java.io.Serializable;
import java.util.Map;

/** Asks the broker how much there is to read. */
public interface EndOffsets extends AutoCloseable {
  /** What a partition holds: the first offset that is kept and the one after the last. */
  record Range(long first, long end) {}

  /**
   * Every partition of the detection's topics by name ({@code dyetrace.points-0}).
   *
   * @throws Exception when the broker does not answer in time
   */
  Map<String, Range> fetch() throws Exception;

  @Override
  void close();

  /** Travels to where the operator runs and connects there. */
  @FunctionalInterface
  interface Factory extends Serializable {
    /** Connects lazily: an unreachable broker shows in {@link EndOffsets#fetch}. */
    EndOffsets create();
  }
}
