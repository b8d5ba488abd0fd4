package io.dyetrace.analytics.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import io.dyetrace.analytics.Records;
import io.dyetrace.analytics.telemetry.Telemetry.Batch;
import io.dyetrace.analytics.telemetry.Telemetry.ParameterChange;
import io.dyetrace.analytics.telemetry.Telemetry.Position;
import io.dyetrace.analytics.telemetry.Telemetry.Progress;
import io.dyetrace.analytics.telemetry.TelemetryReader.Keyed;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.runtime.state.KeyGroupRangeAssignment;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.util.OneInputStreamOperatorTestHarness;
import org.junit.jupiter.api.Test;

class ProgressOperatorTest {
  private static final long NOW_MS = 1_900_000_000_000L;
  private final TelemetryReader reader = new TelemetryReader(Keyed.BY_CLUSTER);

  private static OneInputStreamOperatorTestHarness<Telemetry, Telemetry> harness()
      throws Exception {
    return new OneInputStreamOperatorTestHarness<>(
        new ProgressOperator(), TelemetrySerializer.INSTANCE);
  }

  private StreamRecord<Telemetry> record(long offset, byte[] value) {
    Position position = new Position(Kind.POINTS.topic(), 1, offset);
    return new StreamRecord<>(reader.read(position, NOW_MS, null, value), NOW_MS);
  }

  private static byte[] points() {
    return Records.points("gw-1", 1, 1, NOW_MS * 1_000_000).toByteArray();
  }

  @Test
  void shouldTellProgressAfterTheRecordsAndCountUnreadableOnesAsRead() throws Exception {
    try (var harness = harness()) {
      harness.setup(TelemetrySerializer.INSTANCE);
      harness.open();
      harness.processElement(record(41, points()));
      harness.processElement(record(42, new byte[] {1}));
      harness.setProcessingTime(100);
      List<Telemetry> out = harness.extractOutputValues();
      assertThat(out).hasSize(2);
      assertThat(out.get(0)).isInstanceOf(Batch.class);
      assertThat(((Progress) out.get(1)).nextOffsets()).isEqualTo(Map.of("dyetrace.points-1", 43L));
      harness.setProcessingTime(1_000);
      assertThat(harness.extractOutputValues()).as("nothing new to tell").hasSize(2);
    }
  }

  @Test
  void shouldTellAgainAfterARestoreWhatItKnew() throws Exception {
    OperatorSubtaskState state;
    try (var harness = harness()) {
      harness.setup(TelemetrySerializer.INSTANCE);
      harness.open();
      harness.processElement(record(41, points()));
      state = harness.snapshot(1, 1);
    }
    try (var harness = harness()) {
      harness.setup(TelemetrySerializer.INSTANCE);
      harness.initializeState(state);
      harness.open();
      harness.setProcessingTime(100);
      assertThat(harness.extractOutputValues())
          .singleElement()
          .isInstanceOfSatisfying(
              Progress.class,
              p -> assertThat(p.nextOffsets()).isEqualTo(Map.of("dyetrace.points-1", 42L)));
    }
  }

  @Test
  void shouldTellAChangeOfParametersToEverySubtaskBeforeTheRecordsThatFollow() throws Exception {
    try (var harness = harness()) {
      harness.setup(TelemetrySerializer.INSTANCE);
      harness.open();
      Position position = new Position(Kind.PARAMETERS.topic(), 0, 3);
      ParameterChange change = new ParameterChange("*", position, "*", "crash: {}\n");
      harness.processElement(new StreamRecord<>(change, NOW_MS));
      harness.processElement(record(41, points()));
      List<Telemetry> out = harness.extractOutputValues();
      assertThat(out).hasSize(2);
      String key = ProgressOperator.keysOfEverySubtask(1, 1).get(0);
      assertThat(out.get(0)).isEqualTo(change.to(key));
    }
  }

  @Test
  void shouldHaveAKeyForEverySubtask() {
    for (int parallelism : new int[] {1, 2, 3, 8, 128}) {
      Set<Integer> reached = new HashSet<>();
      for (String key : ProgressOperator.keysOfEverySubtask(128, parallelism)) {
        reached.add(KeyGroupRangeAssignment.assignKeyToParallelOperator(key, 128, parallelism));
      }
      assertThat(reached).hasSize(parallelism);
    }
  }
}
