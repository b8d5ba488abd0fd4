package io.dyetrace.lab.process;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One process of the lab.
 *
 * @param name also the name of its log, {@code gw-2}
 * @param namespace where it runs; null: in the root namespace
 * @param command program and arguments
 * @param environment added to the caller's
 * @param scheduling how important it is on two cores
 * @param readiness how to know that it does its work
 * @param dependsOn components that must be ready before it starts
 * @param files what the build must have made for it, relative to the checkout
 * @param once it ends by itself, with exit code 0, and is not looked at again
 */
public record Component(
    String name,
    @Nullable String namespace,
    List<String> command,
    Map<String, String> environment,
    Scheduling scheduling,
    Readiness readiness,
    List<String> dependsOn,
    List<String> files,
    boolean once) {

  /** How the kernel schedules it. */
  public enum Scheduling {
    /**
     * Real time: whatever must not wait for anything else, and sleeps when it has nothing to do.
     */
    REAL_TIME(List.of("chrt", "--fifo", "50")),
    /** Before the rest. */
    IMPORTANT(List.of("nice", "-n", "-10")),
    NORMAL(List.of()),
    /** After the rest. */
    BACKGROUND(List.of("nice", "-n", "10"));

    private final List<String> prefix;

    Scheduling(List<String> prefix) {
      this.prefix = prefix;
    }

    List<String> prefix() {
      return prefix;
    }
  }
}
