package io.dyetrace.analytics.detect;

import static io.dyetrace.analytics.sim.Simulation.SECOND;
import static org.assertj.core.api.Assertions.assertThat;

import io.dyetrace.analytics.sim.Replay;
import io.dyetrace.analytics.sim.Replay.Given;
import io.dyetrace.analytics.sim.SimTopology;
import io.dyetrace.analytics.sim.Simulation;
import io.dyetrace.common.record.Evidence;
import io.dyetrace.common.record.PointBatch;
import io.dyetrace.common.record.Verdict;
import io.dyetrace.common.record.VerdictState;
import io.dyetrace.common.topology.Topology;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The detector against a simulated lab of two tiers: whoever is broken, only that tier's node is
 * accused.
 */
class TwoTierTest {
  private static final int SEEDS = Integer.getInteger("dyetrace.seeds", 4);
  private static final Topology LAB = SimTopology.twoTier();
  private static final long INJECTED = 25 * SECOND;
  private static final long HEALED = 50 * SECOND;
  private static final long END = 90 * SECOND;

  private static void expect(
      String faultId, double withinSeconds, UnaryOperator<Simulation> fault) {
    for (int seed = 0; seed < SEEDS; seed++) {
      List<Given> given =
          new Replay(LAB, fault.apply(new Simulation(LAB, seed, END).withNoise()).run())
              .until(END)
              .verdicts();
      String run = "seed " + seed + describe(given);
      assertThat(given).as(run).isNotEmpty();
      assertThat(given).as(run).allMatch(g -> g.verdict().getFaultId().equals(faultId));
      assertThat(given.get(0).atNs() - INJECTED)
          .as(run)
          .isBetween(0L, (long) (withinSeconds * SECOND));
      Verdict last = given.get(given.size() - 1).verdict();
      assertThat(last.getState()).as(run).isEqualTo(VerdictState.RESOLVED);
    }
  }

  private static String describe(List<Given> given) {
    StringBuilder text = new StringBuilder();
    for (Given g : given) {
      Verdict v = g.verdict();
      text.append(
          "\n%.1f s %s r%d %s %.3f"
              .formatted(
                  g.atNs() / 1e9,
                  v.getState(),
                  v.getRevision(),
                  v.getFaultId(),
                  v.getConfidence()));
      v.getEvidenceList().forEach(e -> text.append("\n    ").append(e.getSummary()));
    }
    return text.toString();
  }

  @ParameterizedTest
  @ValueSource(strings = {"eip-1", "eip-2", "clb-1", "clb-3"})
  void shouldAccuseTheNodeOfTheTierThatCrashed(String node) {
    expect("NODE_CRASH/" + node, 15, sim -> sim.crash(node, INJECTED, HEALED));
  }

  @ParameterizedTest
  @ValueSource(strings = {"eip-1", "clb-2"})
  void shouldAccuseTheNodeOfTheTierThatHangs(String node) {
    expect("NODE_CRASH/" + node, 15, sim -> sim.hang(node, INJECTED, HEALED));
  }

  @ParameterizedTest
  @ValueSource(strings = {"eip-1", "eip-2", "clb-1", "clb-2"})
  void shouldAccuseTheNodeOfTheTierThatJitters(String node) {
    expect("NODE_JITTER/" + node, 20, sim -> sim.jitter(node, INJECTED, HEALED));
  }

  @Test
  void shouldAccuseANodeOfEachTierThatCrashTogether() {
    for (int seed = 0; seed < SEEDS; seed++) {
      Simulation sim =
          new Simulation(LAB, seed, END)
              .withNoise()
              .crash("eip-2", INJECTED, HEALED)
              .crash("clb-1", INJECTED, HEALED);
      List<Given> given = new Replay(LAB, sim.run()).until(END).verdicts();
      assertThat(given.stream().map(g -> g.verdict().getFaultId()).distinct())
          .as("seed " + seed + describe(given))
          .containsExactlyInAnyOrder("NODE_CRASH/eip-2", "NODE_CRASH/clb-1");
    }
  }

  @Test
  void shouldFindBackendBehindTwoTiers() {
    expect("BACKEND_DOWN/rs-2", 15, sim -> sim.backendSilent("rs-2", INJECTED, HEALED));
  }

  @Test
  void shouldFindVipThatIsMissingOnOneNodeOfTheSecondTier() {
    expect(
        "CONFIG_ERROR/vip-web@clb-2",
        15,
        sim -> sim.vipMissing("vip-web", "clb-2", INJECTED, HEALED));
  }

  @Test
  void shouldFindNodeWhoseLimitsSurgeAcrossVips() {
    expect("NODE_OVERLOAD/clb-2", 15, sim -> sim.nodeOverload("clb-2", INJECTED, HEALED));
  }

  @Test
  void shouldFindVipWhoseLimitsSurgeAcrossNodes() {
    expect("VIP_OVERLOAD/vip-api", 15, sim -> sim.overload("vip-api", INJECTED, HEALED));
  }

  @Test
  void shouldFindVipThatMalformedPacketsAreSentTo() {
    expect("VIP_ATTACK/vip-web", 15, sim -> sim.attack("vip-web", INJECTED, HEALED));
  }

  @Test
  void shouldCallLimitsThatOverflowUnderAnAttackPartOfIt() {
    for (int seed = 0; seed < SEEDS; seed++) {
      Simulation sim =
          new Simulation(LAB, seed, END)
              .withNoise()
              .attack("vip-api", INJECTED, HEALED)
              .overload("vip-api", INJECTED + 5 * SECOND, HEALED);
      List<Given> given = new Replay(LAB, sim.run()).until(END).verdicts();
      assertThat(given.stream().map(g -> g.verdict().getFaultId()).distinct())
          .as("seed " + seed + describe(given))
          .containsExactly("VIP_ATTACK/vip-api");
    }
  }

  @Test
  void shouldSayWhatTellsAnOverloadedNodeFromAnOverloadedVip() {
    Verdict node = first(sim -> sim.nodeOverload("clb-2", INJECTED, HEALED));
    assertThat(node.getAffectedVipsList()).contains("vip-web", "vip-api");
    assertThat(node.getHealthySiblingsList()).containsExactly("clb-1", "clb-3");
    assertThat(node.getEvidenceList())
        .extracting(Evidence::getMeasure)
        .contains("limit_drops_per_second", "siblings_limiting_the_same");
    Verdict vip = first(sim -> sim.overload("vip-api", INJECTED, HEALED));
    assertThat(vip.getEvidenceList())
        .filteredOn(e -> e.getMeasure().equals("other_vips_limited"))
        .singleElement()
        .satisfies(e -> assertThat(e.getValue()).isZero());
  }

  private static Verdict first(UnaryOperator<Simulation> fault) {
    Simulation sim = fault.apply(new Simulation(LAB, 1, END).withNoise());
    return new Replay(LAB, sim.run()).until(END).verdicts().get(0).verdict();
  }

  @Test
  void shouldSayWhichVipsATcpProbeCovers() {
    Simulation sim = new Simulation(LAB, 1, END).withNoise().crash("clb-1", INJECTED, HEALED);
    Verdict v =
        new Replay(LAB, sim.run())
            .until(END).verdicts().stream()
                .map(Given::verdict)
                .filter(given -> given.getAffectedVipsList().contains("vip-quic"))
                .findFirst()
                .orElseThrow();
    assertThat(v.getEvidenceList())
        .filteredOn(e -> e.getMeasure().equals("covered_by_tcp_probe"))
        .singleElement()
        .satisfies(
            e ->
                assertThat(e.getSummary())
                    .contains("vip-quic (UDP 443) is covered by TCP probe on port 8443"));
  }

  @Test
  void shouldStaySilentForQuietMinutesWithNoise() {
    for (int seed = 0; seed < 2; seed++) {
      List<Given> given =
          new Replay(LAB, new Simulation(LAB, 1000 + seed, 300 * SECOND).withNoise().run())
              .until(300 * SECOND)
              .verdicts();
      assertThat(given).as("seed " + seed + describe(given)).isEmpty();
    }
  }

  @ParameterizedTest
  @CsvSource({"eip-1, EIP", "clb-3, CLB"})
  void shouldScoreOnlyTheNodeOfTheTierThatCrashed(String node, String tier) {
    Simulation sim = new Simulation(LAB, 3, END).withNoise().crash(node, INJECTED, HEALED);
    Map<String, Double> scores =
        new Replay(LAB, sim.run()).until(HEALED - 5 * SECOND).detector().healthScores();
    assertThat(scores.get(node)).as(tier + " " + scores).isZero();
    scores.forEach(
        (other, score) -> {
          if (!other.equals(node)) {
            assertThat(score).as(scores.toString()).isGreaterThan(0.9);
          }
        });
  }

  @Test
  void shouldScoreOnlyTheNodeThatJitters() {
    Simulation sim = new Simulation(LAB, 3, END).withNoise().jitter("clb-2", INJECTED, HEALED);
    Map<String, Double> scores =
        new Replay(LAB, sim.run()).until(HEALED - 5 * SECOND).detector().healthScores();
    assertThat(scores.get("clb-2")).as(scores.toString()).isLessThan(0.8);
    assertThat(scores.get("eip-1")).as(scores.toString()).isGreaterThan(0.9);
    assertThat(scores.get("eip-2")).as(scores.toString()).isGreaterThan(0.9);
  }

  @Test
  void shouldGiveTheSameVerdictsWhateverOrderSourcesComeIn() {
    List<Simulation.Delivery> deliveries =
        new Simulation(LAB, 2, END).withNoise().crash("eip-1", INJECTED, HEALED).run();
    // Points of the EIP nodes 400 ms late: replies come before, or after, the probe they belong to.
    List<Simulation.Delivery> late = new ArrayList<>();
    for (Simulation.Delivery d : deliveries) {
      boolean shift = d.batch() instanceof PointBatch && d.source().startsWith("eip-2");
      late.add(
          shift
              ? new Simulation.Delivery(d.atNs() + 400_000_000L, d.source(), d.eventNs(), d.batch())
              : d);
    }
    late.sort((a, b) -> Long.compare(a.atNs(), b.atNs()));
    List<Given> given = new Replay(LAB, late).until(END).verdicts();
    assertThat(given).as(describe(given)).isNotEmpty();
    assertThat(given)
        .as(describe(given))
        .allMatch(g -> g.verdict().getFaultId().equals("NODE_CRASH/eip-1"));
  }

  @Test
  void shouldGiveTheSameVerdictsAfterARestoreAtAnyTime() {
    Random random = new Random(5);
    List<Simulation.Delivery> deliveries =
        new Simulation(LAB, 5, 120 * SECOND)
            .withNoise()
            .crash("eip-1", 30 * SECOND, 50 * SECOND)
            .attack("vip-web", 60 * SECOND, 80 * SECOND)
            .nodeOverload("clb-3", 90 * SECOND, 105 * SECOND)
            .run();
    List<Given> whole = new Replay(LAB, deliveries).until(120 * SECOND).verdicts();
    List<Long> splits = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      splits.add((long) (random.nextDouble() * 120 * SECOND));
    }
    Collections.sort(splits);
    Replay split = new Replay(LAB, deliveries);
    splits.forEach(at -> split.until(at).handOver());
    assertThat(split.until(120 * SECOND).verdicts()).as(describe(whole)).isEqualTo(whole);
  }

  @Test
  void shouldNotGrowOverMinutes() {
    Replay replay = new Replay(LAB, new Simulation(LAB, 5, 600 * SECOND).withNoise().run());
    int after = replay.until(300 * SECOND).detector().size();
    assertThat(replay.until(600 * SECOND).detector().size())
        .isBetween(after * 8 / 10, after * 12 / 10);
  }
}
