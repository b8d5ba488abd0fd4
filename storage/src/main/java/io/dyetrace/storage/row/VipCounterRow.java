package io.dyetrace.storage.row;

import io.dyetrace.common.record.Location;
import io.dyetrace.common.record.VipCounters;

/** A row of {@code vip_counters}: one VIP's traffic in one direction on one node. */
public record VipCounterRow(Location location, long bootId, VipCounters counters)
    implements StorageRow {
  private static final long serialVersionUID = 1L;

  @Override
  public long timeNs() {
    return counters.getTimeNs();
  }

  @Override
  public VipCounters message() {
    return counters;
  }
}
