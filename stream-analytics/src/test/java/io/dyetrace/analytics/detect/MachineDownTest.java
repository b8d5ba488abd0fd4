package io.dyetrace.analytics.detect;

import static io.dyetrace.analytics.sim.Simulation.SECOND;
import static org.assertj.core.api.Assertions.assertThat;

import io.dyetrace.analytics.sim.FleetTopology;
import io.dyetrace.analytics.sim.Replay;
import io.dyetrace.analytics.sim.Simulation;
import io.dyetrace.common.record.VerdictState;
import io.dyetrace.common.topology.Topology;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** A gateway whose agent is silent too, before it is known which ports lead to it. */
class MachineDownTest {
  private static final int SEEDS = Integer.getInteger("dyetrace.seeds", 4);
  private static final long END_NS = 100 * SECOND;

  private static List<String> opened(int seed, boolean gatewayDead) {
    Random random = new Random(seed);
    Topology topology = new FleetTopology(4, 16, 3, 2, false).build();
    Simulation sim =
        new Simulation(topology, seed, END_NS)
            .withFleetNoise(1e-3)
            .withProbesPerRound(6)
            .withLateAndRepeatedBatches(1e-4, 0.01);
    long fromNs = 30 * SECOND + (long) (random.nextDouble() * 5 * SECOND);
    long toNs = fromNs + 30 * SECOND;
    sim.outage("agent/gw-3", fromNs, toNs);
    if (gatewayDead) {
      sim.crash("gw-3", fromNs, toNs);
    }
    return new Replay(topology, sim.run())
        .until(END_NS).verdicts().stream()
            .filter(g -> g.verdict().getState() == VerdictState.OPEN)
            .map(g -> g.verdict().getFaultId())
            .toList();
  }

  @Test
  void shouldAccuseTheNodeWhoseMachineIsGone() {
    for (int seed = 0; seed < SEEDS; seed++) {
      assertThat(opened(seed, true)).as("seed " + seed).containsExactly("NODE_CRASH/gw-3");
    }
  }

  @Test
  void shouldOnlyMissTheTelemetryOfANodeThatForwards() {
    for (int seed = 0; seed < SEEDS; seed++) {
      assertThat(opened(seed, false)).as("seed " + seed).containsExactly("NO_DATA/gw-3");
    }
  }
}
