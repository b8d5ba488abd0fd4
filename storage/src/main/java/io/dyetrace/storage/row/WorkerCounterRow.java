package io.dyetrace.storage.row;

import io.dyetrace.common.record.Location;
import io.dyetrace.common.record.WorkerCounters;

/** A row of {@code worker_counters}: one worker of one node. */
public record WorkerCounterRow(Location location, long bootId, WorkerCounters counters)
    implements StorageRow {
  private static final long serialVersionUID = 1L;

  @Override
  public long timeNs() {
    return counters.getTimeNs();
  }

  @Override
  public WorkerCounters message() {
    return counters;
  }
}
