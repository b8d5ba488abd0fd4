package io.dyetrace.analytics;

import io.dyetrace.analytics.detection.EndOffsets;
import io.dyetrace.analytics.telemetry.Telemetry;
import org.apache.flink.api.connector.source.Source;

/**
 * Where the job's input comes from.
 *
 * @param detection probes, points and counters, keyed by cluster
 * @param storage every topic, verdicts included, keyed by sender
 * @param endOffsets how much there is for the detection to read
 */
public record JobSources(
    Source<Telemetry, ?, ?> detection,
    Source<Telemetry, ?, ?> storage,
    EndOffsets.Factory endOffsets) {}
