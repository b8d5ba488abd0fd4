package io.dyetrace.storage.flink;

import io.dyetrace.storage.row.StorageRow;
import io.dyetrace.storage.schema.StorageTable;
import io.dyetrace.storage.wire.Lz4Frames;
import io.dyetrace.storage.wire.RowBinary;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** Gathers rows into batches: one a table and checkpoint, more when they grow large. */
final class BatchBuilder {
  static final int MAX_ROWS = 50_000;
  static final int MAX_BYTES = 8 << 20;
  private static final int FIRST_BYTES = 16 * 1024;

  private final String incarnation;
  private final int subtask;
  private final long checkKeysBeforeNs;
  private final Map<StorageTable, Open> open = new EnumMap<>(StorageTable.class);
  private final List<Closed> full = new ArrayList<>();
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

  private static final class Open {
    final RowBinary bytes = new RowBinary(FIRST_BYTES);
    int rows;
    long leastTimeNs = Long.MAX_VALUE;
    long mostTimeNs = Long.MIN_VALUE;
  }

  private record Closed(
      StorageTable table, int rows, long leastTimeNs, long mostTimeNs, byte[] frames) {}

  void add(StorageRow row) {
    StorageTable table = StorageTable.of(row);
    Open to = open.computeIfAbsent(table, t -> new Open());
    table.write(row, to.bytes);
    to.rows++;
    to.leastTimeNs = Math.min(to.leastTimeNs, row.timeNs());
    to.mostTimeNs = Math.max(to.mostTimeNs, row.timeNs());
    if (to.rows >= MAX_ROWS || to.bytes.length() >= MAX_BYTES) {
      close(table, to);
    }
  }

  private void close(StorageTable table, Open from) {
    full.add(
        new Closed(
            table,
            from.rows,
            from.leastTimeNs,
            from.mostTimeNs,
            Lz4Frames.pack(from.bytes.array(), from.bytes.length())));
    from.bytes.clear();
    from.rows = 0;
    from.leastTimeNs = Long.MAX_VALUE;
    from.mostTimeNs = Long.MIN_VALUE;
  }

  /** The batches of everything since the last call. */
  List<Batch> build(long checkpointId) {
    open.forEach(
        (table, from) -> {
          if (from.rows > 0) {
            close(table, from);
          }
        });
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
