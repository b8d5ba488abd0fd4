package io.dyetrace.lab.check;

import io.dyetrace.lab.Lab;
import io.dyetrace.lab.LabException;
import io.dyetrace.lab.demo.Calm;
import io.dyetrace.lab.observe.Metrics;
import io.dyetrace.lab.observe.SeenVerdict;
import io.dyetrace.lab.observe.VerdictLog;
import java.time.Duration;
import java.util.List;

/** Nothing is injected. */
final class Quiet implements Check {
  private static final Duration CALM_LIMIT = Duration.ofMinutes(2);
  private static final double LEAST_LISTENING = 0.95;

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
    // Silence counts only when somebody listens: everything is well before and after, and the
    // detection had caught up nearly all the time.
    new Calm(lab).await(CALM_LIMIT);
    int samples = 0;
    int listening = 0;
    try (VerdictLog log = new VerdictLog()) {
      int before = log.readToEnd().seen().size();
      long deadlineNs = System.nanoTime() + duration.toNanos();
      long sayNs = System.nanoTime() + Duration.ofMinutes(1).toNanos();
      while (System.nanoTime() < deadlineNs) {
        for (SeenVerdict verdict : log.poll(Duration.ofSeconds(1))) {
          lab.console().say("VERDICT %s", verdict.describe());
        }
        samples++;
        listening += caughtUp() ? 1 : 0;
        if (System.nanoTime() > sayNs) {
          lab.console().say("quiet: %d s to go", (deadlineNs - System.nanoTime()) / 1_000_000_000L);
          sayNs += Duration.ofMinutes(1).toNanos();
        }
      }
      new Calm(lab).await(CALM_LIMIT);
      double share = (double) listening / Math.max(1, samples);
      List<SeenVerdict> came = log.readToEnd().seen();
      List<String> verdicts =
          came.subList(before, came.size()).stream().map(SeenVerdict::describe).toList();
      return CheckResult.builder()
          .measured("minutes", duration.toMinutes())
          .measured("verdicts", verdicts.size())
          .measured("share_of_time_caught_up", share)
          .require(
              share >= LEAST_LISTENING, "the analytics had caught up in %.3f of the time", share)
          .require(verdicts.isEmpty(), "verdicts came: %s", verdicts)
          .build();
    }
  }

  private static boolean caughtUp() {
    try {
      return Metrics.of("127.0.0.1:9466").named("dyetrace_analytics_caught_up").values().stream()
          .anyMatch(v -> v >= 1);
    } catch (LabException e) {
      return false;
    }
  }
}
