package io.dyetrace.analytics.detection;

import io.dyetrace.common.record.CounterBatch;
import io.dyetrace.common.record.PointBatch;
import io.dyetrace.common.record.ProbeBatch;
import io.dyetrace.common.record.Verdict;
import java.io.Serializable;
import java.util.List;

/** What the operator needs of a fault detector: {@code detect.FaultDetector}, or a test's own. */
public interface Detector {
  void accept(ProbeBatch batch);

  void accept(PointBatch batch);

  void accept(CounterBatch batch);

  /** Judges everything decidable at this event time; see {@code FaultDetector#advance}. */
  List<Verdict> advance(long eventTimeNs, boolean caughtUp);

  byte[] snapshot();

  /** One with other parameters that knows what this one does and takes its place. */
  Detector with(Parameters parameters);

  /** Makes detectors where the operator runs. */
  interface Factory extends Serializable {
    /**
     * A detector that knows nothing yet.
     *
     * @param cluster whose it is, by the key of its records: {@code region/cluster}
     */
    Detector create(String cluster, Parameters parameters);

    /**
     * One that goes on where the one stood that wrote the snapshot, whatever its parameters were.
     * Throws when the snapshot is not one that this version reads.
     */
    Detector restore(String cluster, Parameters parameters, byte[] snapshot);
  }
}
