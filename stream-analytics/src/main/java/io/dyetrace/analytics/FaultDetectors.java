package io.dyetrace.analytics;

import io.dyetrace.analytics.detect.DetectorConfig;
import io.dyetrace.analytics.detect.FaultDetector;
import io.dyetrace.analytics.detection.Detector;
import io.dyetrace.analytics.detection.Parameters;
import io.dyetrace.analytics.detection.PastVerdicts;
import io.dyetrace.analytics.flow.Flows;
import io.dyetrace.common.config.ConfigException;
import io.dyetrace.common.config.StrictYaml;
import io.dyetrace.common.record.CounterBatch;
import io.dyetrace.common.record.Evidence;
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
  public Detector create(String cluster, Parameters parameters) {
    FaultDetector detector = new FaultDetector(part(cluster), config(cluster, parameters));
    detector.adopt(past.read());
    LOG.info("detection of a new cluster: {}", detector.falseAlarmBudget());
    return new Adapter(detector, cluster, parameters);
  }

  @Override
  public Detector restore(String cluster, Parameters parameters, byte[] snapshot) {
    FaultDetector detector =
        FaultDetector.restore(part(cluster), config(cluster, parameters), snapshot);
    detector.adopt(past.read());
    return new Adapter(detector, cluster, parameters);
  }

  /** How the topology's replies are told apart. */
  public Flows flows() {
    return Flows.of(topology());
  }

  /** What is the cluster's own: nobody misses in one what only another has. */
  private Topology part(String cluster) {
    String region = topology().region() + "/";
    Topology part =
        topology().part(cluster.startsWith(region) ? cluster.substring(region.length()) : "");
    if (part.components().isEmpty()) {
      LOG.warn("{}: records come from it, and the topology names nothing there", cluster);
    }
    return part;
  }

  private Topology topology() {
    Topology parsed = topology;
    if (parsed == null) {
      parsed = Topology.parse(topologyText, "topology");
      topology = parsed;
    }
    return parsed;
  }

  /**
   * The configuration with the changes over it. They were right when they came; what a later
   * version no longer knows is left out.
   */
  private DetectorConfig config(String cluster, Parameters parameters) {
    String document = StrictYaml.block(configText, "configuration", "detection");
    DetectorConfig config = StrictYaml.parse(document, "detection", DetectorConfig.class);
    for (String change : parameters.documents()) {
      try {
        String changed = StrictYaml.merge(List.of(document, change), "parameters of " + cluster);
        config = StrictYaml.parse(changed, "parameters of " + cluster, DetectorConfig.class);
        document = changed;
      } catch (ConfigException e) {
        LOG.error("{}: changed parameters are not applied: {}", cluster, e.getMessage());
      }
    }
    return config;
  }

  private final class Adapter implements Detector {
    private final FaultDetector detector;
    private final String cluster;
    private final Parameters parameters;

    Adapter(FaultDetector detector, String cluster, Parameters parameters) {
      this.detector = detector;
      this.cluster = cluster;
      this.parameters = parameters;
    }

    @Override
    public Detector with(Parameters changed) {
      FaultDetector same =
          FaultDetector.restore(part(cluster), config(cluster, changed), detector.snapshot());
      return new Adapter(same, cluster, changed);
    }

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
      List<Verdict> verdicts = detector.advance(eventTimeNs, caughtUp);
      return parameters.version() == 0 || verdicts.isEmpty()
          ? verdicts
          : verdicts.stream().map(this::withParameters).toList();
    }

    private Verdict withParameters(Verdict verdict) {
      return verdict.toBuilder()
          .addEvidence(
              Evidence.newBuilder()
                  .setMeasure("parameters_version")
                  .setValue(parameters.version())
                  .setObservations(1)
                  .setSummary("Judged with parameters that were changed at run time."))
          .build();
    }

    @Override
    public byte[] snapshot() {
      return detector.snapshot();
    }
  }
}
