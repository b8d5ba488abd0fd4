package io.dyetrace.analytics.detect;

import io.dyetrace.common.record.Evidence;
import java.util.List;

/**
 * What a rule has found: a fault with enough evidence to be looked at, not yet a verdict.
 *
 * @param firstBadNs the oldest evidence
 * @param lastBadNs the newest evidence
 * @param explains the bad probes it explains, oldest first
 * @param telemetryNats log-likelihood ratio of the evidence that is not in the probes: heartbeats,
 *     gaps, drop rates
 * @param affectedVips sorted
 * @param evidenceSql shows the evidence in ClickHouse
 * @param alternatives other names for the same fault: what else it may be without being a rival
 */
record Suspicion(
    Hypothesis hypothesis,
    long firstBadNs,
    long lastBadNs,
    List<JudgedProbe> explains,
    double telemetryNats,
    List<Evidence> evidence,
    List<String> affectedVips,
    String evidenceSql,
    List<Arbiter.Rated> alternatives) {
  Suspicion(
      Hypothesis hypothesis,
      long firstBadNs,
      long lastBadNs,
      List<JudgedProbe> explains,
      double telemetryNats,
      List<Evidence> evidence,
      List<String> affectedVips,
      String evidenceSql) {
    this(
        hypothesis,
        firstBadNs,
        lastBadNs,
        explains,
        telemetryNats,
        evidence,
        affectedVips,
        evidenceSql,
        List.of());
  }
}
