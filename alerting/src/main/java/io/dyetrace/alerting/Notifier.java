package io.dyetrace.alerting;

import io.dyetrace.common.record.Verdict;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.function.LongSupplier;
import org.apache.kafka.common.KafkaException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps Alertmanager told: each change at once, everything open again every {@code resendInterval}.
 *
 * <p>One thread runs {@code run}; {@code stop} ends it from another. An Alertmanager or a Kafka
 * that is away is waited for, counted and reported, never fatal.
 */
final class Notifier {
  private static final Logger log = LoggerFactory.getLogger(Notifier.class);
  private static final Duration POLL = Duration.ofMillis(200);

  private final VerdictReader reader;
  private final List<AlertmanagerClient> clients;
  private final AlertBook book;
  private final AlertingConfig config;
  private final AlertingMetrics metrics;
  private final LongSupplier clockNs;
  private volatile boolean running = true;
  private boolean ready;
  private long nextSendNs;

  Notifier(
      VerdictReader reader,
      List<AlertmanagerClient> clients,
      AlertingConfig config,
      AlertingMetrics metrics,
      LongSupplier clockNs) {
    this.reader = reader;
    this.clients = clients;
    this.config = config;
    this.metrics = metrics;
    this.clockNs = clockNs;
    this.book = new AlertBook(config.alertmanager().keepResolved());
  }

  /** Is told each time the notifier gets ready or ceases to be. */
  interface Readiness {
    void changed(boolean ready, String reason);
  }

  /** Whether all earlier verdicts have been read and the last post reached every Alertmanager. */
  boolean ready() {
    return ready;
  }

  void stop() {
    running = false;
  }

  void run(Readiness readiness) throws InterruptedException {
    boolean told = false;
    while (running) {
      step();
      if (ready != told) {
        readiness.changed(ready, "an Alertmanager does not take alerts");
        told = ready;
      }
    }
  }

  /** One round: read, and send when something changed or the time has come. */
  void step() throws InterruptedException {
    boolean changed = false;
    try {
      for (Verdict verdict : reader.poll(POLL)) {
        changed |= book.accept(verdict);
      }
    } catch (KafkaException e) {
      metrics.kafkaFailed();
      log.warn("Kafka: {}", e.getMessage());
      Thread.sleep(POLL.toMillis());
    }
    long nowNs = clockNs.getAsLong();
    book.expire(nowNs);
    metrics.open(book.openCount());
    if (reader.caughtUp() && (changed || nowNs >= nextSendNs)) {
      ready = send(nowNs);
      // A post that failed is tried again soon: on-call must not wait for the next turn.
      nextSendNs =
          nowNs
              + (ready
                      ? config.alertmanager().resendInterval()
                      : config.alertmanager().retryInterval())
                  .toNanos();
    }
  }

  private boolean send(long nowNs) throws InterruptedException {
    Duration lifetime = config.alertmanager().resendInterval().multipliedBy(4);
    List<Alert> alerts =
        book.current().stream()
            .map(v -> Alert.of(v, nowNs, lifetime, config.alertmanager().generatorUrl()))
            .toList();
    boolean all = true;
    for (AlertmanagerClient client : clients) {
      try {
        if (!alerts.isEmpty()) {
          client.post(alerts);
          metrics.posted(alerts.size());
        }
      } catch (IOException e) {
        all = false;
        metrics.postFailed();
        log.warn("{} alerts not delivered, will be sent again: {}", alerts.size(), e.toString());
      }
    }
    return all;
  }
}
