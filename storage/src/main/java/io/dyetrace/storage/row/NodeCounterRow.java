package io.dyetrace.storage.row;

import io.dyetrace.common.record.Location;
import io.dyetrace.common.record.NodeCounters;

/** A row of {@code node_counters}: a node's heartbeat. */
public record NodeCounterRow(Location location, long bootId, NodeCounters counters)
    implements StorageRow {
  private static final long serialVersionUID = 1L;

  @Override
  public long timeNs() {
    return counters.getTimeNs();
  }

  @Override
  public NodeCounters message() {
    return counters;
  }
}
