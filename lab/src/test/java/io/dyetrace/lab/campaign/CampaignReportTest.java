package io.dyetrace.lab.campaign;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.dyetrace.common.record.Verdict;
import io.dyetrace.common.record.VerdictState;
import io.dyetrace.common.registry.FaultClass;
import io.dyetrace.lab.observe.SeenVerdict;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class CampaignReportTest {
  private static CampaignOutcome outcome(
      String target, String expected, String seen, @Nullable Double seconds, boolean right) {
    return new CampaignOutcome("fault", target, expected, seen, seconds, 9.0, right);
  }

  private static CampaignOutcome right(String target, double seconds) {
    return outcome(target, "NODE_CRASH", "NODE_CRASH", seconds, true);
  }

  private static CampaignReport report(List<CampaignOutcome> faults, List<String> wrong) {
    return new CampaignReport(faults.size(), faults, wrong, null);
  }

  @Test
  void shouldBeRightOnlyWhenEveryFaultWasNamedAndNobodyElse() {
    List<CampaignOutcome> one = List.of(right("gw-1", 3));
    List<CampaignOutcome> missed = List.of(outcome("gw-1", "NODE_CRASH", "none", null, false));

    assertThat(report(one, List.of()).right()).isTrue();
    assertThat(report(one, List.of("NODE_JITTER gw-2")).right()).isFalse();
    assertThat(report(missed, List.of()).right()).isFalse();
    assertThat(new CampaignReport(2, one, List.of(), null).right()).isFalse();
    assertThat(new CampaignReport(1, one, List.of(), "not calm").right()).isFalse();
  }

  @Test
  void shouldCountAsTheSimulatedCampaignDoes() {
    CampaignReport report =
        report(
            List.of(
                right("gw-1", 2),
                right("gw-2", 4),
                outcome("gw-3", "NODE_JITTER", "NODE_CRASH", null, false),
                outcome("rs-1", "BACKEND_DOWN", "none", null, false),
                outcome("rs-2", "BACKEND_DOWN", CampaignOutcome.NOT_INJECTED, null, false)),
            List.of("NODE_CRASH gw-3"));

    assertThat(report.injected()).isEqualTo(4);
    assertThat(report.precision()).isEqualTo(2.0 / 3, within(1e-9));
    assertThat(report.recall()).isEqualTo(0.5);
    assertThat(report.classRight()).isEqualTo(2.0 / 3, within(1e-9));
    assertThat(report.confusion().get("NODE_JITTER")).isEqualTo(Map.of("NODE_CRASH", 1));
    assertThat(report.times().get("NODE_CRASH"))
        .isEqualTo(new CampaignReport.Times(2, 2.0, 4.0, 4.0));
  }

  @Test
  void shouldBeOneJsonObject() {
    JsonNode json = new ObjectMapper().valueToTree(report(List.of(right("gw-1", 3)), List.of()));

    assertThat(json.get("precision").asDouble()).isEqualTo(1);
    assertThat(json.get("recall").asDouble()).isEqualTo(1);
    assertThat(json.at("/confusion/NODE_CRASH/NODE_CRASH").asInt()).isEqualTo(1);
    assertThat(json.at("/faults/0/resolved_seconds").asDouble()).isEqualTo(9);
  }

  @Test
  void shouldSeeTheVerdictOnTheComponentBeforeAnyOther() {
    SeenVerdict other = verdict(FaultClass.NODE_JITTER, "gw-2", VerdictState.OPEN);
    SeenVerdict onIt = verdict(FaultClass.NODE_CRASH, "gw-1", VerdictState.OPEN);
    SeenVerdict resolved = verdict(FaultClass.NO_DATA, "gw-1", VerdictState.RESOLVED);

    assertThat(LabCampaign.seenClass("gw-1", List.of(resolved, other, onIt)))
        .isEqualTo("NODE_CRASH");
    assertThat(LabCampaign.seenClass("gw-1", List.of(resolved, other))).isEqualTo("NODE_JITTER");
    assertThat(LabCampaign.seenClass("gw-1", List.of(resolved))).isEqualTo("none");
  }

  private static SeenVerdict verdict(FaultClass faultClass, String component, VerdictState state) {
    return new SeenVerdict(
        Verdict.newBuilder()
            .setFaultClass(faultClass.code())
            .setComponent(component)
            .setState(state)
            .build(),
        0);
  }
}
