package io.dyetrace.storage.flink;

import io.dyetrace.common.config.ClickHouseConfig;
import java.io.Serializable;
import java.time.Duration;

/** What travels with the job to the sink's operator. */
record SinkSettings(
    String url,
    String database,
    String user,
    String password,
    Duration timeout,
    long maxWaitingBytes)
    implements Serializable {
  private static final long serialVersionUID = 1L;
  private static final Duration TIMEOUT = Duration.ofSeconds(30);
  private static final long MAX_WAITING_BYTES = 128L << 20;

  static SinkSettings of(ClickHouseConfig config) {
    return new SinkSettings(
        config.url(),
        config.database(),
        config.user(),
        config.password(),
        TIMEOUT,
        MAX_WAITING_BYTES);
  }

  SinkSettings withMaxWaitingBytes(long bytes) {
    return new SinkSettings(url, database, user, password, timeout, bytes);
  }

  @Override
  public String toString() {
    return url + " " + database;
  }
}
