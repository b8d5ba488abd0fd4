package io.dyetrace.lab.command;

import io.dyetrace.lab.Lab;
import io.dyetrace.lab.LabException;
import io.dyetrace.lab.fault.Injector;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

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
  private final Lab lab;
  private final Runnable cancel;
  private final Runnable undo;
  private final Thread worker = Thread.currentThread();
  private final CountDownLatch workerDone = new CountDownLatch(1);
  private final Thread hook = new Thread(this::interrupted, "on-exit");
  private boolean keep;
  private volatile boolean byHook;

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
    byHook = true;
    lab.console().say("interrupted");
    cancel.run();
    worker.interrupt();
    try {
      workerDone.await(5, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    undo.run();
  }

  @Override
  public void close() {
    workerDone.countDown();
    if (byHook) {
      return;
    }
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException alreadyShuttingDown) {
      return;
    }
    if (!keep) {
      undo.run();
    }
  }
}
