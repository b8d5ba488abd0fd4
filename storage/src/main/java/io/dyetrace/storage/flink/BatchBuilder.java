package io.dyetrace.storage.flink;

import io.dyetrace.storage.row.StorageRow;
import io.dyetrace.storage.schema.StorageTable;
import io.dyetrace.storage.wire.Lz4Frames;
import io.dyetrace.storage.wire.RowBinary;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Gathers rows into batches: one a table, hour of the rows' time and checkpoint, more when they
 * grow large.
 *
 * <p>The check of keys reads the table between a batch's earliest and latest row. By the hour, a
 * row from a clock that is years wrong travels alone and lets nobody else's check read years.
 */
final class BatchBuilder {
  static final int MAX_ROWS = 50_000;
  static final int MAX_BYTES = 8 << 20;
  static final int MAX_OPEN = 64;
  static final long MAX_OPEN_BYTES = 64L << 20;
  private static final int FIRST_BYTES = 16 * 1024;
  private static final long HOUR_NS = 3_600_000_000_000L;

  private final String incarnation;
  private final int subtask;
  private final long checkKeysBeforeNs;

  /** The least recently used first. */
  private final Map<Key, Open> open = new LinkedHashMap<>(16, 0.75f, true);

  private final List<Closed> full = new ArrayList<>();
  private long openBytes;
  private int batches;

  /**
   * Gathers.
   *
   * @param incarnation random, of this run of the operator
   * @param checkKeysBeforeNs rows of an earlier time may be stored already, by another run of the
   *     job
   */
  BatchBuilder(String incarnation, int subtask, long checkKeysBeforeNs) {
    this.incarnation = incarnation;
    this.subtask = subtask;
    this.checkKeysBeforeNs = checkKeysBeforeNs;
  }

  private record Key(StorageTable table, long hour) {
    static final Comparator<Key> ORDER =
        Comparator.comparing(Key::table).thenComparingLong(Key::hour);
  }

  private static final class Open {
    final RowBinary bytes = new RowBinary(FIRST_BYTES);
    int rows;
    long leastTimeNs = Long.MAX_VALUE;
    long mostTimeNs = Long.MIN_VALUE;

    int length() {
      return bytes.length();
    }
  }

  private record Closed(
      StorageTable table, int rows, long leastTimeNs, long mostTimeNs, byte[] frames) {}

  void add(StorageRow row) {
    long timeNs = row.timeNs();
    Key key = new Key(StorageTable.of(row), Math.floorDiv(timeNs, HOUR_NS));
    Open to = open.computeIfAbsent(key, k -> new Open());
    int before = to.length();
    key.table().write(row, to.bytes);
    openBytes += to.length() - before;
    to.rows++;
    to.leastTimeNs = Math.min(to.leastTimeNs, timeNs);
    to.mostTimeNs = Math.max(to.mostTimeNs, timeNs);
    if (to.rows >= MAX_ROWS || to.length() >= MAX_BYTES) {
      close(key);
    } else if (open.size() > MAX_OPEN) {
      close(open.keySet().iterator().next());
    } else if (openBytes > MAX_OPEN_BYTES) {
      closeLargest();
    }
  }

  /** What the open batches hold. */
  long openBytes() {
    return openBytes;
  }

  private void closeLargest() {
    open.entrySet().stream()
        .max(Map.Entry.comparingByValue(Comparator.comparingInt(Open::length)))
        .map(Map.Entry::getKey)
        .ifPresent(this::close);
  }

  private void close(Key key) {
    Open from = open.remove(key);
    if (from == null) {
      throw new IllegalStateException("not open: " + key);
    }
    openBytes -= from.length();
    full.add(
        new Closed(
            key.table(),
            from.rows,
            from.leastTimeNs,
            from.mostTimeNs,
            Lz4Frames.pack(from.bytes.array(), from.length())));
  }

  /** The batches of everything since the last call. */
  List<Batch> build(long checkpointId) {
    open.keySet().stream().sorted(Key.ORDER).toList().forEach(this::close);
    List<Batch> built = new ArrayList<>(full.size());
    for (Closed closed : full) {
      String token =
          String.join(
              "/",
              incarnation,
              closed.table().tableName(),
              Long.toString(checkpointId),
              Integer.toString(subtask),
              Integer.toString(batches++));
      built.add(
          new Batch(
              token,
              closed.table(),
              checkpointId,
              closed.rows(),
              closed.leastTimeNs(),
              closed.mostTimeNs(),
              closed.leastTimeNs() < checkKeysBeforeNs,
              closed.frames()));
    }
    full.clear();
    return built;
  }
}
