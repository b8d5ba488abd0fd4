package io.dyetrace.analytics.detect;

import static io.dyetrace.analytics.sim.Simulation.EPOCH_NS;
import static io.dyetrace.analytics.sim.Simulation.SECOND;
import static org.assertj.core.api.Assertions.assertThat;

import io.dyetrace.analytics.sim.LinkLoss;
import io.dyetrace.analytics.sim.Replay;
import io.dyetrace.analytics.sim.SimTopology;
import io.dyetrace.analytics.sim.Simulation;
import io.dyetrace.analytics.sim.Simulation.Delivery;
import io.dyetrace.common.record.CounterBatch;
import io.dyetrace.common.record.PointBatch;
import io.dyetrace.common.record.VerdictState;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A gateway whose workers stand still while its control thread beats and its agent runs. */
class StuckGatewayTest {
  private static final int SEEDS = Integer.getInteger("dyetrace.seeds", 2);
  private static final long FROM_NS = 30 * SECOND;
  private static final long TO_NS = 80 * SECOND;
  private static final long END_NS = 110 * SECOND;

  private static Simulation lab(int seed) {
    return new Simulation(SimTopology.lab(), seed, END_NS).withNoise();
  }

  /** What is sent to it goes nowhere. */
  private static Simulation stuck(int seed) {
    return lab(seed).linkLoss(LinkLoss.of(LinkLoss.Way.TO_NODE, "gw-2", 1.0, FROM_NS, TO_NS));
  }

  private static boolean isOf(Delivery d) {
    return d.source().equals("gw-2") && d.atNs() > FROM_NS && d.atNs() < TO_NS;
  }

  /** The agent of gw-2 has drained nothing since then. */
  private static Delivery standing(Delivery d) {
    if (!isOf(d) || !(d.batch() instanceof CounterBatch counters) || !counters.hasAgent()) {
      return d;
    }
    CounterBatch.Builder batch = counters.toBuilder();
    batch.getAgentBuilder().setDrainedUntilNs(EPOCH_NS + FROM_NS);
    return new Delivery(d.atNs(), d.source(), d.eventNs(), batch.build());
  }

  private static List<Replay.Given> verdicts(List<Delivery> deliveries) {
    return new Replay(SimTopology.lab(), deliveries).until(END_NS).verdicts();
  }

  private static List<String> given(List<Delivery> deliveries, VerdictState state) {
    return verdicts(deliveries).stream()
        .filter(g -> g.verdict().getState() == state)
        .map(g -> g.verdict().getFaultId())
        .toList();
  }

  @Test
  void shouldAccuseAGatewayWhoseWorkersStandStill() {
    for (int seed = 0; seed < SEEDS; seed++) {
      List<Delivery> deliveries = stuck(seed).run().stream().map(d -> standing(d)).toList();
      assertThat(given(deliveries, VerdictState.OPEN))
          .as("seed " + seed)
          .containsExactly("NODE_CRASH/gw-2");
      assertThat(given(deliveries, VerdictState.RESOLVED))
          .as("seed " + seed)
          .containsExactly("NODE_CRASH/gw-2");
    }
  }

  @Test
  void shouldSayThatTheWorkersStandStill() {
    List<Delivery> deliveries = stuck(0).run().stream().map(d -> standing(d)).toList();
    assertThat(verdicts(deliveries).get(0).verdict().getEvidenceList())
        .anySatisfy(e -> assertThat(e.getMeasure()).isEqualTo("workers_standing_seconds"));
  }

  @Test
  void shouldFindACrashBesideAGatewayWhoseWorkersStandStill() {
    for (int seed = 0; seed < SEEDS; seed++) {
      List<Delivery> deliveries =
          stuck(seed).crash("gw-3", 50 * SECOND, 70 * SECOND).run().stream()
              .map(d -> standing(d))
              .toList();
      assertThat(given(deliveries, VerdictState.OPEN))
          .as("seed " + seed)
          .containsExactly("NODE_CRASH/gw-2", "NODE_CRASH/gw-3");
    }
  }

  @Test
  void shouldNotAccuseAGatewayThatForwardsAndWhoseStampsAreLost() {
    for (int seed = 0; seed < SEEDS; seed++) {
      List<Delivery> deliveries =
          lab(seed).backendSilent("rs-1", 40 * SECOND, TO_NS).run().stream()
              .filter(d -> !isOf(d) || !(d.batch() instanceof PointBatch))
              .map(d -> standing(d))
              .toList();
      assertThat(given(deliveries, VerdictState.OPEN))
          .as("seed " + seed)
          .containsExactly("BACKEND_DOWN/rs-1");
    }
  }
}
