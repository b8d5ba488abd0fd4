package io.dyetrace.lab.check;

import io.dyetrace.lab.Lab;
import io.dyetrace.lab.LabException;
import io.dyetrace.lab.fault.Injector;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.KafkaException;

/** The acceptance checks, in an order in which none disturbs a later one. */
public final class Checks {
  /** Processes of the product that may die without anything being lost. */
  private static final List<String> MORTAL =
      List.of("agent", "prober-1", "broker", "analytics", "clickhouse");

  private Checks() {}

  /**
   * All of them for a lab of one tier.
   *
   * @param quiet how long the quiet run lasts
   */
  public static List<Check> all(Duration quiet) {
    List<Check> all =
        new ArrayList<>(
            List.of(
                new Quiet(quiet),
                new OneNodeEachWay(),
                new BigTransfer(),
                new ColourNeverArrives(),
                new FalseColours(),
                new NothingLost(),
                new Paging(),
                new EveryFault()));
    MORTAL.forEach(c -> all.add(new Outage(Outage.Way.KILL, c)));
    MORTAL.forEach(c -> all.add(new Outage(Outage.Way.STOP, c)));
    all.add(new FreshAnalytics());
    // Last: with its reply path cut everything fails, and the verdicts on that take a while to
    // resolve.
    all.add(new NoHalfOpen());
    return List.copyOf(all);
  }

  /** Those for a lab of two tiers. */
  public static List<Check> twoTier() {
    return List.of(new TwoTier());
  }

  /** Those that are listed and found by name, whatever the lab. */
  public static List<Check> known(Duration quiet) {
    List<Check> known = new ArrayList<>(all(quiet));
    known.addAll(twoTier());
    return List.copyOf(known);
  }

  /** The check of this name. */
  public static Check named(String name, Duration quiet) {
    List<Check> all = known(quiet);
    return all.stream()
        .filter(c -> c.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "no check '" + name + "'; known: " + all.stream().map(Check::name).toList()));
  }

  /** A check that broke off may have left a fault or a dead process to the next one. */
  private static void tidyUp(Lab lab) {
    try {
      new Injector(lab).healAll();
      lab.up();
    } catch (LabException e) {
      lab.console().say("  tidying up failed: %s", e.text());
    }
  }

  /** Runs one and says what came of it; one that breaks off has failed. */
  public static CheckResult run(Lab lab, Check check) {
    lab.console().say("check %s: %s", check.name(), check.claim());
    CheckResult result;
    try {
      result = check.run(lab);
    } catch (LabException | KafkaException e) {
      result = CheckResult.builder().require(false, "%s", String.valueOf(e.getMessage())).build();
      tidyUp(lab);
    }
    result.measured().forEach((name, value) -> lab.console().say("  %s: %s", name, value));
    result.problems().forEach(problem -> lab.console().say("  PROBLEM: %s", problem));
    lab.console().say("check %s: %s", check.name(), result.passed() ? "passed" : "FAILED");
    return result;
  }
}
