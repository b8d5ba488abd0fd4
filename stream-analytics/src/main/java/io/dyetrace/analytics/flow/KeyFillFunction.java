package io.dyetrace.analytics.flow;

import io.dyetrace.common.record.Point;
import io.dyetrace.common.record.ProbeKeyState;
import io.dyetrace.storage.flink.StorageRowTypeInfo;
import io.dyetrace.storage.row.PointRow;
import io.dyetrace.storage.row.ProbeRow;
import io.dyetrace.storage.row.StorageRow;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.PrimitiveArrayTypeInfo;
import org.apache.flink.metrics.Counter;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;

/**
 * Gives a stateless tier's reply rows their probe's key before they are stored; all other rows
 * pass. Keyed by flow: a probe's row and a SYN's point tell the key of theirs. Each reply row comes
 * out once, with its key, or without one when nobody told it in time. Whatever waits on a flow at
 * one time is of one probe: a flow rests for longer than anybody waits.
 */
public final class KeyFillFunction extends KeyedProcessFunction<Long, StorageRow, StorageRow> {
  private static final long serialVersionUID = 1L;

  /** How long a reply waits for its probe: results come with the time-out at the latest. */
  static final Duration PATIENCE = Duration.ofSeconds(5);

  /**
   * How long it waits in the first minute after a start: a backlog is read then, of one partition
   * sooner than of another.
   */
  static final Duration BACKLOG_PATIENCE = Duration.ofSeconds(30);

  static final Duration BACKLOG = Duration.ofMinutes(1);

  /** How long a flow is kept once a reply met its probe: repeated answers come within it. */
  static final Duration SETTLED_TTL = Duration.ofSeconds(10);

  /**
   * Most replies come sooner than this after their probe. The first look at a flow waits for it, so
   * that it is the last one too: timers are a quarter of what this function costs.
   */
  static final Duration MEETING = Duration.ofSeconds(1);

  /** How long a flow is kept whose replies were not seen. */
  static final Duration TTL = Duration.ofNanos(InFlight.RETENTION_NS);

  private final Flows flows;
  private transient ValueState<long[]> flow;
  private transient ListState<StorageRow> waiting;
  private transient Counter filled;
  private transient Counter unfilled;
  private transient long openedMs;

  @SuppressWarnings("NullAway.Init") // open() makes the transient fields
  public KeyFillFunction(Flows flows) {
    this.flows = flows;
  }

  @Override
  public void open(OpenContext context) {
    var runtime = getRuntimeContext();
    flow =
        runtime.getState(
            new ValueStateDescriptor<>(
                "flow", PrimitiveArrayTypeInfo.LONG_PRIMITIVE_ARRAY_TYPE_INFO));
    waiting =
        runtime.getListState(new ListStateDescriptor<>("waiting", StorageRowTypeInfo.INSTANCE));
    filled = runtime.getMetricGroup().counter("dyetrace_analytics_reply_keys_filled_total");
    unfilled = runtime.getMetricGroup().counter("dyetrace_analytics_reply_keys_unknown_total");
    openedMs = -1;
  }

  @Override
  public void processElement(StorageRow row, Context context, Collector<StorageRow> out)
      throws Exception {
    if (!flows.hasStatelessTier()) {
      out.collect(row);
    } else if (row instanceof ProbeRow probe) {
      long sentNs = probe.result().getSentTimeNs();
      learn(sentNs, key(probe.proberId(), probe.result().getProbeSequence()), context, out);
      out.collect(row);
    } else if (row instanceof PointRow reply && flows.lacksKey(reply.point())) {
      reply(reply, context, out);
    } else {
      if (row instanceof PointRow syn && flows.tellsKey(syn.point())) {
        Point p = syn.point();
        learn(p.getTimeNs(), key(p.getProberId(), p.getProbeSequence()), context, out);
      }
      out.collect(row);
    }
  }

  private static long key(int proberId, int sequence) {
    return ((long) proberId << 32) | Integer.toUnsignedLong(sequence);
  }

  private void learn(long timeNs, long key, Context context, Collector<StorageRow> out)
      throws Exception {
    long nowMs = context.timerService().currentProcessingTime();
    opened(nowMs);
    long[] before = flow.value();
    long[] known = before == null ? FlowState.of(nowMs) : before;
    long[] now = FlowState.withProbe(known, timeNs, key, nowMs);
    if (now == known) {
      return;
    }
    if (FlowState.waitingSinceMs(now) != 0) {
      now = release(now, nowMs, out);
    }
    save(now, context, nowMs + MEETING.plus(SETTLED_TTL).toMillis());
  }

  private void reply(PointRow reply, Context context, Collector<StorageRow> out) throws Exception {
    long nowMs = context.timerService().currentProcessingTime();
    opened(nowMs);
    long[] before = flow.value();
    long[] now = before == null ? FlowState.of(nowMs) : before;
    Point known = FlowState.fill(now, reply.point());
    if (lacksKey(known)) {
      waiting.add(reply);
      if (FlowState.waitingSinceMs(now) == 0) {
        now = FlowState.withWaitingSince(now, nowMs);
      }
      save(now, context, FlowState.waitingSinceMs(now) + PATIENCE.toMillis());
    } else {
      filled.inc();
      out.collect(new PointRow(reply.location(), reply.bootId(), known));
      if (!FlowState.isSettled(now)) {
        flow.update(FlowState.settled(now, nowMs));
      }
    }
  }

  private static boolean lacksKey(Point point) {
    return point.getKeyState() == ProbeKeyState.KEY_UNKNOWN;
  }

  /** Lets go whoever knows its key now. */
  private long[] release(long[] state, long nowMs, Collector<StorageRow> out) throws Exception {
    List<StorageRow> still = new ArrayList<>();
    boolean met = false;
    for (StorageRow row : waiting.get()) {
      PointRow reply = (PointRow) row;
      Point known = FlowState.fill(state, reply.point());
      if (lacksKey(known)) {
        still.add(row);
      } else {
        met = true;
        filled.inc();
        out.collect(new PointRow(reply.location(), reply.bootId(), known));
      }
    }
    waiting.update(still);
    long[] released = met ? FlowState.settled(state, nowMs) : state;
    return still.isEmpty() ? FlowState.withWaitingSince(released, 0) : released;
  }

  /** One timer a flow: the earliest that is wanted. */
  private void save(long[] state, Context context, long wakeMs) throws Exception {
    long set = FlowState.wakeMs(state);
    if (set == 0 || set > wakeMs) {
      if (set != 0) {
        context.timerService().deleteProcessingTimeTimer(set);
      }
      context.timerService().registerProcessingTimeTimer(wakeMs);
      flow.update(FlowState.withWake(state, wakeMs));
    } else {
      flow.update(state);
    }
  }

  @Override
  public void onTimer(long timestampMs, OnTimerContext context, Collector<StorageRow> out)
      throws Exception {
    long nowMs = context.timerService().currentProcessingTime();
    long[] saved = flow.value();
    if (saved == null) {
      return;
    }
    long[] state = FlowState.withWake(saved, 0);
    // After a restore timers fire before the backlog is read, and who waits may be answered in it;
    // so all times begin anew then.
    long sinceMs = opened(nowMs);
    long waitingMs = FlowState.waitingSinceMs(state);
    if (waitingMs != 0 && nowMs - Math.max(waitingMs, sinceMs) >= patienceMs(nowMs)) {
      for (StorageRow row : waiting.get()) {
        unfilled.inc();
        out.collect(row);
      }
      waiting.clear();
      state = FlowState.withWaitingSince(state, 0);
      waitingMs = 0;
    }
    if (waitingMs != 0) {
      save(state, context, Math.max(waitingMs, sinceMs) + patienceMs(nowMs));
      return;
    }
    Duration ttl = FlowState.isSettled(state) ? SETTLED_TTL : TTL;
    long forgetMs = Math.max(FlowState.touchedMs(state), sinceMs) + ttl.toMillis();
    if (nowMs >= forgetMs) {
      flow.clear();
    } else {
      save(state, context, forgetMs);
    }
  }

  private long patienceMs(long nowMs) {
    return (nowMs - openedMs < BACKLOG.toMillis() ? BACKLOG_PATIENCE : PATIENCE).toMillis();
  }

  private long opened(long nowMs) {
    if (openedMs < 0) {
      openedMs = nowMs;
    }
    return openedMs;
  }
}
