package io.dyetrace.lab.command;

import io.dyetrace.lab.Lab;
import io.dyetrace.lab.LabException;
import io.dyetrace.lab.check.Check;
import io.dyetrace.lab.check.CheckResult;
import io.dyetrace.lab.check.Checks;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code lab check [NAME…]}. */
@Command(
    name = "check",
    mixinStandardHelpOptions = true,
    description = "Runs acceptance checks against the running lab; without a name, lists them.")
public final class CheckCommand extends LabCommand {
  @Parameters(arity = "0..*", paramLabel = "NAME")
  private List<String> names = new ArrayList<>();

  @Option(
      names = "--quiet-minutes",
      defaultValue = "15",
      description = "how long the quiet run lasts (default: 15)")
  private int quietMinutes;

  @Override
  int run(Lab lab) {
    Duration quiet = Duration.ofMinutes(quietMinutes);
    if (names.isEmpty()) {
      List<Check> all = Checks.known(quiet);
      all.forEach(c -> lab.console().line("%-22s %s", c.name(), c.claim()));
      lab.console().result(all.stream().map(Check::name).toList());
      return 0;
    }
    List<Check> checks;
    try {
      checks = names.stream().map(n -> Checks.named(n, quiet)).toList();
    } catch (IllegalArgumentException e) {
      throw LabException.usage(String.valueOf(e.getMessage()));
    }
    lab.requireUp();
    boolean passed = true;
    Map<String, Object> results = new LinkedHashMap<>();
    for (Check check : checks) {
      CheckResult result = Checks.run(lab, check);
      results.put(
          check.name(),
          Map.of(
              "passed", result.passed(),
              "measured", result.measured(),
              "problems", result.problems()));
      passed &= result.passed();
    }
    lab.console().result(results);
    return passed ? 0 : 1;
  }
}
