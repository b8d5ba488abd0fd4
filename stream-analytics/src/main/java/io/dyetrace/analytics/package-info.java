/** The Flink job: from telemetry in Kafka to verdicts in Kafka and rows in ClickHouse. */
@NullMarked
package io.dyetrace.analytics;

import org.jspecify.annotations.NullMarked;
