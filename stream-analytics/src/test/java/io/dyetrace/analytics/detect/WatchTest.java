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
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The sequential tests that decide whether anything is looked at. */
class WatchTest {
  private static final long END_NS = 90 * SECOND;

  private static final class Run {
    final FaultDetector detector;
    final List<Verdict> verdicts = new ArrayList<>();

    Run(UnaryOperator<FaultDetector> how) {
      detector = how.apply(new FaultDetector(SimTopology.lab(), DetectorConfig.defaults()));
    }

    Run feed(List<Simulation.Delivery> deliveries, long untilNs) {
      int next = 0;
      for (long now = 200 * MS; now < untilNs; now += 200 * MS) {
        for (; next < deliveries.size() && deliveries.get(next).atNs() <= now; next++) {
          accept(deliveries.get(next));
        }
        verdicts.addAll(detector.advance(EPOCH_NS + now - 300 * MS, now > 10 * SECOND));
      }
      return this;
    }

    private void accept(Simulation.Delivery d) {
      if (d.batch() instanceof ProbeBatch batch) {
        detector.accept(batch);
      } else if (d.batch() instanceof PointBatch batch) {
        detector.accept(batch);
      } else if (d.batch() instanceof CounterBatch batch) {
        detector.accept(batch);
      }
    }
  }

  private static Simulation fault(Simulation sim, int which, Random random) {
    long from = 25 * SECOND + (long) (random.nextDouble() * 10 * SECOND);
    long to = from + 20 * SECOND;
    return switch (which) {
      case 0 -> sim.crash("gw-2", from, to);
      case 1 -> sim.jitter("gw-3", from, to);
      case 2 -> sim.hang("gw-4", from, to);
      case 3 -> sim.backendSilent("rs-2", from, to);
      case 4 -> sim.backendRefuses("rs-3-api", from, to);
      case 5 -> sim.vipMissing("vip-web", "gw-2", from, to);
      case 6 -> sim.overload("vip-api", from, to);
      case 7 -> sim.nodeOverload("gw-1", from, to);
      case 8 -> sim.attack("vip-web", from, to);
      case 9 -> sim.proberFault("prober-2", Simulation.ProberFailure.HEARS_NOTHING, from, to);
      case 10 -> sim.outage("agent", from, from + 25 * SECOND);
      case 11 -> sim.outage("prober-1", from, from + 25 * SECOND);
      case 12 -> sim.busy(from, to).jitter("gw-2", from, to);
      case 13 -> sim.withoutPollGaps().jitter("gw-1", from, to);
      case 14 -> sim.crash("gw-1", from, to).backendSilent("rs-1", from + 3 * SECOND, to);
      default -> sim;
    };
  }

  /** More with -Ddyetrace.seeds=100. */
  private static final int SEEDS = Math.max(1, Integer.getInteger("dyetrace.seeds", 4) / 4);

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15})
  void shouldGiveTheVerdictsThatLookingAtEverythingGives(int which) {
    for (int seed = 0; seed < SEEDS; seed++) {
      Topology lab = SimTopology.lab();
      Simulation sim = new Simulation(lab, 100 + seed, END_NS).withNoise();
      List<Simulation.Delivery> deliveries = fault(sim, which, new Random(seed)).run();
      List<Verdict> all = new Run(FaultDetector::distrusting).feed(deliveries, END_NS).verdicts;
      Run watched = new Run(d -> d).feed(deliveries, END_NS);
      assertThat(watched.verdicts).as("seed " + seed).isEqualTo(all);
      assertThat(all.isEmpty()).isEqualTo(which == 15);
      List<Verdict> narrow =
          new Run(FaultDetector::lookingNarrowly).feed(deliveries, END_NS).verdicts;
      assertThat(openings(narrow)).as("seed " + seed).isEqualTo(openings(all));
    }
  }

  /** A narrow look sees another share of the probes, so confidence and revisions may differ. */
  private static List<String> openings(List<Verdict> verdicts) {
    return verdicts.stream()
        .filter(v -> v.getState() == VerdictState.OPEN)
        .map(v -> v.getOccurrenceId() + " at " + v.getDetectedNs())
        .toList();
  }

  @Test
  void shouldNotLookWhileNothingIsSuspicious() {
    Topology lab = SimTopology.lab();
    List<Simulation.Delivery> deliveries = new Simulation(lab, 1, 120 * SECOND).run();
    Run run = new Run(d -> d).feed(deliveries, 60 * SECOND);
    long afterStart = run.detector.looks();
    Run longer = new Run(d -> d).feed(deliveries, 120 * SECOND);

    assertThat(longer.detector.looks()).isEqualTo(afterStart);
  }

  @Test
  void shouldSuspectAfterTwoFailuresAmongFewProbes() {
    Watch watch = started();
    watch.failed(Watch.Kind.NODE, "gw-1");
    assertThat(watch.suspects(Watch.Kind.NODE)).isEmpty();
    for (int i = 0; i < 18; i++) {
      watch.answered(Watch.Kind.NODE, "gw-1");
    }
    watch.failed(Watch.Kind.NODE, "gw-1");

    assertThat(watch.suspects(Watch.Kind.NODE)).containsExactly("gw-1");
    assertThat(watch.isQuiet()).isFalse();
  }

  @Test
  void shouldForgetAFailureAmongManyAnswers() {
    Watch watch = started();
    for (int i = 0; i < 100; i++) {
      watch.failed(Watch.Kind.NODE, "gw-1");
      for (int j = 0; j < 40; j++) {
        watch.answered(Watch.Kind.NODE, "gw-1");
      }
    }
    assertThat(watch.isQuiet()).isTrue();
  }

  @Test
  void shouldClearASuspicionAfterAWindow() {
    Watch watch = started();
    watch.suspect(Watch.Kind.VIP, "vip-web");
    watch.tick(113 * SECOND);
    assertThat(watch.suspects(Watch.Kind.VIP)).containsExactly("vip-web");
    watch.tick(115 * SECOND);
    assertThat(watch.isQuiet()).isTrue();
  }

  @Test
  void shouldTellItsFalseAlarmBudget() {
    assertThat(new FaultDetector(SimTopology.lab(), DetectorConfig.defaults()).falseAlarmBudget())
        .startsWith("12 components, 16 sequential tests: ")
        .contains(" once in 53,")
        .contains(" needs 20 nats, a chance of 2e-09 ");
  }

  @Test
  void shouldLookAtEverythingAtFirst() {
    Watch watch = new Watch(DetectorConfig.defaults());
    watch.tick(50 * SECOND);
    assertThat(watch.everything()).isTrue();
    watch.tick(65 * SECOND);
    assertThat(watch.everything()).isFalse();
  }

  private static Watch started() {
    Watch watch = new Watch(DetectorConfig.defaults());
    watch.tick(50 * SECOND);
    watch.tick(100 * SECOND);
    return watch;
  }
}
