package io.dyetrace.analytics.telemetry;

import io.dyetrace.analytics.telemetry.Telemetry.Batch;
import io.dyetrace.analytics.telemetry.Telemetry.ParameterChange;
import io.dyetrace.analytics.telemetry.Telemetry.Position;
import io.dyetrace.analytics.telemetry.Telemetry.Progress;
import io.dyetrace.analytics.telemetry.Telemetry.Unreadable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.runtime.state.KeyGroupRangeAssignment;
import org.apache.flink.runtime.state.StateInitializationContext;
import org.apache.flink.runtime.state.StateSnapshotContext;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;

/**
 * Stands behind the source and mixes into its records how far it has read. Changes of parameters
 * take the same way.
 *
 * <p>Unreadable records end here (the storage pipeline keeps them) but count as read. Progress goes
 * to every subtask of the keyed operator that follows, by keys made for each, so that it takes the
 * same way as the records and never overtakes one.
 */
public final class ProgressOperator extends AbstractStreamOperator<Telemetry>
    implements OneInputStreamOperator<Telemetry, Telemetry> {
  private static final long serialVersionUID = 1L;
  private static final long INTERVAL_MS = 100;

  private transient Map<String, Long> nextOffsets;
  private transient ListState<Tuple2<String, Long>> saved;
  private transient List<String> keys;
  private transient boolean changed;

  @SuppressWarnings("NullAway.Init") // initializeState() and open() make the transient fields
  public ProgressOperator() {}

  @Override
  public void initializeState(StateInitializationContext context) throws Exception {
    super.initializeState(context);
    nextOffsets = new HashMap<>();
    saved =
        context
            .getOperatorStateStore()
            .getUnionListState(
                new ListStateDescriptor<>("next-offsets", Types.TUPLE(Types.STRING, Types.LONG)));
    for (Tuple2<String, Long> entry : saved.get()) {
      nextOffsets.merge(entry.f0, entry.f1, Math::max);
    }
    changed = !nextOffsets.isEmpty();
  }

  @Override
  public void open() throws Exception {
    super.open();
    keys =
        keysOfEverySubtask(
            getRuntimeContext().getTaskInfo().getMaxNumberOfParallelSubtasks(),
            getRuntimeContext().getTaskInfo().getNumberOfParallelSubtasks());
    schedule();
  }

  /** One key for each subtask of a keyed operator of this parallelism, in their order. */
  static List<String> keysOfEverySubtask(int maxParallelism, int parallelism) {
    List<String> keys = new ArrayList<>();
    for (int subtask = 0; subtask < parallelism; subtask++) {
      int n = 0;
      while (KeyGroupRangeAssignment.assignKeyToParallelOperator(
              "progress-" + n, maxParallelism, parallelism)
          != subtask) {
        n++;
      }
      keys.add("progress-" + n);
    }
    return keys;
  }

  @Override
  public void processElement(StreamRecord<Telemetry> record) {
    Telemetry element = record.getValue();
    if (element instanceof Batch batch) {
      output.collect(record);
      passed(batch.position());
    } else if (element instanceof Unreadable unreadable) {
      passed(unreadable.position());
    } else if (element instanceof ParameterChange change) {
      keys.forEach(key -> output.collect(new StreamRecord<>(change.to(key))));
    }
  }

  private void passed(Position position) {
    nextOffsets.put(position.partitionName(), position.offset() + 1);
    changed = true;
  }

  private void schedule() {
    long nowMs = getProcessingTimeService().getCurrentProcessingTime();
    getProcessingTimeService().registerTimer(nowMs + INTERVAL_MS, this::tell);
  }

  private void tell(long timestampMs) {
    if (changed) {
      changed = false;
      for (String key : keys) {
        output.collect(new StreamRecord<>(new Progress(key, nextOffsets)));
      }
    }
    schedule();
  }

  @Override
  public void snapshotState(StateSnapshotContext context) throws Exception {
    super.snapshotState(context);
    List<Tuple2<String, Long>> entries = new ArrayList<>();
    nextOffsets.forEach((partition, offset) -> entries.add(Tuple2.of(partition, offset)));
    saved.update(entries);
  }
}
