package io.dyetrace.analytics.dedup;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Message;
import io.dyetrace.analytics.Records;
import io.dyetrace.analytics.telemetry.Kind;
import io.dyetrace.analytics.telemetry.Telemetry;
import io.dyetrace.analytics.telemetry.Telemetry.Position;
import io.dyetrace.analytics.telemetry.TelemetryReader;
import io.dyetrace.analytics.telemetry.TelemetryReader.Keyed;
import io.dyetrace.common.record.ProbeOutcome;
import io.dyetrace.storage.row.StorageRow;
import java.time.Duration;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.streaming.api.operators.KeyedProcessOperator;
import org.apache.flink.streaming.util.KeyedOneInputStreamOperatorTestHarness;
import org.junit.jupiter.api.Test;

class RowFunctionTest {
  private static final Duration TTL = Duration.ofMinutes(10);
  private static final long START_MS = 1_900_000_000_000L;
  private static final long START_NS = START_MS * 1_000_000;

  private final TelemetryReader reader = new TelemetryReader(Keyed.BY_SENDER);
  private long offset;

  private static KeyedOneInputStreamOperatorTestHarness<String, Telemetry, StorageRow> harness()
      throws Exception {
    var harness =
        new KeyedOneInputStreamOperatorTestHarness<>(
            new KeyedProcessOperator<>(new RowFunction(TTL)), Telemetry::key, Types.STRING);
    harness.getExecutionConfig().enableObjectReuse();
    harness.setup(
        io.dyetrace.storage.flink.StorageRowTypeInfo.INSTANCE.createSerializer(
            harness.getExecutionConfig().getSerializerConfig()));
    return harness;
  }

  private Telemetry read(Kind kind, Message message) {
    Position position = new Position(kind.topic(), 0, offset++);
    return reader.read(position, START_MS, null, message.toByteArray());
  }

  @Test
  void shouldLetEachRowThroughOnce() throws Exception {
    try (var harness = harness()) {
      harness.open();
      harness.setProcessingTime(START_MS);
      harness.processElement(read(Kind.POINTS, Records.points("gw-1", 1, 10, START_NS)), START_MS);
      harness.processElement(read(Kind.POINTS, Records.points("gw-1", 5, 10, START_NS)), START_MS);
      assertThat(harness.extractOutputValues()).as("points 1 to 14").hasSize(14);
      harness.processElement(read(Kind.PROBES, Records.probes(1, 100, 4, START_NS)), START_MS);
      harness.processElement(read(Kind.PROBES, Records.probes(1, 100, 4, START_NS)), START_MS);
      harness.processElement(read(Kind.PROBES, Records.probes(2, 100, 4, START_NS)), START_MS);
      assertThat(harness.extractOutputValues()).as("probes of two probers").hasSize(14 + 8);
      harness.processElement(read(Kind.COUNTERS, Records.counters("gw-1", 1, START_NS)), START_MS);
      harness.processElement(read(Kind.COUNTERS, Records.counters("gw-1", 1, START_NS)), START_MS);
      assertThat(harness.extractOutputValues()).as("node and VIP counters").hasSize(22 + 2);
      harness.processElement(read(Kind.MESH, Records.mesh(5, START_NS)), START_MS);
      harness.processElement(read(Kind.MESH, Records.mesh(5, START_NS)), START_MS);
      harness.processElement(read(Kind.MESH, Records.mesh(5, START_NS + 1)), START_MS);
      assertThat(harness.extractOutputValues()).as("mesh").hasSize(24 + 2);
      harness.processElement(read(Kind.VERDICTS, Records.verdict("gw-1", 1, START_NS)), START_MS);
      harness.processElement(read(Kind.VERDICTS, Records.verdict("gw-1", 1, START_NS)), START_MS);
      harness.processElement(read(Kind.VERDICTS, Records.verdict("gw-1", 2, START_NS)), START_MS);
      assertThat(harness.extractOutputValues()).as("verdicts").hasSize(26 + 2);
    }
  }

  @Test
  void shouldKeepALateAnswerBesideTheTimeout() throws Exception {
    try (var harness = harness()) {
      harness.open();
      harness.setProcessingTime(START_MS);
      for (ProbeOutcome outcome :
          new ProbeOutcome[] {ProbeOutcome.TIMEOUT, ProbeOutcome.LATE_SYN_ACK}) {
        Message batch =
            Records.probes(1, 0, 0, START_NS).toBuilder()
                .addResults(Records.probe(9, outcome, START_NS))
                .build();
        harness.processElement(read(Kind.PROBES, batch), START_MS);
        harness.processElement(read(Kind.PROBES, batch), START_MS);
      }
      assertThat(harness.extractOutputValues()).hasSize(2);
    }
  }

  @Test
  void shouldKnowARepeatOverARestore() throws Exception {
    OperatorSubtaskState state;
    try (var harness = harness()) {
      harness.open();
      harness.setProcessingTime(START_MS);
      harness.processElement(read(Kind.POINTS, Records.points("gw-1", 1, 10, START_NS)), START_MS);
      state = harness.snapshot(1, START_MS);
    }
    try (var harness = harness()) {
      harness.initializeState(state);
      harness.open();
      // Two hours later every timer of the outage fires before the backlog is read.
      harness.setProcessingTime(START_MS + 7_200_000);
      harness.processElement(read(Kind.POINTS, Records.points("gw-1", 8, 4, START_NS)), START_MS);
      assertThat(harness.extractOutputValues()).as("only point 11 is new").hasSize(1);
    }
  }

  @Test
  void shouldLeaveNoStateAndNoTimerOnceTheTtlIsOver() throws Exception {
    try (var harness = harness()) {
      harness.open();
      harness.setProcessingTime(START_MS);
      harness.processElement(read(Kind.POINTS, Records.points("gw-1", 1, 10, START_NS)), START_MS);
      harness.processElement(read(Kind.PROBES, Records.probes(1, 1, 10, START_NS)), START_MS);
      assertThat(harness.numKeyedStateEntries()).isPositive();
      assertThat(harness.numProcessingTimeTimers()).isEqualTo(2);
      for (long t = 0; t <= 2 * TTL.toMillis(); t += 60_000) {
        harness.setProcessingTime(START_MS + t);
      }
      assertThat(harness.numKeyedStateEntries()).isZero();
      assertThat(harness.numProcessingTimeTimers()).isZero();
    }
  }

  @Test
  void shouldHaveOneTimerForASender() throws Exception {
    try (var harness = harness()) {
      harness.open();
      for (int i = 0; i < 100; i++) {
        harness.setProcessingTime(START_MS + i * 1_000L);
        harness.processElement(
            read(Kind.POINTS, Records.points("gw-1", 1 + i, 1, START_NS)), START_MS);
      }
      assertThat(harness.numProcessingTimeTimers()).isEqualTo(1);
    }
  }
}
