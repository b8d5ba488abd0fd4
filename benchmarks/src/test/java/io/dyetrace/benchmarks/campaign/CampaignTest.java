package io.dyetrace.benchmarks.campaign;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A campaign of some tens of faults: the long ones are run with {@code make campaign}. */
class CampaignTest {
  private static final List<Scenario> KNOWN =
      Arrays.stream(Scenario.values()).filter(Scenario::known).toList();

  private static Plan plan(List<Scenario> scenarios, int faults, double days) {
    return new Plan(11, scenarios, List.of(4), faults, List.of(8.0), 0, days, 4);
  }

  private static PrintStream nowhere() {
    return new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8);
  }

  @Test
  void shouldFindEveryKindOfFaultThatIsKnown() throws Exception {
    Campaign.Outcome outcome = new Campaign(plan(KNOWN, KNOWN.size(), 0), 2, nowhere()).run();

    assertThat(outcome.complete()).isTrue();
    assertThat(outcome.faults()).hasSize(KNOWN.size());
    Report report = new Report(outcome);
    Score score = Score.of(outcome.faults());
    assertThat(score.recall()).as(report.markdown()).isGreaterThanOrEqualTo(0.9);
    assertThat(score.precision()).as(report.markdown()).isGreaterThanOrEqualTo(0.9);
    assertThat(score.classRight()).as(report.markdown()).isGreaterThanOrEqualTo(0.9);
  }

  @Test
  void shouldGiveTheSameAgainForTheSameId() throws Exception {
    FaultCase fault = FaultCase.parse("jitter:8:8:4711");
    FaultResult once = new FaultRun(() -> false, (at, v) -> {}).run(fault);
    FaultResult again = new FaultRun(() -> false, (at, v) -> {}).run(FaultCase.parse(fault.id()));

    assertThat(again.said()).isEqualTo(once.said());
    assertThat(again.label()).isEqualTo(once.label());
    assertThat(again.records()).isEqualTo(once.records()).isPositive();
  }

  @Test
  void shouldReportWhatThereIsWhenItIsStopped() throws Exception {
    Campaign campaign = new Campaign(plan(KNOWN, 50, 1), 1, nowhere());
    campaign.stop();
    Campaign.Outcome outcome = campaign.run();

    assertThat(outcome.complete()).isFalse();
    assertThat(new Report(outcome).markdown()).contains("INTERRUPTED");
    assertThat(new Report(outcome).json()).contains("\"complete\" : false");
  }
}
