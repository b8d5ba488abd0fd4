package io.dyetrace.analytics.detect;

import static io.dyetrace.analytics.sim.Simulation.MS;
import static io.dyetrace.analytics.sim.Simulation.SECOND;
import static org.assertj.core.api.Assertions.assertThat;

import io.dyetrace.analytics.sim.FleetTopology;
import io.dyetrace.analytics.sim.Replay;
import io.dyetrace.analytics.sim.Replay.Given;
import io.dyetrace.analytics.sim.Simulation;
import io.dyetrace.common.record.ComponentKind;
import io.dyetrace.common.record.Verdict;
import io.dyetrace.common.record.VerdictState;
import io.dyetrace.common.topology.Component;
import io.dyetrace.common.topology.Topology;
import java.util.List;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Members of a rack or zone that fail together are one fault; those that do not are not. */
class SharedFaultsTest {
  private static final int SEEDS = Integer.getInteger("dyetrace.seeds", 2);
  private static final long FROM_NS = 35 * SECOND;
  private static final long TO_NS = 65 * SECOND;
  private static final long END_NS = 100 * SECOND;

  /** Four racks of four nodes, all in one zone, every VIP on all of them. */
  private static final FleetTopology FLEET = new FleetTopology(16, 16, 3, 2, false);

  private static List<String> nodesOf(Topology topology, String rack) {
    return topology.components(Component.Kind.GATEWAY).stream()
        .map(Component::name)
        .filter(n -> topology.location(n).orElseThrow().rack().equals(rack))
        .toList();
  }

  private static List<Given> run(
      Topology topology, int seed, BiConsumer<Simulation, Topology> fault) {
    Simulation sim =
        new Simulation(topology, seed, END_NS).withFleetNoise(1e-4).withProbesPerRound(22);
    fault.accept(sim, topology);
    return new Replay(topology, sim.run()).until(END_NS).verdicts();
  }

  private static void powerOff(Simulation sim, String node) {
    sim.crash(node, FROM_NS, TO_NS).outage("agent/" + node, FROM_NS, TO_NS);
  }

  private static List<String> changes(List<Given> given) {
    return given.stream()
        .filter(g -> g.verdict().getState() != VerdictState.UPDATED)
        .map(g -> g.verdict().getState() + " " + g.verdict().getFaultId())
        .toList();
  }

  @Test
  void shouldAccuseTheRackThatIsGone() {
    for (int seed = 0; seed < SEEDS; seed++) {
      Topology fleet = FLEET.build();
      List<Given> given =
          run(fleet, seed, (sim, t) -> nodesOf(t, "rack-2").forEach(n -> powerOff(sim, n)));
      assertThat(changes(given))
          .as("seed " + seed)
          .containsExactly("OPEN NODE_CRASH/rack-2", "RESOLVED NODE_CRASH/rack-2");
      Verdict v = given.get(0).verdict();
      assertThat(v.getComponentKind()).isEqualTo(ComponentKind.RACK);
      assertThat(v.getRack()).isEqualTo("rack-2");
      assertThat(v.getZone()).isEqualTo("zone-1");
      assertThat(v.getHealthySiblingsList()).containsExactly("rack-1", "rack-3", "rack-4");
      assertThat(v.getEvidence(0).getSummary())
          .startsWith("4 of the 4 members of rack rack-2 that can be seen have failed together")
          .contains("gw-5, gw-6, gw-7, gw-8");
    }
  }

  @Test
  void shouldAccuseTheRackWhoseGatewaysHaveDied() {
    for (int seed = 0; seed < SEEDS; seed++) {
      List<Given> given =
          run(
              FLEET.build(),
              seed,
              (sim, t) -> nodesOf(t, "rack-3").forEach(n -> sim.crash(n, FROM_NS, TO_NS)));
      assertThat(changes(given))
          .as("seed " + seed)
          .containsExactly("OPEN NODE_CRASH/rack-3", "RESOLVED NODE_CRASH/rack-3");
    }
  }

  @Test
  void shouldAccuseTheNodesWhenMostOfTheirRackIsWell() {
    for (int seed = 0; seed < SEEDS; seed++) {
      List<Given> given =
          run(
              FLEET.build(),
              seed,
              (sim, t) -> {
                powerOff(sim, "gw-5");
                powerOff(sim, "gw-7");
              });
      assertThat(changes(given))
          .as("seed " + seed)
          .containsExactlyInAnyOrder(
              "OPEN NODE_CRASH/gw-5",
              "OPEN NODE_CRASH/gw-7",
              "RESOLVED NODE_CRASH/gw-5",
              "RESOLVED NODE_CRASH/gw-7");
    }
  }

  @Test
  void shouldAccuseTheZoneThatIsGone() {
    for (int seed = 0; seed < SEEDS; seed++) {
      List<Given> given =
          run(
              FLEET.build(),
              seed,
              (sim, t) ->
                  t.components(Component.Kind.GATEWAY).forEach(c -> powerOff(sim, c.name())));
      assertThat(changes(given))
          .as("seed " + seed)
          .containsExactly("OPEN NODE_CRASH/zone-1", "RESOLVED NODE_CRASH/zone-1");
    }
  }

  @Test
  void shouldCloseTheNodeVerdictThatTheRackExplains() {
    for (int seed = 0; seed < SEEDS; seed++) {
      List<Given> given =
          run(
              FLEET.build(),
              seed,
              (sim, t) -> {
                powerOff(sim, "gw-6");
                for (String node : List.of("gw-5", "gw-7", "gw-8")) {
                  sim.crash(node, FROM_NS + 9 * SECOND, TO_NS)
                      .outage("agent/" + node, FROM_NS + 9 * SECOND, TO_NS);
                }
              });
      assertThat(changes(given))
          .as("seed " + seed)
          .containsExactly(
              "OPEN NODE_CRASH/gw-6",
              "OPEN NODE_CRASH/rack-2",
              "RESOLVED NODE_CRASH/gw-6",
              "RESOLVED NODE_CRASH/rack-2");
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 40})
  void shouldAccuseTheRackWhoseNodesAllJitter(int apartMs) {
    for (int seed = 0; seed < SEEDS; seed++) {
      List<Given> given =
          run(
              FLEET.build(),
              seed,
              (sim, t) -> {
                long lateNs = 0;
                for (String node : nodesOf(t, "rack-4")) {
                  sim.jitter(node, FROM_NS + lateNs, TO_NS, 400 * MS, 600 * MS);
                  lateNs += apartMs * MS;
                }
              });
      assertThat(changes(given))
          .as("seed " + seed)
          .containsExactly("OPEN NODE_JITTER/rack-4", "RESOLVED NODE_JITTER/rack-4");
    }
  }

  /** A prober and a server stand in rack 2, beside its four gateways. */
  private static Topology mixed() {
    String prober = "          - {name: prober-2, kind: prober, prober_id: 2, cluster: fleet}\n";
    String host = "          - {name: rs-1-4, kind: backend_host, cluster: fleet}\n";
    String gateway = "          - {name: gw-8, kind: gateway, tier: CLB, cluster: fleet}\n";
    String yaml =
        FLEET
            .yaml()
            .replace("      - name: rack-p2\n        components:\n" + prober, "")
            .replace(host, "")
            .replace(gateway, gateway + prober + host);
    return Topology.parse(yaml, "a mixed rack");
  }

  @Test
  void shouldExplainTheProberAndTheServerOfTheRack() {
    for (int seed = 0; seed < SEEDS; seed++) {
      List<Given> given =
          run(
              mixed(),
              seed,
              (sim, t) -> {
                nodesOf(t, "rack-2").forEach(n -> powerOff(sim, n));
                sim.outage("prober-2", FROM_NS, TO_NS).backendSilent("rs-1-4", FROM_NS, TO_NS);
              });
      // The server is silent before the nodes are known to be.
      List<String> changes = changes(given);
      assertThat(changes)
          .as("seed " + seed)
          .isSubsetOf(
              "OPEN BACKEND_DOWN/rs-1-4",
              "OPEN NODE_CRASH/rack-2",
              "RESOLVED BACKEND_DOWN/rs-1-4",
              "RESOLVED NODE_CRASH/rack-2");
      assertThat(changes.get(changes.size() - 1)).isEqualTo("RESOLVED NODE_CRASH/rack-2");
      given.stream()
          .map(Given::verdict)
          .filter(v -> v.getComponent().equals("rs-1-4"))
          .filter(v -> v.getState() == VerdictState.RESOLVED)
          .forEach(
              v ->
                  assertThat(v.getEvidence(v.getEvidenceCount() - 1).getMeasure())
                      .isEqualTo("superseded"));
      assertThat(given.get(given.size() - 1).verdict().getEvidence(0).getSummary())
          .contains("gw-5, gw-6, gw-7, gw-8");
    }
  }

  @Test
  void shouldNotAccuseARackWhoseProberAndServerAreWell() {
    for (int seed = 0; seed < SEEDS; seed++) {
      List<Given> given =
          run(
              mixed(),
              seed,
              (sim, t) -> nodesOf(t, "rack-2").forEach(n -> sim.crash(n, FROM_NS, TO_NS)));
      assertThat(given.stream().map(g -> g.verdict().getFaultId()).distinct())
          .as("seed " + seed)
          .containsExactlyInAnyOrder(
              "NODE_CRASH/gw-5", "NODE_CRASH/gw-6", "NODE_CRASH/gw-7", "NODE_CRASH/gw-8");
    }
  }

  @Test
  void shouldGoOnWithAnOpenRackAfterARestore() {
    Topology fleet = FLEET.build();
    Simulation sim = new Simulation(fleet, 1, END_NS).withFleetNoise(1e-4).withProbesPerRound(22);
    nodesOf(fleet, "rack-1").forEach(n -> powerOff(sim, n));
    List<Given> given =
        new Replay(fleet, sim.run()).until(50 * SECOND).handOver().until(END_NS).verdicts();
    assertThat(changes(given))
        .containsExactly("OPEN NODE_CRASH/rack-1", "RESOLVED NODE_CRASH/rack-1");
  }
}
