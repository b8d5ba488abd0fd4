package io.dyetrace.analytics.detection;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Message;
import io.dyetrace.analytics.Records;
import io.dyetrace.analytics.detection.EndOffsets.Range;
import io.dyetrace.analytics.telemetry.Kind;
import io.dyetrace.analytics.telemetry.Telemetry;
import io.dyetrace.analytics.telemetry.Telemetry.ParameterChange;
import io.dyetrace.analytics.telemetry.Telemetry.Position;
import io.dyetrace.analytics.telemetry.Telemetry.Progress;
import io.dyetrace.analytics.telemetry.TelemetryReader;
import io.dyetrace.analytics.telemetry.TelemetryReader.Keyed;
import io.dyetrace.common.record.CounterBatch;
import io.dyetrace.common.record.PointBatch;
import io.dyetrace.common.record.ProbeBatch;
import io.dyetrace.common.record.Verdict;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.streaming.api.watermark.Watermark;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.util.KeyedOneInputStreamOperatorTestHarness;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class DetectorOperatorTest {
  private static final long START_MS = 1_900_000_000_000L;
  private static final String PARTITION = "dyetrace.counters-0";

  private final TelemetryReader reader = new TelemetryReader(Keyed.BY_CLUSTER);
  private final List<AutoCloseable> opened = new ArrayList<>();

  @SuppressWarnings("NullAway.Init") // harness() sets it
  private DetectorOperator operator;

  private long offset;

  /** Counts what it is given and writes down when it is told the time. */
  private static final class FakeDetector implements Detector {
    private static final List<String> CALLS = new ArrayList<>();
    private static final List<String> PARAMETERS = new ArrayList<>();
    private final String cluster;
    private int results;

    FakeDetector(String cluster, Parameters parameters) {
      this.cluster = cluster;
      PARAMETERS.add(cluster + " " + parameters.version() + parameters.documents());
    }

    @Override
    public void accept(ProbeBatch batch) {
      results += batch.getResultsCount();
    }

    @Override
    public void accept(PointBatch batch) {}

    @Override
    public void accept(CounterBatch batch) {}

    @Override
    public List<Verdict> advance(long eventTimeNs, boolean caughtUp) {
      CALLS.add((eventTimeNs / 1_000_000 - START_MS) + (caughtUp ? " caught up" : " behind"));
      return results >= 3 && results < 1000
          ? List.of(Records.verdict("gw-1", results, START_MS * 1_000_000))
          : List.of();
    }

    @Override
    public Detector with(Parameters parameters) {
      FakeDetector same = new FakeDetector(cluster, parameters);
      same.results = results;
      return same;
    }

    @Override
    public byte[] snapshot() {
      return ByteBuffer.allocate(4).putInt(results).array();
    }
  }

  private static final class FakeFactory implements Detector.Factory {
    private static final long serialVersionUID = 1L;
    private final boolean refuses;

    FakeFactory(boolean refuses) {
      this.refuses = refuses;
    }

    @Override
    public Detector create(String cluster, Parameters parameters) {
      return new FakeDetector(cluster, parameters);
    }

    @Override
    public Detector restore(String cluster, Parameters parameters, byte[] snapshot) {
      if (refuses) {
        throw new IllegalStateException("a later version wrote it");
      }
      FakeDetector detector = new FakeDetector(cluster, parameters);
      detector.results = ByteBuffer.wrap(snapshot).getInt();
      return detector;
    }
  }

  /** The test reports the answers itself. */
  private static final class SilentBroker implements EndOffsets {
    @Override
    public Map<String, Range> fetch() {
      throw new IllegalStateException("no broker in this test");
    }

    @Override
    public void close() {}
  }

  private KeyedOneInputStreamOperatorTestHarness<String, Telemetry, Verdict> harness(
      boolean refuses) throws Exception {
    FakeDetector.CALLS.clear();
    FakeDetector.PARAMETERS.clear();
    operator =
        new DetectorOperator(
            new FakeFactory(refuses), SilentBroker::new, DetectorOperator.Settings.DEFAULT);
    var harness =
        new KeyedOneInputStreamOperatorTestHarness<>(operator, Telemetry::key, Types.STRING);
    harness.getExecutionConfig().enableObjectReuse();
    harness.setup();
    harness.setProcessingTime(START_MS);
    opened.add(harness);
    return harness;
  }

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable harness : opened) {
      harness.close();
    }
  }

  private Telemetry read(Kind kind, long timeMs, Message message) {
    Position position = new Position(kind.topic(), 0, offset++);
    return reader.read(position, timeMs, null, message.toByteArray());
  }

  private Telemetry heartbeat(long timeMs) {
    return read(
        Kind.COUNTERS, timeMs, Records.counters("gw-1", 1 + 2 * offset, timeMs * 1_000_000));
  }

  /** Runs with a heartbeat each second and a broker whose every record is read at once. */
  private void runCaughtUp(
      KeyedOneInputStreamOperatorTestHarness<String, Telemetry, Verdict> harness,
      long fromMs,
      long untilMs)
      throws Exception {
    for (long t = fromMs; t <= untilMs; t += 100) {
      harness.setProcessingTime(START_MS + t);
      if (t % 1_000 == 0) {
        harness.processElement(heartbeat(START_MS + t), START_MS + t);
        harness.processWatermark(new Watermark(START_MS + t));
      }
      operator.caughtUp().answered(START_MS + t, Map.of(PARTITION, new Range(0, offset)));
      harness.processElement(new Progress("x", Map.of(PARTITION, offset)), START_MS + t);
    }
  }

  @Test
  void shouldFollowTheWallClockOnlyWhenCaughtUpAndSettled() throws Exception {
    var harness = harness(false);
    harness.open();
    runCaughtUp(harness, 0, 9_900);
    assertThat(FakeDetector.CALLS).isNotEmpty().allMatch(call -> call.endsWith("behind"));
    FakeDetector.CALLS.clear();
    runCaughtUp(harness, 10_000, 12_000);
    assertThat(FakeDetector.CALLS).anyMatch(call -> call.endsWith("caught up"));
    // Between two heartbeats the detector's time goes on, a little behind the clock.
    assertThat(FakeDetector.CALLS).contains("11600 caught up");
  }

  @Test
  void shouldNotFollowTheWallClockWhileRecordsWait() throws Exception {
    var harness = harness(false);
    harness.open();
    runCaughtUp(harness, 0, 12_000);
    FakeDetector.CALLS.clear();
    // 50 records lie in Kafka unread, and nothing comes.
    for (long t = 12_100; t <= 20_000; t += 100) {
      harness.setProcessingTime(START_MS + t);
      operator.caughtUp().answered(START_MS + t, Map.of(PARTITION, new Range(0, offset + 50)));
    }
    assertThat(
            FakeDetector.CALLS.subList(FakeDetector.CALLS.size() - 20, FakeDetector.CALLS.size()))
        .allMatch(call -> call.endsWith("behind"));
    assertThat(FakeDetector.CALLS).noneMatch(call -> call.startsWith("13"));
  }

  @Test
  void shouldNotConcludeFromSilenceWhenNothingAtAllIsHeard() throws Exception {
    var harness = harness(false);
    harness.open();
    runCaughtUp(harness, 0, 12_000);
    FakeDetector.CALLS.clear();
    // The broker answers, everything is read, but the newest event grows old: it may be our ear.
    for (long t = 12_100; t <= 20_000; t += 100) {
      harness.setProcessingTime(START_MS + t);
      operator.caughtUp().answered(START_MS + t, Map.of(PARTITION, new Range(0, offset)));
    }
    assertThat(
            FakeDetector.CALLS.subList(FakeDetector.CALLS.size() - 20, FakeDetector.CALLS.size()))
        .allMatch(call -> call.endsWith("behind"));
  }

  @Test
  void shouldNotConcludeFromSilenceInTheFirstTenSecondsAfterARestore() throws Exception {
    OperatorSubtaskState state;
    var first = harness(false);
    first.open();
    runCaughtUp(first, 0, 15_000);
    first.processElement(
        read(Kind.PROBES, START_MS + 15_000, Records.probes(1, 1, 2, START_MS * 1_000_000)),
        START_MS);
    state = first.snapshot(1, START_MS);

    var second = harness(false);
    second.initializeState(state);
    second.setProcessingTime(START_MS + 60_000);
    second.open();
    // Overdue timers fire now, before a single record of the backlog.
    second.setProcessingTime(START_MS + 60_200);
    assertThat(FakeDetector.CALLS).noneMatch(call -> call.endsWith("caught up"));
    runCaughtUp(second, 61_000, 69_900);
    assertThat(FakeDetector.CALLS).noneMatch(call -> call.endsWith("caught up"));
    runCaughtUp(second, 70_000, 72_000);
    assertThat(FakeDetector.CALLS).anyMatch(call -> call.endsWith("caught up"));
  }

  @Test
  void shouldRestoreTheDetectorAndRecogniseRepeats() throws Exception {
    var first = harness(false);
    first.open();
    Message two = Records.probes(1, 1, 2, START_MS * 1_000_000);
    first.processElement(read(Kind.PROBES, START_MS, two), START_MS);
    OperatorSubtaskState state = first.snapshot(1, START_MS);

    var second = harness(false);
    second.initializeState(state);
    second.open();
    second.processElement(read(Kind.PROBES, START_MS, two), START_MS);
    second.processWatermark(new Watermark(START_MS));
    assertThat(second.extractOutputValues()).as("two results, and a repeat").isEmpty();
    second.processElement(
        read(Kind.PROBES, START_MS, Records.probes(1, 3, 1, START_MS * 1_000_000)), START_MS);
    second.processWatermark(new Watermark(START_MS + 1));
    assertThat(second.extractOutputValues())
        .singleElement()
        .satisfies(verdict -> assertThat(verdict.getRevision()).isEqualTo(3));
  }

  @Test
  void shouldBeginAnewWhenTheSavedDetectorIsUnusable() throws Exception {
    var first = harness(false);
    first.open();
    first.processElement(
        read(Kind.PROBES, START_MS, Records.probes(1, 1, 3, START_MS * 1_000_000)), START_MS);
    OperatorSubtaskState state = first.snapshot(1, START_MS);

    var second = harness(true);
    second.initializeState(state);
    second.open();
    second.processElement(heartbeat(START_MS), START_MS);
    second.processWatermark(new Watermark(START_MS));
    assertThat(second.extractOutputValues()).isEmpty();
    assertThat(FakeDetector.CALLS).hasSize(1);
  }

  private static StreamRecord<Telemetry> change(String scope, long offset, String document) {
    Position position = new Position(Kind.PARAMETERS.topic(), 0, offset);
    return new StreamRecord<>(new ParameterChange("x", position, scope, document));
  }

  private Telemetry results(int count) {
    return read(Kind.PROBES, START_MS, Records.probes(1, 1, count, START_MS * 1_000_000));
  }

  @Test
  void shouldApplyAChangeToTheDetectorsItIsForAndKeepWhatTheyKnow() throws Exception {
    var harness = harness(false);
    harness.open();
    harness.processElement(change("*", 0, "all"));
    harness.processElement(results(3), START_MS);
    String cluster = results(1).key();
    harness.processElement(change("other/cluster", 1, "other"));
    harness.processElement(change(cluster, 2, "own"));
    harness.processElement(change("*", 3, "all again"));
    harness.processElement(change(cluster, 4, ""));
    harness.processElement(change("*", 5, ""));
    assertThat(FakeDetector.PARAMETERS)
        .containsExactly(
            cluster + " 1[all]",
            cluster + " 3[all, own]",
            cluster + " 4[all again, own]",
            cluster + " 4[all again]",
            cluster + " 0[]");
    harness.processWatermark(new Watermark(START_MS));
    assertThat(harness.extractOutputValues())
        .as("it knows what came before the changes")
        .singleElement()
        .satisfies(verdict -> assertThat(verdict.getRevision()).isEqualTo(3));
  }

  @Test
  void shouldKnowChangesAfterARestoreInEverySubtask() throws Exception {
    var first = harness(false);
    first.open();
    first.processElement(results(3), START_MS);
    first.processElement(change("*", 7, "all"));
    OperatorSubtaskState state = first.snapshot(1, START_MS);

    var second = harness(false);
    second.initializeState(state);
    second.open();
    second.setProcessingTime(START_MS + 1_000);
    assertThat(FakeDetector.PARAMETERS).containsExactly(results(1).key() + " 8[all]");
    second.processElement(change("*", 8, ""));
    assertThat(FakeDetector.PARAMETERS).endsWith(results(1).key() + " 0[]");
  }

  @Test
  void shouldTakeNoMoreChangesThanThereIsRoomFor() throws Exception {
    var harness = harness(false);
    harness.open();
    for (int n = 0; n < 3_000; n++) {
      harness.processElement(change("lab/c" + n, n, "x"));
    }
    harness.processElement(change("lab/c7", 3_000, "changed"));
    OperatorSubtaskState state = harness.snapshot(1, START_MS);
    assertThat(state.getManagedOperatorState().getStateSize()).isBetween(10_000L, 100_000L);
  }

  @Test
  void shouldHaveOneTimerForAClusterAlsoAfterARestore() throws Exception {
    var first = harness(false);
    first.open();
    runCaughtUp(first, 0, 2_000);
    assertThat(first.numProcessingTimeTimers()).isEqualTo(1);
    OperatorSubtaskState state = first.snapshot(1, START_MS);

    var second = harness(false);
    second.initializeState(state);
    second.open();
    runCaughtUp(second, 3_000, 5_000);
    assertThat(second.numProcessingTimeTimers()).isEqualTo(1);
  }

  @Test
  void shouldLeaveNoStateAndNoTimerOfAClusterThatIsGone() throws Exception {
    var harness = harness(false);
    harness.open();
    harness.processElement(heartbeat(START_MS), START_MS);
    harness.snapshot(1, START_MS);
    assertThat(harness.numKeyedStateEntries()).isPositive();
    Duration forgetAfter = DetectorOperator.Settings.DEFAULT.forgetAfter();
    for (long t = 0; t <= forgetAfter.toMillis() + 60_000; t += 60_000) {
      harness.setProcessingTime(START_MS + t);
    }
    assertThat(harness.numProcessingTimeTimers()).isZero();
    harness.snapshot(2, START_MS);
    assertThat(harness.numKeyedStateEntries()).isZero();
  }
}
