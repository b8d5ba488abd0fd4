package io.dyetrace.lab.check;

import io.dyetrace.common.registry.FaultClass;
import io.dyetrace.lab.Lab;
import io.dyetrace.lab.demo.Calm;
import io.dyetrace.lab.observe.SeenVerdict;
import io.dyetrace.lab.observe.VerdictLog;
import io.dyetrace.lab.process.Component;
import io.dyetrace.lab.system.Pause;
import java.time.Duration;
import java.util.List;

/** A process of the product itself is away for a while. */
final class Outage implements Check {
  private static final double AWAY_SECONDS = 20;

  /** How the process ends. */
  enum Way {
    KILL("kill", "killed with SIGKILL"),
    STOP("restart", "stopped with SIGTERM");

    private final String label;
    private final String words;

    Way(String label, String words) {
      this.label = label;
      this.words = words;
    }
  }

  private final Way way;
  private final String component;

  Outage(Way way, String component) {
    this.way = way;
    this.component = component;
  }

  @Override
  public String name() {
    return way.label + "-" + component;
  }

  @Override
  public String claim() {
    return "%s %s for %.0f s: no row lost or doubled, no verdict but NO_DATA"
        .formatted(component, way.words, AWAY_SECONDS);
  }

  @Override
  public CheckResult run(Lab lab) {
    CheckResult.Builder result = CheckResult.builder();
    Component process = lab.components().get(component);
    int before;
    try (VerdictLog log = new VerdictLog()) {
      before = log.readToEnd().seen().size();
    }
    if (way == Way.KILL) {
      lab.supervisor().kill(component);
    } else {
      lab.supervisor().stop(component);
    }
    lab.console().say("%s is away", component);
    Pause.seconds(AWAY_SECONDS);
    long startNs = System.nanoTime();
    lab.supervisor().start(process);
    lab.supervisor().awaitReady(process, Duration.ofSeconds(120));
    result.measured("seconds_to_ready", Math.round((System.nanoTime() - startNs) / 1e8) / 10.0);
    new Calm(lab).await(Duration.ofSeconds(180));
    // Long enough for late verdicts, and for the last rows to be stored.
    Pause.seconds(NothingLost.GRACE_SECONDS + 5);
    audit(result, before);
    return result.build();
  }

  static void audit(CheckResult.Builder result, int verdictsBefore) {
    try (VerdictLog log = new VerdictLog()) {
      List<SeenVerdict> seen = log.readToEnd().seen();
      List<SeenVerdict> came = seen.subList(verdictsBefore, seen.size());
      List<String> wrong =
          came.stream()
              .filter(v -> v.verdict().getFaultClass() != FaultClass.NO_DATA.code())
              .map(SeenVerdict::describe)
              .toList();
      result
          .measured("verdict_records", came.size())
          .measured("verdicts_other_than_no_data", wrong.size())
          .require(wrong.isEmpty(), "false verdicts: %s", wrong);
    }
    NothingLost.audit(result);
  }
}
