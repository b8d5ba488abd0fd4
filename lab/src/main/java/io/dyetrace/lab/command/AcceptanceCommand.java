package io.dyetrace.lab.command;

import io.dyetrace.lab.Lab;
import io.dyetrace.lab.LabException;
import io.dyetrace.lab.check.AcceptanceReport;
import io.dyetrace.lab.check.Check;
import io.dyetrace.lab.check.Checks;
import io.dyetrace.lab.demo.Calm;
import io.dyetrace.lab.demo.Demo;
import io.dyetrace.lab.plan.LabPaths;
import io.dyetrace.lab.plan.LabTopology;
import io.dyetrace.lab.system.Console;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.KafkaException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code lab acceptance}. */
@Command(
    name = "acceptance",
    mixinStandardHelpOptions = true,
    description =
        "Every acceptance check in one lab, then demonstrations in labs of their own; writes the"
            + " results.")
public final class AcceptanceCommand extends LabCommand {
  @Option(names = "--demos", defaultValue = "10", description = "how many (default: 10)")
  private int demos;

  @Option(
      names = "--quiet-minutes",
      defaultValue = "15",
      description = "how long the quiet run lasts (default: 15)")
  private int quietMinutes;

  @Option(
      names = "--output",
      description = "directory of the results (default: benchmarks/results)")
  private Path output = Path.of("");

  @Override
  int run(Lab lab) {
    if (lab.isUp()) {
      throw LabException.usage("a lab is already up; './dyetrace lab down' takes it down");
    }
    Path directory =
        output.toString().isEmpty() ? lab.paths().home().resolve("benchmarks/results") : output;
    AcceptanceReport report =
        new AcceptanceReport(
            "./dyetrace lab acceptance --demos " + demos + " --quiet-minutes " + quietMinutes,
            lab.paths().home());
    runChecks(lab, Checks.all(Duration.ofMinutes(quietMinutes)), report);
    // A lab that was taken down starts nothing any more.
    Lab twoTier = new Lab(LabPaths.standard(), new Console(true));
    twoTier.choose(LabTopology.TWO_TIER);
    runChecks(twoTier, Checks.twoTier(), report);
    for (int i = 1; i <= demos; i++) {
      runDemo(i, report);
    }
    lab.console().say("results: %s", report.write(directory));
    lab.console().result(Map.of("passed", report.passed()));
    return report.passed() ? 0 : 1;
  }

  private static void runChecks(Lab lab, List<Check> checks, AcceptanceReport report) {
    try (OnExit exit = OnExit.takeDown(lab)) {
      lab.up();
      new Calm(lab).await(Duration.ofMinutes(3));
      for (Check check : checks) {
        report.add(check, Checks.run(lab, check));
      }
    } catch (LabException e) {
      report.addBroken("checks: " + e.text());
    }
  }

  private static void runDemo(int number, AcceptanceReport report) {
    // A lab that was taken down starts nothing any more: each demonstration has an object of its
    // own.
    Lab lab = new Lab(LabPaths.standard(), new Console(true));
    lab.console().say("demonstration %d", number);
    try (OnExit exit = OnExit.takeDown(lab)) {
      lab.up();
      report.add(new Demo(lab).run());
    } catch (LabException | KafkaException e) {
      report.addBroken("demonstration " + number + ": " + e.getMessage());
    }
  }
}
