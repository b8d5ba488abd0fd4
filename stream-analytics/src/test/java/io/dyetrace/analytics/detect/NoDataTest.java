package io.dyetrace.analytics.detect;

import static io.dyetrace.analytics.sim.Simulation.MS;
import static io.dyetrace.analytics.sim.Simulation.SECOND;
import static org.assertj.core.api.Assertions.assertThat;

import io.dyetrace.analytics.sim.FleetTopology;
import io.dyetrace.analytics.sim.Replay;
import io.dyetrace.analytics.sim.SimTopology;
import io.dyetrace.analytics.sim.Simulation;
import io.dyetrace.analytics.sim.Simulation.Delivery;
import io.dyetrace.common.record.CounterBatch;
import io.dyetrace.common.record.VerdictState;
import io.dyetrace.common.topology.Topology;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Silence of telemetry: whose it is, and when it is nobody's fault. */
class NoDataTest {
  private static final long NEVER = 10_000 * SECOND;
  private static final long END = 200 * SECOND;

  private static Simulation lab(int seed) {
    return new Simulation(SimTopology.lab(), seed, END).withNoise();
  }

  private static List<String> states(Topology topology, List<Delivery> deliveries) {
    return new Replay(topology, deliveries)
        .until(END).verdicts().stream()
            .map(Replay.Given::verdict)
            .filter(v -> v.getState() != VerdictState.UPDATED)
            .map(v -> v.getState() + " " + v.getFaultId())
            .toList();
  }

  @Test
  void shouldNameEachNodeOfAClusterThatFellSilentByItself() {
    Topology fleet = new FleetTopology(16, 16, 3, 4, false).build();
    assertThat(
            states(
                fleet,
                new Simulation(fleet, 6, END)
                    .withFleetNoise(1e-4)
                    .withProbesPerRound(16)
                    .outage("agent/gw-1", 30 * SECOND, NEVER)
                    .outage("agent/gw-9", 100 * SECOND, 150 * SECOND)
                    .run()))
        .containsExactly("OPEN NO_DATA/gw-1", "OPEN NO_DATA/gw-9", "RESOLVED NO_DATA/gw-9");
  }

  @Test
  void shouldCloseAClusterThatIsHeardAgainButForAMachineOutOfService() {
    assertThat(
            states(
                SimTopology.lab(),
                lab(7)
                    .outage("agent", 30 * SECOND, 70 * SECOND)
                    .drain("gw-4", 20 * SECOND, NEVER)
                    .outage("agent/gw-4", 30 * SECOND, NEVER)
                    .run()))
        .containsExactly("OPEN NO_DATA/lab", "RESOLVED NO_DATA/lab");
  }

  @Test
  void shouldNameWhoIsSilentStillWhenTheClusterIsHeardAgain() {
    assertThat(
            states(
                SimTopology.lab(),
                lab(7)
                    .outage("agent", 30 * SECOND, 70 * SECOND)
                    .outage("agent/gw-4", 30 * SECOND, NEVER)
                    .run()))
        .containsExactly("OPEN NO_DATA/lab", "RESOLVED NO_DATA/lab", "OPEN NO_DATA/gw-4");
  }

  @Test
  void shouldNotMissADrainedNodeWhoseMachineIsSwitchedOff() {
    assertThat(
            states(
                SimTopology.lab(),
                lab(8)
                    .drain("gw-3", 30 * SECOND, NEVER)
                    .outage("agent/gw-3", 34_500 * MS, NEVER)
                    .run()))
        .isEmpty();
  }

  @Test
  void shouldWaitForTheFirstHeartbeatOfAGatewayThatWasStartedAgain() {
    for (int seed = 0; seed < 4; seed++) {
      List<Delivery> all = lab(1000 + seed).drain("gw-3", 40 * SECOND, 80 * SECOND).run();
      long aliveNs =
          all.stream()
              .filter(d -> saysAlive(d) && d.atNs() > 79 * SECOND)
              .mapToLong(Delivery::atNs)
              .min()
              .orElseThrow();
      List<Delivery> late =
          all.stream()
              .filter(
                  d ->
                      !isHeartbeat(d)
                          || d.atNs() <= 79 * SECOND
                          || d.atNs() >= aliveNs + 2 * SECOND)
              .toList();
      assertThat(late).hasSizeLessThan(all.size());
      assertThat(states(SimTopology.lab(), late)).as("seed " + seed).isEmpty();
    }
  }

  private static boolean saysAlive(Delivery d) {
    return d.source().equals("gw-3")
        && d.batch() instanceof CounterBatch batch
        && batch.hasAgent()
        && batch.getAgent().getGatewayAlive();
  }

  private static boolean isHeartbeat(Delivery d) {
    return d.source().equals("gw-3")
        && d.batch() instanceof CounterBatch batch
        && !batch.hasAgent();
  }
}
