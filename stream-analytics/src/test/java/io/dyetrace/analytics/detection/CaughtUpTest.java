package io.dyetrace.analytics.detection;

import static org.assertj.core.api.Assertions.assertThat;

import io.dyetrace.analytics.detection.EndOffsets.Range;
import java.util.Map;
import org.junit.jupiter.api.Test;

class CaughtUpTest {
  private final CaughtUp caughtUp = new CaughtUp();

  @Test
  void shouldClaimNothingBeforeTheBrokerAnswered() {
    caughtUp.read(Map.of("a-0", 100L));
    assertThat(caughtUp.readUntilMs()).isEqualTo(Long.MIN_VALUE);
  }

  @Test
  void shouldHaveReadWhatWasThereWhenItAskedOnceItPassedTheAnswer() {
    caughtUp.answered(1_000, Map.of("a-0", new Range(0, 10), "b-0", new Range(0, 5)));
    caughtUp.read(Map.of("a-0", 10L, "b-0", 4L));
    assertThat(caughtUp.readUntilMs()).isEqualTo(Long.MIN_VALUE);
    assertThat(caughtUp.lagRecords()).isEqualTo(1);
    caughtUp.read(Map.of("b-0", 5L));
    assertThat(caughtUp.readUntilMs()).isEqualTo(1_000);
    assertThat(caughtUp.lagRecords()).isZero();
  }

  @Test
  void shouldPassOlderAnswersWhileNewRecordsKeepComing() {
    for (int i = 0; i < 50; i++) {
      caughtUp.answered(1_000 + i * 200L, Map.of("a-0", new Range(0, 10 + i)));
      caughtUp.read(Map.of("a-0", 8L + i));
    }
    // It never reaches the newest end, and is always two records, that is two answers, behind.
    assertThat(caughtUp.readUntilMs()).isEqualTo(1_000 + 47 * 200);
  }

  @Test
  void shouldNotWaitForAPartitionWithoutRecords() {
    caughtUp.answered(1_000, Map.of("a-0", new Range(0, 0), "b-0", new Range(7, 7)));
    assertThat(caughtUp.readUntilMs()).isEqualTo(1_000);
  }

  @Test
  void shouldFallBehindWhenTheBrokerAnswersAndNothingIsRead() {
    caughtUp.answered(1_000, Map.of("a-0", new Range(0, 10)));
    caughtUp.read(Map.of("a-0", 10L));
    assertThat(caughtUp.readUntilMs()).isEqualTo(1_000);
    for (int i = 1; i < 500; i++) {
      caughtUp.answered(1_000 + i * 200L, Map.of("a-0", new Range(0, 11)));
    }
    assertThat(caughtUp.readUntilMs()).isEqualTo(1_000);
    assertThat(caughtUp.lagRecords()).isEqualTo(1);
  }
}
