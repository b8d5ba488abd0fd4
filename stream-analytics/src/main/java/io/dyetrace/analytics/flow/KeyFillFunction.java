package io.dyetrace.analytics.flow;

import io.dyetrace.common.record.Point;
import io.dyetrace.common.record.ProbeKeyState;
import io.dyetrace.storage.flink.StorageRowTypeInfo;
import io.dyetrace.storage.row.PointRow;
import io.dyetrace.storage.row.ProbeRow;
import io.dyetrace.storage.row.StorageRow;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.state.MapState;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.metrics.Counter;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;

/**
 * Gives a stateless tier's reply rows their probe's key before they are stored. Keyed by flow: what
 * tells a flow's key (a probe's row, a SYN's point) goes in and nothing of it comes out; each reply
 * row comes out once, with its key, or without one when nobody told it in time. Whatever waits on a
 * flow at one time is of one probe: a flow rests for longer than anybody waits.
 */
public final class KeyFillFunction extends KeyedProcessFunction<String, StorageRow, StorageRow> {
  private static final long serialVersionUID = 1L;

  /** How long a reply waits for its probe: results come with the time-out at the latest. */
  static final Duration PATIENCE = Duration.ofSeconds(5);

  private final long ttlMs;
  private transient MapState<Long, Long> inFlight;
  private transient ListState<StorageRow> waiting;
  private transient ValueState<Long> wakeMs;
  private transient ValueState<Long> touchedMs;
  private transient Counter filled;
  private transient Counter unfilled;
  private transient long openedMs;

  /**
   * Forgets a flow that is not used.
   *
   * @param ttl how long it is kept; longer than a flow rests
   */
  @SuppressWarnings("NullAway.Init") // open() makes the transient fields
  public KeyFillFunction(Duration ttl) {
    this.ttlMs = Math.max(ttl.toMillis(), InFlight.RETENTION_NS / 1_000_000);
  }

  @Override
  public void open(OpenContext context) {
    var runtime = getRuntimeContext();
    inFlight = runtime.getMapState(new MapStateDescriptor<>("in-flight", Types.LONG, Types.LONG));
    waiting =
        runtime.getListState(new ListStateDescriptor<>("waiting", StorageRowTypeInfo.INSTANCE));
    wakeMs = runtime.getState(new ValueStateDescriptor<>("wake", Types.LONG));
    touchedMs = runtime.getState(new ValueStateDescriptor<>("touched", Types.LONG));
    filled = runtime.getMetricGroup().counter("dyetrace_analytics_reply_keys_filled_total");
    unfilled = runtime.getMetricGroup().counter("dyetrace_analytics_reply_keys_unknown_total");
    openedMs = -1;
  }

  @Override
  public void processElement(StorageRow row, Context context, Collector<StorageRow> out)
      throws Exception {
    long nowMs = context.timerService().currentProcessingTime();
    opened(nowMs);
    touchedMs.update(nowMs);
    if (row instanceof ProbeRow probe) {
      learn(probe.result().getSentTimeNs(), probe.proberId(), probe.result().getProbeSequence());
      release(out);
    } else if (row instanceof PointRow reply && lacksKey(reply)) {
      PointRow known = fill(reply);
      if (lacksKey(known)) {
        waiting.add(reply);
        wake(context, nowMs + PATIENCE.toMillis());
      } else {
        filled.inc();
        out.collect(known);
      }
    } else if (row instanceof PointRow syn) {
      Point p = syn.point();
      learn(p.getTimeNs(), p.getProberId(), p.getProbeSequence());
      release(out);
    }
    wake(context, nowMs + ttlMs);
  }

  private void learn(long timeNs, int proberId, int sequence) throws Exception {
    inFlight.put(timeNs, ((long) proberId << 32) | Integer.toUnsignedLong(sequence));
    List<Long> old = new ArrayList<>();
    for (long sentNs : inFlight.keys()) {
      if (sentNs < timeNs - ttlMs * 1_000_000) {
        old.add(sentNs);
      }
    }
    for (long sentNs : old) {
      inFlight.remove(sentNs);
    }
  }

  private PointRow fill(PointRow reply) throws Exception {
    return new PointRow(reply.location(), reply.bootId(), flights().fill(reply.point()));
  }

  private static boolean lacksKey(PointRow row) {
    return row.point().getKeyState() == ProbeKeyState.KEY_UNKNOWN;
  }

  private InFlight flights() throws Exception {
    Map<Long, Long> keys = new HashMap<>();
    for (Map.Entry<Long, Long> e : inFlight.entries()) {
      keys.put(e.getKey(), e.getValue());
    }
    return InFlight.of(keys);
  }

  /** Lets go whoever knows its key now. */
  private void release(Collector<StorageRow> out) throws Exception {
    List<StorageRow> still = new ArrayList<>();
    boolean any = false;
    for (StorageRow row : waiting.get()) {
      PointRow known = fill((PointRow) row);
      any = true;
      if (lacksKey(known)) {
        still.add(row);
      } else {
        filled.inc();
        out.collect(known);
      }
    }
    if (any) {
      waiting.update(still);
    }
  }

  /** One timer a flow: the earliest that is wanted. */
  private void wake(Context context, long atMs) throws Exception {
    Long set = wakeMs.value();
    if (set == null || set > atMs) {
      if (set != null) {
        context.timerService().deleteProcessingTimeTimer(set);
      }
      wakeMs.update(atMs);
      context.timerService().registerProcessingTimeTimer(atMs);
    }
  }

  @Override
  public void onTimer(long timestampMs, OnTimerContext context, Collector<StorageRow> out)
      throws Exception {
    long nowMs = context.timerService().currentProcessingTime();
    wakeMs.clear();
    // After a restore timers fire before the backlog is read, and who waits may be answered in it.
    if (nowMs - opened(nowMs) < PATIENCE.toMillis()) {
      wake(context, nowMs + PATIENCE.toMillis());
      return;
    }
    for (StorageRow row : waiting.get()) {
      unfilled.inc();
      out.collect(row);
    }
    waiting.clear();
    Long touched = touchedMs.value();
    long last = touched == null ? 0 : touched;
    if (nowMs - last >= ttlMs && nowMs - opened(nowMs) >= ttlMs) {
      inFlight.clear();
      touchedMs.clear();
    } else {
      wake(context, Math.max(last, opened(nowMs)) + ttlMs);
    }
  }

  private long opened(long nowMs) {
    if (openedMs < 0) {
      openedMs = nowMs;
    }
    return openedMs;
  }
}
