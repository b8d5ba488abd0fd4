package io.dyetrace.analytics.detect;

import static io.dyetrace.analytics.sim.Simulation.MS;
import static io.dyetrace.analytics.sim.Simulation.SECOND;
import static org.assertj.core.api.Assertions.assertThat;

import io.dyetrace.analytics.sim.Replay;
import io.dyetrace.analytics.sim.SimTopology;
import io.dyetrace.analytics.sim.Simulation;
import io.dyetrace.analytics.sim.Simulation.Delivery;
import io.dyetrace.common.record.CounterBatch;
import io.dyetrace.common.record.NodeState;
import io.dyetrace.common.record.VerdictState;
import io.dyetrace.common.topology.Topology;
import java.util.Comparator;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/**
 * A crash beside a node that says nothing, while it is not known which ports lead where: nobody can
 * tell from a single loss whose it is.
 */
class HiddenCrashTest {
  private static final int SEEDS = Integer.getInteger("dyetrace.seeds", 2);
  private static final long END_NS = 110 * SECOND;
  private static final long NEVER_NS = 10_000 * SECOND;
  private static final Topology LAB = SimTopology.lab();

  private static Simulation lab(int seed) {
    return new Simulation(LAB, seed, END_NS).withNoise();
  }

  private static List<String> opened(Topology topology, List<Delivery> deliveries) {
    return new Replay(topology, deliveries)
        .until(END_NS).verdicts().stream()
            .filter(g -> g.verdict().getState() == VerdictState.OPEN)
            .map(g -> g.verdict().getFaultId())
            .toList();
  }

  private static List<Delivery> changed(Simulation sim, UnaryOperator<Delivery> change) {
    return sim.run().stream().map(change).sorted(Comparator.comparingLong(Delivery::atNs)).toList();
  }

  /** Somebody switches it off who does not tell the gateway first. */
  private static Delivery withoutDraining(Delivery d, String node) {
    if (!d.source().equals(node) || !(d.batch() instanceof CounterBatch counters)) {
      return d;
    }
    CounterBatch.Builder batch = counters.toBuilder();
    batch.getNodeBuilderList().forEach(n -> n.setState(NodeState.READY));
    return new Delivery(d.atNs(), d.source(), d.eventNs(), batch.build());
  }

  private static Delivery held(Delivery d, String source, long fromNs, long toNs) {
    return d.source().equals(source) && d.atNs() >= fromNs && d.atNs() < toNs
        ? new Delivery(toNs, d.source(), d.eventNs(), d.batch())
        : d;
  }

  @Test
  void shouldFindACrashBesideANodeThatWasDrainedAndSwitchedOff() {
    for (int seed = 0; seed < SEEDS; seed++) {
      Simulation sim =
          lab(seed)
              .drain("gw-2", 30 * SECOND, NEVER_NS)
              .outage("agent/gw-2", 40 * SECOND, NEVER_NS)
              .crash("gw-3", 60 * SECOND, 90 * SECOND);
      assertThat(opened(LAB, sim.run())).as("seed " + seed).contains("NODE_CRASH/gw-3");
    }
  }

  @Test
  void shouldFindACrashBesideAGatewayThatForwardsWithoutItsAgent() {
    for (int seed = 0; seed < SEEDS; seed++) {
      Simulation sim =
          lab(seed)
              .outage("agent/gw-2", 20 * SECOND, NEVER_NS)
              .crash("gw-3", 60 * SECOND, 90 * SECOND);
      assertThat(opened(LAB, sim.run()))
          .as("seed " + seed)
          .containsExactly("NO_DATA/gw-2", "NODE_CRASH/gw-3");
    }
  }

  @Test
  void shouldFindACrashBesideANodeThatIsNotInstalledYet() {
    Topology five =
        Topology.parse(
            SimTopology.labYaml()
                .replace(
                    "          - {name: gw-4,",
                    "          - {name: gw-5, cluster: lab, kind: gateway, tier: CLB}\n          - {name: gw-4,")
                .replace("[gw-1, gw-2, gw-3, gw-4]", "[gw-1, gw-2, gw-3, gw-4, gw-5]"),
            "one more");
    for (int seed = 0; seed < SEEDS; seed++) {
      List<Delivery> four = lab(seed).crash("gw-2", 30 * SECOND, 60 * SECOND).run();
      assertThat(opened(five, four))
          .as("seed " + seed)
          .containsExactly("NODE_CRASH/gw-2", "NO_DATA/gw-5");
    }
  }

  @Test
  void shouldNotBlameANodeThatWasSwitchedOffBefore() {
    for (int seed = 0; seed < SEEDS; seed++) {
      Simulation sim =
          lab(seed)
              .drain("gw-2", 30 * SECOND, NEVER_NS)
              .outage("agent/gw-2", 34_500 * MS, NEVER_NS)
              .crash("gw-3", 60 * SECOND, 80 * SECOND);
      List<Delivery> deliveries = changed(sim, d -> withoutDraining(d, "gw-2"));
      assertThat(opened(LAB, deliveries))
          .as("seed " + seed)
          .containsExactly("NO_DATA/gw-2", "NODE_CRASH/gw-3");
    }
  }

  @Test
  void shouldNotWaitForWhatAnotherNodeHasNotSentYet() {
    for (int seed = 0; seed < SEEDS; seed++) {
      Simulation sim = lab(seed).crash("gw-3", 50 * SECOND, 90 * SECOND);
      List<Delivery> deliveries = changed(sim, d -> held(d, "gw-2", 40 * SECOND, 70 * SECOND));
      long openedNs =
          new Replay(LAB, deliveries)
              .until(END_NS).verdicts().stream()
                  .filter(g -> g.verdict().getFaultId().equals("NODE_CRASH/gw-3"))
                  .mapToLong(Replay.Given::atNs)
                  .findFirst()
                  .orElse(NEVER_NS);
      assertThat(openedNs).as("seed " + seed).isLessThan(56 * SECOND);
    }
  }
}
