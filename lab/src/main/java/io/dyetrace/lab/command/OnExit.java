package io.dyetrace.lab.command;

import io.dyetrace.lab.Lab;
import io.dyetrace.lab.LabException;
import io.dyetrace.lab.fault.Injector;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Undoes what was done when the person at the terminal presses Ctrl-C, or when the guarded work
 * ends.
 *
 * <pre>{@code
 * try (OnExit exit = OnExit.takeDown(lab)) {
 *   lab.up();
 *   exit.keep();
 * }
 * }</pre>
 */
final class OnExit implements AutoCloseable {
  /** Until the work has noticed that it is to stop. */
  private static final Duration STOPPING = Duration.ofSeconds(5);

  /** Until what is undone already is undone. */
  private static final Duration FINISHING = Duration.ofMinutes(1);

  private final Lab lab;
  private final Runnable cancel;
  private final Runnable undo;
  private final Thread worker = Thread.currentThread();
  private final CountDownLatch workerDone = new CountDownLatch(1);
  private final Thread hook = new Thread(this::interrupted, "on-exit");
  private final AtomicBoolean ended = new AtomicBoolean();
  private boolean keep;

  private OnExit(Lab lab, Runnable cancel, Runnable undo) {
    this.lab = lab;
    this.cancel = cancel;
    this.undo = undo;
  }

  /** Takes the lab down. */
  static OnExit takeDown(Lab lab) {
    return arm(
        new OnExit(
            lab,
            () -> lab.supervisor().cancel(),
            () -> {
              lab.console().say("taking the lab down");
              lab.down();
            }));
  }

  /** Heals what is injected; the lab stays. */
  static OnExit heal(Lab lab) {
    return arm(new OnExit(lab, () -> {}, () -> healAll(lab)));
  }

  private static void healAll(Lab lab) {
    try {
      new Injector(lab).healAll();
    } catch (LabException e) {
      lab.console().say("'./dyetrace lab heal' is still needed: %s", e.text());
    }
  }

  private static OnExit arm(OnExit exit) {
    Runtime.getRuntime().addShutdownHook(exit.hook);
    return exit;
  }

  /** What was done stays. */
  void keep() {
    keep = true;
  }

  private void interrupted() {
    if (!ended.compareAndSet(false, true)) {
      lab.console().say("interrupted; what was begun is finished first");
      await(FINISHING);
      return;
    }
    lab.console().say("interrupted");
    cancel.run();
    worker.interrupt();
    await(STOPPING);
    undo.run();
  }

  private void await(Duration atMost) {
    try {
      workerDone.await(atMost.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    boolean mine = ended.compareAndSet(false, true);
    try {
      if (mine && !keep) {
        undo.run();
      }
    } finally {
      workerDone.countDown();
    }
    if (mine) {
      try {
        Runtime.getRuntime().removeShutdownHook(hook);
      } catch (IllegalStateException alreadyShuttingDown) {
        // The hook finds that all is done.
      }
    }
  }
}
