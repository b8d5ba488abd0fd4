package io.dyetrace.analytics.detect;

import static io.dyetrace.analytics.sim.Simulation.SECOND;
import static org.assertj.core.api.Assertions.assertThat;

import io.dyetrace.analytics.sim.Replay;
import io.dyetrace.analytics.sim.SimTopology;
import io.dyetrace.analytics.sim.Simulation;
import io.dyetrace.analytics.sim.Simulation.Delivery;
import io.dyetrace.common.record.ProbeBatch;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A prober whose clock was ahead when it started, and was set right since. */
class ProberClockTest {
  private static final long END_NS = 60 * SECOND;
  private static final long HOUR_MS = 3_600_000;

  private static Delivery startedAhead(Delivery d) {
    if (!(d.batch() instanceof ProbeBatch batch)) {
      return d;
    }
    ProbeBatch ahead = batch.toBuilder().setBootId(batch.getBootId() + HOUR_MS).build();
    return new Delivery(d.atNs(), d.source(), d.eventNs(), ahead);
  }

  @Test
  void shouldListenToAProberThatStartedWithItsClockAhead() {
    List<Delivery> deliveries =
        new Simulation(SimTopology.lab(), 5, END_NS)
            .withNoise().crash("gw-2", 30 * SECOND, END_NS).run().stream()
                .map(ProberClockTest::startedAhead)
                .toList();
    assertThat(new Replay(SimTopology.lab(), deliveries).until(END_NS).verdicts())
        .extracting(g -> g.verdict().getFaultId())
        .contains("NODE_CRASH/gw-2");
  }
}
