package io.dyetrace.lab.demo;

import io.dyetrace.lab.Lab;
import io.dyetrace.lab.fault.FaultKind;
import io.dyetrace.lab.observe.ClickHouse;
import io.dyetrace.lab.observe.Rows;
import io.dyetrace.lab.observe.SeenVerdict;
import java.time.Duration;
import java.util.List;

/** The whole story on real packets: two faults, two verdicts, healed. */
public final class Demo {
  public static final Duration CRASH_LIMIT = Duration.ofSeconds(15);
  public static final Duration JITTER_LIMIT = Duration.ofSeconds(20);
  public static final int FAULTS = 2;

  private static final Duration LATE_VERDICTS = Duration.ofSeconds(10);
  private static final Duration CALM_LIMIT = Duration.ofSeconds(90);

  private final Lab lab;

  public Demo(Lab lab) {
    this.lab = lab;
  }

  /** Runs it in a lab that is up. */
  public DemoReport run() {
    try (VerdictWatch watch = new VerdictWatch(lab.console()).start()) {
      new Calm(lab).await(CALM_LIMIT);
      lab.console().say("all is calm: every node is probed, stamps and reports");
      Trial trial = new Trial(lab, watch);
      trial.run(FaultKind.NODE_CRASH, "gw-2", CRASH_LIMIT);
      new Calm(lab).await(CALM_LIMIT);
      trial.run(FaultKind.NODE_JITTER, "gw-3", JITTER_LIMIT);
      // Whoever is accused late is accused too.
      watch.await(v -> false, LATE_VERDICTS);
      DemoReport report = report(trial);
      summarise(trial, report);
      return report;
    }
  }

  private DemoReport report(Trial trial) {
    ClickHouse clickhouse = new ClickHouse();
    return new DemoReport(
        trial.outcomes(),
        trial.falseVerdicts().size(),
        clickhouse.number("SELECT count() FROM probes"),
        clickhouse.number("SELECT count() FROM trace_points"),
        Rows.pointsLost(),
        Rows.all(clickhouse));
  }

  private void summarise(Trial trial, DemoReport report) {
    lab.console().line("");
    for (FaultOutcome o : report.faults()) {
      lab.console()
          .line(
              "  %-12s %-6s %-12s %-8s %s",
              o.fault(),
              o.target(),
              o.verdict() == null ? "no verdict" : o.verdict(),
              o.seconds() == null ? "" : "%.1f s".formatted(o.seconds()),
              o.right() ? "right" : "WRONG");
    }
    List<SeenVerdict> wrong = trial.falseVerdicts();
    wrong.forEach(v -> lab.console().line("  FALSE: %s", v.describe()));
    lab.console()
        .line(
            "  %d false verdicts; %,d probes and %,d points stored (%d points lost), %,d rows in"
                + " all",
            report.falseVerdicts(),
            report.probes(),
            report.points(),
            report.pointsLost(),
            report.rowsInClickhouse());
    lab.console().line("");
  }
}
