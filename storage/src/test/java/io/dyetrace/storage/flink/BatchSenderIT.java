package io.dyetrace.storage.flink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dyetrace.common.record.VerdictState;
import io.dyetrace.storage.TestClickHouse;
import io.dyetrace.storage.TestRows;
import io.dyetrace.storage.client.ClickHouseClient;
import io.dyetrace.storage.embedded.EmbeddedClickHouse;
import io.dyetrace.storage.schema.StorageTable;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BatchSenderIT {
  private static final long SEED = 11;
  private static final int WIDE_ROWS = 10_000;
  private static final long YEARS_AGO_NS = TestRows.NOON_NS - 6 * 365 * 86_400 * TestRows.SECOND_NS;
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final WaitingBatches waiting = new WaitingBatches();
  private Thread thread = new Thread();

  private BatchSender send(ClickHouseClient client) {
    BatchSender sender = new BatchSender(client, waiting, Duration.ofMillis(100));
    thread = new Thread(sender, "sender under test");
    thread.start();
    return sender;
  }

  @AfterEach
  void stop() throws InterruptedException {
    thread.interrupt();
    thread.join();
  }

  private static Batch batch(BatchBuilder builder, long checkpoint, int first, int rows) {
    for (int i = first; i < first + rows; i++) {
      builder.add(TestRows.probe(i, TestRows.NOON_NS + i * 1_000_000L));
    }
    return builder.build(checkpoint).get(0);
  }

  private void release(Batch... batches) {
    waiting.add(List.of(batches));
    waiting.release(Long.MAX_VALUE);
  }

  private void awaitStored() throws InterruptedException {
    assertThat(waiting.awaitReleasedBelow(0, PATIENCE)).as("all batches are stored").isTrue();
  }

  private static void assertExactlyOnce(ClickHouseClient client, int rows)
      throws IOException, InterruptedException {
    assertThat(
            client
                .query(
                    "SELECT count(), uniqExact(prober_id, boot_id, probe_sequence, outcome), min(probe_sequence),"
                        + " max(probe_sequence) FROM probes")
                .strip())
        .isEqualTo(rows + "\t" + rows + "\t0\t" + (rows - 1));
  }

  @Test
  void shouldStoreEveryRowOnceWhileTheServerIsKilled(@TempDir Path directory)
      throws IOException, InterruptedException {
    TestClickHouse.requireAvailable();
    Random random = new Random(SEED);
    try (EmbeddedClickHouse clickHouse = EmbeddedClickHouse.start(directory)) {
      ClickHouseClient client = TestClickHouse.migrated(clickHouse, "it_kill");
      BatchBuilder builder = new BatchBuilder("kill", 0, 0);
      BatchSender sender = send(client);
      int rows = 0;
      for (int kill = 0; kill < 4; kill++) {
        for (int i = 0; i < 40; i++) {
          release(batch(builder, kill, rows, 100));
          rows += 100;
        }
        // Somewhere within the forty.
        waiting.awaitReleasedBelow(1, Duration.ofMillis(20 + random.nextInt(120)));
        clickHouse.kill();
        Thread.sleep(random.nextInt(50));
        clickHouse.restart();
      }
      awaitStored();
      assertThat(sender.counts().retries.get()).as("kills met the sender").isPositive();
      assertExactlyOnce(client, rows);
    }
  }

  @Test
  void shouldNotDoubleABatchWhoseAcknowledgementWasLost() throws IOException, InterruptedException {
    ClickHouseClient direct = TestClickHouse.migrated("it_lost");
    try (LossyProxy proxy = new LossyProxy(TestClickHouse.shared().url())) {
      BatchSender sender =
          send(new ClickHouseClient(proxy.url(), "it_lost", "default", "", Duration.ofSeconds(10)));
      BatchBuilder builder = new BatchBuilder("lost", 0, 0);
      proxy.loseAnswers(1);
      release(batch(builder, 1, 0, 500));
      awaitStored();
      assertThat(proxy.lost()).isEqualTo(1);
      assertThat(sender.counts().checkedBatches.get()).isEqualTo(1);
      assertExactlyOnce(direct, 500);
    }
  }

  @Test
  void shouldStoreABatchThatTheDeduplicationLogKnowsAndTheTableDoesNot()
      throws IOException, InterruptedException {
    ClickHouseClient client = TestClickHouse.migrated("it_log");
    send(client);
    BatchBuilder builder = new BatchBuilder("log", 0, 0);
    Batch batch = batch(builder, 1, 0, 50);
    release(batch);
    awaitStored();
    // What a server leaves behind that is killed between the log and the part.
    client.query("DELETE FROM probes WHERE 1 SETTINGS lightweight_deletes_sync = 2");
    release(batch);
    awaitStored();
    assertThat(client.query("SELECT count() FROM probes").strip())
        .as("the token alone loses rows")
        .isEqualTo("0");
    release(batch.suspected());
    awaitStored();
    assertExactlyOnce(client, 50);
  }

  @Test
  void shouldInsertOnlyOnceUnderOneToken() throws IOException, InterruptedException {
    ClickHouseClient client = TestClickHouse.migrated("it_token");
    send(client);
    BatchBuilder builder = new BatchBuilder("token", 0, 0);
    Batch batch = batch(builder, 1, 0, 50);
    for (int i = 0; i < 3; i++) {
      release(batch);
      awaitStored();
    }
    // The same rows as another batch are another insert: nothing but the token makes them one.
    assertExactlyOnce(client, 50);
  }

  @Test
  void shouldAddOnlyWhatIsMissingWhenAFreshRunReadsEverythingAgain()
      throws IOException, InterruptedException {
    ClickHouseClient client = TestClickHouse.migrated("it_fresh");
    send(client);
    BatchBuilder before = new BatchBuilder("before", 0, 0);
    release(batch(before, 1, 0, 300), batch(before, 2, 300, 300));
    awaitStored();
    // Other batch borders, the same checkpoint numbers, 200 rows more.
    BatchBuilder after = new BatchBuilder("after", 0, Long.MAX_VALUE);
    release(batch(after, 1, 0, 170), batch(after, 2, 170, 400), batch(after, 3, 570, 230));
    awaitStored();
    assertExactlyOnce(client, 800);
  }

  @Test
  void shouldWaitOutARefusalAndLetVerdictsGoFirst() throws IOException, InterruptedException {
    ClickHouseClient client = TestClickHouse.migrated("it_refusal");
    client.query("RENAME TABLE probes TO away");
    BatchBuilder builder = new BatchBuilder("refusal", 0, 0);
    Batch probes = batch(builder, 1, 0, 10);
    builder.add(TestRows.verdict(1, VerdictState.OPEN));
    Batch verdicts = builder.build(1).get(0);
    waiting.add(List.of(probes, verdicts));
    waiting.release(1);
    assertThat(waiting.awaitNext().table()).isEqualTo(StorageTable.VERDICTS);
    BatchSender sender = send(client);
    long deadlineNs = System.nanoTime() + PATIENCE.toNanos();
    while (sender.trouble() == null && System.nanoTime() < deadlineNs) {
      Thread.onSpinWait();
    }
    assertThat(sender.trouble()).contains("UNKNOWN_TABLE");
    assertThat(waiting.size()).isEqualTo(1);
    assertThat(client.query("SELECT count() FROM verdicts").strip()).isEqualTo("1");
    client.query("RENAME TABLE away TO probes", Map.of());
    awaitStored();
    assertExactlyOnce(client, 10);
  }

  @Test
  void shouldStoreARowYearsOldBesideFreshOnesInATableWhoseKeysDoNotFitIntoMemory(
      @TempDir Path directory) throws IOException, InterruptedException {
    TestClickHouse.requireAvailable();
    try (EmbeddedClickHouse clickHouse =
        EmbeddedClickHouse.start(directory, 0, List.of("max_query_memory_mib: 64"))) {
      ClickHouseClient client = TestClickHouse.migrated(clickHouse, "it_outlier");
      client.query(
          "INSERT INTO probes (time, prober, prober_id, boot_id, probe_sequence, outcome)"
              + " SELECT toDateTime64('2025-01-01', 9, 'UTC') + intDiv(number, 10), 'prober-1', 1, 1, number, 'SYN_ACK'"
              + " FROM numbers(2000000)",
          Map.of("max_partitions_per_insert_block", "0", "max_memory_usage", "500000000"));
      assertThatThrownBy(
              () ->
                  client.query(
                      "SELECT 1 WHERE (1, 2, 3, 'SYN_ACK') NOT IN"
                          + " (SELECT prober_id, boot_id, probe_sequence, toString(outcome) FROM probes)"))
          .as("all keys do not fit")
          .hasMessageContaining("MEMORY_LIMIT_EXCEEDED");
      BatchSender sender = send(client);
      // Everything is checked, as at a start without state.
      BatchBuilder builder = new BatchBuilder("outlier", 0, Long.MAX_VALUE);
      for (int i = 0; i < 2; i++) {
        builder.add(TestRows.probe(1, TestRows.NOON_NS));
        builder.add(TestRows.probe(2, YEARS_AGO_NS));
        builder.add(TestRows.probe(3, TestRows.NOON_NS + 1));
        release(builder.build(i).toArray(Batch[]::new));
        awaitStored();
      }
      assertThat(sender.counts().checkedBatches.get()).isEqualTo(4);
      assertThat(sender.counts().retries.get()).isZero();
      assertThat(
              client
                  .query(
                      "SELECT groupArray((probe_sequence, toYear(time))) FROM"
                          + " (SELECT * FROM probes WHERE boot_id != 1 ORDER BY probe_sequence)")
                  .strip())
          .isEqualTo("[(1,2026),(2,2020),(3,2026)]");
      // Even one batch over all years holds no more keys than its own.
      Batch fresh = batch(builder, 3, 4, WIDE_ROWS);
      Batch wide =
          new Batch(
              "outlier/wide",
              fresh.table(),
              3,
              fresh.rows(),
              YEARS_AGO_NS,
              fresh.mostTimeNs(),
              true,
              fresh.frames());
      for (int i = 0; i < 2; i++) {
        release(wide);
        awaitStored();
      }
      assertThat(sender.counts().retries.get()).isZero();
      assertThat(client.query("SELECT count() FROM probes WHERE boot_id != 1").strip())
          .isEqualTo(Integer.toString(3 + WIDE_ROWS));
    }
  }
}
