package io.dyetrace.analytics;

import io.dyetrace.analytics.dedup.RowFunction;
import io.dyetrace.analytics.detection.Detector;
import io.dyetrace.analytics.detection.DetectorOperator;
import io.dyetrace.analytics.flow.ByFlow;
import io.dyetrace.analytics.flow.Flows;
import io.dyetrace.analytics.flow.KeyFillFunction;
import io.dyetrace.analytics.telemetry.OpaqueType;
import io.dyetrace.analytics.telemetry.ProgressOperator;
import io.dyetrace.analytics.telemetry.Telemetry;
import io.dyetrace.analytics.telemetry.Telemetry.Batch;
import io.dyetrace.analytics.telemetry.UnreadableSplit;
import io.dyetrace.common.record.Verdict;
import io.dyetrace.storage.flink.StorageRowTypeInfo;
import io.dyetrace.storage.row.StorageRow;
import java.time.Duration;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.functions.KeySelector;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.DataStreamUtils;
import org.apache.flink.streaming.api.datastream.KeyedStream;
import org.apache.flink.streaming.api.datastream.SingleOutputStreamOperator;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/**
 * The job: two pipelines that share nothing but Kafka.
 *
 * <pre>
 * detection: probes, points, counters ─▶ progress ─▶ detector per cluster ─▶ dyetrace.verdicts
 * storage:   every topic, verdicts too ─▶ split ─▶ rows, repeats removed ─▶ reply keys ─▶ ClickHouse
 *                                            └───▶ dyetrace.dead-letter
 * </pre>
 *
 * <p>They are separate so that a ClickHouse that is slow or away never holds back a verdict:
 * without a common operator there is no common back pressure, and Flink restarts one without the
 * other.
 */
public final class AnalyticsJob {
  /** A partition without records holds event time back no longer than this. */
  private static final Duration IDLE_AFTER = Duration.ofSeconds(2);

  private AnalyticsJob() {}

  /** Adds the job to the environment. */
  public static void build(
      StreamExecutionEnvironment environment,
      JobSources sources,
      JobSinks sinks,
      Detector.Factory detectors,
      Flows flows,
      DetectorOperator.Settings settings) {
    detection(environment, sources, sinks, detectors, settings);
    storage(environment, sources, sinks, flows, settings);
  }

  /** Each partition's newest; the whole is where the last of those that are not idle stands. */
  static WatermarkStrategy<Telemetry> eventTime() {
    return WatermarkStrategy.<Telemetry>forMonotonousTimestamps()
        .withTimestampAssigner((element, appendTimeMs) -> eventTimeMs(element, appendTimeMs))
        .withIdleness(IDLE_AFTER);
  }

  private static void detection(
      StreamExecutionEnvironment environment,
      JobSources sources,
      JobSinks sinks,
      Detector.Factory detectors,
      DetectorOperator.Settings settings) {
    SingleOutputStreamOperator<Telemetry> telemetry =
        environment
            .fromSource(sources.detection(), eventTime(), "detection-source", OpaqueType.TELEMETRY)
            .uid("detection-source")
            .transform("progress", OpaqueType.TELEMETRY, new ProgressOperator())
            .uid("detection-progress");
    SingleOutputStreamOperator<Verdict> verdicts =
        keyed(telemetry, Telemetry::key, Types.STRING)
            .transform(
                "detector",
                ProtobufTypes.VERDICT,
                new DetectorOperator(detectors, sources.endOffsets(), settings))
            .uid("detector");
    verdicts.sinkTo(sinks.verdicts()).uid("verdict-sink").name("verdicts");
  }

  private static void storage(
      StreamExecutionEnvironment environment,
      JobSources sources,
      JobSinks sinks,
      Flows flows,
      DetectorOperator.Settings settings) {
    SingleOutputStreamOperator<Telemetry> readable =
        environment
            .fromSource(
                sources.storage(),
                WatermarkStrategy.noWatermarks(),
                "storage-source",
                OpaqueType.TELEMETRY)
            .uid("storage-source")
            .process(new UnreadableSplit())
            .returns(OpaqueType.TELEMETRY)
            .uid("unreadable-split")
            .name("split");
    readable
        .getSideOutput(UnreadableSplit.UNREADABLE)
        .sinkTo(sinks.deadLetters())
        .uid("dead-letter-sink")
        .name("dead letters");
    SingleOutputStreamOperator<StorageRow> rows =
        keyed(readable, Telemetry::key, Types.STRING)
            .process(new RowFunction(settings.deduplicationTtl()))
            .returns(StorageRowTypeInfo.INSTANCE)
            .uid("rows")
            .name("rows");
    keyed(rows, new ByFlow(flows), Types.LONG)
        .process(new KeyFillFunction(flows))
        .returns(StorageRowTypeInfo.INSTANCE)
        .uid("reply-keys")
        .name("reply keys")
        .sinkTo(sinks.rows())
        .uid("row-sink")
        .name("ClickHouse");
  }

  /**
   * Brings together what has one key. A single subtask has every key already: nothing is written,
   * moved and parsed again on the way to itself. The state is the same either way, so that the
   * parallelism may change from one start to the next.
   */
  private static <T, K> KeyedStream<T, K> keyed(
      DataStream<T> stream, KeySelector<T, K> key, TypeInformation<K> type) {
    return stream.getExecutionEnvironment().getParallelism() == 1
        ? DataStreamUtils.reinterpretAsKeyedStream(stream, key, type)
        : stream.keyBy(key, type);
  }

  private static long eventTimeMs(Telemetry element, long appendTimeMs) {
    return element instanceof Batch batch ? batch.eventTimeMs() : appendTimeMs;
  }
}
