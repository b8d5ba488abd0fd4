package io.dyetrace.analytics;

import static org.assertj.core.api.Assertions.assertThat;

import io.dyetrace.analytics.telemetry.Kind;
import io.dyetrace.analytics.telemetry.Telemetry;
import io.dyetrace.analytics.telemetry.Telemetry.Position;
import io.dyetrace.analytics.telemetry.TelemetryReader;
import io.dyetrace.analytics.telemetry.TelemetryReader.Keyed;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.apache.flink.api.common.eventtime.TimestampAssigner;
import org.apache.flink.api.common.eventtime.Watermark;
import org.apache.flink.api.common.eventtime.WatermarkGenerator;
import org.apache.flink.api.common.eventtime.WatermarkGeneratorSupplier;
import org.apache.flink.api.common.eventtime.WatermarkOutput;
import org.apache.flink.api.common.eventtime.WatermarkOutputMultiplexer;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.metrics.groups.UnregisteredMetricsGroup;
import org.apache.flink.util.clock.ManualClock;
import org.apache.flink.util.clock.RelativeClock;
import org.junit.jupiter.api.Test;

/** The job's event time over several partitions, put together as Flink's source does it. */
class EventTimeTest {
  private static final long START_MS = 1_800_000_000_000L;

  private final ManualClock clock = new ManualClock();
  private final TelemetryReader reader = new TelemetryReader(Keyed.BY_CLUSTER);
  private final Map<String, WatermarkGenerator<Telemetry>> generators = new HashMap<>();
  private long nowMs = Long.MIN_VALUE;
  private boolean idle;

  private final WatermarkOutputMultiplexer partitions =
      new WatermarkOutputMultiplexer(
          new WatermarkOutput() {
            @Override
            public void emitWatermark(Watermark watermark) {
              assertThat(watermark.getTimestamp()).as("never back").isGreaterThanOrEqualTo(nowMs);
              nowMs = watermark.getTimestamp();
            }

            @Override
            public void markIdle() {
              idle = true;
            }

            @Override
            public void markActive() {
              idle = false;
            }
          });

  private final TimestampAssigner<Telemetry> times =
      AnalyticsJob.eventTime().createTimestampAssigner(UnregisteredMetricsGroup::new);

  private WatermarkGenerator<Telemetry> generator() {
    return AnalyticsJob.eventTime()
        .createWatermarkGenerator(
            new WatermarkGeneratorSupplier.Context() {
              @Override
              public MetricGroup getMetricGroup() {
                return new UnregisteredMetricsGroup();
              }

              @Override
              public RelativeClock getInputActivityClock() {
                return clock;
              }
            });
  }

  private void assign(String... names) {
    for (String name : names) {
      partitions.registerNewOutput(name);
      generators.put(name, generator());
    }
  }

  /** A record whose newest time is so many seconds after the start. */
  private void read(String partition, double seconds) {
    long timeMs = START_MS + (long) (seconds * 1000);
    byte[] value = Records.points("gw-1", 1, 1, timeMs * 1_000_000).toByteArray();
    Telemetry element =
        reader.read(new Position(Kind.POINTS.topic(), 0, 0), timeMs + 50, null, value);
    WatermarkGenerator<Telemetry> generator = Objects.requireNonNull(generators.get(partition));
    generator.onEvent(
        element,
        times.extractTimestamp(element, timeMs + 50),
        partitions.getImmediateOutput(partition));
  }

  private void tick(long ms) {
    clock.advanceTime(ms, TimeUnit.MILLISECONDS);
    generators.forEach((name, g) -> g.onPeriodicEmit(partitions.getDeferredOutput(name)));
    partitions.onPeriodicEmit();
  }

  private double seconds() {
    return Math.ceil((nowMs - START_MS) / 100.0) / 10;
  }

  @Test
  void shouldStandWhereTheSlowestPartitionStands() {
    assign("a", "b");
    for (int second = 1; second <= 40; second++) {
      read("a", second);
      if (second > 30) {
        read("b", second - 30);
      } else {
        read("b", 0.5);
      }
      tick(1_000);
    }
    assertThat(seconds()).isEqualTo(10);
    read("b", 40);
    tick(200);
    assertThat(seconds()).isEqualTo(40);
  }

  @Test
  void shouldNotWaitForAPartitionThatHasNothing() {
    assign("a", "b");
    for (int tick = 1; tick <= 10; tick++) {
      read("a", tick * 0.2);
      tick(200);
    }
    assertThat(nowMs).as("it may still come").isEqualTo(Long.MIN_VALUE);
    for (int tick = 11; tick <= 20; tick++) {
      read("a", tick * 0.2);
      tick(200);
    }
    assertThat(seconds()).isEqualTo(4);
  }

  @Test
  void shouldNotGoBackForAPartitionThatComesLate() {
    assign("a", "b");
    for (int tick = 1; tick <= 20; tick++) {
      read("a", tick * 0.2);
      tick(200);
    }
    read("b", 1);
    tick(200);
    assertThat(seconds()).isEqualTo(4);
    read("a", 6);
    read("b", 5);
    tick(200);
    assertThat(seconds()).isEqualTo(5);
  }

  @Test
  void shouldSayThatItIsIdleWhenNothingComesAtAll() {
    assign("a", "b");
    read("a", 1);
    read("b", 1);
    tick(200);
    assertThat(idle).isFalse();
    for (int tick = 0; tick < 15; tick++) {
      tick(200);
    }
    assertThat(idle).isTrue();
    read("a", 5);
    tick(200);
    assertThat(seconds()).isEqualTo(5);
  }
}
