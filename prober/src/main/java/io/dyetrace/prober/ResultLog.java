package io.dyetrace.prober;

import io.dyetrace.common.record.ProbeResult;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Results between the engine, which finds them, and the publisher, which brings them to Kafka: in
 * memory up to a limit, and in the journal. Beyond the limit the oldest give way, and are counted.
 */
final class ResultLog {
  /**
   * Results for one batch.
   *
   * @param complete there are no others
   * @param completeUntilNs every result of a probe sent before is in this batch or an earlier one;
   *     only if complete
   * @param overflowed results were lost before these
   */
  record Taken(
      List<Journal.Entry> entries, boolean complete, long completeUntilNs, boolean overflowed) {}

  private final Journal journal;
  private final int capacity;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition added = lock.newCondition();
  private final ArrayDeque<Journal.Entry> waiting = new ArrayDeque<>();
  private long completeUntilNs;
  private int taken;
  private long overflowed;
  private boolean overflowUntold;

  ResultLog(Journal journal, int capacity) {
    this.journal = journal;
    this.capacity = capacity;
    for (Journal.Entry entry : journal.recovered().unpublished()) {
      append(entry);
    }
  }

  /** A probe is about to leave. */
  void sent(int isn, ProbeResult probe) {
    journal.sent(isn, probe);
  }

  /** A result became known. */
  void add(ProbeResult result) {
    Journal.Entry entry = journal.result(result);
    lock.lock();
    try {
      append(entry);
      added.signal();
    } finally {
      lock.unlock();
    }
  }

  private void append(Journal.Entry entry) {
    if (waiting.size() == capacity) {
      waiting.removeFirst();
      overflowed++;
      overflowUntold = true;
    }
    waiting.add(entry);
  }

  /** Every result of a probe sent before this time has been added. */
  void completeUntil(long timeNs) {
    lock.lock();
    try {
      completeUntilNs = timeNs;
    } finally {
      lock.unlock();
    }
  }

  /** Waits until there is a result, or the time is over. */
  void await(long waitNs) throws InterruptedException {
    long restNs = waitNs;
    lock.lock();
    try {
      while (waiting.isEmpty() && restNs > 0) {
        restNs = added.awaitNanos(restNs);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Waits until there are so many results, or the time is over. */
  void awaitMore(int count, long waitNs) throws InterruptedException {
    long restNs = waitNs;
    lock.lock();
    try {
      while (waiting.size() < count && restNs > 0) {
        restNs = added.awaitNanos(Math.min(restNs, TimeUnit.SECONDS.toNanos(1)));
        if (restNs <= 0) {
          return;
        }
      }
    } finally {
      lock.unlock();
    }
  }

  /** Takes the oldest results. */
  Taken take(int most) {
    lock.lock();
    try {
      List<Journal.Entry> entries = new ArrayList<>(Math.min(most, waiting.size()));
      while (entries.size() < most && !waiting.isEmpty()) {
        entries.add(waiting.removeFirst());
      }
      taken += entries.size();
      boolean lost = overflowUntold;
      overflowUntold = false;
      return new Taken(entries, waiting.isEmpty(), completeUntilNs, lost);
    } finally {
      lock.unlock();
    }
  }

  /** Kafka has them. */
  void published(List<Journal.Entry> entries) {
    if (entries.isEmpty()) {
      return;
    }
    journal.published(entries.get(entries.size() - 1).index());
    lock.lock();
    try {
      taken -= entries.size();
    } finally {
      lock.unlock();
    }
  }

  /** Results that Kafka does not have, those on their way included. */
  int unpublished() {
    lock.lock();
    try {
      return waiting.size() + taken;
    } finally {
      lock.unlock();
    }
  }

  int size() {
    lock.lock();
    try {
      return waiting.size();
    } finally {
      lock.unlock();
    }
  }

  long overflowed() {
    lock.lock();
    try {
      return overflowed;
    } finally {
      lock.unlock();
    }
  }

  int capacity() {
    return capacity;
  }

  Journal journal() {
    return journal;
  }
}
