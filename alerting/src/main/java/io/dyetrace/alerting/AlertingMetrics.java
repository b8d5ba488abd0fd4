package io.dyetrace.alerting;

import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Gauge;
import io.prometheus.metrics.model.registry.PrometheusRegistry;

/** What the notifier counts of itself. */
final class AlertingMetrics {
  private final Counter verdicts;
  private final Counter unreadable;
  private final Counter posts;
  private final Counter postFailures;
  private final Counter kafkaFailures;
  private final Gauge open;

  AlertingMetrics(PrometheusRegistry registry) {
    verdicts =
        Counter.builder()
            .name("dyetrace_alerting_verdicts_total")
            .help("Verdicts read from Kafka.")
            .register(registry);
    unreadable =
        Counter.builder()
            .name("dyetrace_alerting_verdicts_unreadable_total")
            .help("Records of the verdict topic that are no verdicts.")
            .register(registry);
    posts =
        Counter.builder()
            .name("dyetrace_alerting_alerts_posted_total")
            .help("Alerts that an Alertmanager took, repeats included.")
            .register(registry);
    postFailures =
        Counter.builder()
            .name("dyetrace_alerting_post_failures_total")
            .help("Posts that no Alertmanager took; they are tried again.")
            .register(registry);
    kafkaFailures =
        Counter.builder()
            .name("dyetrace_alerting_kafka_failures_total")
            .help("Failed reads from Kafka; they are tried again.")
            .register(registry);
    open =
        Gauge.builder()
            .name("dyetrace_alerting_open_verdicts")
            .help("Verdicts open now.")
            .register(registry);
  }

  void verdictRead() {
    verdicts.inc();
  }

  void verdictUnreadable() {
    unreadable.inc();
  }

  void posted(int alerts) {
    posts.inc(alerts);
  }

  void postFailed() {
    postFailures.inc();
  }

  void kafkaFailed() {
    kafkaFailures.inc();
  }

  void open(long count) {
    open.set(count);
  }
}
