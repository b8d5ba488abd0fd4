/** Kafka's ends of the job. */
@NullMarked
package io.dyetrace.analytics.kafka;

import org.jspecify.annotations.NullMarked;
