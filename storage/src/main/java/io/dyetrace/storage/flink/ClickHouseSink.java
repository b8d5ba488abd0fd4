package io.dyetrace.storage.flink;

import io.dyetrace.common.config.ClickHouseConfig;
import io.dyetrace.storage.row.StorageRow;
import java.io.IOException;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.api.connector.sink2.SinkWriter;
import org.apache.flink.api.connector.sink2.WriterInitContext;

/**
 * Writes rows to ClickHouse exactly once.
 *
 * <pre>{@code
 * rows.sinkTo(ClickHouseSink.to(config.clickhouse())).uid("clickhouse").name("clickhouse");
 * }</pre>
 */
public final class ClickHouseSink implements Sink<StorageRow> {
  private static final long serialVersionUID = 1L;

  private final ClickHouseConfig config;

  private ClickHouseSink(ClickHouseConfig config) {
    this.config = config;
  }

  /** Writes to this ClickHouse. */
  public static ClickHouseSink to(ClickHouseConfig config) {
    return new ClickHouseSink(config);
  }

  @Override
  public SinkWriter<StorageRow> createWriter(WriterInitContext context) throws IOException {
    throw new IOException("the sink to " + config.url() + " is not there yet");
  }
}
