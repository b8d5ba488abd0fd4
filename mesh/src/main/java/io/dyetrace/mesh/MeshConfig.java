package io.dyetrace.mesh;

import io.dyetrace.common.config.Check;
import io.dyetrace.common.config.HostPort;
import io.dyetrace.common.config.KafkaConfig;
import io.dyetrace.common.config.MetricsConfig;

/**
 * The receiver's configuration; docs/reference/mesh.md tells each key.
 *
 * @param listen address and port of OTLP/gRPC, {@code 0.0.0.0:4317} by default
 * @param mostSeries cumulative series remembered, 100 to 10,000,000
 * @param mostMessageBytes largest request taken, 64 KiB to 64 MiB
 */
record MeshConfig(
    HostPort listen, KafkaConfig kafka, MetricsConfig metrics, Integer mostSeries, Integer mostMessageBytes) {
  MeshConfig {
    Check.required("kafka", kafka);
    Check.required("metrics", metrics);
    listen = Check.orDefault(listen, new HostPort("0.0.0.0", 4317));
    mostSeries = Check.range("most_series", Check.orDefault(mostSeries, 100_000), 100, 10_000_000);
    mostMessageBytes =
        Check.range("most_message_bytes", Check.orDefault(mostMessageBytes, 4 << 20), 64 << 10, 64 << 20);
  }
}
