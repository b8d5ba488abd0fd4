package io.dyetrace.lab.demo;

import io.dyetrace.lab.LabException;
import io.dyetrace.lab.observe.SeenVerdict;
import io.dyetrace.lab.observe.VerdictLog;
import io.dyetrace.lab.system.Console;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Follows the verdicts in the background and prints each as it comes. */
public final class VerdictWatch implements AutoCloseable {
  private final Console console;
  private final Thread thread = new Thread(this::follow, "verdicts");
  private final List<SeenVerdict> seen = new ArrayList<>();
  private @Nullable RuntimeException failure;
  private long injectedMs;
  private volatile boolean closed;

  public VerdictWatch(Console console) {
    this.console = console;
    thread.setDaemon(true);
  }

  public VerdictWatch start() {
    thread.start();
    return this;
  }

  /** Seconds in the printed lines count from here; 0: no fault is in force. */
  public synchronized void injectedAt(long ms) {
    injectedMs = ms;
  }

  private void follow() {
    try (VerdictLog log = new VerdictLog()) {
      while (!closed) {
        for (SeenVerdict verdict : log.poll(Duration.ofMillis(200))) {
          add(verdict);
        }
      }
    } catch (RuntimeException e) {
      synchronized (this) {
        failure = e;
        notifyAll();
      }
    }
  }

  private synchronized void add(SeenVerdict verdict) {
    seen.add(verdict);
    String after =
        injectedMs == 0
            ? ""
            : "%.1f s after the injection: ".formatted((verdict.appendedMs() - injectedMs) / 1e3);
    console.say("VERDICT %s%s", after, verdict.describe());
    notifyAll();
  }

  /** The first verdict of this kind, also one already seen; empty when none comes in time. */
  public synchronized Optional<SeenVerdict> await(Predicate<SeenVerdict> kind, Duration limit) {
    long deadlineNs = System.nanoTime() + limit.toNanos();
    while (true) {
      Optional<SeenVerdict> found = seen.stream().filter(kind).findFirst();
      long leftMs = (deadlineNs - System.nanoTime()) / 1_000_000;
      if (found.isPresent() || leftMs <= 0) {
        return found;
      }
      if (failure != null) {
        throw failure;
      }
      try {
        wait(leftMs);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw LabException.failed("interrupted");
      }
    }
  }

  /** Everything so far. */
  public synchronized List<SeenVerdict> seen() {
    return List.copyOf(seen);
  }

  @Override
  public void close() {
    closed = true;
    try {
      thread.join(5000);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
