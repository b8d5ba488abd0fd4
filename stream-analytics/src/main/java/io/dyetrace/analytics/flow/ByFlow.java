package io.dyetrace.analytics.flow;

import io.dyetrace.storage.row.PointRow;
import io.dyetrace.storage.row.ProbeRow;
import io.dyetrace.storage.row.StorageRow;
import org.apache.flink.api.java.functions.KeySelector;

/** The flow of a row that has one. */
public final class ByFlow implements KeySelector<StorageRow, String> {
  private static final long serialVersionUID = 1L;

  private final Flows flows;

  public ByFlow(Flows flows) {
    this.flows = flows;
  }

  @Override
  public String getKey(StorageRow row) {
    if (row instanceof ProbeRow probe) {
      return flows.of(probe.result()).text();
    } else if (row instanceof PointRow point) {
      return flows.of(point.point()).text();
    }
    throw new IllegalArgumentException(row.getClass() + " has no flow");
  }
}
