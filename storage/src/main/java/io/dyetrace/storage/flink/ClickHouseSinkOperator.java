package io.dyetrace.storage.flink;

import io.dyetrace.storage.client.ClickHouseClient;
import io.dyetrace.storage.row.StorageRow;
import java.io.IOException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.typeutils.base.array.BytePrimitiveArraySerializer;
import org.apache.flink.metrics.Gauge;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.runtime.state.StateInitializationContext;
import org.apache.flink.runtime.state.StateSnapshotContext;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.BoundedOneInput;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes rows and emits none: see {@link ClickHouseSink} for what it promises.
 *
 * <p>A checkpoint closes the batches of its rows and holds them, and all earlier ones that are not
 * stored, in operator state; when it is complete they are released to the sender's thread. The
 * task's own thread never waits for ClickHouse, unless more waits than the limit.
 */
final class ClickHouseSinkOperator extends AbstractStreamOperator<StorageRow>
    implements OneInputStreamOperator<StorageRow, StorageRow>, BoundedOneInput {
  private static final long serialVersionUID = 1L;
  private static final Logger LOG = LoggerFactory.getLogger(ClickHouseSinkOperator.class);
  private static final int INCARNATION_BYTES = 8;
  private static final Duration BLOCKED_LOG_INTERVAL = Duration.ofSeconds(10);

  /** By so much the clocks of senders may differ from this one without a row being stored twice. */
  private static final Duration CLOCK_MARGIN = Duration.ofMinutes(10);

  private static final ListStateDescriptor<byte[]> STATE =
      new ListStateDescriptor<>("waiting-batches", BytePrimitiveArraySerializer.INSTANCE);

  private final SinkSettings settings;

  private transient @Nullable ListState<byte[]> state;
  private transient @Nullable Parts parts;
  private transient boolean inputEnded;

  ClickHouseSinkOperator(SinkSettings settings) {
    this.settings = settings;
  }

  private record Parts(
      BatchBuilder builder, WaitingBatches waiting, BatchSender sender, Thread thread) {}

  @Override
  public void initializeState(StateInitializationContext context) throws Exception {
    super.initializeState(context);
    state = context.getOperatorStateStore().getListState(STATE);
    WaitingBatches waiting = new WaitingBatches();
    if (context.isRestored()) {
      List<Batch> restored = new ArrayList<>();
      for (byte[] bytes : state.get()) {
        restored.add(Batch.fromBytes(bytes).suspected());
      }
      waiting.add(restored);
      waiting.release(Long.MAX_VALUE);
      LOG.info("{} batches from the restored state wait for ClickHouse", restored.size());
    }
    byte[] random = new byte[INCARNATION_BYTES];
    new SecureRandom().nextBytes(random);
    long startNs = getProcessingTimeService().getCurrentProcessingTime() * 1_000_000L;
    BatchBuilder builder =
        new BatchBuilder(
            HexFormat.of().formatHex(random),
            getRuntimeContext().getTaskInfo().getIndexOfThisSubtask(),
            startNs + CLOCK_MARGIN.toNanos());
    BatchSender sender =
        new BatchSender(
            new ClickHouseClient(
                settings.url(),
                settings.database(),
                settings.user(),
                settings.password(),
                settings.timeout()),
            waiting);
    Thread thread = new Thread(sender, "clickhouse-sender");
    thread.setDaemon(true);
    parts = new Parts(builder, waiting, sender, thread);
  }

  @Override
  public void open() throws Exception {
    super.open();
    Parts p = parts();
    MetricGroup metrics = getMetricGroup().addGroup("clickhouse");
    gauge(metrics, "waitingBatches", p.waiting()::size);
    gauge(metrics, "waitingBytes", p.waiting()::bytes);
    gauge(metrics, "storedRows", p.sender().counts().rows::get);
    gauge(metrics, "storedBatches", p.sender().counts().batches::get);
    gauge(metrics, "checkedBatches", p.sender().counts().checkedBatches::get);
    gauge(metrics, "retries", p.sender().counts().retries::get);
    p.thread().start();
  }

  private static <T> void gauge(MetricGroup group, String name, Gauge<T> gauge) {
    group.gauge(name, gauge);
  }

  @Override
  public void processElement(StreamRecord<StorageRow> element) throws Exception {
    Parts p = parts();
    if (p.waiting().releasedBytes() >= settings.maxWaitingBytes()) {
      awaitRoom(p);
    }
    p.builder().add(element.getValue());
  }

  /** Only batches that may leave count, so this wait always ends when ClickHouse answers again. */
  private void awaitRoom(Parts p) throws InterruptedException {
    while (!p.waiting().awaitReleasedBelow(settings.maxWaitingBytes(), BLOCKED_LOG_INTERVAL)) {
      LOG.error(
          "{} bytes in {} batches wait for ClickHouse, the limit is {}: the job stands still until it answers ({})",
          p.waiting().bytes(),
          p.waiting().size(),
          settings.maxWaitingBytes(),
          p.sender().trouble());
    }
  }

  @Override
  public void snapshotState(StateSnapshotContext context) throws Exception {
    super.snapshotState(context);
    Parts p = parts();
    p.waiting().add(p.builder().build(context.getCheckpointId()));
    List<byte[]> all = new ArrayList<>();
    for (Batch batch : p.waiting().all()) {
      all.add(batch.toBytes());
    }
    if (state == null) {
      throw new IllegalStateException("not initialized");
    }
    state.update(all);
  }

  @Override
  public void notifyCheckpointComplete(long checkpointId) throws Exception {
    super.notifyCheckpointComplete(checkpointId);
    Parts p = parts();
    p.waiting().release(checkpointId);
    if (inputEnded) {
      // The last call: nobody would send what waits after it.
      awaitStored(p);
    }
  }

  @Override
  public void endInput() {
    inputEnded = true;
  }

  private static void awaitStored(Parts p) throws InterruptedException, IOException {
    if (!p.waiting().awaitReleasedBelow(0, Duration.ofMinutes(5))) {
      throw new IOException(
          p.waiting().size()
              + " batches could not be stored at the end of the input: "
              + p.sender().trouble());
    }
  }

  @Override
  public void close() throws Exception {
    if (parts != null) {
      parts.thread().interrupt();
      // Long enough for an INSERT under way; what is not acknowledged is in the last checkpoint.
      parts.thread().join(Duration.ofSeconds(5).toMillis());
    }
    super.close();
  }

  private Parts parts() {
    if (parts == null) {
      throw new IllegalStateException("not initialized");
    }
    return parts;
  }
}
