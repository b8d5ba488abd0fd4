package io.dyetrace.lab.system;

/** Sends signals that the JDK has no method for. */
public final class Signals {
  private Signals() {}

  /** Sends the signal ({@code KILL}, {@code STOP}); false when there is no such process. */
  public static boolean send(String signal, long pid) {
    return Command.of("kill", "-" + signal, Long.toString(pid)).run().ok();
  }
}
