package io.dyetrace.lab.check;

import io.dyetrace.lab.Lab;
import io.dyetrace.lab.demo.Calm;
import io.dyetrace.lab.demo.FaultOutcome;
import io.dyetrace.lab.demo.Trial;
import io.dyetrace.lab.demo.VerdictWatch;
import io.dyetrace.lab.fault.FaultKind;
import io.dyetrace.lab.observe.ClickHouse;
import io.dyetrace.lab.observe.SeenVerdict;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

/** The faults that the demonstration does not show. */
final class EveryFault implements Check {
  private static final Map<FaultKind, String> TARGETS = new LinkedHashMap<>();

  static {
    TARGETS.put(FaultKind.BACKEND_DOWN, "rs-2");
    TARGETS.put(FaultKind.CONFIG_ERROR, "vip-web@gw-4");
    TARGETS.put(FaultKind.PROBER_FAULT, "prober-1");
    TARGETS.put(FaultKind.VIP_OVERLOAD, "vip-api");
  }

  private static final Duration LIMIT = Duration.ofSeconds(60);

  @Override
  public String name() {
    return "every-fault";
  }

  @Override
  public String claim() {
    return "a dead backend, a lost VIP, a faulty prober and an overloaded VIP are each named within"
        + " a minute, and nothing else is";
  }

  @Override
  public CheckResult run(Lab lab) {
    CheckResult.Builder result = CheckResult.builder();
    try (VerdictWatch watch = new VerdictWatch(lab.console()).start()) {
      new Calm(lab).await(Duration.ofSeconds(120));
      int before = watch.seen().size();
      Trial trial = new Trial(lab, watch);
      for (Map.Entry<FaultKind, String> fault : TARGETS.entrySet()) {
        FaultOutcome outcome = trial.run(fault.getKey(), fault.getValue(), LIMIT);
        result
            .measured(outcome.fault() + " " + outcome.target(), outcome)
            .require(outcome.right(), "%s %s: %s", outcome.fault(), outcome.target(), outcome);
        requireEvidence(watch, outcome, result);
        new Calm(lab).await(Duration.ofSeconds(120));
      }
      var wrong =
          trial.falseVerdicts().stream()
              .filter(v -> watch.seen().indexOf(v) >= before)
              .map(v -> v.describe())
              .toList();
      result.measured("false_verdicts", wrong.size()).require(wrong.isEmpty(), "false: %s", wrong);
    }
    return result.build();
  }

  /** The query that a verdict brings with it answers with rows. */
  private static void requireEvidence(
      VerdictWatch watch, FaultOutcome outcome, CheckResult.Builder result) {
    for (SeenVerdict seen : watch.seen()) {
      String sql = seen.verdict().getEvidenceSql();
      if (!seen.resolved() && seen.component().equals(outcome.component())) {
        boolean answered = !sql.isEmpty() && !new ClickHouse().rows(sql).isEmpty();
        result.require(answered, "%s: no row for its evidence: %s", seen.describe(), sql);
      }
    }
  }
}
