package io.dyetrace.analytics.detect;

import io.dyetrace.common.record.CounterBatch;
import io.dyetrace.common.record.PointBatch;
import io.dyetrace.common.record.ProbeBatch;
import io.dyetrace.common.record.Verdict;
import java.util.List;

/**
 * Joins probe results with points and counters and gives verdicts. Not thread-safe; time enters as an argument.
 *
 * <pre>{@code
 * FaultDetector detector = new FaultDetector(network, DetectorConfig.defaults());
 * detector.accept(probeBatch);
 * detector.accept(counterBatch);
 * List<Verdict> revisions = detector.advance(eventTimeNs, true);
 * }</pre>
 */
public final class FaultDetector {
  public FaultDetector(NetworkModel network, DetectorConfig config) {}

  public void accept(ProbeBatch batch) {}

  public void accept(PointBatch batch) {}

  public void accept(CounterBatch batch) {}

  /**
   * Judges everything decidable at this event time.
   *
   * @param eventTimeNs the newest event time read from the input; with an idle input that is caught up it may follow the wall clock
   * @param caughtUp false while a backlog is read and for the first 10 s after a restore: nothing is then concluded from silence
   * @return the verdict revisions that are new, in order
   */
  public List<Verdict> advance(long eventTimeNs, boolean caughtUp) {
    return List.of();
  }

  /** Everything the detector knows, for {@link #restore}. */
  public byte[] snapshot() {
    return new byte[] {1};
  }

  /** A detector that goes on where the one that wrote the snapshot stood. */
  public static FaultDetector restore(NetworkModel network, DetectorConfig config, byte[] snapshot) {
    return new FaultDetector(network, config);
  }
}
