package io.dyetrace.lab.check;

import io.dyetrace.lab.Lab;
import io.dyetrace.lab.demo.Calm;
import io.dyetrace.lab.fault.NftTable;
import io.dyetrace.lab.plan.Host;
import io.dyetrace.lab.system.Command;
import io.dyetrace.lab.system.Pause;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.Collectors;

/** Half-open connections at real servers. */
final class NoHalfOpen implements Check {
  private static final int SECONDS = 60;

  /** Longer than a probe lives: the time-out, then the reset. */
  private static final double STALE_SECONDS = 3;

  @Override
  public String name() {
    return "no-half-open";
  }

  @Override
  public String claim() {
    return "a minute of probing, and a minute with the reply path cut, leave no connection"
        + " half-open at any server";
  }

  @Override
  public CheckResult run(Lab lab) {
    CheckResult.Builder result = CheckResult.builder();
    observe(lab, result, "replies_arrive");
    NftTable cut =
        new NftTable(
            lab.plan().routerNamespace(),
            "dyetrace-check",
            "iifname \"gw-*\" ip daddr { "
                + lab.plan().probers().stream().map(Host::address).collect(Collectors.joining(", "))
                + " }");
    cut.add();
    try {
      observe(lab, result, "replies_cut");
      result.measured("replies_dropped", cut.droppedPackets());
      result.require(cut.droppedPackets() > 0, "no reply was dropped: the path was not cut");
    } finally {
      cut.remove();
    }
    new Calm(lab).await(Duration.ofSeconds(120));
    return result.build();
  }

  /**
   * Watches for a minute; whatever is half-open in two looks further apart than a probe lives is
   * left behind.
   */
  private static void observe(Lab lab, CheckResult.Builder result, String phase) {
    int most = 0;
    Set<String> stale = new HashSet<>();
    for (int looks = 0; looks < SECONDS / STALE_SECONDS; looks++) {
      Set<String> before = halfOpen(lab);
      Pause.seconds(STALE_SECONDS);
      Set<String> after = halfOpen(lab);
      most = Math.max(most, after.size());
      after.retainAll(before);
      stale.addAll(after);
    }
    result
        .measured(phase + "_most_in_flight", most)
        .measured(phase + "_left_behind", stale.size())
        .require(stale.isEmpty(), "%s: half-open for over %.0f s: %s", phase, STALE_SECONDS, stale);
  }

  private static Set<String> halfOpen(Lab lab) {
    Set<String> found = new HashSet<>();
    for (Host server : lab.plan().servers()) {
      Command.of("ss", "-Htn", "state", "syn-recv")
          .in(server.namespace())
          .check()
          .output()
          .lines()
          .map(line -> server.name() + " " + line.replaceAll("\\s+", " ").strip())
          .forEach(found::add);
    }
    return found;
  }
}
