package io.dyetrace.common.colour;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class EpochsTest {
  private static final long SECOND_NS = 1_000_000_000L;
  private static final long START_NS = 1_767_225_600L * SECOND_NS;
  private static final long EPOCH = 1_767_225_600L / 30;

  @Test
  void shouldCountThirtySecondsAnEpoch() {
    assertThat(Epochs.of(START_NS)).isEqualTo(EPOCH);
    assertThat(Epochs.of(START_NS + 30 * SECOND_NS - 1)).isEqualTo(EPOCH);
    assertThat(Epochs.of(START_NS + 30 * SECOND_NS)).isEqualTo(EPOCH + 1);
  }

  @Test
  void shouldAcceptTheCurrentEpochThroughout() {
    for (int second = 0; second < 30; second++) {
      assertThat(Epochs.accepts(EPOCH, START_NS + second * SECOND_NS)).isTrue();
    }
  }

  @Test
  void shouldAcceptTheEpochBeforeForTwoSeconds() {
    assertThat(Epochs.accepts(EPOCH - 1, START_NS)).isTrue();
    assertThat(Epochs.accepts(EPOCH - 1, START_NS + 2 * SECOND_NS - 1)).isTrue();
    assertThat(Epochs.accepts(EPOCH - 1, START_NS + 2 * SECOND_NS)).isFalse();
  }

  @Test
  void shouldAcceptTheEpochAfterForTheLastTwoSeconds() {
    assertThat(Epochs.accepts(EPOCH + 1, START_NS + 28 * SECOND_NS - 1)).isFalse();
    assertThat(Epochs.accepts(EPOCH + 1, START_NS + 28 * SECOND_NS)).isTrue();
    assertThat(Epochs.accepts(EPOCH + 1, START_NS + 30 * SECOND_NS - 1)).isTrue();
  }

  @Test
  void shouldAcceptNoOtherEpoch() {
    for (int second = 0; second < 30; second++) {
      assertThat(Epochs.accepts(EPOCH - 2, START_NS + second * SECOND_NS)).isFalse();
      assertThat(Epochs.accepts(EPOCH + 2, START_NS + second * SECOND_NS)).isFalse();
    }
  }
}
