package io.dyetrace.storage.embedded;

import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.model.registry.PrometheusRegistry;

/** The embedded engine's metrics. */
final class EmbeddedMetrics {
  private static final double[] SECONDS = {
    .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10, 60
  };

  private final Counter requests;
  private final Histogram seconds;
  private final Counter sentBytes;

  EmbeddedMetrics(PrometheusRegistry registry, Engine engine) {
    requests =
        Counter.builder()
            .name("dyetrace_clickhouse_requests_total")
            .help("Requests answered: ok, refused (the engine's error), failed, broken_off")
            .labelNames("outcome")
            .register(registry);
    seconds =
        Histogram.builder()
            .name("dyetrace_clickhouse_request_seconds")
            .help("From the request's first byte to the answer's last")
            .classicOnly()
            .classicUpperBounds(SECONDS)
            .register(registry);
    sentBytes =
        Counter.builder()
            .name("dyetrace_clickhouse_result_bytes_total")
            .help("Bytes of results, before compression")
            .register(registry);
    GaugeWithCallback.builder()
        .name("dyetrace_clickhouse_statements_running")
        .help("Statements that run now")
        .callback(callback -> callback.call(engine.busy()))
        .register(registry);
  }

  void request(String outcome, long durationNs) {
    requests.labelValues(outcome).inc();
    seconds.observe(durationNs / 1e9);
  }

  void sent(long bytes) {
    sentBytes.inc(bytes);
  }
}
