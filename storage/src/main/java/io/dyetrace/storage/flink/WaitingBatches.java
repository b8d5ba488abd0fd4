package io.dyetrace.storage.flink;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Batches between the checkpoint that holds them and ClickHouse's acknowledgement. Shared by the
 * task's thread, which adds and releases, and the sender's, which takes and removes.
 */
final class WaitingBatches {
  private final Set<Batch> held = new LinkedHashSet<>();
  private final Set<Batch> released = new LinkedHashSet<>();
  private long releasedBytes;
  private long heldBytes;

  /** Adds batches whose checkpoint is not complete. */
  synchronized void add(List<Batch> batches) {
    for (Batch batch : batches) {
      held.add(batch);
      heldBytes += batch.frames().length;
    }
  }

  /** Lets go what this checkpoint and those before it hold. */
  synchronized void release(long checkpointId) {
    for (Iterator<Batch> i = held.iterator(); i.hasNext(); ) {
      Batch batch = i.next();
      if (batch.checkpointId() <= checkpointId) {
        i.remove();
        heldBytes -= batch.frames().length;
        released.add(batch);
        releasedBytes += batch.frames().length;
      }
    }
    notifyAll();
  }

  /**
   * The next to send, the most urgent table's first; waits for one. It stays here until {@link
   * #remove}.
   */
  synchronized Batch awaitNext() throws InterruptedException {
    while (released.isEmpty()) {
      wait();
    }
    @Nullable Batch first = null;
    for (Batch batch : released) {
      if (first == null || batch.table().compareTo(first.table()) < 0) {
        first = batch;
      }
    }
    if (first == null) {
      throw new IllegalStateException();
    }
    return first;
  }

  /** It is stored. */
  synchronized void remove(Batch batch) {
    if (released.remove(batch)) {
      releasedBytes -= batch.frames().length;
      notifyAll();
    }
  }

  /** Everything that is not stored, for the checkpoint. */
  synchronized List<Batch> all() {
    List<Batch> all = new ArrayList<>(released);
    all.addAll(held);
    return all;
  }

  /**
   * Waits until the released ones are fewer than so many bytes. Returns false when they still are
   * not after a time.
   */
  synchronized boolean awaitReleasedBelow(long bytes, Duration atMost) throws InterruptedException {
    long deadlineNs = System.nanoTime() + atMost.toNanos();
    while (releasedBytes >= bytes && !released.isEmpty()) {
      long leftMs = (deadlineNs - System.nanoTime()) / 1_000_000;
      if (leftMs <= 0) {
        return false;
      }
      wait(leftMs);
    }
    return true;
  }

  /** How many batches are not stored. */
  synchronized int size() {
    return held.size() + released.size();
  }

  /** Their bytes. */
  synchronized long bytes() {
    return heldBytes + releasedBytes;
  }

  /** The bytes of those that ClickHouse keeps waiting. */
  synchronized long releasedBytes() {
    return releasedBytes;
  }
}
