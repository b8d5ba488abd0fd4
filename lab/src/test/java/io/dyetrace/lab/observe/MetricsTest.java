package io.dyetrace.lab.observe;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class MetricsTest {
  @Test
  void shouldReadSamplesByNameWithTheirLabels() {
    Metrics metrics =
        Metrics.parse(
            """
            # HELP up help
            # TYPE up gauge
            up{node="gw-1"} 1.0
            up{node="gw-2"} 0.0
            uptime_seconds 1.5E3
            worst +Inf
            """);

    assertThat(metrics.named("up"))
        .containsEntry("{node=\"gw-1\"}", 1.0)
        .containsEntry("{node=\"gw-2\"}", 0.0)
        .hasSize(2);
    assertThat(metrics.named("uptime_seconds")).containsEntry("", 1500.0);
    assertThat(metrics.named("worst")).containsEntry("", Double.POSITIVE_INFINITY);
  }
}
