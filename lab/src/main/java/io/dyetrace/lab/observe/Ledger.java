package io.dyetrace.lab.observe;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Compares what stands in ClickHouse with what was ever published to Kafka, key by key, and with
 * the sequence numbers that the sources gave out. Doubles in Kafka are no fault (agents and probers
 * may send twice); doubles in ClickHouse are.
 *
 * @param lost published and not stored
 * @param doubled stored more than once
 * @param invented stored and never published
 * @param gaps sequence numbers that a source gave out and that are not stored
 */
public record Ledger(
    long probes,
    long points,
    List<String> lost,
    List<String> doubled,
    List<String> invented,
    List<String> gaps) {
  private static final int SHOWN = 5;

  /** A probe's number begins at the milliseconds since 1970 at its prober's start, modulo this. */
  private static final long SEQUENCES = 1L << 32;

  /** How long after its boot id a prober may take to send its first probe. */
  private static final long FIRST_PROBE_MS = 60_000;

  /** Whether all of it adds up. */
  public boolean balanced() {
    return lost.isEmpty() && doubled.isEmpty() && invented.isEmpty() && gaps.isEmpty();
  }

  /**
   * The state of the books.
   *
   * @param graceSeconds what Kafka took less than so long ago need not be stored yet
   */
  public static Ledger close(ClickHouse clickhouse, int graceSeconds) {
    long settledMs = System.currentTimeMillis() - graceSeconds * 1000L;
    // ClickHouse first: whatever is stored by now must then be found in Kafka.
    StoredKeys stored = StoredKeys.read(clickhouse, graceSeconds);
    return compare(stored, PublishedKeys.read(settledMs));
  }

  static Ledger compare(StoredKeys stored, PublishedKeys published) {
    List<String> gaps = new ArrayList<>(ringGaps(stored.rings()));
    published
        .probesSent()
        .forEach(
            (prober, sentByBoot) ->
                gaps.addAll(
                    probeGaps(
                        prober,
                        stored.probes().getOrDefault(prober, new TreeSet<>()),
                        sentByBoot)));
    if (stored.strayProbes() > 0) {
      gaps.add(stored.strayProbes() + " probes were stamped by a node and have no row themselves");
    }
    return new Ledger(
        stored.probeRows(),
        stored.pointRows(),
        published.settled().stream().filter(k -> !stored.rows().containsKey(k)).sorted().toList(),
        stored.rows().entrySet().stream()
            .filter(e -> e.getValue() > 1)
            .map(e -> e.getKey() + " ×" + e.getValue())
            .sorted()
            .toList(),
        stored.rows().keySet().stream().filter(k -> !published.all().contains(k)).sorted().toList(),
        List.copyOf(gaps));
  }

  /** A ring numbers its records 1, 2, 3 …; one that found the ring full takes no number. */
  private static List<String> ringGaps(Map<String, TreeSet<Long>> rings) {
    List<String> gaps = new ArrayList<>();
    rings.forEach(
        (ring, sequences) -> {
          long missing = sequences.last() - sequences.size();
          if (missing != 0) {
            gaps.add(ring + ": " + missing + " of " + sequences.last() + " numbers are missing");
          }
        });
    return gaps;
  }

  /**
   * Between a boot's first and last stored probe every number must be stored, and as many as the
   * prober says it sent.
   */
  private static List<String> probeGaps(
      String prober, NavigableSet<Long> stored, TreeMap<Long, Long> sentByBoot) {
    List<String> gaps = new ArrayList<>();
    for (Map.Entry<Long, Long> boot : sentByBoot.entrySet()) {
      Long nextBoot = sentByBoot.higherKey(boot.getKey());
      long from = boot.getKey() % SEQUENCES;
      long until = nextBoot == null ? Long.MAX_VALUE : nextBoot % SEQUENCES;
      NavigableSet<Long> range = stored.subSet(from, true, until, false);
      long sent = boot.getValue();
      if (range.isEmpty()) {
        if (sent > 0) {
          gaps.add(
              prober + ": none of the " + sent + " probes of boot " + boot.getKey() + " is stored");
        }
        continue;
      }
      long span = range.last() - range.first() + 1;
      if (span != range.size() || range.first() - from > FIRST_PROBE_MS) {
        gaps.add(
            "%s, boot %d: %d of %d numbers are missing"
                .formatted(prober, boot.getKey(), span - range.size(), span));
      }
      if (range.size() < sent) {
        gaps.add(
            "%s, boot %d: it sent %d probes, %d are stored"
                .formatted(prober, boot.getKey(), sent, range.size()));
      }
    }
    return gaps;
  }

  /** How many, and the first few. */
  public static String some(List<String> keys) {
    return keys.isEmpty() ? "0" : keys.size() + " " + keys.subList(0, Math.min(SHOWN, keys.size()));
  }
}
