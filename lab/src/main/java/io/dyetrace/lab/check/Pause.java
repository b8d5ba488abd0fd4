package io.dyetrace.lab.check;

import io.dyetrace.lab.LabException;
import java.time.Duration;

/** Waiting. */
final class Pause {
  private Pause() {}

  static void seconds(double seconds) {
    try {
      Thread.sleep(Duration.ofNanos((long) (seconds * 1e9)).toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw LabException.failed("interrupted");
    }
  }
}
