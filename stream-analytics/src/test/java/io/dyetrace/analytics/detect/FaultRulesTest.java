package io.dyetrace.analytics.detect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dyetrace.analytics.sim.SimTopology;
import io.dyetrace.common.registry.FaultClass;
import org.junit.jupiter.api.Test;

class FaultRulesTest {
  @Test
  void shouldHaveOneRulePerClassOfThisRelease() {
    assertThat(FaultRules.ALL)
        .extracting(FaultRule::faultClass)
        .containsExactlyInAnyOrder(
            FaultClass.NODE_CRASH,
            FaultClass.NODE_JITTER,
            FaultClass.PROBER_FAULT,
            FaultClass.BACKEND_DOWN,
            FaultClass.LINK_LOSS,
            FaultClass.CONFIG_ERROR,
            FaultClass.LINK_LOSS,
            FaultClass.NODE_OVERLOAD,
            FaultClass.VIP_ATTACK,
            FaultClass.VIP_OVERLOAD,
            FaultClass.NO_DATA);
  }

  @Test
  void shouldRefuseASnapshotOfAnotherVersionOrCutShort() {
    byte[] whole = new FaultDetector(SimTopology.lab(), DetectorConfig.defaults()).snapshot();
    byte[] other = whole.clone();
    other[3] = 99;
    byte[] cut = java.util.Arrays.copyOf(whole, whole.length - 2);

    assertThatThrownBy(() -> restore(other)).hasMessageContaining("version 99");
    assertThatThrownBy(() -> restore(cut)).isInstanceOf(IllegalArgumentException.class);
  }

  private static FaultDetector restore(byte[] snapshot) {
    return FaultDetector.restore(SimTopology.lab(), DetectorConfig.defaults(), snapshot);
  }
}
