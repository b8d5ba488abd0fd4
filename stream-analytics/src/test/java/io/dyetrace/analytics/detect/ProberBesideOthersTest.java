package io.dyetrace.analytics.detect;

import static io.dyetrace.analytics.sim.Simulation.SECOND;
import static org.assertj.core.api.Assertions.assertThat;

import io.dyetrace.analytics.sim.Replay;
import io.dyetrace.analytics.sim.SimTopology;
import io.dyetrace.analytics.sim.Simulation;
import io.dyetrace.analytics.sim.Simulation.ProberFailure;
import io.dyetrace.common.record.VerdictState;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A prober that fails while something else fails as well. */
class ProberBesideOthersTest {
  private static final int SEEDS = Integer.getInteger("dyetrace.seeds", 2);
  private static final long FROM_NS = 50 * SECOND;
  private static final long TO_NS = 85 * SECOND;
  private static final long END_NS = 100 * SECOND;

  /** A prober that fails, ten seconds after what the caller adds. */
  private static Simulation lab(int seed, String prober, ProberFailure failure) {
    return new Simulation(SimTopology.lab(), seed, END_NS)
        .withNoise()
        .proberFault(prober, failure, FROM_NS, TO_NS);
  }

  private static List<String> opened(Simulation sim) {
    return new Replay(SimTopology.lab(), sim.run())
        .until(END_NS).verdicts().stream()
            .filter(g -> g.verdict().getState() == VerdictState.OPEN)
            .map(g -> g.verdict().getFaultId())
            .toList();
  }

  @Test
  void shouldBeAccusedBesideADeadGateway() {
    for (int seed = 0; seed < SEEDS; seed++) {
      Simulation sim =
          lab(seed, "prober-1", ProberFailure.SENDS_INTO_NOTHING).crash("gw-4", 40 * SECOND, TO_NS);
      assertThat(opened(sim))
          .as("seed " + seed)
          .containsExactly("NODE_CRASH/gw-4", "PROBER_FAULT/prober-1");
    }
  }

  @Test
  void shouldBeAccusedBesideAConfigError() {
    for (int seed = 0; seed < SEEDS; seed++) {
      Simulation sim =
          lab(seed, "prober-2", ProberFailure.HEARS_NOTHING)
              .vipMissing("vip-web", "gw-2", 40 * SECOND, TO_NS);
      assertThat(opened(sim))
          .as("seed " + seed)
          .containsExactly("CONFIG_ERROR/vip-web@gw-2", "PROBER_FAULT/prober-2");
    }
  }

  @Test
  void shouldBeAccusedBesideADeadBackend() {
    for (int seed = 0; seed < SEEDS; seed++) {
      Simulation sim =
          lab(seed, "prober-2", ProberFailure.HEARS_NOTHING)
              .backendSilent("rs-1", 40 * SECOND, TO_NS);
      assertThat(opened(sim))
          .as("seed " + seed)
          .containsExactly("BACKEND_DOWN/rs-1", "PROBER_FAULT/prober-2");
    }
  }

  @Test
  void shouldBeAccusedBesideASilentAgent() {
    for (int seed = 0; seed < SEEDS; seed++) {
      Simulation sim =
          lab(seed, "prober-1", ProberFailure.SENDS_INTO_NOTHING)
              .outage("agent/gw-3", FROM_NS, END_NS);
      assertThat(opened(sim))
          .as("seed " + seed)
          .contains("PROBER_FAULT/prober-1")
          .doesNotContain("NODE_CRASH/gw-3");
    }
  }
}
