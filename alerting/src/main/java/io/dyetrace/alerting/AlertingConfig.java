package io.dyetrace.alerting;

import io.dyetrace.common.config.Check;
import io.dyetrace.common.config.KafkaConfig;
import io.dyetrace.common.config.MetricsConfig;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The notifier's configuration; docs/reference/alerting.md tells each key. */
record AlertingConfig(KafkaConfig kafka, Alertmanager alertmanager, MetricsConfig metrics) {
  AlertingConfig {
    Check.required("kafka", kafka);
    Check.required("alertmanager", alertmanager);
    Check.required("metrics", metrics);
  }

  /**
   * Where alerts go and how often.
   *
   * @param urls every Alertmanager of the cluster: they deduplicate among themselves
   * @param resendInterval how often open alerts are sent again, 1 s to 10 min; an alert not sent
   *     for four times as long ends
   * @param retryInterval how soon a failed post is tried again, 100 ms to 1 min
   * @param keepResolved how long a resolved alert is still sent, 1 min to 1 d
   * @param generatorUrl a page to link from every alert, or none
   */
  record Alertmanager(
      List<URI> urls,
      Duration timeout,
      Duration resendInterval,
      Duration retryInterval,
      Duration keepResolved,
      @Nullable String generatorUrl) {
    Alertmanager {
      urls = List.copyOf(Check.required("alertmanager.urls", urls));
      Check.range("alertmanager.urls' length", urls.size(), 1, 16);
      for (URI url : urls) {
        if (!"http".equals(url.getScheme()) && !"https".equals(url.getScheme())) {
          throw new IllegalArgumentException(
              "alertmanager.urls: " + url + " is not an http or https address");
        }
      }
      timeout =
          Check.range(
              "alertmanager.timeout",
              Check.orDefault(timeout, Duration.ofSeconds(5)),
              Duration.ofMillis(100),
              Duration.ofMinutes(1));
      resendInterval =
          Check.range(
              "alertmanager.resend_interval",
              Check.orDefault(resendInterval, Duration.ofSeconds(30)),
              Duration.ofSeconds(1),
              Duration.ofMinutes(10));
      retryInterval =
          Check.range(
              "alertmanager.retry_interval",
              Check.orDefault(retryInterval, Duration.ofSeconds(2)),
              Duration.ofMillis(100),
              Duration.ofMinutes(1));
      keepResolved =
          Check.range(
              "alertmanager.keep_resolved",
              Check.orDefault(keepResolved, Duration.ofMinutes(15)),
              Duration.ofMinutes(1),
              Duration.ofDays(1));
    }
  }
}
