package io.dyetrace.analytics.detect;

import static io.dyetrace.analytics.sim.Simulation.EPOCH_NS;
import static io.dyetrace.analytics.sim.Simulation.MS;
import static io.dyetrace.analytics.sim.Simulation.SECOND;
import static org.assertj.core.api.Assertions.assertThat;

import io.dyetrace.analytics.sim.SimTopology;
import io.dyetrace.analytics.sim.Simulation;
import io.dyetrace.common.record.CounterBatch;
import io.dyetrace.common.record.PointBatch;
import io.dyetrace.common.record.ProbeBatch;
import io.dyetrace.common.record.Verdict;
import io.dyetrace.common.record.VerdictState;
import io.dyetrace.common.topology.Topology;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What earlier versions saved can be gone on with. */
class SnapshotVersionTest {
  private static byte[] recorded(String name) throws IOException {
    try (var in =
        new GZIPInputStream(
            Objects.requireNonNull(SnapshotVersionTest.class.getResourceAsStream(name)))) {
      return in.readAllBytes();
    }
  }

  /**
   * Recorded by each version at 45 s of this simulation, with the crash open and 15 s old: 1 knew
   * one tier, 2 did not pack.
   */
  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void shouldResolveWhatAnEarlierVersionOpened(int version) throws IOException {
    Topology lab = SimTopology.lab();
    FaultDetector detector =
        FaultDetector.restore(
            lab,
            DetectorConfig.defaults(),
            recorded("/detector-snapshot-%d.bin.gz".formatted(version)));
    List<Simulation.Delivery> deliveries =
        new Simulation(lab, 1, 100 * SECOND)
            .withNoise()
            .crash("gw-2", 30 * SECOND, 55 * SECOND)
            .run();
    List<Verdict> verdicts = new ArrayList<>();
    int next = 0;
    for (long now = 200 * MS; now < 100 * SECOND; now += 200 * MS) {
      for (; next < deliveries.size() && deliveries.get(next).atNs() <= now; next++) {
        if (deliveries.get(next).atNs() > 45 * SECOND) {
          accept(detector, deliveries.get(next));
        }
      }
      if (now > 45 * SECOND) {
        verdicts.addAll(detector.advance(EPOCH_NS + now - 300 * MS, true));
      }
    }
    assertThat(verdicts).isNotEmpty();
    assertThat(verdicts).allMatch(v -> v.getFaultId().equals("NODE_CRASH/gw-2"));
    Verdict last = verdicts.get(verdicts.size() - 1);
    assertThat(last.getState()).isEqualTo(VerdictState.RESOLVED);
    assertThat(last.getFirstBadNs()).isBetween(EPOCH_NS + 29 * SECOND, EPOCH_NS + 33 * SECOND);
  }

  private static void accept(FaultDetector detector, Simulation.Delivery d) {
    if (d.batch() instanceof ProbeBatch batch) {
      detector.accept(batch);
    } else if (d.batch() instanceof PointBatch batch) {
      detector.accept(batch);
    } else if (d.batch() instanceof CounterBatch batch) {
      detector.accept(batch);
    }
  }
}
