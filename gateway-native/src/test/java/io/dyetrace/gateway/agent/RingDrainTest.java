package io.dyetrace.gateway.agent;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class RingDrainTest {
  private static final long BOOT = 1_000;

  private final RingDrain ring = new RingDrain(5, BOOT);

  @Test
  void shouldGiveBackOnlyWhatWasAcknowledgedWithoutAGap() {
    RingDrain.Segment first = ring.read(10, 1);
    RingDrain.Segment second = ring.read(3, 1);
    assertThat(ring.position()).isEqualTo(18);
    assertThat(ring.inFlight()).isEqualTo(13);

    second.acknowledged();
    assertThat(ring.commitDue()).isFalse();
    assertThat(ring.acknowledgedTail()).isEqualTo(5);

    first.acknowledged();
    assertThat(ring.commitDue()).isTrue();
    assertThat(ring.acknowledgedTail()).isEqualTo(18);
    ring.committed();
    assertThat(ring.commitDue()).isFalse();
  }

  @Test
  void shouldWaitForEveryMessageOfABurst() {
    RingDrain.Segment segment = ring.read(10, 2);
    segment.acknowledged();
    assertThat(ring.acknowledgedTail()).isEqualTo(5);
    segment.acknowledged();
    assertThat(ring.acknowledgedTail()).isEqualTo(15);
  }

  @Test
  void shouldPassOverABurstWithoutAMessage() {
    RingDrain.Segment before = ring.read(1, 1);
    ring.read(10, 0);
    assertThat(ring.acknowledgedTail()).isEqualTo(5);
    before.acknowledged();
    assertThat(ring.acknowledgedTail()).isEqualTo(16);
  }

  @Test
  void shouldReadAgainFromTheFirstUnacknowledgedRecord() {
    RingDrain.Segment first = ring.read(10, 1);
    ring.read(10, 1);
    first.acknowledged();
    ring.rewind();
    assertThat(ring.position()).isEqualTo(15);
    assertThat(ring.inFlight()).isZero();
    ring.read(2, 1).acknowledged();
    assertThat(ring.acknowledgedTail()).isEqualTo(17);
  }

  @Test
  void shouldBeDrainedUntilNowWhenNothingIsThere() {
    assertThat(ring.drainedUntilNs()).isEqualTo(BOOT);
    ring.observe(2_000, 5);
    assertThat(ring.drainedUntilNs()).isEqualTo(2_000);
  }

  @Test
  void shouldBeDrainedOnlyUntilWhatKafkaAcknowledged() {
    ring.observe(2_000, 8);
    RingDrain.Segment first = ring.read(3, 1);
    ring.observe(3_000, 9);
    RingDrain.Segment second = ring.read(1, 1);
    ring.observe(4_000, 9);
    assertThat(ring.drainedUntilNs()).isEqualTo(BOOT);

    first.acknowledged();
    assertThat(ring.drainedUntilNs()).isEqualTo(2_000);
    second.acknowledged();
    assertThat(ring.drainedUntilNs()).isEqualTo(4_000);
  }

  @Test
  void shouldRememberABoundedNumberOfMarks() {
    for (int i = 1; i <= 10 * RingDrain.MAX_MARKS; i++) {
      ring.observe(BOOT + i, 5 + i);
      ring.read(1, 1);
    }
    RingDrain.Segment rest = ring.read(0, 1);
    assertThat(ring.drainedUntilNs()).isEqualTo(BOOT);
    ring.rewind();
    ring.read(10 * RingDrain.MAX_MARKS, 1).acknowledged();
    assertThat(ring.drainedUntilNs()).isEqualTo(BOOT + 10 * RingDrain.MAX_MARKS);
    assertThat(rest).isNotNull();
  }

  @Test
  void shouldNotTakeATimeBack() {
    ring.observe(3_000, 5);
    ring.observe(2_000, 5);
    assertThat(ring.drainedUntilNs()).isEqualTo(3_000);
  }
}
