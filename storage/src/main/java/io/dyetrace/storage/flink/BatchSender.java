package io.dyetrace.storage.flink;

import io.dyetrace.storage.client.ClickHouseClient;
import io.dyetrace.storage.client.ClickHouseException;
import io.dyetrace.storage.wire.Lz4Frames;
import java.io.IOException;
import java.net.ConnectException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends released batches, one after the other, until each is acknowledged; never gives one up.
 *
 * <p>The first time a batch goes with its deduplication token. When the outcome is not known (the
 * connection broke, the server died, an error came back), the batch is not simply repeated: a
 * server killed between writing its deduplication log and committing the part would call the repeat
 * a duplicate and drop rows that it does not have. Instead it is made sure that the first attempt
 * does not run any more, and then only rows are inserted whose natural key is not in the table.
 */
final class BatchSender implements Runnable {
  private static final Logger LOG = LoggerFactory.getLogger(BatchSender.class);
  private static final long FIRST_PAUSE_MS = 200;
  private static final long LONGEST_PAUSE_MS = 3_000;
  private static final Duration REFUSED_PAUSE = Duration.ofSeconds(15);
  private static final long LOG_EVERY_NS = 10_000_000_000L;

  private final ClickHouseClient client;
  private final WaitingBatches waiting;
  private final Duration refusedPause;
  private final Counts counts = new Counts();
  private long lastLoggedNs = System.nanoTime() - LOG_EVERY_NS;
  private volatile @Nullable String trouble;

  BatchSender(ClickHouseClient client, WaitingBatches waiting) {
    this(client, waiting, REFUSED_PAUSE);
  }

  BatchSender(ClickHouseClient client, WaitingBatches waiting, Duration refusedPause) {
    this.client = client;
    this.waiting = waiting;
    this.refusedPause = refusedPause;
  }

  /** What the sender did. */
  static final class Counts {
    final AtomicLong rows = new AtomicLong();
    final AtomicLong batches = new AtomicLong();
    final AtomicLong checkedBatches = new AtomicLong();
    final AtomicLong retries = new AtomicLong();
  }

  Counts counts() {
    return counts;
  }

  /** Why batches wait, or null when none has to. */
  @Nullable String trouble() {
    return trouble;
  }

  @Override
  public void run() {
    try {
      while (!Thread.currentThread().isInterrupted()) {
        Batch batch = waiting.awaitNext();
        sendUntilStored(batch);
        waiting.remove(batch);
        counts.rows.addAndGet(batch.rows());
        counts.batches.incrementAndGet();
      }
    } catch (InterruptedException e) {
      // The operator closes; what waits is in its state.
      Thread.currentThread().interrupt();
    }
  }

  private void sendUntilStored(Batch batch) throws InterruptedException {
    Batch attempt = batch;
    long pauseMs = FIRST_PAUSE_MS;
    while (true) {
      try {
        send(attempt);
        if (trouble != null) {
          LOG.info("ClickHouse takes rows again at {}", client.url());
          trouble = null;
        }
        return;
      } catch (ConnectException e) {
        // Nothing was sent: the attempt stays what it was.
        report(e);
      } catch (ClickHouseException e) {
        attempt = attempt.suspected();
        report(e);
        if (!e.isTransient()) {
          pauseMs = refusedPause.toMillis();
        }
      } catch (IOException e) {
        attempt = attempt.suspected();
        report(e);
      }
      counts.retries.incrementAndGet();
      Thread.sleep(pauseMs);
      pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
    }
  }

  private void report(IOException e) {
    String because = e.getMessage() == null ? e.toString() : e.getMessage();
    trouble = because;
    long nowNs = System.nanoTime();
    if (nowNs - lastLoggedNs >= LOG_EVERY_NS) {
      lastLoggedNs = nowNs;
      boolean refused = e instanceof ClickHouseException c && !c.isTransient();
      LOG.warn(
          "{} batches ({} bytes) wait for ClickHouse{}: {}",
          waiting.size(),
          waiting.bytes(),
          refused ? ", which refuses them until somebody acts" : "",
          because);
    }
  }

  private void send(Batch batch) throws IOException, InterruptedException {
    Map<String, String> settings = new LinkedHashMap<>();
    settings.put("async_insert", "0");
    settings.put("wait_end_of_query", "1");
    settings.put("max_partitions_per_insert_block", "0");
    settings.put("log_comment", batch.token());
    if (batch.checkKeys()) {
      awaitEnd(batch.token());
      counts.checkedBatches.incrementAndGet();
      settings.put("insert_deduplicate", "0");
      byte[] rows = Lz4Frames.unpack(batch.frames());
      client.execute(
          batch.table().insertMissingSql(rows, batch.leastTimeNs(), batch.mostTimeNs()), settings);
    } else {
      settings.put("insert_deduplicate", "1");
      settings.put("insert_deduplication_token", batch.token());
      client.insert(batch.table().insertSql(), batch.frames(), settings);
    }
  }

  /** An attempt that timed out here may still run there. */
  private void awaitEnd(String token) throws IOException, InterruptedException {
    String running =
        "SELECT count() FROM system.processes WHERE Settings['log_comment'] = '" + token + "'";
    if (!"0".equals(client.query(running).strip())) {
      throw new IOException("an earlier attempt for " + token + " still runs");
    }
  }
}
