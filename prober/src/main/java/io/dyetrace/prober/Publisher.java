package io.dyetrace.prober;

import io.dyetrace.common.record.Location;
import io.dyetrace.common.record.ProbeBatch;
import io.dyetrace.common.record.ProberHeartbeat;
import io.dyetrace.common.record.Schema;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings results and heartbeats to Kafka: one batch at a time, in order, each until it is taken. A
 * heartbeat's claim of completeness goes out with, or behind, the results it speaks of.
 */
final class Publisher implements AutoCloseable {
  /** What the heartbeat says of the engine. */
  interface Vitals {
    long probesSent();

    int inFlight();

    long captureDropped();
  }

  private static final Logger LOG = LoggerFactory.getLogger(Publisher.class);
  private static final int MOST_RESULTS = 500;
  private static final long HEARTBEAT_NS = TimeUnit.SECONDS.toNanos(1);
  private static final long LOG_NS = TimeUnit.SECONDS.toNanos(10);

  private final ProberConfig config;
  private final Clock clock;
  private final ResultLog log;
  private final BatchSink sink;
  private final Vitals vitals;
  private final long bootId;
  private final Location location;
  private final Thread thread;
  private volatile boolean stopping;
  private final AtomicLong published = new AtomicLong();
  private final AtomicLong failures = new AtomicLong();
  private long batchSequence;
  private long heartbeatAtNs;
  private long failureLoggedNs;

  Publisher(
      ProberConfig config, Clock clock, ResultLog log, BatchSink sink, Vitals vitals, long bootId) {
    this.config = config;
    this.clock = clock;
    this.log = log;
    this.sink = sink;
    this.vitals = vitals;
    this.bootId = bootId;
    this.location = config.location().toProto();
    this.heartbeatAtNs = clock.monotonicNs();
    this.failureLoggedNs = heartbeatAtNs - LOG_NS;
    this.thread = new Thread(this::run, "publisher");
  }

  void start(Thread.UncaughtExceptionHandler failed) {
    thread.setUncaughtExceptionHandler(failed);
    thread.start();
  }

  /** Results that Kafka has acknowledged. */
  long published() {
    return published.get();
  }

  /** Batches that had to be tried again. */
  long failures() {
    return failures.get();
  }

  private void run() {
    try {
      while (!(stopping && log.size() == 0)) {
        log.await(stopping ? 0 : Math.max(0, heartbeatAtNs - clock.monotonicNs()));
        if (log.size() > 0 && !stopping) {
          log.awaitMore(MOST_RESULTS, config.publish().linger().toNanos());
        }
        publishOnce();
      }
      heartbeatAtNs = clock.monotonicNs();
      publishOnce();
    } catch (InterruptedException e) {
      LOG.warn(
          "stopped with {} results unpublished; the next start publishes them from {}",
          log.unpublished(),
          config.stateDirectory());
    }
  }

  /** Publishes what waits, if anything does or the heartbeat is due. */
  void publishOnce() throws InterruptedException {
    ResultLog.Taken taken = log.take(MOST_RESULTS);
    boolean heartbeatDue = clock.monotonicNs() - heartbeatAtNs >= 0 && taken.complete();
    if (taken.entries().isEmpty() && !heartbeatDue) {
      return;
    }
    batchSequence += taken.overflowed() ? 2 : 1;
    ProbeBatch.Builder batch =
        ProbeBatch.newBuilder()
            .setSchemaVersion(Schema.VERSION)
            .setLocation(location)
            .setProberId(config.proberId())
            .setBootId(bootId)
            .setBatchSequence(batchSequence);
    taken.entries().forEach(entry -> batch.addResults(entry.result()));
    if (heartbeatDue) {
      batch.setHeartbeat(heartbeat(taken));
      heartbeatAtNs = clock.monotonicNs() + HEARTBEAT_NS;
    }
    publishUntilTaken(batch.build().toByteArray());
    published.addAndGet(taken.entries().size());
    log.published(taken.entries());
  }

  private ProberHeartbeat heartbeat(ResultLog.Taken taken) {
    return ProberHeartbeat.newBuilder()
        .setTimeNs(clock.realtimeNs())
        .setProbesSent(vitals.probesSent())
        .setResultsPublished(published.get() + taken.entries().size())
        .setCaptureDropped(vitals.captureDropped())
        .setInFlight(vitals.inFlight())
        .setConfigVersion(config.version())
        .setCompleteUntilNs(taken.completeUntilNs())
        .build();
  }

  private void publishUntilTaken(byte[] batch) throws InterruptedException {
    while (true) {
      try {
        sink.publish(config.location().node(), batch);
        return;
      } catch (BatchSink.PublishException e) {
        failures.incrementAndGet();
        if (clock.monotonicNs() - failureLoggedNs >= LOG_NS) {
          failureLoggedNs = clock.monotonicNs();
          LOG.warn(
              "Kafka does not take results ({}); {} of at most {} wait",
              e.getMessage(),
              log.unpublished(),
              log.capacity());
        }
        TimeUnit.MILLISECONDS.sleep(500);
      }
    }
  }

  /** Publishes what is left, for a few seconds at most. */
  @Override
  public void close() {
    stopping = true;
    try {
      thread.join(TimeUnit.SECONDS.toMillis(5));
      if (thread.isAlive()) {
        thread.interrupt();
        thread.join(TimeUnit.SECONDS.toMillis(5));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    sink.close();
  }
}
