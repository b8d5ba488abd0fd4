package io.dyetrace.lab.command;

import io.dyetrace.lab.Lab;
import io.dyetrace.lab.LabException;
import io.dyetrace.lab.fault.Injector;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Heals what is injected when the person at the terminal presses Ctrl-C, or the work fails. */
final class HealOnExit implements AutoCloseable {
  private final Lab lab;
  private final Thread worker = Thread.currentThread();
  private final CountDownLatch workerDone = new CountDownLatch(1);
  private final Thread hook = new Thread(this::interrupted, "heal");
  private volatile boolean byHook;

  private HealOnExit(Lab lab) {
    this.lab = lab;
  }

  static HealOnExit arm(Lab lab) {
    HealOnExit exit = new HealOnExit(lab);
    Runtime.getRuntime().addShutdownHook(exit.hook);
    return exit;
  }

  private void interrupted() {
    byHook = true;
    lab.console().say("interrupted: healing");
    worker.interrupt();
    try {
      workerDone.await(5, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    heal();
  }

  private void heal() {
    try {
      new Injector(lab).healAll();
    } catch (LabException e) {
      lab.console().say("'./dyetrace lab heal' is still needed: %s", e.text());
    }
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
    heal();
  }
}
