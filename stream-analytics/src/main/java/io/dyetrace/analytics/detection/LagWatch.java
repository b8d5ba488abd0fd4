package io.dyetrace.analytics.detection;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A thread that asks for the end offsets again and again and reports them. */
final class LagWatch implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(LagWatch.class);
  private static final long INTERVAL_MS = 200;
  private static final int FAILURES_BETWEEN_LOGS = 20;

  private final EndOffsets.Factory factory;
  private final CaughtUp caughtUp;
  private final LongSupplier clockMs;
  private final CountDownLatch stopped = new CountDownLatch(1);
  private final Thread thread = new Thread(this::run, "lag-watch");

  LagWatch(EndOffsets.Factory factory, CaughtUp caughtUp, LongSupplier clockMs) {
    this.factory = factory;
    this.caughtUp = caughtUp;
    this.clockMs = clockMs;
    thread.setDaemon(true);
  }

  void start() {
    thread.start();
  }

  private void run() {
    int failures = 0;
    try (EndOffsets offsets = factory.create()) {
      do {
        long askedMs = clockMs.getAsLong();
        try {
          caughtUp.answered(askedMs, offsets.fetch());
          failures = 0;
        } catch (Exception e) {
          // Without an answer nothing is claimed; the detection waits by itself.
          if (stopped.getCount() > 0 && failures++ % FAILURES_BETWEEN_LOGS == 0) {
            LOG.warn("end offsets are not known at the moment: {}", e.toString());
          }
        }
      } while (!stopped.await(INTERVAL_MS, TimeUnit.MILLISECONDS));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    // Not interrupted: it ends by itself within the time limits of its questions.
    stopped.countDown();
  }
}
