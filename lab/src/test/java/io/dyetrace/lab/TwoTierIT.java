package io.dyetrace.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.dyetrace.lab.observe.LabStatus;
import io.dyetrace.lab.plan.LabPaths;
import io.dyetrace.lab.plan.LabTopology;
import io.dyetrace.lab.system.Console;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Both tiers on real packets. */
class TwoTierIT extends RunningLab {
  TwoTierIT() {
    super(LabTopology.TWO_TIER);
  }

  @Test
  @Order(1)
  void shouldBeFoundAsItIsByTheNextCommand() {
    Lab again = new Lab(LabPaths.standard(), new Console(true));

    assertThat(again.plan().topology()).isEqualTo(LabTopology.TWO_TIER);
    assertThat(LabStatus.of(again).complaints(again)).isEmpty();
  }

  @ParameterizedTest
  @Order(2)
  @ValueSource(strings = {"big-transfer", "no-colour-at-server", "two-tier", "nothing-lost"})
  void shouldPass(String check) {
    pass(check);
  }
}
