package io.dyetrace.storage.row;

import io.dyetrace.common.record.MeshLatency;

/** A row of {@code mesh_latency}: one histogram over one export interval. */
public record MeshLatencyRow(MeshLatency latency) implements StorageRow {
  private static final long serialVersionUID = 1L;

  @Override
  public long timeNs() {
    return latency.getEndTimeNs();
  }

  @Override
  public MeshLatency message() {
    return latency;
  }
}
