package io.dyetrace.analytics.detect;

import static io.dyetrace.analytics.sim.Simulation.MS;
import static io.dyetrace.analytics.sim.Simulation.SECOND;
import static org.assertj.core.api.Assertions.assertThat;

import io.dyetrace.analytics.sim.Replay;
import io.dyetrace.analytics.sim.SimTopology;
import io.dyetrace.analytics.sim.Simulation;
import io.dyetrace.analytics.sim.Simulation.Delivery;
import io.dyetrace.common.record.Evidence;
import io.dyetrace.common.record.Point;
import io.dyetrace.common.record.PointBatch;
import io.dyetrace.common.record.ProbeBatch;
import io.dyetrace.common.record.Verdict;
import io.dyetrace.common.record.VerdictState;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What closes a verdict when no probe ever tells that its component is healthy. */
class ClosingTest {
  private static final long NEVER = 10_000 * SECOND;
  private static final long END = 200 * SECOND;

  private static Simulation lab(int seed) {
    return new Simulation(SimTopology.lab(), seed, END).withNoise();
  }

  private static List<Replay.Given> verdicts(List<Delivery> deliveries) {
    return new Replay(SimTopology.lab(), deliveries).until(END).verdicts();
  }

  /** States without updates, in order. */
  private static List<String> states(List<Replay.Given> verdicts) {
    return verdicts.stream()
        .map(Replay.Given::verdict)
        .filter(v -> v.getState() != VerdictState.UPDATED)
        .map(v -> v.getState() + " " + v.getFaultId())
        .toList();
  }

  private static String why(List<Replay.Given> verdicts) {
    List<Evidence> evidence = verdicts.get(verdicts.size() - 1).verdict().getEvidenceList();
    return evidence.get(evidence.size() - 1).getMeasure();
  }

  @Test
  void shouldCloseJitterOfANodeThatWasDrainedBecauseOfIt() {
    List<Replay.Given> given =
        verdicts(
            lab(1)
                .jitter("gw-2", 30 * SECOND, 50 * SECOND)
                .drain("gw-2", 45 * SECOND, NEVER)
                .run());
    assertThat(states(given)).containsExactly("OPEN NODE_JITTER/gw-2", "RESOLVED NODE_JITTER/gw-2");
    assertThat(why(given)).isEqualTo("drained");
  }

  @Test
  void shouldCloseACrashOfANodeThatCameBackToBeDrained() {
    List<Replay.Given> given =
        verdicts(
            lab(2).crash("gw-2", 30 * SECOND, 60 * SECOND).drain("gw-2", 58 * SECOND, NEVER).run());
    assertThat(states(given)).containsExactly("OPEN NODE_CRASH/gw-2", "RESOLVED NODE_CRASH/gw-2");
    assertThat(why(given)).isEqualTo("drained");
  }

  @Test
  void shouldKeepACrashOfAMachineThatIsGoneForGood() {
    List<Replay.Given> given =
        verdicts(
            lab(3)
                .crash("gw-3", 30 * SECOND, NEVER)
                .outage("agent/gw-3", 30 * SECOND, NEVER)
                .run());
    assertThat(states(given)).containsExactly("OPEN NODE_CRASH/gw-3");
  }

  @Test
  void shouldOnlyMissTheTelemetryOfANodeThatForwardsAgainWithoutItsAgent() {
    for (long agentEnds : new long[] {30_100 * MS, 33_000 * MS}) {
      List<Replay.Given> given =
          verdicts(
              lab(9)
                  .crash("gw-3", 30 * SECOND, 50 * SECOND)
                  .outage("agent/gw-3", agentEnds, NEVER)
                  .run());
      assertThat(states(given))
          .as("agent ends at " + agentEnds)
          .containsExactly("OPEN NODE_CRASH/gw-3", "RESOLVED NODE_CRASH/gw-3", "OPEN NO_DATA/gw-3");
    }
  }

  @Test
  void shouldCloseABackendThatNobodyIsSentToAnyMore() {
    List<Delivery> all = lab(3).backendSilent("rs-1", 30 * SECOND, 60 * SECOND).run();
    List<Replay.Given> given = verdicts(without("rs-1", 59 * SECOND, all));
    assertThat(states(given))
        .containsExactly("OPEN BACKEND_DOWN/rs-1", "RESOLVED BACKEND_DOWN/rs-1");
    assertThat(why(given)).isEqualTo("unused_seconds");
    Verdict closed = given.get(given.size() - 1).verdict();
    assertThat(closed.getResolvedNs() - closed.getDetectedNs())
        .as("a minute without a probe, not less")
        .isGreaterThan(80 * SECOND);
  }

  @Test
  void shouldCloseWhatWasToldAfterTheLastCheckpointBeforeItWasKilled() {
    for (int seed = 0; seed < 3; seed++) {
      for (long killed = 30_600; killed <= 33_000; killed += 800) {
        List<Delivery> all = lab(100 + seed).crash("gw-2", 30 * SECOND, 38 * SECOND).run();
        List<Replay.Given> given =
            new Replay(SimTopology.lab(), all)
                .until(killed * MS)
                .killedFor(4 * SECOND)
                .until(100 * SECOND)
                .verdicts();
        String what = "seed " + seed + ", killed at " + killed;
        Map<String, VerdictState> last = new HashMap<>();
        given.forEach(g -> last.put(g.verdict().getOccurrenceId(), g.verdict().getState()));
        assertThat(last.values()).as(what).allMatch(s -> s == VerdictState.RESOLVED);
        assertThat(last.size()).as(what).isLessThanOrEqualTo(1);
        assertThat(given.stream().map(g -> g.verdict().getRevision()).toList())
            .as(what)
            .doesNotHaveDuplicates();
      }
    }
  }

  @Test
  void shouldTakeUpTheNewestOfWhatWasToldInWhateverOrderAndNothingOfOthers() {
    List<Verdict> told =
        verdicts(
                lab(4)
                    .crash("gw-2", 30 * SECOND, 45 * SECOND)
                    .crash("gw-2", 90 * SECOND, NEVER)
                    .run())
            .stream()
            .map(Replay.Given::verdict)
            .toList();
    Verdict open = told.get(told.size() - 1);
    assertThat(open.getState()).isNotEqualTo(VerdictState.RESOLVED);
    List<Verdict> shuffled = new ArrayList<>(told);
    shuffled.addAll(told);
    shuffled.add(open.toBuilder().setFaultId("NODE_CRASH/x").setCluster("another").build());
    shuffled.add(open.toBuilder().setFaultId("NODE_CRASH/y").setRegion("another").build());
    shuffled.add(open.toBuilder().setFaultId("UNKNOWN/gw-2").setFaultClass(9999).build());
    for (int seed = 0; seed < 20; seed++) {
      Collections.shuffle(shuffled, new Random(seed));
      FaultDetector detector = new FaultDetector(SimTopology.lab(), DetectorConfig.defaults());
      detector.adopt(shuffled);
      assertThat(detector.openVerdicts()).containsExactly(open);
    }
  }

  @Test
  void shouldHoldOnLongerToAFaultThatComesAndGoes() {
    Simulation flapping = lab(13);
    for (long at = 30 * SECOND; at < 160 * SECOND; at += 22 * SECOND) {
      flapping.crash("gw-2", at, at + 6 * SECOND);
    }
    assertThat(states(verdicts(flapping.run())))
        .as("six crashes, two pages")
        .containsExactly(
            "OPEN NODE_CRASH/gw-2",
            "RESOLVED NODE_CRASH/gw-2",
            "OPEN NODE_CRASH/gw-2",
            "RESOLVED NODE_CRASH/gw-2");
  }

  /** As if no gateway had chosen a backend of the host from then on. */
  private static List<Delivery> without(String host, long fromNs, List<Delivery> all) {
    Set<Long> keys = new HashSet<>();
    for (Delivery d : all) {
      if (d.batch() instanceof PointBatch batch && d.atNs() > fromNs) {
        for (Point p : batch.getPointsList()) {
          if (p.getBackend().startsWith(host)) {
            keys.add(ProbeTrace.key(p.getProberId(), p.getProbeSequence()));
          }
        }
      }
    }
    List<Delivery> kept = new ArrayList<>();
    for (Delivery d : all) {
      if (d.batch() instanceof PointBatch batch) {
        PointBatch.Builder b = batch.toBuilder().clearPoints();
        batch.getPointsList().stream()
            .filter(p -> !keys.contains(ProbeTrace.key(p.getProberId(), p.getProbeSequence())))
            .forEach(b::addPoints);
        kept.add(new Delivery(d.atNs(), d.source(), d.eventNs(), b.build()));
      } else if (d.batch() instanceof ProbeBatch batch) {
        ProbeBatch.Builder b = batch.toBuilder().clearResults();
        batch.getResultsList().stream()
            .filter(r -> !keys.contains(ProbeTrace.key(batch.getProberId(), r.getProbeSequence())))
            .forEach(b::addResults);
        kept.add(new Delivery(d.atNs(), d.source(), d.eventNs(), b.build()));
      } else {
        kept.add(d);
      }
    }
    return kept;
  }
}
