package io.dyetrace.storage.row;

import io.dyetrace.common.record.CounterBatch;
import io.dyetrace.common.record.DropCounters;
import io.dyetrace.common.record.Location;
import io.dyetrace.common.record.MeshBatch;
import io.dyetrace.common.record.MeshLatency;
import io.dyetrace.common.record.NodeCounters;
import io.dyetrace.common.record.Point;
import io.dyetrace.common.record.PointBatch;
import io.dyetrace.common.record.ProbeBatch;
import io.dyetrace.common.record.ProbeResult;
import io.dyetrace.common.record.Verdict;
import io.dyetrace.common.record.VipCounters;
import io.dyetrace.common.record.WorkerCounters;
import java.util.ArrayList;
import java.util.List;

/** Takes the records of the Kafka topics apart into rows. */
public final class StorageRows {
  private StorageRows() {}

  /** One row a result; the heartbeat has none. */
  public static List<StorageRow> of(ProbeBatch batch) {
    List<StorageRow> rows = new ArrayList<>(batch.getResultsCount());
    for (ProbeResult result : batch.getResultsList()) {
      rows.add(new ProbeRow(batch.getLocation(), batch.getProberId(), batch.getBootId(), result));
    }
    return rows;
  }

  /** One row a point. */
  public static List<StorageRow> of(PointBatch batch) {
    List<StorageRow> rows = new ArrayList<>(batch.getPointsCount());
    for (Point point : batch.getPointsList()) {
      rows.add(new PointRow(batch.getLocation(), batch.getBootId(), point));
    }
    return rows;
  }

  /** One row for each of the batch's counters; the agent's status has none. */
  public static List<StorageRow> of(CounterBatch batch) {
    Location location = batch.getLocation();
    long bootId = batch.getBootId();
    List<StorageRow> rows = new ArrayList<>();
    for (NodeCounters counters : batch.getNodeList()) {
      rows.add(new NodeCounterRow(location, bootId, counters));
    }
    for (VipCounters counters : batch.getVipsList()) {
      rows.add(new VipCounterRow(location, bootId, counters));
    }
    for (DropCounters counters : batch.getDropsList()) {
      rows.add(new DropCounterRow(location, bootId, counters));
    }
    for (WorkerCounters counters : batch.getWorkersList()) {
      rows.add(new WorkerCounterRow(location, bootId, counters));
    }
    return rows;
  }

  /** The verdict's one row. */
  public static List<StorageRow> of(Verdict verdict) {
    return List.of(new VerdictRow(verdict));
  }

  /** One row a histogram. */
  public static List<StorageRow> of(MeshBatch batch) {
    List<StorageRow> rows = new ArrayList<>(batch.getLatenciesCount());
    for (MeshLatency latency : batch.getLatenciesList()) {
      rows.add(new MeshLatencyRow(latency));
    }
    return rows;
  }
}
