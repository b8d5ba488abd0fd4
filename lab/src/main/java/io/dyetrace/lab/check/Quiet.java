package io.dyetrace.lab.check;

import io.dyetrace.lab.Lab;
import io.dyetrace.lab.observe.SeenVerdict;
import io.dyetrace.lab.observe.VerdictLog;
import java.time.Duration;
import java.util.List;

/** Nothing is injected. */
final class Quiet implements Check {
  private final Duration duration;

  Quiet(Duration duration) {
    this.duration = duration;
  }

  @Override
  public String name() {
    return "quiet";
  }

  @Override
  public String claim() {
    return duration.toMinutes() + " minutes without a fault give no verdict at all";
  }

  @Override
  public CheckResult run(Lab lab) {
    try (VerdictLog log = new VerdictLog()) {
      int before = log.readToEnd().seen().size();
      long deadlineNs = System.nanoTime() + duration.toNanos();
      long sayNs = System.nanoTime() + Duration.ofMinutes(1).toNanos();
      while (System.nanoTime() < deadlineNs) {
        for (SeenVerdict verdict : log.poll(Duration.ofSeconds(1))) {
          lab.console().say("VERDICT %s", verdict.describe());
        }
        if (System.nanoTime() > sayNs) {
          lab.console().say("quiet: %d s to go", (deadlineNs - System.nanoTime()) / 1_000_000_000L);
          sayNs += Duration.ofMinutes(1).toNanos();
        }
      }
      List<SeenVerdict> came = log.readToEnd().seen();
      List<String> verdicts =
          came.subList(before, came.size()).stream().map(SeenVerdict::describe).toList();
      return CheckResult.builder()
          .measured("minutes", duration.toMinutes())
          .measured("verdicts", verdicts.size())
          .require(verdicts.isEmpty(), "verdicts came: %s", verdicts)
          .build();
    }
  }
}
