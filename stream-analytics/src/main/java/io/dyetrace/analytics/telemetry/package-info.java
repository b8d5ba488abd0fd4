/** What comes in: records of the Kafka topics, read, checked and typed for Flink. */
@NullMarked
package io.dyetrace.analytics.telemetry;

import org.jspecify.annotations.NullMarked;
