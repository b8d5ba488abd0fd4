package io.dyetrace.storage.row;

import io.dyetrace.common.record.Location;
import io.dyetrace.common.record.ProbeResult;

/** A row of {@code probes}: one result of one probe. */
public record ProbeRow(Location location, int proberId, long bootId, ProbeResult result)
    implements StorageRow {
  private static final long serialVersionUID = 1L;

  @Override
  public long timeNs() {
    return result.getSentTimeNs();
  }

  @Override
  public ProbeResult message() {
    return result;
  }
}
