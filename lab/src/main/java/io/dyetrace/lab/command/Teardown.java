package io.dyetrace.lab.command;

import io.dyetrace.lab.Lab;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Takes the lab down when the person at the terminal presses Ctrl-C, or when the guarded work
 * fails.
 *
 * <pre>{@code
 * try (Teardown teardown = Teardown.arm(lab)) {
 *   lab.up();
 *   teardown.keep();
 * }
 * }</pre>
 */
final class Teardown implements AutoCloseable {
  private final Lab lab;
  private final Thread worker = Thread.currentThread();
  private final CountDownLatch workerDone = new CountDownLatch(1);
  private final Thread hook = new Thread(this::interrupted, "teardown");
  private boolean keep;
  private volatile boolean byHook;

  private Teardown(Lab lab) {
    this.lab = lab;
  }

  static Teardown arm(Lab lab) {
    Teardown teardown = new Teardown(lab);
    Runtime.getRuntime().addShutdownHook(teardown.hook);
    return teardown;
  }

  /** The lab stays. */
  void keep() {
    keep = true;
  }

  private void interrupted() {
    byHook = true;
    lab.console().say("interrupted: taking the lab down");
    lab.supervisor().cancel();
    worker.interrupt();
    try {
      workerDone.await(5, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    lab.down();
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
      lab.console().say("taking the lab down");
      lab.down();
    }
  }
}
