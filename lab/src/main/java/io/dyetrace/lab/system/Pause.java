package io.dyetrace.lab.system;

import io.dyetrace.lab.LabException;

/** Waiting. */
public final class Pause {
  private Pause() {}

  /** Sleeps so long; an interrupt ends the command. */
  public static void seconds(double seconds) {
    millis(Math.round(seconds * 1e3));
  }

  /** The same, finer. */
  public static void millis(long ms) {
    try {
      Thread.sleep(ms);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw LabException.failed("interrupted");
    }
  }
}
