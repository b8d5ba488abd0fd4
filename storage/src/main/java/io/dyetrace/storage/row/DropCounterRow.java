package io.dyetrace.storage.row;

import io.dyetrace.common.record.DropCounters;
import io.dyetrace.common.record.Location;

/** A row of {@code drop_counters}: drops of one VIP for one reason on one node. */
public record DropCounterRow(Location location, long bootId, DropCounters counters)
    implements StorageRow {
  private static final long serialVersionUID = 1L;

  @Override
  public long timeNs() {
    return counters.getTimeNs();
  }

  @Override
  public DropCounters message() {
    return counters;
  }
}
