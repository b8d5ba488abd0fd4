package io.dyetrace.lab.observe;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class LedgerTest {
  private static final long BOOT_MS = 1_800_000_000_000L;
  private static final long FIRST = BOOT_MS % (1L << 32) + 700;
  private static final int PROBES = 40;
  private static final int POINTS = 90;

  private final Map<String, Long> rows = new HashMap<>();
  private final TreeSet<Long> probes = new TreeSet<>();
  private final TreeSet<Long> ring = new TreeSet<>();
  private final Set<String> all = new HashSet<>();
  private final Set<String> settled = new HashSet<>();
  private final TreeMap<Long, Long> sent = new TreeMap<>();
  private long strays;

  @BeforeEach
  void everythingStoredOnce() {
    for (long s = FIRST; s < FIRST + PROBES; s++) {
      publish(PublishedKeys.probe("prober-1", "SYN_ACK", s));
      rows.put(PublishedKeys.probe("prober-1", "SYN_ACK", s), 1L);
      probes.add(s);
    }
    for (long s = 1; s <= POINTS; s++) {
      publish(point(s));
      rows.put(point(s), 1L);
      ring.add(s);
    }
    sent.put(BOOT_MS, (long) PROBES);
  }

  private static String point(long sequence) {
    return PublishedKeys.ring("gw-1", 7, 0) + "/" + sequence;
  }

  private void publish(String key) {
    all.add(key);
    settled.add(key);
  }

  private Ledger close() {
    return Ledger.compare(
        new StoredKeys(
            rows,
            Map.of(PublishedKeys.ring("gw-1", 7, 0), ring),
            Map.of("prober-1", probes),
            rows.size(),
            rows.size(),
            strays),
        new PublishedKeys(all, settled, Map.of("prober-1", sent)));
  }

  @Test
  void shouldBalanceWhenEverythingIsStoredOnce() {
    assertThat(close().balanced()).isTrue();
  }

  @Test
  void shouldFindAPublishedRowThatIsNotStored() {
    rows.remove(point(5));

    assertThat(close().lost()).containsExactly(point(5));
  }

  @Test
  void shouldNotMissARowThatKafkaTookJustNow() {
    all.add(point(POINTS + 1));

    assertThat(close().balanced()).isTrue();
  }

  @Test
  void shouldFindADoubledRow() {
    rows.put(point(5), 2L);

    assertThat(close().doubled()).containsExactly(point(5) + " ×2");
  }

  @Test
  void shouldFindARowThatNobodyPublished() {
    rows.put(point(POINTS + 1), 1L);

    assertThat(close().invented()).containsExactly(point(POINTS + 1));
  }

  @Test
  void shouldFindAPointLostBeforeKafkaByItsRingSequence() {
    rows.remove(point(5));
    all.remove(point(5));
    settled.remove(point(5));
    ring.remove(5L);

    assertThat(close().gaps()).singleElement().asString().contains("1 of 90 numbers are missing");
  }

  @Test
  void shouldFindAProbeLostBeforeKafkaByItsSequence() {
    String key = PublishedKeys.probe("prober-1", "SYN_ACK", FIRST + 3);
    rows.remove(key);
    all.remove(key);
    settled.remove(key);
    probes.remove(FIRST + 3);

    assertThat(close().gaps()).hasSize(2).first().asString().contains("1 of 40 numbers");
  }

  @Test
  void shouldFindTheLastProbesOfAKilledProberByItsOwnCount() {
    sent.put(BOOT_MS, PROBES + 2L);

    assertThat(close().gaps()).singleElement().asString().contains("it sent 42 probes, 40 are");
  }

  @Test
  void shouldNotTakeTheStepToAnotherBootForAGap() {
    long secondBoot = BOOT_MS + 20_000;
    sent.put(secondBoot, 1L);
    long sequence = secondBoot % (1L << 32) + 900;
    publish(PublishedKeys.probe("prober-1", "SYN_ACK", sequence));
    rows.put(PublishedKeys.probe("prober-1", "SYN_ACK", sequence), 1L);
    probes.add(sequence);

    assertThat(close().balanced()).isTrue();
  }

  @Test
  void shouldFindAProbeThatOnlyAGatewaySaw() {
    strays = 1;

    assertThat(close().gaps()).hasSize(1);
  }

  @Test
  void shouldShowAFewKeysAndTheirNumber() {
    assertThat(Ledger.some(List.of())).isEqualTo("0");
    assertThat(Ledger.some(List.of("a", "b", "c", "d", "e", "f"))).isEqualTo("6 [a, b, c, d, e]");
  }
}
