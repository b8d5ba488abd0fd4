package io.dyetrace.storage.flink;

import static org.assertj.core.api.Assertions.assertThat;

import io.dyetrace.storage.TestClickHouse;
import io.dyetrace.storage.TestRows;
import io.dyetrace.storage.client.ClickHouseClient;
import io.dyetrace.storage.row.StorageRow;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.util.OneInputStreamOperatorTestHarness;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The operator as the job drives it: elements, checkpoints, failures and restores by hand. */
class ClickHouseSinkOperatorIT {
  private static final String DATABASE = "it_operator";
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final String NOBODY = "http://127.0.0.1:1";

  private ClickHouseClient client;
  private String url;

  @BeforeEach
  void migrate() throws IOException, InterruptedException {
    client = TestClickHouse.migrated(DATABASE);
    url = TestClickHouse.shared().url();
  }

  private static OneInputStreamOperatorTestHarness<StorageRow, StorageRow> start(
      String url, long nowMs, @Nullable OperatorSubtaskState state) throws Exception {
    OneInputStreamOperatorTestHarness<StorageRow, StorageRow> harness =
        new OneInputStreamOperatorTestHarness<>(
            new ClickHouseSinkOperator(
                new SinkSettings(url, DATABASE, "default", "", Duration.ofSeconds(20), 1 << 20)),
            StorageRowSerializer.INSTANCE);
    harness.setProcessingTime(nowMs);
    if (state != null) {
      harness.initializeState(state);
    }
    harness.open();
    return harness;
  }

  private static final long NOW_MS = TestRows.NOON_NS / 1_000_000;

  private static void probes(
      OneInputStreamOperatorTestHarness<StorageRow, StorageRow> harness, int from, int to)
      throws Exception {
    for (int i = from; i < to; i++) {
      harness.processElement(
          new StreamRecord<>(TestRows.probe(i, TestRows.NOON_NS + i * TestRows.SECOND_NS)));
    }
  }

  private void awaitRows(int rows) throws IOException, InterruptedException {
    long deadlineNs = System.nanoTime() + PATIENCE.toNanos();
    String want = rows + "\t" + rows;
    String now = "";
    while (!now.equals(want) && System.nanoTime() < deadlineNs) {
      now = client.query("SELECT count(), uniqExact(probe_sequence) FROM probes").strip();
      Thread.sleep(20);
    }
    assertThat(now).isEqualTo(want);
  }

  private int rows() throws IOException, InterruptedException {
    return Integer.parseInt(client.query("SELECT count() FROM probes").strip());
  }

  @Test
  void shouldStoreRowsOnlyWhenTheirCheckpointIsComplete() throws Exception {
    try (var harness = start(url, NOW_MS, null)) {
      probes(harness, 0, 100);
      harness.snapshot(1, 1);
      probes(harness, 100, 150);
      harness.snapshot(2, 2);
      assertThat(rows()).isZero();
      harness.notifyOfCompletedCheckpoint(1);
      awaitRows(100);
      harness.notifyOfCompletedCheckpoint(2);
      awaitRows(150);
      assertThat(harness.getOutput()).isEmpty();
    }
  }

  @Test
  void shouldGoOnWhileClickHouseIsDownAndStoreAllAfterARestore() throws Exception {
    OperatorSubtaskState state;
    try (var harness = start(NOBODY, NOW_MS, null)) {
      for (int checkpoint = 1; checkpoint <= 20; checkpoint++) {
        probes(harness, (checkpoint - 1) * 50, checkpoint * 50);
        harness.snapshot(checkpoint, checkpoint);
        harness.notifyOfCompletedCheckpoint(checkpoint);
      }
      state = harness.snapshot(21, 21);
    }
    try (var harness = start(url, NOW_MS, state)) {
      awaitRows(1_000);
      assertThat(harness.snapshot(22, 22).getManagedOperatorState())
          .allSatisfy(handle -> assertThat(handle.getStateSize()).isLessThan(4_096));
    }
  }

  @Test
  void shouldNotDoubleWhatWasStoredBetweenTheCheckpointAndTheFailure() throws Exception {
    OperatorSubtaskState state;
    try (var harness = start(url, NOW_MS, null)) {
      probes(harness, 0, 100);
      state = harness.snapshot(1, 1);
      harness.notifyOfCompletedCheckpoint(1);
      awaitRows(100);
    }
    try (var harness = start(url, NOW_MS, state)) {
      probes(harness, 100, 120);
      harness.snapshot(2, 2);
      harness.notifyOfCompletedCheckpoint(2);
      awaitRows(120);
    }
  }

  @Test
  void shouldNotDoubleWhenAnOlderCheckpointIsRestored() throws Exception {
    OperatorSubtaskState older;
    try (var harness = start(url, NOW_MS, null)) {
      probes(harness, 0, 100);
      older = harness.snapshot(1, 1);
      harness.notifyOfCompletedCheckpoint(1);
      probes(harness, 100, 200);
      harness.snapshot(2, 2);
      harness.notifyOfCompletedCheckpoint(2);
      awaitRows(200);
    }
    // The source reads again what came after checkpoint 1, and cuts it elsewhere.
    try (var harness = start(url, NOW_MS, older)) {
      probes(harness, 100, 180);
      harness.snapshot(2, 2);
      harness.notifyOfCompletedCheckpoint(2);
      probes(harness, 180, 260);
      harness.snapshot(3, 3);
      harness.notifyOfCompletedCheckpoint(3);
      awaitRows(260);
    }
  }

  @Test
  void shouldNeitherLoseNorDoubleWhenItStartsWithoutState() throws Exception {
    try (var harness = start(url, NOW_MS, null)) {
      probes(harness, 0, 100);
      harness.snapshot(1, 1);
      harness.notifyOfCompletedCheckpoint(1);
      awaitRows(100);
      // Lost with the state: in no complete checkpoint.
      probes(harness, 100, 110);
    }
    try (var harness = start(url, NOW_MS, null)) {
      probes(harness, 0, 130);
      harness.snapshot(1, 1);
      harness.notifyOfCompletedCheckpoint(1);
      awaitRows(130);
    }
  }

  @Test
  void shouldTakeNoMoreThanItsLimitAndGoOnWhenClickHouseAnswers() throws Exception {
    int port = LossyProxy.freePort();
    OneInputStreamOperatorTestHarness<StorageRow, StorageRow> harness =
        new OneInputStreamOperatorTestHarness<>(
            new ClickHouseSinkOperator(
                new SinkSettings(
                    "http://127.0.0.1:" + port,
                    DATABASE,
                    "default",
                    "",
                    Duration.ofSeconds(20),
                    1)),
            StorageRowSerializer.INSTANCE);
    harness.setProcessingTime(NOW_MS);
    CompletableFuture<LossyProxy> reachable = new CompletableFuture<>();
    try (harness) {
      harness.open();
      probes(harness, 0, 10);
      harness.snapshot(1, 1);
      harness.notifyOfCompletedCheckpoint(1);
      Thread heal =
          new Thread(
              () -> {
                try {
                  Thread.sleep(500);
                  reachable.complete(new LossyProxy(url, port));
                } catch (IOException | InterruptedException e) {
                  reachable.completeExceptionally(e);
                }
              });
      heal.start();
      probes(harness, 10, 11);
      assertThat(reachable).as("the eleventh row waited").isCompleted();
      awaitRows(10);
    } finally {
      reachable.get().close();
    }
  }
}
