package io.dyetrace.mesh;

import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;

/** What the receiver counts of itself. */
final class MeshMetrics {
  private final Counter latencies;
  private final Counter refused;
  private final Counter ignored;
  private final Counter kafkaFailures;

  MeshMetrics(PrometheusRegistry registry) {
    latencies =
        Counter.builder()
            .name("dyetrace_mesh_latency_records_total")
            .help("Request-duration histograms taken in.")
            .register(registry);
    refused =
        Counter.builder()
            .name("dyetrace_mesh_refused_total")
            .help("Request-duration metrics that could not be used; the exporter was told why.")
            .register(registry);
    ignored =
        Counter.builder()
            .name("dyetrace_mesh_ignored_metrics_total")
            .help("Metrics that are not request durations.")
            .register(registry);
    kafkaFailures =
        Counter.builder()
            .name("dyetrace_mesh_kafka_failures_total")
            .help("Exports answered UNAVAILABLE because Kafka did not take them.")
            .register(registry);
  }

  void converted(OtlpConverter.Result result) {
    latencies.inc(result.latencies().size());
    refused.inc(result.refused().size());
    ignored.inc(result.ignored());
  }

  void kafkaFailed() {
    kafkaFailures.inc();
  }
}
