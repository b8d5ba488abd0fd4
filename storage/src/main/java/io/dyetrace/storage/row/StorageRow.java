package io.dyetrace.storage.row;

import com.google.protobuf.Message;
import java.io.Serializable;

/**
 * One row of one table: a record together with what its batch says about the sender.
 *
 * <p>Made by {@link StorageRows}; written by {@code io.dyetrace.storage.flink.ClickHouseSink}. In a
 * Flink stream its type is {@code io.dyetrace.storage.flink.StorageRowTypeInfo.INSTANCE}.
 */
public sealed interface StorageRow extends Serializable
    permits ProbeRow,
        PointRow,
        NodeCounterRow,
        VipCounterRow,
        DropCounterRow,
        WorkerCounterRow,
        VerdictRow,
        MeshLatencyRow {
  /** The event time, nanoseconds since the epoch: the table's {@code time} column. */
  long timeNs();

  /** The record itself. */
  Message message();
}
