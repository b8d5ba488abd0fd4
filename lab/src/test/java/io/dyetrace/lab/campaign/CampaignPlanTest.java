package io.dyetrace.lab.campaign;

import static org.assertj.core.api.Assertions.assertThat;

import io.dyetrace.lab.fault.FaultKind;
import io.dyetrace.lab.plan.LabPlan;
import io.dyetrace.lab.plan.LabTopology;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CampaignPlanTest {
  private static final List<FaultKind> ALL = List.of(FaultKind.values());

  @ParameterizedTest
  @EnumSource(LabTopology.class)
  void shouldInjectEveryKindEquallyOften(LabTopology topology) {
    List<Planned> plan = CampaignPlan.of(new LabPlan(topology), ALL, 5 * ALL.size(), 3);

    Map<FaultKind, Long> counts =
        plan.stream().collect(Collectors.groupingBy(Planned::kind, Collectors.counting()));
    assertThat(counts).hasSize(ALL.size()).allSatisfy((k, n) -> assertThat(n).isEqualTo(5));
  }

  @ParameterizedTest
  @EnumSource(LabTopology.class)
  void shouldHitOnlyWhomTheLabHas(LabTopology topology) {
    LabPlan lab = new LabPlan(topology);
    for (Planned p : CampaignPlan.of(lab, ALL, 200, 4)) {
      switch (p.kind()) {
        case NODE_CRASH, NODE_JITTER -> assertThat(lab.node(p.target())).isNotNull();
        case BACKEND_DOWN -> assertThat(lab.server(p.target())).isNotNull();
        case PROBER_FAULT -> assertThat(lab.prober(p.target())).isNotNull();
        case FLOW_LIMIT -> assertThat(lab.isEdge(lab.node(p.target()))).isFalse();
        case VIP_OVERLOAD -> assertThat(lab.vip(p.target()).newConnectionLimit()).isPositive();
        case MALFORMED -> assertThat(lab.vip(p.target()).protocol()).isEqualTo("tcp");
        case CONFIG_ERROR -> {
          int at = p.target().indexOf('@');
          assertThat(lab.vip(p.target().substring(0, at)).protocol()).isEqualTo("tcp");
          assertThat(lab.isEdge(lab.node(p.target().substring(at + 1)))).isFalse();
        }
      }
      assertThat(p.pauseBefore()).isPositive();
    }
  }

  @Test
  void shouldBeTheSameForTheSameSeed() {
    LabPlan lab = new LabPlan();
    assertThat(CampaignPlan.of(lab, ALL, 40, 7)).isEqualTo(CampaignPlan.of(lab, ALL, 40, 7));
    assertThat(CampaignPlan.of(lab, ALL, 40, 7)).isNotEqualTo(CampaignPlan.of(lab, ALL, 40, 8));
  }

  @Test
  void shouldInjectOnlyTheKindsAskedFor() {
    List<FaultKind> some = List.of(FaultKind.NODE_CRASH);
    assertThat(CampaignPlan.of(new LabPlan(), some, 5, 1))
        .hasSize(5)
        .allMatch(p -> p.kind() == FaultKind.NODE_CRASH);
  }
}
