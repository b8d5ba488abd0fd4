package io.dyetrace.analytics.dedup;

import com.google.protobuf.Message;
import io.dyetrace.analytics.telemetry.Telemetry;
import io.dyetrace.analytics.telemetry.Telemetry.Batch;
import io.dyetrace.common.record.CounterBatch;
import io.dyetrace.common.record.MeshBatch;
import io.dyetrace.common.record.PointBatch;
import io.dyetrace.common.record.ProbeBatch;
import io.dyetrace.common.record.Verdict;
import io.dyetrace.storage.row.StorageRow;
import io.dyetrace.storage.row.StorageRows;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.metrics.Counter;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;

/** Batches of one sender in, rows that were not there before out. */
public final class RowFunction extends KeyedProcessFunction<String, Telemetry, StorageRow> {
  private static final long serialVersionUID = 1L;
  private static final int SWEEPS_PER_TTL = 10;

  private final long ttlMs;
  private transient Deduplication deduplication;
  private transient ValueState<Boolean> sweeping;
  private transient Counter rows;
  private transient long openedMs;

  @SuppressWarnings("NullAway.Init") // open() makes the transient fields
  public RowFunction(Duration ttl) {
    this.ttlMs = ttl.toMillis();
  }

  @Override
  public void open(OpenContext context) {
    deduplication = new Deduplication(getRuntimeContext().getMapState(Deduplication.descriptor()));
    sweeping = getRuntimeContext().getState(new ValueStateDescriptor<>("sweeping", Types.BOOLEAN));
    rows = getRuntimeContext().getMetricGroup().counter("dyetrace_analytics_rows_total");
    getRuntimeContext()
        .getMetricGroup()
        .addGroup("pipeline", "storage")
        .gauge("dyetrace_analytics_duplicates_total", () -> deduplication.duplicates());
    openedMs = -1;
  }

  @Override
  public void processElement(Telemetry element, Context context, Collector<StorageRow> out)
      throws Exception {
    long nowMs = context.timerService().currentProcessingTime();
    opened(nowMs);
    if (!(element instanceof Batch batch)) {
      return;
    }
    if (sweeping.value() == null) {
      sweeping.update(true);
      context.timerService().registerProcessingTimeTimer(nowMs + ttlMs / SWEEPS_PER_TTL);
    }
    Optional<Batch> rest = deduplication.filter(batch, nowMs);
    if (rest.isPresent()) {
      for (StorageRow row : rowsOf(rest.get().message())) {
        rows.inc();
        out.collect(row);
      }
    }
  }

  @Override
  public void onTimer(long timestampMs, OnTimerContext context, Collector<StorageRow> out)
      throws Exception {
    long nowMs = context.timerService().currentProcessingTime();
    // After a restore the timers of the outage fire before the backlog is read; what is in it must
    // still be recognised. So nothing is forgotten until the job has run for a whole TTL.
    if (nowMs - opened(nowMs) >= ttlMs && deduplication.expire(nowMs - ttlMs)) {
      sweeping.clear();
    } else {
      context.timerService().registerProcessingTimeTimer(nowMs + ttlMs / SWEEPS_PER_TTL);
    }
  }

  private long opened(long nowMs) {
    if (openedMs < 0) {
      openedMs = nowMs;
    }
    return openedMs;
  }

  private static List<StorageRow> rowsOf(Message message) {
    if (message instanceof ProbeBatch batch) {
      return StorageRows.of(batch);
    } else if (message instanceof PointBatch batch) {
      return StorageRows.of(batch);
    } else if (message instanceof CounterBatch batch) {
      return StorageRows.of(batch);
    } else if (message instanceof MeshBatch batch) {
      return StorageRows.of(batch);
    }
    return StorageRows.of((Verdict) message);
  }
}
