package io.dyetrace.analytics.detect;

import io.dyetrace.common.record.ProbeBatch;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;

/** How far one prober's results have come. */
final class ProberStream {
  private long heartbeatNs;
  private long completeUntilNs;
  private long bootMs;

  void accept(ProbeBatch batch) {
    if (batch.hasHeartbeat()) {
      heartbeatNs = Math.max(heartbeatNs, batch.getHeartbeat().getTimeNs());
      completeUntilNs = Math.max(completeUntilNs, batch.getHeartbeat().getCompleteUntilNs());
    }
    bootMs = Math.max(bootMs, batch.getBootId());
  }

  /** Every result of a probe sent before this time is here. */
  long completeUntilNs() {
    return completeUntilNs;
  }

  /**
   * The newest heartbeat, or the results behind it when they lag: telemetry is as old as what is
   * missing.
   */
  long lastHeardNs() {
    return heartbeatNs;
  }

  long bootMs() {
    return bootMs;
  }

  void write(DataOutput out) throws IOException {
    out.writeLong(heartbeatNs);
    out.writeLong(completeUntilNs);
    out.writeLong(bootMs);
  }

  void read(DataInput in) throws IOException {
    heartbeatNs = in.readLong();
    completeUntilNs = in.readLong();
    bootMs = in.readLong();
  }
}
