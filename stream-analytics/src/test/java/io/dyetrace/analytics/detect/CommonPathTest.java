package io.dyetrace.analytics.detect;

import static io.dyetrace.analytics.sim.Simulation.SECOND;
import static org.assertj.core.api.Assertions.assertThat;

import io.dyetrace.analytics.sim.FleetTopology;
import io.dyetrace.analytics.sim.LinkLoss;
import io.dyetrace.analytics.sim.LinkLoss.Way;
import io.dyetrace.analytics.sim.Replay;
import io.dyetrace.analytics.sim.Replay.Given;
import io.dyetrace.analytics.sim.SimTopology;
import io.dyetrace.analytics.sim.Simulation;
import io.dyetrace.common.record.Alternative;
import io.dyetrace.common.record.ComponentKind;
import io.dyetrace.common.record.Verdict;
import io.dyetrace.common.record.VerdictState;
import io.dyetrace.common.topology.Topology;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Nothing is answered any more: what all of it shares is accused, no node. */
class CommonPathTest {
  private static final int SEEDS = Integer.getInteger("dyetrace.seeds", 2);
  private static final long FROM_NS = 40 * SECOND;
  private static final long TO_NS = 65 * SECOND;
  private static final long END_NS = 100 * SECOND;

  private static List<Given> run(Topology topology, int seed, Consumer<Simulation> fault) {
    Simulation sim =
        new Simulation(topology, seed, END_NS).withFleetNoise(1e-4).withProbesPerRound(16);
    fault.accept(sim);
    return new Replay(topology, sim.run()).until(END_NS).verdicts();
  }

  private static Consumer<Simulation> cut(Way way) {
    return sim -> sim.linkLoss(LinkLoss.of(way, "", 1, FROM_NS, TO_NS));
  }

  private static List<String> changes(List<Given> given) {
    return given.stream()
        .filter(g -> g.verdict().getState() != VerdictState.UPDATED)
        .map(g -> g.verdict().getState() + " " + g.verdict().getFaultId())
        .toList();
  }

  /** Gateways stand in four racks of one zone, probers in two racks of another. */
  @ParameterizedTest
  @CsvSource({
    "FROM_NODE, gateways->probers, LINK",
    "TO_NODE, probers->gateways, LINK",
    "FROM_BACKEND, rack-s, RACK",
    "TO_BACKEND, rack-s, RACK"
  })
  void shouldAccuseWhatAllProbesShare(Way way, String component, ComponentKind kind) {
    Topology fleet = new FleetTopology(4, 16, 3, 2, false).build();
    for (int seed = 0; seed < SEEDS; seed++) {
      List<Given> given = run(fleet, seed, cut(way));
      assertThat(changes(given))
          .as("seed " + seed)
          .containsExactly("OPEN LINK_LOSS/" + component, "RESOLVED LINK_LOSS/" + component);
      Verdict v = given.get(0).verdict();
      assertThat(v.getComponentKind()).isEqualTo(kind);
      assertThat((given.get(0).atNs() - FROM_NS) / 1e9).isLessThan(10);
    }
  }

  @Test
  void shouldRankWhatItMayBeWhenThereAreTwo() {
    Topology fleet = new FleetTopology(4, 16, 3, 2, false).build();
    Verdict v = run(fleet, 0, cut(Way.FROM_NODE)).get(0).verdict();
    assertThat(v.getAlternativesList())
        .extracting(Alternative::getComponent)
        .contains("zone-1", "zone-out");
    assertThat(v.getEvidence(1).getSummary()).contains("what it is is not known");
  }

  @Test
  void shouldAccuseTheRackInWhichEverybodyStands() {
    for (int seed = 0; seed < SEEDS; seed++) {
      Topology lab = SimTopology.lab();
      List<Given> given = run(lab, seed, cut(Way.FROM_NODE));
      assertThat(changes(given)).hasSize(2);
      String rack = lab.location("gw-1").orElseThrow().rack();
      assertThat(given.get(0).verdict().getFaultId()).isEqualTo("LINK_LOSS/" + rack);
    }
  }

  @Test
  void shouldAccuseNobodyBeforeAnythingWasEverAnswered() {
    Topology fleet = new FleetTopology(4, 16, 3, 2, false).build();
    List<Given> given =
        run(fleet, 1, sim -> sim.linkLoss(LinkLoss.of(Way.FROM_NODE, "", 1, 0, TO_NS)));
    assertThat(given).noneMatch(g -> g.atNs() < TO_NS);
  }

  @Test
  void shouldNotTakeMissingTelemetryForABrokenNetwork() {
    Topology fleet = new FleetTopology(4, 16, 3, 2, false).build();
    List<Given> given =
        run(
            fleet,
            1,
            sim ->
                sim.outage("agent", FROM_NS, TO_NS)
                    .linkLoss(LinkLoss.of(Way.FROM_NODE, "", 1, FROM_NS, TO_NS)));
    assertThat(given).noneMatch(g -> g.verdict().getFaultId().startsWith("LINK_LOSS"));
  }

  @Test
  void shouldLeaveOneProbersFaultToTheProber() {
    Topology fleet = new FleetTopology(4, 16, 3, 2, false).build();
    List<Given> given =
        run(
            fleet,
            1,
            sim ->
                sim.proberFault(
                    "prober-1", Simulation.ProberFailure.HEARS_NOTHING, FROM_NS, TO_NS));
    assertThat(changes(given))
        .containsExactly("OPEN PROBER_FAULT/prober-1", "RESOLVED PROBER_FAULT/prober-1");
  }
}
