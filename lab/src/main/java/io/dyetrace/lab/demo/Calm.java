package io.dyetrace.lab.demo;

import io.dyetrace.lab.Lab;
import io.dyetrace.lab.LabException;
import io.dyetrace.lab.observe.LabStatus;
import io.dyetrace.lab.observe.LearnedNodes;
import io.dyetrace.lab.system.Pause;
import java.time.Duration;
import java.util.List;

/** Waits until everything is healthy and the analytics has learned what is normal. */
public final class Calm {
  private final Lab lab;

  public Calm(Lab lab) {
    this.lab = lab;
  }

  /** Fails when it does not come to that in time. */
  public void await(Duration limit) {
    long deadlineNs = System.nanoTime() + limit.toNanos();
    String said = "";
    while (true) {
      List<String> waitingFor = waitingFor();
      if (waitingFor.isEmpty()) {
        return;
      }
      String now = String.join("; ", waitingFor);
      if (!now.equals(said)) {
        lab.console().say("waiting: %s", now);
        said = now;
      }
      if (System.nanoTime() > deadlineNs) {
        throw LabException.failed("not calm after " + limit.toSeconds() + " s: " + now);
      }
      Pause.seconds(0.5);
    }
  }

  private List<String> waitingFor() {
    List<String> complaints = LabStatus.of(lab).complaints(lab);
    return complaints.isEmpty() ? LearnedNodes.missing(lab) : complaints;
  }
}
