package io.dyetrace.storage.flink;

import io.dyetrace.common.config.ClickHouseConfig;
import io.dyetrace.storage.row.StorageRow;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.api.connector.sink2.SinkWriter;
import org.apache.flink.api.connector.sink2.WriterInitContext;
import org.apache.flink.streaming.api.connector.sink2.SupportsPreWriteTopology;
import org.apache.flink.streaming.api.datastream.DataStream;

/**
 * Writes rows to ClickHouse exactly once. The sink needs a uid and the job needs checkpoints.
 *
 * <pre>{@code
 * rows.sinkTo(ClickHouseSink.to(config.clickhouse())).name("clickhouse").uid("clickhouse");
 * }</pre>
 *
 * <p><b>No row is lost, none doubled</b>, when the job fails and restores, when ClickHouse is
 * killed at any moment, when the job starts from an older checkpoint, and when it starts without
 * state and reads everything again: rows from before the start are compared with the table by
 * natural key, and only those that it lacks are inserted.
 *
 * <p><b>An outage of ClickHouse does not stop the job.</b> Batches wait in the operator's state;
 * the task goes on, checkpoints too. At 128 MiB of waiting (compressed) rows a subtask takes no
 * more and says so; its inputs wait then, nothing is dropped.
 *
 * <p><b>Delay</b>: a row is stored after the next checkpoint is complete; verdicts go first.
 * Flink's own committer is not used: in Flink 2.2 it retries a failed commit on the task's thread,
 * at once, ten times, and then fails the job.
 */
public final class ClickHouseSink
    implements Sink<StorageRow>, SupportsPreWriteTopology<StorageRow> {
  private static final long serialVersionUID = 1L;

  private final SinkSettings settings;

  private ClickHouseSink(SinkSettings settings) {
    this.settings = settings;
  }

  /** Writes to this ClickHouse. */
  public static ClickHouseSink to(ClickHouseConfig config) {
    return new ClickHouseSink(SinkSettings.of(config));
  }

  /**
   * The same sink with another limit for the compressed rows that wait for ClickHouse in a subtask.
   */
  public ClickHouseSink withMaxWaitingBytes(long bytes) {
    return new ClickHouseSink(settings.withMaxWaitingBytes(bytes));
  }

  @Override
  public DataStream<StorageRow> addPreWriteTopology(DataStream<StorageRow> rows) {
    if (!rows.getExecutionEnvironment().getCheckpointConfig().isCheckpointingEnabled()) {
      throw new IllegalStateException(
          "the ClickHouse sink stores rows when a checkpoint is complete, and checkpoints are off");
    }
    return rows.transform(
            "ClickHouse", StorageRowTypeInfo.INSTANCE, new ClickHouseSinkOperator(settings))
        .uid("exactly-once");
  }

  @Override
  public SinkWriter<StorageRow> createWriter(WriterInitContext context) {
    return new NothingLeft();
  }

  /** All rows ended in the operator before it. */
  private static final class NothingLeft implements SinkWriter<StorageRow> {
    @Override
    public void write(StorageRow row, Context context) {
      throw new IllegalStateException("a row passed the ClickHouse operator");
    }

    @Override
    public void flush(boolean endOfInput) {
      // Nothing is here.
    }

    @Override
    public void close() {
      // Nothing is here.
    }
  }
}
