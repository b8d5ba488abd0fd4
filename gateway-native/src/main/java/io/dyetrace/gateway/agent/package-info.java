/** The gateway agent: drains telemetry files into Kafka and serves the gateway's metrics. */
@NullMarked
package io.dyetrace.gateway.agent;

import org.jspecify.annotations.NullMarked;
