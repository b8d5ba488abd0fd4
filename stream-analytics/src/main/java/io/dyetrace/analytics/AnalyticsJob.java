package io.dyetrace.analytics;

import io.dyetrace.analytics.dedup.RowFunction;
import io.dyetrace.analytics.detection.Detector;
import io.dyetrace.analytics.detection.DetectorOperator;
import io.dyetrace.analytics.telemetry.OpaqueType;
import io.dyetrace.analytics.telemetry.ProgressOperator;
import io.dyetrace.analytics.telemetry.Telemetry;
import io.dyetrace.analytics.telemetry.Telemetry.Batch;
import io.dyetrace.analytics.telemetry.UnreadableSplit;
import io.dyetrace.common.record.Verdict;
import io.dyetrace.storage.flink.StorageRowTypeInfo;
import java.time.Duration;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.streaming.api.datastream.SingleOutputStreamOperator;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/**
 * The job: two pipelines that share nothing but Kafka.
 *
 * <pre>
 * detection: probes, points, counters ─▶ progress ─▶ detector per cluster ─▶ dyetrace.verdicts
 * storage:   every topic, verdicts too ─▶ split ─▶ rows, repeats removed ─▶ ClickHouse
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
      DetectorOperator.Settings settings) {
    detection(environment, sources, sinks, detectors, settings);
    storage(environment, sources, sinks, settings);
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
    readable
        .keyBy(Telemetry::key)
        .process(new RowFunction(settings.deduplicationTtl()))
        .returns(StorageRowTypeInfo.INSTANCE)
        .uid("rows")
        .name("rows")
        .sinkTo(sinks.rows())
        .uid("row-sink")
        .name("ClickHouse");
  }

  private static long eventTimeMs(Telemetry element, long appendTimeMs) {
    return element instanceof Batch batch ? batch.eventTimeMs() : appendTimeMs;
  }
}
