package io.dyetrace.lab.campaign;

import io.dyetrace.lab.Lab;
import io.dyetrace.lab.LabException;
import io.dyetrace.lab.demo.Calm;
import io.dyetrace.lab.demo.FaultOutcome;
import io.dyetrace.lab.demo.Trial;
import io.dyetrace.lab.demo.VerdictWatch;
import io.dyetrace.lab.observe.SeenVerdict;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Injects planned faults one after another, with quiet between, into a lab that is up. */
public final class LabCampaign {
  private static final Duration CALM_LIMIT = Duration.ofSeconds(120);
  private static final Duration LATE_VERDICTS = Duration.ofSeconds(10);

  private final Lab lab;
  private final List<CampaignOutcome> outcomes = new ArrayList<>();

  public LabCampaign(Lab lab) {
    this.lab = lab;
  }

  /** Runs all of it; when the lab does not come to rest, what there is until then. */
  public CampaignReport run(List<Planned> plan) {
    try (VerdictWatch watch = new VerdictWatch(lab.console()).start()) {
      new Calm(lab).await(CALM_LIMIT);
      // What was said before is not of this campaign.
      watch.await(v -> false, Duration.ofSeconds(2));
      int before = watch.seen().size();
      Trial trial = new Trial(lab, watch);
      String stopped = null;
      try {
        for (Planned fault : plan) {
          lab.console().say("fault %d of %d", outcomes.size() + 1, plan.size());
          watch.await(v -> false, fault.pauseBefore());
          outcomes.add(run(fault, trial, watch));
          new Calm(lab).await(CALM_LIMIT);
        }
        watch.await(v -> false, LATE_VERDICTS);
      } catch (LabException e) {
        lab.console().say("the campaign ends here: %s", e.text());
        stopped = e.text();
      }
      return report(plan.size(), trial, watch.seen(), before, stopped);
    }
  }

  private CampaignOutcome run(Planned fault, Trial trial, VerdictWatch watch) {
    int before = watch.seen().size();
    FaultOutcome outcome;
    try {
      outcome = trial.run(fault.kind(), fault.target(), fault.limit());
    } catch (LabException e) {
      if (Thread.currentThread().isInterrupted() || stillInjected(fault)) {
        throw e;
      }
      lab.console().say("%s %s: %s", fault.kind().label(), fault.target(), e.text());
      return CampaignOutcome.notInjected(fault);
    }
    List<SeenVerdict> seen = watch.seen();
    return CampaignOutcome.of(
        fault, outcome, seenClass(fault.target(), seen.subList(before, seen.size())));
  }

  private boolean stillInjected(Planned fault) {
    return lab.faults().all().stream()
        .anyMatch(f -> f.kind() == fault.kind() && f.target().equals(fault.target()));
  }

  /** Of the first verdict on the component, else of the first at all. */
  static String seenClass(String component, List<SeenVerdict> verdicts) {
    List<SeenVerdict> opened = verdicts.stream().filter(v -> !v.resolved()).toList();
    Optional<SeenVerdict> onIt =
        opened.stream().filter(v -> v.component().equals(component)).findFirst();
    return onIt.or(() -> opened.stream().findFirst())
        .map(SeenVerdict::faultClass)
        .orElse(CampaignOutcome.NONE);
  }

  private CampaignReport report(
      int planned, Trial trial, List<SeenVerdict> seen, int before, @Nullable String stopped) {
    List<String> wrong =
        trial.falseVerdicts().stream()
            .filter(v -> seen.indexOf(v) >= before)
            .map(SeenVerdict::describe)
            .toList();
    return new CampaignReport(planned, List.copyOf(outcomes), wrong, stopped);
  }
}
