package io.dyetrace.analytics;

import io.dyetrace.analytics.detect.DetectorConfig;
import io.dyetrace.analytics.detect.FaultDetector;
import io.dyetrace.analytics.detection.Detector;
import io.dyetrace.analytics.detection.PastVerdicts;
import io.dyetrace.analytics.flow.Flows;
import io.dyetrace.common.config.StrictYaml;
import io.dyetrace.common.record.CounterBatch;
import io.dyetrace.common.record.PointBatch;
import io.dyetrace.common.record.ProbeBatch;
import io.dyetrace.common.record.Verdict;
import io.dyetrace.common.topology.Topology;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes fault detectors where the operator runs. Topology and configuration travel there as the
 * texts of their files.
 */
public final class FaultDetectors implements Detector.Factory {
  private static final Logger LOG = LoggerFactory.getLogger(FaultDetectors.class);
  private static final long serialVersionUID = 1L;

  private final String configText;
  private final String topologyText;
  private final PastVerdicts past;
  private transient @Nullable Topology topology;
  private transient @Nullable DetectorConfig config;

  public FaultDetectors(String configText, String topologyText) {
    this(configText, topologyText, PastVerdicts.NONE);
  }

  private FaultDetectors(String configText, String topologyText, PastVerdicts past) {
    this.configText = configText;
    this.topologyText = topologyText;
    this.past = past;
  }

  /** The same, whose detectors take up what was told after their last checkpoint. */
  public FaultDetectors after(PastVerdicts told) {
    return new FaultDetectors(configText, topologyText, told);
  }

  @Override
  public Detector create() {
    FaultDetector detector = new FaultDetector(topology(), config());
    detector.adopt(past.read());
    LOG.info("detection of a new cluster: {}", detector.falseAlarmBudget());
    return new Adapter(detector);
  }

  @Override
  public Detector restore(byte[] snapshot) {
    FaultDetector detector = FaultDetector.restore(topology(), config(), snapshot);
    detector.adopt(past.read());
    return new Adapter(detector);
  }

  /** How the topology's replies are told apart. */
  public Flows flows() {
    return Flows.of(topology());
  }

  private Topology topology() {
    Topology parsed = topology;
    if (parsed == null) {
      parsed = Topology.parse(topologyText, "topology");
      topology = parsed;
    }
    return parsed;
  }

  private DetectorConfig config() {
    DetectorConfig parsed = config;
    if (parsed == null) {
      parsed = StrictYaml.parse(configText, "configuration", AnalyticsConfig.class).detection();
      config = parsed;
    }
    return parsed;
  }

  private record Adapter(FaultDetector detector) implements Detector {
    @Override
    public void accept(ProbeBatch batch) {
      detector.accept(batch);
    }

    @Override
    public void accept(PointBatch batch) {
      detector.accept(batch);
    }

    @Override
    public void accept(CounterBatch batch) {
      detector.accept(batch);
    }

    @Override
    public List<Verdict> advance(long eventTimeNs, boolean caughtUp) {
      return detector.advance(eventTimeNs, caughtUp);
    }

    @Override
    public byte[] snapshot() {
      return detector.snapshot();
    }
  }
}
