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
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.streaming.api.datastream.SingleOutputStreamOperator;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/**
 * The job: two pipelines that share nothing but Kafka.
 *
 * <pre>
 * detection: probes, points, counters ─▶ progress ─▶ detector per cluster ─▶ dyetrace.verdicts
 * storage:   every topic, verdicts too ─▶ split ─▶ rows, repeats removed ─┬───────────▶ ClickHouse
 *                                            │     a stateless tier's replies └▶ reply keys ─┘
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

  private static void detection(
      StreamExecutionEnvironment environment,
      JobSources sources,
      JobSinks sinks,
      Detector.Factory detectors,
      DetectorOperator.Settings settings) {
    WatermarkStrategy<Telemetry> eventTime =
        WatermarkStrategy.<Telemetry>forMonotonousTimestamps()
            .withTimestampAssigner((element, appendTimeMs) -> eventTimeMs(element, appendTimeMs))
            .withIdleness(IDLE_AFTER);
    SingleOutputStreamOperator<Verdict> verdicts =
        environment
            .fromSource(sources.detection(), eventTime, "detection-source", OpaqueType.TELEMETRY)
            .uid("detection-source")
            .transform("progress", OpaqueType.TELEMETRY, new ProgressOperator())
            .uid("detection-progress")
            .keyBy(Telemetry::key)
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
        readable
            .keyBy(Telemetry::key)
            .process(new RowFunction(settings.deduplicationTtl(), flows))
            .returns(StorageRowTypeInfo.INSTANCE)
            .uid("rows")
            .name("rows");
    rows.union(
            rows.getSideOutput(RowFunction.BY_FLOW)
                .keyBy(new ByFlow(flows), Types.STRING)
                .process(new KeyFillFunction(settings.deduplicationTtl()))
                .returns(StorageRowTypeInfo.INSTANCE)
                .uid("reply-keys")
                .name("reply keys"))
        .sinkTo(sinks.rows())
        .uid("row-sink")
        .name("ClickHouse");
  }

  private static long eventTimeMs(Telemetry element, long appendTimeMs) {
    return element instanceof Batch batch ? batch.eventTimeMs() : appendTimeMs;
  }
}
