package io.dyetrace.analytics.detect;

import static io.dyetrace.analytics.sim.Simulation.SECOND;
import static org.assertj.core.api.Assertions.assertThat;

import io.dyetrace.analytics.sim.FleetTopology;
import io.dyetrace.analytics.sim.Replay;
import io.dyetrace.analytics.sim.Replay.Given;
import io.dyetrace.analytics.sim.Simulation;
import io.dyetrace.common.record.VerdictState;
import io.dyetrace.common.topology.Topology;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How far a CONFIG_ERROR reaches, where a node meets 8 probes in 5 s: a VIP on it about 3. */
class ConfigErrorTest {
  private static final int SEEDS = Integer.getInteger("dyetrace.seeds", 4);
  private static final int VIPS = 3;
  private static final int PROBERS = 2;
  private static final int DENSITY = 8;
  private static final long END_NS = 100 * SECOND;

  /** A fleet, its clocks up to half a second off. */
  private static final class Fleet {
    final Topology topology;
    final Simulation sim;
    final long fromNs;
    final long toNs;

    Fleet(int nodes, int seed) {
      Random random = new Random(seed);
      topology = new FleetTopology(nodes, 16, VIPS, PROBERS, false).build();
      int perRound = (DENSITY * nodes + VIPS * PROBERS - 1) / (VIPS * PROBERS);
      sim =
          new Simulation(topology, seed, END_NS)
              .withFleetNoise(3e-4)
              .withProbesPerRound(perRound)
              .withLateAndRepeatedBatches(1e-4, 0.01);
      topology
          .components()
          .forEach(
              c ->
                  sim.clockOffset(
                      c.name(), -SECOND, (long) ((random.nextDouble() - 0.5) * SECOND)));
      fromNs = 35 * SECOND + (long) (random.nextDouble() * 5 * SECOND);
      toNs = fromNs + 25 * SECOND;
    }

    List<String> opened() {
      return new Replay(topology, sim.run())
          .until(END_NS).verdicts().stream()
              .filter(g -> g.verdict().getState() == VerdictState.OPEN)
              .map(g -> g.verdict().getFaultId())
              .toList();
    }
  }

  private static void shouldOpenOnly(String faultId, int nodes, Consumer<Fleet> inject) {
    for (int seed = 0; seed < SEEDS; seed++) {
      Fleet fleet = new Fleet(nodes, seed);
      inject.accept(fleet);
      assertThat(fleet.opened()).as("seed " + seed).containsExactly(faultId);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {4, 16})
  void shouldAccuseTheVipThatAllItsNodesDrop(int nodes) {
    shouldOpenOnly(
        "CONFIG_ERROR/vip-2",
        nodes,
        fleet -> {
          for (int n = 1; n <= nodes; n++) {
            fleet.sim.vipMissing("vip-2", "gw-" + n, fleet.fromNs, fleet.toNs);
          }
        });
  }

  @ParameterizedTest
  @ValueSource(ints = {4, 8})
  void shouldAccuseTheNodeThatDropsAllItsVips(int nodes) {
    shouldOpenOnly(
        "CONFIG_ERROR/gw-2",
        nodes,
        fleet -> {
          for (int v = 1; v <= VIPS; v++) {
            fleet.sim.vipMissing("vip-" + v, "gw-2", fleet.fromNs, fleet.toNs);
          }
        });
  }

  @ParameterizedTest
  @ValueSource(ints = {4, 16})
  void shouldAccuseTheVipOnTheNodeThatDropsNoOther(int nodes) {
    shouldOpenOnly(
        "CONFIG_ERROR/vip-1@gw-3",
        nodes,
        fleet -> fleet.sim.vipMissing("vip-1", "gw-3", fleet.fromNs, fleet.toNs));
  }

  @Test
  void shouldReplaceTheNarrowVerdictWhenTheOtherNodesFollow() {
    for (int seed = 0; seed < SEEDS; seed++) {
      Fleet fleet = new Fleet(4, seed);
      fleet.sim.vipMissing("vip-1", "gw-1", fleet.fromNs, fleet.toNs + 15 * SECOND);
      for (int n = 2; n <= 4; n++) {
        fleet.sim.vipMissing(
            "vip-1", "gw-" + n, fleet.fromNs + 15 * SECOND, fleet.toNs + 15 * SECOND);
      }
      List<Given> given = new Replay(fleet.topology, fleet.sim.run()).until(END_NS).verdicts();
      List<String> changes =
          given.stream()
              .filter(g -> g.verdict().getState() != VerdictState.UPDATED)
              .map(g -> g.verdict().getState() + " " + g.verdict().getFaultId())
              .toList();
      int wide = changes.indexOf("OPEN CONFIG_ERROR/vip-1");
      assertThat(wide).as("seed " + seed + changes).isPositive();
      assertThat(changes).startsWith("OPEN CONFIG_ERROR/vip-1@gw-1");
      assertThat(changes).endsWith("RESOLVED CONFIG_ERROR/vip-1");
      List<String> narrow =
          changes.subList(0, wide).stream().map(c -> c.replace("OPEN", "RESOLVED")).toList();
      assertThat(changes.subList(wide + 1, changes.size() - 1))
          .as("seed " + seed + changes)
          .containsExactlyElementsOf(narrow);
    }
  }
}
