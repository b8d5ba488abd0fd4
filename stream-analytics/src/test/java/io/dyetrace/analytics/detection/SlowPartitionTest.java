package io.dyetrace.analytics.detection;

import static io.dyetrace.analytics.sim.Simulation.SECOND;
import static org.assertj.core.api.Assertions.assertThat;

import io.dyetrace.analytics.sim.SimTopology;
import io.dyetrace.analytics.sim.Simulation;
import io.dyetrace.common.record.Verdict;
import io.dyetrace.common.record.VerdictState;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The detection's operators while one partition of each topic is read half a minute behind the
 * others. That one has nothing meanwhile, as its consumer sees it.
 */
class SlowPartitionTest {
  private final List<Verdict> verdicts = new ArrayList<>();
  private final List<Long> times = new ArrayList<>();

  private void run(Simulation simulation, int slow, long untilNs) throws Exception {
    try (SimulatedJob job =
        new SimulatedJob(
            SimTopology.labYaml(),
            (atNs, verdict) -> {
              verdicts.add(verdict);
              times.add(atNs);
            })) {
      job.broker().slow(slow, 30 * SECOND, 60 * SECOND);
      job.feed(simulation.stream(), untilNs);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3})
  void shouldAccuseNobodyWhenOnePartitionIsHalfAMinuteBehind(int slow) throws Exception {
    run(new Simulation(SimTopology.lab(), 7, 90 * SECOND).withNoise(), slow, 90 * SECOND);
    assertThat(verdicts).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3})
  void shouldFindACrashMeanwhileAtTheLatestWhenThePartitionIsRead(int slow) throws Exception {
    Simulation simulation =
        new Simulation(SimTopology.lab(), 7, 90 * SECOND)
            .withNoise()
            .crash("gw-2", 35 * SECOND, 90 * SECOND);
    run(simulation, slow, 80 * SECOND);
    assertThat(verdicts)
        .isNotEmpty()
        .allMatch(v -> v.getFaultId().equals("NODE_CRASH/gw-2"))
        .noneMatch(v -> v.getState() == VerdictState.RESOLVED);
    assertThat(times.get(0)).isLessThan(68 * SECOND);
  }
}
