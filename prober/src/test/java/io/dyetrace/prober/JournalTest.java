package io.dyetrace.prober;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dyetrace.common.record.ProbeOutcome;
import io.dyetrace.common.record.ProbeResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JournalTest {
  @TempDir private Path directory;
  private final FakeClock clock = new FakeClock();

  private Journal open() throws IOException {
    return new Journal(directory, clock, 1 << 30);
  }

  private static ProbeResult probe(int sequence) {
    return ProbeResult.newBuilder().setProbeSequence(sequence).setTarget("vip-web").build();
  }

  private static ProbeResult answered(int sequence) {
    return probe(sequence).toBuilder().setOutcome(ProbeOutcome.SYN_ACK).build();
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> all = Files.list(directory)) {
      return all.filter(p -> !p.endsWith("lock")).sorted().toList();
    }
  }

  @Test
  void shouldKnowAfterAKillWhatLeftWhatCameBackAndWhatKafkaHas() throws IOException {
    try (Journal journal = open()) {
      for (int i = 1; i <= 4; i++) {
        journal.sent(100 + i, probe(i));
      }
      journal.result(answered(1));
      journal.result(answered(2));
      Journal.Entry third = journal.result(answered(3));
      journal.published(third.index() - 1);
    }
    try (Journal journal = open()) {
      Journal.Recovered left = journal.recovered();
      assertThat(left.sends()).hasSize(4);
      assertThat(left.unresolved()).containsExactly(new Journal.Send(104, probe(4)));
      assertThat(left.unpublished()).extracting(Journal.Entry::result).containsExactly(answered(3));
      assertThat(journal.result(answered(4)).index())
          .isGreaterThan(left.unpublished().get(0).index());
    }
    try (Journal journal = open()) {
      assertThat(journal.recovered().unpublished()).hasSize(2);
      assertThat(journal.recovered().unresolved()).isEmpty();
    }
  }

  @Test
  void shouldReadUpToATornTail() throws IOException {
    try (Journal journal = open()) {
      journal.result(answered(1));
      journal.result(answered(2));
    }
    Path file = files().get(0);
    byte[] whole = Files.readAllBytes(file);
    int second = whole.length - (whole.length - 8) / 2;
    for (int length = 0; length < whole.length; length++) {
      Files.write(file, Arrays.copyOf(whole, length));
      try (Journal journal = open()) {
        int expected = length < second ? 0 : 1;
        assertThat(journal.recovered().unpublished()).as("%d bytes", length).hasSize(expected);
      }
    }
  }

  @Test
  void shouldNotTakeAFlippedBitForARecord() throws IOException {
    try (Journal journal = open()) {
      journal.result(answered(1));
    }
    Path file = files().get(0);
    byte[] whole = Files.readAllBytes(file);
    for (int bit = 0; bit < whole.length * 8; bit++) {
      byte[] changed = whole.clone();
      changed[bit / 8] ^= (byte) (1 << (bit % 8));
      Files.write(file, changed);
      try (Journal journal = open()) {
        assertThat(journal.recovered().unpublished()).as("bit %d", bit).isEmpty();
      }
    }
  }

  @Test
  void shouldGoOnBehindACorruptFile() throws IOException {
    try (Journal journal = open()) {
      journal.result(answered(1));
    }
    try (Journal journal = open()) {
      journal.result(answered(2));
    }
    Files.write(files().get(0), new byte[] {1, 2, 3}, StandardOpenOption.APPEND);
    try (Journal journal = open()) {
      assertThat(journal.recovered().unpublished())
          .extracting(Journal.Entry::result)
          .containsExactly(answered(1), answered(2));
    }
  }

  @Test
  void shouldDeleteFilesThatNobodyNeedsAnyMore() throws IOException {
    try (Journal journal = open()) {
      Journal.Entry entry = journal.result(answered(1));
      clock.advance(Duration.ofSeconds(61));
      journal.sent(1, probe(2));
      clock.advance(Duration.ofSeconds(191));
      journal.sent(1, probe(3));
      assertThat(files()).as("a result is not published").hasSize(3);
      journal.published(entry.index());
      clock.advance(Duration.ofSeconds(61));
      journal.sent(1, probe(4));
      assertThat(files()).as("the two newest").hasSize(2);
    }
  }

  @Test
  void shouldNotGrowForEverWhenKafkaTakesNothing() throws IOException {
    try (Journal journal = new Journal(directory, clock, 20_000)) {
      for (int i = 0; i < 2_000; i++) {
        journal.result(answered(i));
        clock.advance(Duration.ofSeconds(2));
      }
      assertThat(journal.bytes()).isLessThan(25_000);
      assertThat(journal.errors()).isZero();
    }
  }

  @Test
  void shouldRefuseADirectoryThatAnotherProberUses() throws IOException {
    try (Journal first = open()) {
      assertThat(first.errors()).isZero();
      assertThatThrownBy(this::open).hasMessageContaining("another prober uses this");
    }
    open().close();
  }
}
