package io.dyetrace.analytics;

import io.dyetrace.analytics.telemetry.Telemetry.Unreadable;
import io.dyetrace.common.record.Verdict;
import io.dyetrace.storage.row.StorageRow;
import org.apache.flink.api.connector.sink2.Sink;

/**
 * Where the job's output goes.
 *
 * @param verdicts from the detection, at once
 * @param rows from the storage pipeline, exactly once
 * @param deadLetters what could not be read
 */
public record JobSinks(
    Sink<Verdict> verdicts, Sink<StorageRow> rows, Sink<Unreadable> deadLetters) {}
