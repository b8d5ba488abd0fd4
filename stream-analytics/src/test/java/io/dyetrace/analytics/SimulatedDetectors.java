package io.dyetrace.analytics;

import io.dyetrace.analytics.detection.Detector;
import io.dyetrace.common.record.Verdict;
import org.apache.flink.api.common.typeinfo.TypeInformation;

/** The job's own detectors with default thresholds, for a topology given as text. */
public final class SimulatedDetectors {
  private static final String CONFIG =
      """
      kafka: {bootstrap_servers: "127.0.0.1:9092"}
      clickhouse: {url: "http://127.0.0.1:8123"}
      topology: topology.yaml
      checkpoints: {directory: /tmp/checkpoints}
      """;

  private SimulatedDetectors() {}

  /** The type of what they give, as the job has it. */
  public static TypeInformation<Verdict> verdictType() {
    return ProtobufTypes.VERDICT;
  }

  public static Detector.Factory of(String topologyYaml) {
    return new FaultDetectors(CONFIG, topologyYaml);
  }
}
