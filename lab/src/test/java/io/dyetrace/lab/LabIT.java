package io.dyetrace.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.dyetrace.lab.observe.LabStatus;
import io.dyetrace.lab.plan.LabTopology;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The shorter acceptance checks against one lab. */
class LabIT extends RunningLab {
  LabIT() {
    super(LabTopology.ONE_TIER);
  }

  @Test
  @Order(1)
  void shouldBeHealthyAndSayThatItIsUpAlready() {
    lab().up();

    assertThat(LabStatus.of(lab()).complaints(lab())).isEmpty();
  }

  @ParameterizedTest
  @Order(2)
  @ValueSource(
      strings = {
        "big-transfer",
        "no-colour-at-server",
        "one-node-each-way",
        "false-colours",
        "paging",
        "kill-prober-1",
        "kill-analytics",
        "every-fault"
      })
  void shouldPass(String check) {
    pass(check);
  }
}
