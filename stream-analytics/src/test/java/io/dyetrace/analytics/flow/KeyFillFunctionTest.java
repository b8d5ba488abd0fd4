package io.dyetrace.analytics.flow;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.dyetrace.analytics.Records;
import io.dyetrace.analytics.sim.SimTopology;
import io.dyetrace.common.record.Point;
import io.dyetrace.common.record.ProbeKeyState;
import io.dyetrace.common.record.ProbeOutcome;
import io.dyetrace.common.record.ProbeResult;
import io.dyetrace.storage.flink.StorageRowTypeInfo;
import io.dyetrace.storage.row.PointRow;
import io.dyetrace.storage.row.ProbeRow;
import io.dyetrace.storage.row.StorageRow;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.streaming.api.operators.KeyedProcessOperator;
import org.apache.flink.streaming.util.KeyedOneInputStreamOperatorTestHarness;
import org.junit.jupiter.api.Test;

class KeyFillFunctionTest {
  private static final long START_MS = 1_900_000_000_000L;
  private static final long SECOND_NS = 1_000_000_000L;
  private static final Flows FLOWS = Flows.of(SimTopology.twoTier());
  private static final ByteString PROBER = bytes(198, 18, 11, 2);
  private static final ByteString PUBLIC = bytes(198, 19, 0, 1);
  private static final ByteString PRIVATE = bytes(198, 19, 1, 1);

  private static ByteString bytes(int a, int b, int c, int d) {
    return ByteString.copyFrom(new byte[] {(byte) a, (byte) b, (byte) c, (byte) d});
  }

  private static long ns(double seconds) {
    return START_MS * 1_000_000 + (long) (seconds * SECOND_NS);
  }

  private static KeyedOneInputStreamOperatorTestHarness<Long, StorageRow, StorageRow> harness()
      throws Exception {
    var harness =
        new KeyedOneInputStreamOperatorTestHarness<>(
            new KeyedProcessOperator<>(new KeyFillFunction(FLOWS)), new ByFlow(FLOWS), Types.LONG);
    harness.setup(
        StorageRowTypeInfo.INSTANCE.createSerializer(
            harness.getExecutionConfig().getSerializerConfig()));
    return harness;
  }

  private static StorageRow probe(int sequence, int port, double sentSeconds) {
    ProbeResult result =
        Records.probe(sequence, ProbeOutcome.SYN_ACK, ns(sentSeconds)).toBuilder()
            .setSentTimeNs(ns(sentSeconds))
            .setSourceAddress(PROBER)
            .setSourcePort(port)
            .setTargetAddress(PUBLIC)
            .setTargetPort(80)
            .build();
    return new ProbeRow(Records.at("prober-1"), 1, 1, result);
  }

  private static Point.Builder point(int port, double seconds, boolean reply) {
    return Records.point(0, port + (long) (seconds * 1000), ns(seconds)).toBuilder()
        .setTier(1)
        .setDirection(reply ? 2 : 1)
        .setSourceAddress(reply ? PRIVATE : PROBER)
        .setSourcePort(reply ? 80 : port)
        .setDestinationAddress(reply ? PROBER : PUBLIC)
        .setDestinationPort(reply ? port : 80);
  }

  private static StorageRow syn(int sequence, int port, double seconds) {
    return new PointRow(
        Records.at("eip-1"),
        1,
        point(port, seconds, false).setProberId(1).setProbeSequence(sequence).build());
  }

  private static StorageRow reply(int port, double seconds) {
    return new PointRow(
        Records.at("eip-2"),
        1,
        point(port, seconds, true)
            .setKeyState(ProbeKeyState.KEY_UNKNOWN)
            .clearProberId()
            .clearProbeSequence()
            .build());
  }

  private static List<PointRow> replies(List<StorageRow> rows) {
    return rows.stream()
        .filter(r -> r instanceof PointRow point && point.point().getDirection() == 2)
        .map(PointRow.class::cast)
        .toList();
  }

  private static List<String> keys(List<StorageRow> rows) {
    return replies(rows).stream()
        .map(PointRow::point)
        .map(p -> p.getKeyState() + " " + p.getProberId() + "/" + p.getProbeSequence())
        .toList();
  }

  @Test
  void shouldFillTheKeyWhateverComesFirst() throws Exception {
    for (boolean replyFirst : new boolean[] {true, false}) {
      for (boolean byResult : new boolean[] {true, false}) {
        try (var harness = harness()) {
          harness.open();
          harness.setProcessingTime(START_MS);
          StorageRow known = byResult ? probe(7, 20_000, 1) : syn(7, 20_000, 1.001);
          List<StorageRow> rows = new ArrayList<>(List.of(known, reply(20_000, 1.002)));
          if (replyFirst) {
            Collections.reverse(rows);
          }
          for (StorageRow row : rows) {
            harness.processElement(row, START_MS);
          }
          assertThat(keys(harness.extractOutputValues())).containsExactly("KEY_VERIFIED 1/7");
        }
      }
    }
  }

  @Test
  void shouldTellProbesOfOneFlowApartInAnyOrder() throws Exception {
    Random random = new Random(1);
    for (int round = 0; round < 20; round++) {
      List<StorageRow> rows =
          new ArrayList<>(
              List.of(
                  probe(7, 20_000, 0),
                  reply(20_000, 0.01),
                  syn(900, 20_000, 160),
                  reply(20_000, 160.3),
                  probe(8, 20_001, 0),
                  reply(20_001, 59)));
      Collections.shuffle(rows, random);
      try (var harness = harness()) {
        harness.open();
        harness.setProcessingTime(START_MS);
        for (StorageRow row : rows) {
          harness.processElement(row, START_MS);
        }
        boolean newestFirst =
            rows.indexOf(rows.stream().filter(r -> r.timeNs() == ns(160)).findFirst().orElseThrow())
                < rows.indexOf(
                    rows.stream().filter(r -> r.timeNs() == ns(0)).findFirst().orElseThrow());
        assertThat(keys(harness.extractOutputValues()))
            .as("newest first: " + newestFirst)
            .containsExactlyInAnyOrder(
                "KEY_VERIFIED 1/7", "KEY_VERIFIED 1/900", "KEY_VERIFIED 1/8");
      }
    }
  }

  @Test
  void shouldLetAReplyGoWithoutAKeyWhenNobodyTellsItInTime() throws Exception {
    try (var harness = harness()) {
      harness.open();
      harness.setProcessingTime(START_MS);
      harness.processElement(probe(6, 20_001, 0), START_MS);
      harness.setProcessingTime(START_MS + 80_000);
      harness.processElement(reply(20_000, 20), START_MS);
      harness.setProcessingTime(START_MS + 84_000);
      assertThat(replies(harness.extractOutputValues())).isEmpty();
      harness.setProcessingTime(START_MS + 85_000);
      assertThat(keys(harness.extractOutputValues())).containsExactly("KEY_UNKNOWN 0/0");
      harness.processElement(probe(7, 20_000, 20), START_MS);
      assertThat(replies(harness.extractOutputValues())).as("once").hasSize(1);
    }
  }

  @Test
  void shouldWaitLongerForWhatABacklogBringsAfterAStart() throws Exception {
    try (var harness = harness()) {
      harness.open();
      harness.setProcessingTime(START_MS);
      harness.processElement(reply(20_000, 20), START_MS);
      harness.processElement(reply(20_001, 20), START_MS);
      for (int t = 1; t < 30; t++) {
        harness.setProcessingTime(START_MS + t * 1_000L);
      }
      assertThat(replies(harness.extractOutputValues())).isEmpty();
      harness.processElement(probe(7, 20_000, 20), START_MS);
      assertThat(keys(harness.extractOutputValues())).containsExactly("KEY_VERIFIED 1/7");
      harness.setProcessingTime(START_MS + 31_000);
      assertThat(keys(harness.extractOutputValues()))
          .as("nobody told the other's")
          .containsExactly("KEY_VERIFIED 1/7", "KEY_UNKNOWN 0/0");
    }
  }

  @Test
  void shouldNotGiveUpWhoWaitedThroughARestoreBeforeTheBacklogIsRead() throws Exception {
    OperatorSubtaskState state;
    try (var first = harness()) {
      first.open();
      first.setProcessingTime(START_MS);
      first.processElement(reply(20_000, 1), START_MS);
      state = first.snapshot(1, START_MS);
    }
    try (var second = harness()) {
      second.initializeState(state);
      second.setProcessingTime(START_MS + 60_000);
      second.open();
      second.setProcessingTime(START_MS + 60_200);
      assertThat(second.extractOutputValues()).as("its timer is overdue").isEmpty();
      second.processElement(probe(7, 20_000, 1), START_MS);
      assertThat(keys(second.extractOutputValues())).containsExactly("KEY_VERIFIED 1/7");
      second.setProcessingTime(START_MS + 90_000);
      assertThat(replies(second.extractOutputValues())).as("once").hasSize(1);
    }
  }

  @Test
  void shouldLeaveNoStateAndNoTimerOfAFlowThatIsNotUsed() throws Exception {
    try (var harness = harness()) {
      harness.open();
      harness.setProcessingTime(START_MS);
      for (int port = 0; port < 50; port++) {
        harness.processElement(probe(port, 20_000 + port, 0), START_MS);
        harness.processElement(reply(20_000 + port, 0.1), START_MS);
        harness.processElement(reply(30_000 + port, 0.1), START_MS);
      }
      assertThat(harness.numKeyedStateEntries()).isPositive();
      for (long t = 0; t <= KeyFillFunction.TTL.toMillis() + 10_000; t += 5_000) {
        harness.setProcessingTime(START_MS + t);
      }
      assertThat(replies(harness.extractOutputValues())).hasSize(100);
      assertThat(harness.numProcessingTimeTimers()).isZero();
      assertThat(harness.numKeyedStateEntries()).isZero();
    }
  }

  @Test
  void shouldKeepFewProbesOfAFlowThatIsUsedForEver() throws Exception {
    try (var harness = harness()) {
      harness.open();
      for (int i = 0; i < 200; i++) {
        harness.setProcessingTime(START_MS + i * 160_000L);
        harness.processElement(probe(i, 20_000, i * 160.0), START_MS);
        harness.processElement(reply(20_000, i * 160.0 + 0.1), START_MS);
      }
      assertThat(replies(harness.extractOutputValues())).hasSize(200);
      assertThat(keys(harness.extractOutputValues())).contains("KEY_VERIFIED 1/199");
      assertThat(harness.numKeyedStateEntries()).isLessThanOrEqualTo(10);
      assertThat(harness.numProcessingTimeTimers()).isEqualTo(1);
    }
  }

  @Test
  void shouldForgetAFlowSoonAfterItsReplyButKeepOneWithoutForAsLongAsAReplyMayCome()
      throws Exception {
    try (var harness = harness()) {
      harness.open();
      harness.setProcessingTime(START_MS);
      harness.processElement(probe(1, 20_000, 0), START_MS);
      harness.processElement(reply(20_000, 0.1), START_MS);
      harness.processElement(probe(2, 20_001, 0), START_MS);
      harness.setProcessingTime(START_MS + 11_000);
      assertThat(harness.numKeyedStateEntries()).isEqualTo(1);
      harness.processElement(reply(20_001, 11), START_MS);
      assertThat(keys(harness.extractOutputValues()))
          .containsExactly("KEY_VERIFIED 1/1", "KEY_VERIFIED 1/2");
      harness.setProcessingTime(START_MS + 140_000);
      assertThat(harness.numKeyedStateEntries()).isZero();
      assertThat(harness.numProcessingTimeTimers()).isZero();
    }
  }

  @Test
  void shouldLookAtAFlowOnceWhenItsReplyComesWithinASecond() throws Exception {
    try (var harness = harness()) {
      harness.open();
      harness.setProcessingTime(START_MS);
      harness.processElement(probe(1, 20_000, 0), START_MS);
      harness.setProcessingTime(START_MS + 900);
      harness.processElement(reply(20_000, 0.1), START_MS);
      harness.setProcessingTime(START_MS + 10_999);
      assertThat(harness.numKeyedStateEntries()).isEqualTo(1);
      harness.setProcessingTime(START_MS + 11_000);
      assertThat(harness.numKeyedStateEntries()).as("gone at the first timer").isZero();
      assertThat(harness.numProcessingTimeTimers()).isZero();
    }
  }

  @Test
  void shouldPassOnWhateverNeedsNoKeyAndHoldNothingOfIt() throws Exception {
    StorageRow ordinary =
        new PointRow(
            Records.at("clb-1"), 1, point(20_000, 1, true).setTier(2).setProberId(1).build());
    try (var harness = harness()) {
      harness.open();
      harness.setProcessingTime(START_MS);
      harness.processElement(ordinary, START_MS);
      assertThat(harness.extractOutputValues()).containsExactly(ordinary);
      assertThat(harness.numKeyedStateEntries()).isZero();
    }
    Flows oneTier = Flows.of(SimTopology.lab());
    try (var harness =
        new KeyedOneInputStreamOperatorTestHarness<>(
            new KeyedProcessOperator<>(new KeyFillFunction(oneTier)),
            new ByFlow(oneTier),
            Types.LONG)) {
      harness.setup(
          StorageRowTypeInfo.INSTANCE.createSerializer(
              harness.getExecutionConfig().getSerializerConfig()));
      harness.open();
      List<StorageRow> rows = List.of(probe(1, 20_000, 0), reply(20_000, 0.1));
      for (StorageRow row : rows) {
        harness.processElement(row, START_MS);
      }
      assertThat(harness.extractOutputValues()).containsExactlyElementsOf(rows);
      assertThat(harness.numKeyedStateEntries()).isZero();
    }
  }
}
