package io.dyetrace.lab.command;

import io.dyetrace.lab.Lab;
import io.dyetrace.lab.LabException;
import io.dyetrace.lab.campaign.CampaignPlan;
import io.dyetrace.lab.campaign.CampaignReport;
import io.dyetrace.lab.campaign.LabCampaign;
import io.dyetrace.lab.campaign.Planned;
import io.dyetrace.lab.fault.FaultKind;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code lab campaign}. */
@Command(
    name = "campaign",
    mixinStandardHelpOptions = true,
    description = {
      "Injects labelled faults into the running lab, one after another with healing and quiet between,",
      "and reports confusion matrix, precision, recall and time to verdict. A fault takes about half a minute.",
      "Exit code 0 only if every fault was rightly named in time and nobody else was accused. Ctrl-C heals."
    })
public final class CampaignCommand extends LabCommand {
  @Option(
      names = "--faults",
      defaultValue = "40",
      description = "how many (default: 40); every kind as often as the others")
  private int faults;

  @Option(
      names = "--seed",
      defaultValue = "1",
      description = "of the order, the targets and the pauses (default: 1)")
  private long seed;

  @Option(
      names = "--kinds",
      split = ",",
      paramLabel = "FAULT",
      description = "only these, as 'lab inject' has them (default: all)")
  private List<String> kinds = new ArrayList<>();

  @Option(names = "--dry-run", description = "print the plan and change nothing")
  private boolean dryRun;

  @Override
  int run(Lab lab) {
    List<Planned> plan = plan(lab);
    if (dryRun) {
      plan.forEach(
          p ->
              lab.console()
                  .line(
                      "%-13s %-14s after %d s of quiet",
                      p.kind().label(), p.target(), p.pauseBefore().toSeconds()));
      lab.console().result(plan.stream().map(p -> List.of(p.kind().label(), p.target())).toList());
      return 0;
    }
    lab.requireUp();
    if (!lab.faults().all().isEmpty()) {
      throw LabException.usage("something is injected already; './dyetrace lab heal' first");
    }
    CampaignReport report;
    try (OnExit exit = OnExit.heal(lab)) {
      report = new LabCampaign(lab).run(plan);
    }
    report.print(lab.console());
    lab.console().result(report);
    return report.right() ? 0 : 1;
  }

  private List<Planned> plan(Lab lab) {
    if (faults < 1) {
      throw LabException.usage("--faults: " + faults + " is less than 1");
    }
    try {
      List<FaultKind> chosen =
          kinds.isEmpty()
              ? List.of(FaultKind.values())
              : kinds.stream().map(FaultKind::of).distinct().toList();
      return CampaignPlan.of(lab.plan(), chosen, faults, seed);
    } catch (IllegalArgumentException e) {
      throw LabException.usage(String.valueOf(e.getMessage()));
    }
  }
}
