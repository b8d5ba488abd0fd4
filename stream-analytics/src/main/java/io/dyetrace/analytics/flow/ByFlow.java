package io.dyetrace.analytics.flow;

import io.dyetrace.storage.row.PointRow;
import io.dyetrace.storage.row.ProbeRow;
import io.dyetrace.storage.row.StorageRow;
import org.apache.flink.api.java.functions.KeySelector;

/** The flow of a row that tells or lacks a probe's key; what spreads the others evenly. */
public final class ByFlow implements KeySelector<StorageRow, Long> {
  private static final long serialVersionUID = 1L;

  private final Flows flows;

  public ByFlow(Flows flows) {
    this.flows = flows;
  }

  @Override
  public Long getKey(StorageRow row) {
    if (!flows.hasStatelessTier()) {
      return row.timeNs();
    }
    if (row instanceof ProbeRow probe) {
      return flows.of(probe.result()).hash();
    }
    if (row instanceof PointRow point
        && (flows.lacksKey(point.point()) || flows.tellsKey(point.point()))) {
      return flows.of(point.point()).hash();
    }
    return row.timeNs();
  }
}
