package io.dyetrace.analytics.detect;

import static io.dyetrace.analytics.sim.Simulation.MS;
import static io.dyetrace.analytics.sim.Simulation.SECOND;
import static org.assertj.core.api.Assertions.assertThat;

import io.dyetrace.analytics.sim.Replay;
import io.dyetrace.analytics.sim.Replay.Given;
import io.dyetrace.analytics.sim.SimTopology;
import io.dyetrace.analytics.sim.Simulation;
import io.dyetrace.analytics.sim.Simulation.ProberFailure;
import io.dyetrace.common.record.ComponentKind;
import io.dyetrace.common.record.Verdict;
import io.dyetrace.common.record.VerdictState;
import io.dyetrace.common.registry.FaultClass;
import io.dyetrace.common.topology.Topology;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The detector against the simulated lab: every fault class over many seeds, quiet hours, outages.
 */
class FaultDetectorTest {
  /** More with -Ddyetrace.seeds=100; runs that are not of a fault grow with it. */
  private static final int SEEDS = Integer.getInteger("dyetrace.seeds", 4);

  private static final Topology LAB = SimTopology.lab();

  /**
   * Injects at a random moment early in the run, heals 25 s later, and runs until it must be
   * resolved.
   */
  private static List<Double> everySeed(
      Injection fault,
      FaultClass faultClass,
      ComponentKind kind,
      String component,
      double withinSeconds,
      UnaryOperator<Simulation> world) {
    List<Double> seconds = new ArrayList<>();
    for (int seed = 0; seed < SEEDS; seed++) {
      Random random = new Random(seed);
      long injectNs = 20 * SECOND + (long) (random.nextDouble() * 15 * SECOND);
      long healNs = injectNs + 25 * SECOND;
      long endNs = healNs + 40 * SECOND;
      Simulation sim = world.apply(new Simulation(LAB, seed, endNs).withNoise());
      fault.inject(sim, injectNs, healNs);
      List<Given> given = new Replay(LAB, sim.run()).until(endNs).verdicts();

      String run = "seed " + seed + ", injected at " + injectNs / 1e9 + ": " + describe(given);
      assertThat(given).as(run).isNotEmpty();
      Verdict first = given.get(0).verdict();
      assertThat(first.getFaultId()).as(run).isEqualTo(faultClass.name() + "/" + component);
      assertThat(first.getComponentKind()).as(run).isEqualTo(kind);
      assertThat(first.getState()).as(run).isEqualTo(VerdictState.OPEN);
      assertThat(first.getConfidence()).as(run).isGreaterThanOrEqualTo(0.9);
      assertThat(given)
          .as(run)
          .allMatch(g -> g.verdict().getOccurrenceId().equals(first.getOccurrenceId()));
      Verdict last = given.get(given.size() - 1).verdict();
      assertThat(last.getState()).as(run).isEqualTo(VerdictState.RESOLVED);
      double tookSeconds = (given.get(0).atNs() - injectNs) / 1e9;
      assertThat(tookSeconds).as(run).isBetween(0.0, withinSeconds);
      double resolvedSeconds = (given.get(given.size() - 1).atNs() - healNs) / 1e9;
      assertThat(resolvedSeconds).as(run).isBetween(5.0, 20.0);
      seconds.add(tookSeconds);
    }
    Collections.sort(seconds);
    System.out.printf(
        Locale.ROOT,
        "%s/%s: time to verdict p50 %.1f s, max %.1f s over %d seeds%n",
        faultClass,
        component,
        seconds.get(SEEDS / 2),
        seconds.get(SEEDS - 1),
        SEEDS);
    return seconds;
  }

  /** So many with 8 seeds, in proportion with others. */
  private static int seeds(int with8) {
    return Math.max(2, with8 * SEEDS / 8);
  }

  private interface Injection {
    void inject(Simulation sim, long fromNs, long toNs);
  }

  private static String describe(List<Given> given) {
    StringBuilder text = new StringBuilder();
    for (Given g : given) {
      text.append(
          String.format(
              Locale.ROOT,
              "%n%.1f s %s r%d %s",
              g.atNs() / 1e9,
              g.verdict().getState(),
              g.verdict().getRevision(),
              g.verdict().getFaultId()));
      g.verdict().getEvidenceList().forEach(e -> text.append("\n    ").append(e.getSummary()));
    }
    return text.toString();
  }

  private static List<Given> run(Simulation sim, long endNs) {
    return new Replay(LAB, sim.run()).until(endNs).verdicts();
  }

  @ParameterizedTest
  @ValueSource(strings = {"gw-1", "gw-2", "gw-4"})
  void shouldFindNodeCrash(String node) {
    List<Double> seconds =
        everySeed(
            (sim, from, to) -> sim.crash(node, from, to),
            FaultClass.NODE_CRASH,
            ComponentKind.NODE,
            node,
            15,
            s -> s);
    assertThat(seconds.get((SEEDS - 1) * 95 / 100)).isLessThanOrEqualTo(6.5);
  }

  @ParameterizedTest
  @ValueSource(strings = {"gw-1", "gw-3"})
  void shouldFindNodeJitter(String node) {
    List<Double> seconds =
        everySeed(
            (sim, from, to) -> sim.jitter(node, from, to),
            FaultClass.NODE_JITTER,
            ComponentKind.NODE,
            node,
            20,
            s -> s);
    assertThat(seconds.get((SEEDS - 1) * 95 / 100)).isLessThanOrEqualTo(10);
  }

  @Test
  void shouldFindNodeJitterWhenPollGapsDoNotShowIt() {
    everySeed(
        (sim, from, to) -> sim.jitter("gw-2", from, to),
        FaultClass.NODE_JITTER,
        ComponentKind.NODE,
        "gw-2",
        20,
        Simulation::withoutPollGaps);
  }

  @ParameterizedTest
  @EnumSource(ProberFailure.class)
  void shouldFindProberFault(ProberFailure failure) {
    everySeed(
        (sim, from, to) -> sim.proberFault("prober-2", failure, from, to),
        FaultClass.PROBER_FAULT,
        ComponentKind.PROBER,
        "prober-2",
        15,
        s -> s);
  }

  @Test
  void shouldFindBackendThatIsSilent() {
    everySeed(
        (sim, from, to) -> sim.backendSilent("rs-2", from, to),
        FaultClass.BACKEND_DOWN,
        ComponentKind.BACKEND,
        "rs-2",
        15,
        s -> s);
  }

  @ParameterizedTest
  @CsvSource({"rs-1, rs-1", "rs-3-api, rs-3"})
  void shouldFindBackendThatRefuses(String hit, String host) {
    everySeed(
        (sim, from, to) -> sim.backendRefuses(hit, from, to),
        FaultClass.BACKEND_DOWN,
        ComponentKind.BACKEND,
        host,
        15,
        s -> s);
  }

  @Test
  void shouldFindVipThatIsMissingOnOneNode() {
    everySeed(
        (sim, from, to) -> sim.vipMissing("vip-web", "gw-2", from, to),
        FaultClass.CONFIG_ERROR,
        ComponentKind.VIP_ON_NODE,
        "vip-web@gw-2",
        15,
        s -> s);
  }

  @Test
  void shouldFindNodeThatHasLostAllItsVips() {
    everySeed(
        (sim, from, to) -> LAB.vips().forEach(v -> sim.vipMissing(v.name(), "gw-3", from, to)),
        FaultClass.CONFIG_ERROR,
        ComponentKind.NODE,
        "gw-3",
        15,
        s -> s);
  }

  @Test
  void shouldFindVipThatIsMissingEverywhere() {
    everySeed(
        (sim, from, to) ->
            List.of("gw-1", "gw-2", "gw-3", "gw-4")
                .forEach(n -> sim.vipMissing("vip-api", n, from, to)),
        FaultClass.CONFIG_ERROR,
        ComponentKind.VIP,
        "vip-api",
        15,
        s -> s);
  }

  @Test
  void shouldFindVipOverload() {
    everySeed(
        (sim, from, to) -> sim.overload("vip-api", from, to),
        FaultClass.VIP_OVERLOAD,
        ComponentKind.VIP,
        "vip-api",
        15,
        s -> s);
  }

  @Test
  void shouldFindCrashAndThenJitterOfAnotherNode() {
    for (int seed = 0; seed < seeds(10); seed++) {
      Simulation sim = new Simulation(LAB, seed, 140 * SECOND).withNoise();
      sim.crash("gw-2", 30 * SECOND, 45 * SECOND).jitter("gw-3", 75 * SECOND, 95 * SECOND);
      List<Given> given = run(sim, 140 * SECOND);
      List<String> ids =
          given.stream()
              .filter(g -> g.verdict().getState() != VerdictState.UPDATED)
              .map(g -> g.verdict().getState() + " " + g.verdict().getFaultId())
              .toList();
      assertThat(ids)
          .as("seed " + seed + describe(given))
          .containsExactly(
              "OPEN NODE_CRASH/gw-2",
              "RESOLVED NODE_CRASH/gw-2",
              "OPEN NODE_JITTER/gw-3",
              "RESOLVED NODE_JITTER/gw-3");
    }
  }

  @Test
  void shouldStaySilentForQuietHoursWithNoise() {
    for (int seed = 0; seed < seeds(8); seed++) {
      List<Given> given =
          run(new Simulation(LAB, 1000 + seed, 900 * SECOND).withNoise(), 900 * SECOND);
      assertThat(given).as("seed " + seed + describe(given)).isEmpty();
    }
  }

  @Test
  void shouldNotAccuseNodesOfAMachineThatStandsStill() {
    for (int seed = 0; seed < seeds(10); seed++) {
      Simulation sim = new Simulation(LAB, seed, 120 * SECOND).withNoise();
      for (long at = 30 * SECOND; at < 60 * SECOND; at += 500 * MS) {
        sim.machineStall(at, 300 * MS);
      }
      List<Given> given = run(sim, 120 * SECOND);
      assertThat(given).as("seed " + seed + describe(given)).isEmpty();
    }
  }

  @Test
  void shouldNotAccuseNodesOfAMachineThatIsBusy() {
    for (int seed = 0; seed < seeds(10); seed++) {
      Simulation sim =
          new Simulation(LAB, seed, 180 * SECOND).withNoise().busy(30 * SECOND, 150 * SECOND);
      List<Given> given = run(sim, 180 * SECOND);
      assertThat(given).as("seed " + seed + describe(given)).isEmpty();
    }
  }

  @Test
  void shouldFindNodeJitterOnABusyMachine() {
    everySeed(
        (sim, from, to) -> sim.busy(from - 15 * SECOND, to + 10 * SECOND).jitter("gw-2", from, to),
        FaultClass.NODE_JITTER,
        ComponentKind.NODE,
        "gw-2",
        20,
        s -> s);
  }

  @Test
  void shouldFindGatewayThatHangs() {
    everySeed(
        (sim, from, to) -> sim.hang("gw-4", from, to),
        FaultClass.NODE_CRASH,
        ComponentKind.NODE,
        "gw-4",
        15,
        s -> s);
  }

  @Test
  void shouldNotAccuseGatewaysThatHaveNotBeenStartedYet() {
    for (int seed = 0; seed < seeds(10); seed++) {
      Simulation sim = new Simulation(LAB, seed, 90 * SECOND).withNoise();
      for (int i = 1; i <= 4; i++) {
        sim.crash("gw-" + i, 0, (15 + 5 * i) * SECOND);
      }
      List<Given> given = run(sim, 90 * SECOND);
      assertThat(given).as("seed " + seed + describe(given)).isEmpty();
    }
  }

  @Test
  void shouldGiveNothingButACrashWhenAGatewayRestartsAtOnce() {
    for (int seed = 0; seed < seeds(10); seed++) {
      Simulation sim =
          new Simulation(LAB, seed, 90 * SECOND)
              .withNoise()
              .crash("gw-2", 40 * SECOND, 41 * SECOND + seed * 200L * MS);
      List<Given> given = run(sim, 90 * SECOND);
      assertThat(given)
          .as("seed " + seed + describe(given))
          .allMatch(g -> g.verdict().getFaultId().equals("NODE_CRASH/gw-2"));
    }
  }

  @Test
  void shouldAccuseNobodyButTheProberThatPauses() {
    for (int seed = 0; seed < seeds(20); seed++) {
      Simulation sim =
          new Simulation(LAB, seed, 120 * SECOND)
              .withNoise()
              .proberPause("prober-1", 40 * SECOND, 44 * SECOND);
      List<Given> given = run(sim, 120 * SECOND);
      assertThat(given)
          .as("seed " + seed + describe(given))
          .allMatch(g -> g.verdict().getComponent().equals("prober-1"));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"agent", "prober-1", "kafka"})
  void shouldGiveAtMostNoDataWhenKilledFor20Seconds(String what) {
    for (int seed = 0; seed < seeds(20); seed++) {
      Simulation sim =
          new Simulation(LAB, seed, 150 * SECOND)
              .withNoise()
              .outage(what, 50 * SECOND, 70 * SECOND);
      List<Given> given = run(sim, 150 * SECOND);
      assertThat(given)
          .as("seed " + seed + describe(given))
          .allMatch(g -> g.verdict().getFaultClass() == FaultClass.NO_DATA.code());
      assertThat(given.stream().map(g -> g.verdict().getFaultId()).distinct().toList())
          .as("seed " + seed + describe(given))
          .hasSizeLessThanOrEqualTo(1);
    }
  }

  @Test
  void shouldGiveOneNoDataForAllNodesOfAnAgentThatStaysAway() {
    for (int seed = 0; seed < seeds(20); seed++) {
      Simulation sim =
          new Simulation(LAB, seed, 150 * SECOND)
              .withNoise()
              .outage("agent", 50 * SECOND, 90 * SECOND);
      List<Given> given = run(sim, 150 * SECOND);
      assertThat(given).as("seed " + seed + describe(given)).hasSize(2);
      assertThat(given)
          .as("seed " + seed + describe(given))
          .allMatch(g -> g.verdict().getFaultId().equals("NO_DATA/lab"));
      assertThat(given.get(0).verdict().getComponentKind()).isEqualTo(ComponentKind.TELEMETRY);
      assertThat(given.get(0).atNs()).isBetween(64 * SECOND, 72 * SECOND);
      assertThat(given.get(1).verdict().getState()).isEqualTo(VerdictState.RESOLVED);
    }
  }

  @Test
  void shouldGiveNoDataForAProberThatStaysAway() {
    for (int seed = 0; seed < seeds(20); seed++) {
      Simulation sim =
          new Simulation(LAB, seed, 150 * SECOND)
              .withNoise()
              .outage("prober-2", 50 * SECOND, 90 * SECOND);
      List<Given> given = run(sim, 150 * SECOND);
      assertThat(given).as("seed " + seed + describe(given)).hasSize(2);
      assertThat(given)
          .as("seed " + seed + describe(given))
          .allMatch(g -> g.verdict().getFaultId().equals("NO_DATA/prober-2"));
    }
  }

  @Test
  void shouldSayNothingWhenTheJobIsKilledFor20Seconds() {
    for (int seed = 0; seed < seeds(20); seed++) {
      Simulation sim = new Simulation(LAB, seed, 150 * SECOND).withNoise();
      List<Given> given =
          new Replay(LAB, sim.run())
              .until(50 * SECOND)
              .killedFor(20 * SECOND)
              .until(150 * SECOND)
              .verdicts();
      assertThat(given).as("seed " + seed + describe(given)).isEmpty();
    }
  }

  @Test
  void shouldFindACrashThatHappensWhileTheJobIsDown() {
    for (int seed = 0; seed < seeds(20); seed++) {
      Simulation sim =
          new Simulation(LAB, seed, 150 * SECOND)
              .withNoise()
              .crash("gw-2", 60 * SECOND, 120 * SECOND);
      List<Given> given =
          new Replay(LAB, sim.run())
              .until(50 * SECOND)
              .killedFor(20 * SECOND)
              .until(150 * SECOND)
              .verdicts();
      assertThat(given).as("seed " + seed + describe(given)).isNotEmpty();
      assertThat(given)
          .as("seed " + seed + describe(given))
          .allMatch(g -> g.verdict().getFaultId().equals("NODE_CRASH/gw-2"));
      assertThat(given.get(0).atNs())
          .as("seed " + seed + describe(given))
          .isBetween(80 * SECOND, 90 * SECOND);
    }
  }

  @Test
  void shouldKeepAnOpenVerdictOverARestartOfTheJob() {
    for (int seed = 0; seed < seeds(10); seed++) {
      Simulation sim =
          new Simulation(LAB, seed, 150 * SECOND)
              .withNoise()
              .crash("gw-2", 40 * SECOND, 110 * SECOND);
      List<Given> given =
          new Replay(LAB, sim.run())
              .until(55 * SECOND)
              .killedFor(20 * SECOND)
              .until(150 * SECOND)
              .verdicts();
      assertThat(given.stream().map(g -> g.verdict().getOccurrenceId()).distinct().toList())
          .as("seed " + seed + describe(given))
          .hasSize(1);
      assertThat(given.get(given.size() - 1).verdict().getState()).isEqualTo(VerdictState.RESOLVED);
      assertThat(given.get(given.size() - 1).atNs()).isGreaterThan(110 * SECOND);
    }
  }

  @Test
  void shouldResolveWhatIsNoLongerInTheTopology() {
    Simulation crash =
        new Simulation(LAB, 1, 90 * SECOND).withNoise().crash("gw-4", 30 * SECOND, 90 * SECOND);
    Simulation missing = new Simulation(LAB, 2, 90 * SECOND).withNoise();
    List.of("gw-1", "gw-2", "gw-3", "gw-4")
        .forEach(n -> missing.vipMissing("vip-mesh", n, 30 * SECOND, 90 * SECOND));
    for (Simulation sim : List.of(crash, missing)) {
      Replay replay = new Replay(LAB, sim.run()).until(60 * SECOND);
      int before = replay.verdicts().size();
      assertThat(before).isPositive();
      List<Given> given = replay.handOver(SimTopology.smaller()).until(61 * SECOND).verdicts();
      Verdict last = given.get(given.size() - 1).verdict();
      assertThat(last.getState()).as(describe(given)).isEqualTo(VerdictState.RESOLVED);
      assertThat(last.getOccurrenceId()).isEqualTo(given.get(0).verdict().getOccurrenceId());
      assertThat(last.getEvidenceList())
          .anyMatch(e -> e.getSummary().endsWith("is no longer in the topology."));
      assertThat(replay.until(90 * SECOND).verdicts()).hasSize(before + 1);
    }
  }

  @Test
  void shouldKeepWhatIsStillInTheTopology() {
    Simulation sim =
        new Simulation(LAB, 1, 70 * SECOND).withNoise().crash("gw-2", 30 * SECOND, 70 * SECOND);
    List<Given> given =
        new Replay(LAB, sim.run())
            .until(60 * SECOND)
            .handOver(SimTopology.smaller())
            .until(65 * SECOND)
            .verdicts();
    assertThat(given).isNotEmpty();
    assertThat(given).noneMatch(g -> g.verdict().getState() == VerdictState.RESOLVED);
  }

  @Test
  void shouldNotOpenWhatABacklogTells() {
    List<Simulation.Delivery> deliveries =
        new Simulation(LAB, 1, 150 * SECOND)
            .withNoise()
            .vipMissing("vip-web", "gw-2", 30 * SECOND, 60 * SECOND)
            .jitter("gw-3", 70 * SECOND, 95 * SECOND)
            .run();
    assertThat(new Replay(LAB, deliveries).until(150 * SECOND).verdicts())
        .as("it can be seen")
        .isNotEmpty();
    List<Given> given =
        new Replay(LAB, deliveries).behindUntil(110 * SECOND).until(150 * SECOND).verdicts();
    assertThat(given).as(describe(given)).isEmpty();
  }

  @Test
  void shouldIgnoreForgedAndReplayedColours() {
    Simulation sim =
        new Simulation(LAB, 7, 120 * SECOND).withNoise().forgedColours(30 * SECOND, 90 * SECOND);
    assertThat(run(sim, 120 * SECOND)).isEmpty();
  }

  @Test
  void shouldGiveTheSameVerdictsAfterARestoreAtAnyTime() {
    for (int seed = 0; seed < seeds(15); seed++) {
      Random random = new Random(seed);
      List<Simulation.Delivery> deliveries =
          new Simulation(LAB, seed, 160 * SECOND)
              .withNoise()
              .crash("gw-2", 30 * SECOND, 50 * SECOND)
              .jitter("gw-3", 80 * SECOND, 100 * SECOND)
              .backendSilent("rs-1", 120 * SECOND, 140 * SECOND)
              .run();
      List<Given> whole = new Replay(LAB, deliveries).until(160 * SECOND).verdicts();
      long[] splits = new long[4];
      Arrays.setAll(splits, i -> (long) (random.nextDouble() * 160 * SECOND));
      Arrays.sort(splits);
      Replay split = new Replay(LAB, deliveries);
      for (long at : splits) {
        split.until(at).handOver();
      }
      assertThat(split.until(160 * SECOND).verdicts()).as("seed " + seed).isEqualTo(whole);
    }
  }

  @Test
  void shouldTolerateRepeatedBatches() {
    List<Simulation.Delivery> deliveries =
        new Simulation(LAB, 3, 100 * SECOND)
            .withNoise()
            .crash("gw-1", 30 * SECOND, 60 * SECOND)
            .run();
    List<Simulation.Delivery> twice = new ArrayList<>();
    deliveries.forEach(d -> twice.addAll(List.of(d, d)));
    List<Verdict> once =
        new Replay(LAB, deliveries)
            .until(100 * SECOND).verdicts().stream().map(Given::verdict).toList();
    assertThat(
            new Replay(LAB, twice)
                .until(100 * SECOND).verdicts().stream().map(Given::verdict).toList())
        .isEqualTo(once);
  }

  @Test
  void shouldNotGrowOverAnHour() {
    Replay replay = new Replay(LAB, new Simulation(LAB, 5, 3600 * SECOND).withNoise().run());
    int after20Minutes = replay.until(1200 * SECOND).detector().size();
    int after60Minutes = replay.until(3600 * SECOND).detector().size();
    assertThat(after60Minutes).isBetween(after20Minutes * 8 / 10, after20Minutes * 12 / 10);
    assertThat(replay.detector().snapshot().length).isLessThan(1_000_000);
  }
}
