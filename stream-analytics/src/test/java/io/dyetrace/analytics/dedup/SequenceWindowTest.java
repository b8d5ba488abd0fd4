package io.dyetrace.analytics.dedup;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataOutputSerializer;
import org.junit.jupiter.api.Test;

class SequenceWindowTest {
  @Test
  void shouldKnowEveryNumberExactlyOnceInAnyOrder() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    SequenceWindow window = new SequenceWindow();
    Set<Long> seen = new HashSet<>();
    for (int i = 0; i < 100_000; i++) {
      long sequence = random.nextInt(40_000) + (random.nextBoolean() ? 0 : 0xffff_0000L);
      assertThat(window.add(sequence, i)).as("seed %d", seed).isEqualTo(seen.add(sequence));
    }
  }

  @Test
  void shouldTakeBytesNotEntriesForASenderWithoutGaps() throws Exception {
    SequenceWindow window = new SequenceWindow();
    for (long sequence = 0; sequence < 1_000_000; sequence++) {
      window.add(sequence, 0);
    }
    DataOutputSerializer out = new DataOutputSerializer(64);
    SequenceWindowSerializer.INSTANCE.serialize(window, out);
    assertThat(out.length()).isLessThan(40_000);
  }

  @Test
  void shouldForgetWhatWasNotTouchedLately() {
    SequenceWindow window = new SequenceWindow();
    window.add(1, 1_000);
    window.add(10_000, 2_000);
    window.expire(999);
    assertThat(window.size()).isEqualTo(2);
    window.expire(1_000);
    assertThat(window.add(10_000, 2_500)).isFalse();
    assertThat(window.add(1, 2_500)).isTrue();
    window.expire(3_000);
    assertThat(window.isEmpty()).isTrue();
  }

  @Test
  void shouldNotChangeACopyThatACheckpointMayBeWriting() throws Exception {
    SequenceWindow window = new SequenceWindow();
    for (long sequence = 0; sequence < 600; sequence++) {
      window.add(sequence, 5);
    }
    SequenceWindow copy = SequenceWindowSerializer.INSTANCE.copy(window);
    assertThat(window.add(700, 6)).isTrue();
    assertThat(copy.add(700, 6)).isTrue();
    assertThat(copy.add(599, 6)).isFalse();
    DataOutputSerializer out = new DataOutputSerializer(64);
    SequenceWindowSerializer.INSTANCE.serialize(window, out);
    SequenceWindow read =
        SequenceWindowSerializer.INSTANCE.deserialize(
            new DataInputDeserializer(out.getCopyOfBuffer()));
    for (long sequence = 0; sequence < 600; sequence++) {
      assertThat(read.add(sequence, 7)).isFalse();
    }
    assertThat(read.add(700, 7)).isFalse();
    assertThat(read.add(701, 7)).isTrue();
  }

  @Test
  void shouldNotChangeWhatACopySharesInTheNextBatchEither() throws Exception {
    SequenceWindow window = new SequenceWindow();
    for (long sequence = 0; sequence < 512; sequence += 2) {
      assertThat(window.addToBatch(sequence, 5)).isTrue();
    }
    window.endBatch();
    SequenceWindow copy = SequenceWindowSerializer.INSTANCE.copy(window);
    for (long sequence = 1; sequence < 512; sequence += 2) {
      assertThat(window.addToBatch(sequence, 6)).isTrue();
      assertThat(window.addToBatch(sequence, 6)).isFalse();
    }
    window.endBatch();
    for (long sequence = 0; sequence < 512; sequence++) {
      assertThat(copy.add(sequence, 7)).isEqualTo(sequence % 2 == 1);
      assertThat(window.add(sequence, 7)).isFalse();
    }
  }
}
