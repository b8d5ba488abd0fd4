package io.dyetrace.benchmarks.job;

import io.dyetrace.analytics.detection.Detector;
import io.dyetrace.analytics.detection.Parameters;
import io.dyetrace.common.record.CounterBatch;
import io.dyetrace.common.record.PointBatch;
import io.dyetrace.common.record.ProbeBatch;
import io.dyetrace.common.record.Verdict;
import java.util.List;

/** Takes everything and says nothing: what is left is the job's own cost. */
final class NoDetector implements Detector {
  /** Makes them. */
  static final class Factory implements Detector.Factory {
    private static final long serialVersionUID = 1L;

    @Override
    public Detector create(String cluster, Parameters parameters) {
      return new NoDetector();
    }

    @Override
    public Detector restore(String cluster, Parameters parameters, byte[] snapshot) {
      return create(cluster, parameters);
    }
  }

  @Override
  public void accept(ProbeBatch batch) {}

  @Override
  public void accept(PointBatch batch) {}

  @Override
  public void accept(CounterBatch batch) {}

  @Override
  public List<Verdict> advance(long eventTimeNs, boolean caughtUp) {
    return List.of();
  }

  @Override
  public Detector with(Parameters parameters) {
    return this;
  }

  @Override
  public byte[] snapshot() {
    return new byte[0];
  }
}
