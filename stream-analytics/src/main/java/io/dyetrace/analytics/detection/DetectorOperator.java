package io.dyetrace.analytics.detection;

import com.google.protobuf.Message;
import io.dyetrace.analytics.dedup.Deduplication;
import io.dyetrace.analytics.telemetry.Telemetry;
import io.dyetrace.analytics.telemetry.Telemetry.Batch;
import io.dyetrace.analytics.telemetry.Telemetry.ParameterChange;
import io.dyetrace.analytics.telemetry.Telemetry.Progress;
import io.dyetrace.common.record.CounterBatch;
import io.dyetrace.common.record.PointBatch;
import io.dyetrace.common.record.ProbeBatch;
import io.dyetrace.common.record.Verdict;
import io.dyetrace.common.registry.FaultClass;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.PrimitiveArrayTypeInfo;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.runtime.state.StateInitializationContext;
import org.apache.flink.runtime.state.StateSnapshotContext;
import org.apache.flink.runtime.state.VoidNamespace;
import org.apache.flink.runtime.state.VoidNamespaceSerializer;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.InternalTimer;
import org.apache.flink.streaming.api.operators.InternalTimerService;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.api.operators.Triggerable;
import org.apache.flink.streaming.api.watermark.Watermark;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Feeds one detector per cluster and tells it the time.
 *
 * <p>Event time is the watermark: what every partition has reached. Wall-clock time moves a
 * detector only while the input is caught up: everything that the broker held has been read, the
 * newest event is young, and the operator has run for a while; never right after a restore, when
 * Flink fires overdue timers before it reads the backlog.
 *
 * <p>Changes of parameters are broadcast state: they come to every subtask between the records, are
 * kept with each checkpoint, and hold for detectors of today and of tomorrow.
 *
 * <p>A detector lives on the heap and is written into the state with each checkpoint. It is
 * forgotten when its cluster has sent nothing for a long time.
 */
public final class DetectorOperator extends AbstractStreamOperator<Verdict>
    implements OneInputStreamOperator<Telemetry, Verdict>, Triggerable<String, VoidNamespace> {
  private static final Logger LOG = LoggerFactory.getLogger(DetectorOperator.class);
  private static final long serialVersionUID = 1L;

  private final Detector.Factory detectors;
  private final EndOffsets.Factory endOffsets;
  private final Settings settings;

  private transient ValueState<byte[]> snapshot;
  private transient Deduplication deduplication;
  private transient ParameterState parameters;
  private transient boolean parametersFull;
  private transient InternalTimerService<VoidNamespace> timers;
  private transient Map<String, Cluster> clusters;
  private transient CaughtUp caughtUp;
  private transient LagWatch lagWatch;
  private transient long openedMs;
  private transient long watermarkMs;
  private transient long newestEventMs;
  private transient boolean wasCaughtUp;
  private transient Map<String, Counter> verdicts;
  private transient Map<String, Long> versions;
  private transient Counter restoreFailures;

  /**
   * How it treats time.
   *
   * @param tick between two looks at the wall clock
   * @param settling after the start nothing is concluded from silence for so long
   * @param youngest an input whose newest event is older is not caught up
   * @param transit how long an event may take from its sender to the broker
   * @param deduplicationTtl how long a repeat is recognised
   * @param forgetAfter a cluster that sends nothing for so long is forgotten
   */
  public record Settings(
      Duration tick,
      Duration settling,
      Duration youngest,
      Duration transit,
      Duration deduplicationTtl,
      Duration forgetAfter)
      implements java.io.Serializable {
    public static final Settings DEFAULT =
        new Settings(
            Duration.ofMillis(200),
            Duration.ofSeconds(10),
            Duration.ofSeconds(2),
            Duration.ofMillis(300),
            Duration.ofMinutes(10),
            Duration.ofHours(24));

    /** The same with another time to live. */
    public Settings withDeduplicationTtl(Duration ttl) {
      return new Settings(tick, settling, youngest, transit, ttl, forgetAfter);
    }
  }

  private static final class Cluster {
    Detector detector;
    Parameters parameters;
    long inputMs;
    long sweptMs;
    long advancedNs;

    Cluster(Detector detector, Parameters parameters, long nowMs) {
      this.detector = detector;
      this.parameters = parameters;
      this.inputMs = nowMs;
      this.sweptMs = nowMs;
    }
  }

  @SuppressWarnings("NullAway.Init") // initializeState() and open() make the transient fields
  public DetectorOperator(
      Detector.Factory detectors, EndOffsets.Factory endOffsets, Settings settings) {
    this.detectors = detectors;
    this.endOffsets = endOffsets;
    this.settings = settings;
  }

  @Override
  public void initializeState(StateInitializationContext context) throws Exception {
    super.initializeState(context);
    snapshot =
        context
            .getKeyedStateStore()
            .getState(
                new ValueStateDescriptor<>(
                    "detector", PrimitiveArrayTypeInfo.BYTE_PRIMITIVE_ARRAY_TYPE_INFO));
    parameters = new ParameterState(context.getOperatorStateStore());
    deduplication =
        new Deduplication(context.getKeyedStateStore().getMapState(Deduplication.descriptor()));
  }

  @Override
  public void open() throws Exception {
    super.open();
    timers = getInternalTimerService("tick", VoidNamespaceSerializer.INSTANCE, this);
    clusters = new HashMap<>();
    verdicts = new HashMap<>();
    versions = new ConcurrentHashMap<>();
    openedMs = nowMs();
    watermarkMs = Long.MIN_VALUE;
    newestEventMs = Long.MIN_VALUE;
    caughtUp = new CaughtUp();
    lagWatch = new LagWatch(endOffsets, caughtUp, this::nowMs);
    lagWatch.start();
    MetricGroup metrics = getMetricGroup();
    restoreFailures = metrics.counter("dyetrace_analytics_detector_restore_failures_total");
    metrics.gauge("dyetrace_analytics_clusters", () -> clusters.size());
    metrics.gauge("dyetrace_analytics_lag_records", () -> caughtUp.lagRecords());
    metrics.gauge("dyetrace_analytics_caught_up", () -> wasCaughtUp ? 1 : 0);
    metrics.gauge(
        "dyetrace_analytics_event_time_seconds",
        () -> newestEventMs == Long.MIN_VALUE ? 0.0 : newestEventMs / 1000.0);
    metrics
        .addGroup("pipeline", "detection")
        .gauge("dyetrace_analytics_duplicates_total", () -> deduplication.duplicates());
  }

  @Override
  public void close() throws Exception {
    if (lagWatch != null) {
      lagWatch.close();
    }
    super.close();
  }

  @Override
  public void processElement(StreamRecord<Telemetry> record) throws Exception {
    Telemetry element = record.getValue();
    if (element instanceof Progress progress) {
      caughtUp.read(progress.nextOffsets());
    } else if (element instanceof ParameterChange change) {
      accept(change);
    } else if (element instanceof Batch batch) {
      newestEventMs = Math.max(newestEventMs, batch.eventTimeMs());
      long nowMs = nowMs();
      Cluster cluster = cluster(batch.key(), nowMs);
      cluster.inputMs = nowMs;
      Optional<Batch> rest = deduplication.filter(batch, nowMs);
      if (rest.isPresent()) {
        accept(cluster.detector, rest.get().message());
      }
    }
  }

  /** What a detector knows outlives its parameters. */
  private void accept(ParameterChange change) throws Exception {
    boolean taken = parameters.accept(change);
    if (!taken && !parametersFull) {
      LOG.error("{}: too many clusters have parameters of their own, refused", change.scope());
    }
    parametersFull = !taken;
    for (Map.Entry<String, Cluster> entry : clusters.entrySet()) {
      Cluster cluster = entry.getValue();
      Parameters changed = parameters.of(entry.getKey());
      if (!changed.equals(cluster.parameters)) {
        LOG.info("{}: parameters are now {}", entry.getKey(), changed);
        cluster.detector = cluster.detector.with(changed);
        cluster.parameters = changed;
        show(entry.getKey(), changed);
      }
    }
  }

  private static void accept(Detector detector, Message message) {
    if (message instanceof ProbeBatch batch) {
      detector.accept(batch);
    } else if (message instanceof PointBatch batch) {
      detector.accept(batch);
    } else if (message instanceof CounterBatch batch) {
      detector.accept(batch);
    }
  }

  @Override
  public void processWatermark(Watermark mark) throws Exception {
    watermarkMs = mark.getTimestamp();
    if (watermarkMs < Long.MAX_VALUE) {
      long nowMs = nowMs();
      boolean upToDate = isCaughtUp(nowMs);
      for (Map.Entry<String, Cluster> entry : clusters.entrySet()) {
        setCurrentKey(entry.getKey());
        advance(entry.getKey(), entry.getValue(), upToDate);
      }
    }
    super.processWatermark(mark);
  }

  @Override
  public void onProcessingTime(InternalTimer<String, VoidNamespace> timer) throws Exception {
    String key = timer.getKey();
    long nowMs = nowMs();
    Cluster cluster = clusters.get(key);
    if (cluster == null) {
      cluster = restore(key, nowMs);
    }
    if (nowMs - cluster.inputMs >= settings.forgetAfter().toMillis()) {
      forget(key);
      return;
    }
    advance(key, cluster, isCaughtUp(nowMs));
    sweep(cluster, nowMs);
    timers.registerProcessingTimeTimer(VoidNamespace.INSTANCE, nowMs + settings.tick().toMillis());
  }

  @Override
  public void onEventTime(InternalTimer<String, VoidNamespace> timer) {
    throw new IllegalStateException("no event-time timer is ever set");
  }

  @Override
  public void snapshotState(StateSnapshotContext context) throws Exception {
    super.snapshotState(context);
    for (Map.Entry<String, Cluster> entry : clusters.entrySet()) {
      setCurrentKey(entry.getKey());
      snapshot.update(entry.getValue().detector.snapshot());
    }
  }

  private boolean isCaughtUp(long nowMs) {
    boolean upToDate =
        nowMs - openedMs >= settings.settling().toMillis()
            && newestEventMs > nowMs - settings.youngest().toMillis()
            && caughtUp.readUntilMs() > nowMs - settings.youngest().toMillis();
    if (upToDate != wasCaughtUp) {
      LOG.info(
          upToDate
              ? "caught up: silence counts from now on"
              : "not caught up: silence does not count for now ({} records to read)",
          caughtUp.lagRecords());
      wasCaughtUp = upToDate;
    }
    return upToDate;
  }

  private void advance(String key, Cluster cluster, boolean upToDate) {
    long timeMs = watermarkMs;
    if (upToDate) {
      timeMs = Math.max(timeMs, caughtUp.readUntilMs() - settings.transit().toMillis());
    }
    if (timeMs <= 0) {
      return;
    }
    cluster.advancedNs = Math.max(cluster.advancedNs, timeMs * 1_000_000);
    for (Verdict verdict : cluster.detector.advance(cluster.advancedNs, upToDate)) {
      LOG.info(
          "{}: {} {} revision {}, confidence {}",
          key,
          verdict.getState(),
          verdict.getFaultId(),
          verdict.getRevision(),
          verdict.getConfidence());
      count(verdict);
      output.collect(new StreamRecord<>(verdict, verdict.getDetectedNs() / 1_000_000));
    }
  }

  private void count(Verdict verdict) {
    String faultClass = FaultClass.nameOf(verdict.getFaultClass());
    verdicts
        .computeIfAbsent(
            faultClass + "/" + verdict.getState(),
            k ->
                getMetricGroup()
                    .addGroup("class", faultClass)
                    .addGroup("state", verdict.getState().name())
                    .counter("dyetrace_analytics_verdicts_total"))
        .inc();
  }

  /** The current key's, from memory or from its state. */
  private Cluster cluster(String key, long nowMs) throws Exception {
    Cluster known = clusters.get(key);
    if (known != null) {
      return known;
    }
    if (snapshot.value() == null) {
      // A cluster that has a state has its timer in it.
      timers.registerProcessingTimeTimer(
          VoidNamespace.INSTANCE, nowMs + settings.tick().toMillis());
    }
    return restore(key, nowMs);
  }

  private Cluster restore(String key, long nowMs) throws Exception {
    byte[] saved = snapshot.value();
    Parameters changed = parameters.of(key);
    Detector detector;
    if (saved == null) {
      LOG.info("{}: a new detector", key);
      detector = detectors.create(key, changed);
    } else {
      try {
        detector = detectors.restore(key, changed, saved);
        LOG.info("{}: a detector restored from {} bytes", key, saved.length);
      } catch (RuntimeException e) {
        restoreFailures.inc();
        LOG.error("{}: the detector's saved state is unusable, it begins anew", key, e);
        detector = detectors.create(key, changed);
      }
    }
    Cluster cluster = new Cluster(detector, changed, nowMs);
    clusters.put(key, cluster);
    show(key, changed);
    return cluster;
  }

  private void show(String key, Parameters changed) {
    if (versions.put(key, changed.version()) == null) {
      getMetricGroup()
          .addGroup("cluster", key)
          .gauge("dyetrace_analytics_parameters_version", () -> versions.get(key));
    }
  }

  private void sweep(Cluster cluster, long nowMs) throws Exception {
    long ttlMs = settings.deduplicationTtl().toMillis();
    // Nothing is forgotten before a whole TTL after the start: a backlog may repeat what the state
    // of long ago still knows.
    if (nowMs - openedMs >= ttlMs && nowMs - cluster.sweptMs >= ttlMs / 10) {
      deduplication.expire(nowMs - ttlMs);
      cluster.sweptMs = nowMs;
    }
  }

  private void forget(String key) throws Exception {
    LOG.info("{}: nothing came for {}, forgotten", key, settings.forgetAfter());
    deduplication.expire(Long.MAX_VALUE);
    snapshot.clear();
    clusters.remove(key);
    versions.put(key, 0L);
  }

  CaughtUp caughtUp() {
    return caughtUp;
  }

  private long nowMs() {
    return getProcessingTimeService().getCurrentProcessingTime();
  }
}
