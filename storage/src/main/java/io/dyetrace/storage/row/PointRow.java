package io.dyetrace.storage.row;

import io.dyetrace.common.record.Location;
import io.dyetrace.common.record.Point;

/** A row of {@code trace_points}: a trace point or a drop point. */
public record PointRow(Location location, long bootId, Point point) implements StorageRow {
  private static final long serialVersionUID = 1L;

  @Override
  public long timeNs() {
    return point.getTimeNs();
  }

  @Override
  public Point message() {
    return point;
  }
}
