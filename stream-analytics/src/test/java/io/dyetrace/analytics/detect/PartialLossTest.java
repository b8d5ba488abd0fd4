package io.dyetrace.analytics.detect;

import static io.dyetrace.analytics.sim.Simulation.SECOND;
import static org.assertj.core.api.Assertions.assertThat;

import io.dyetrace.analytics.sim.LinkLoss;
import io.dyetrace.analytics.sim.LinkLoss.Way;
import io.dyetrace.analytics.sim.Replay;
import io.dyetrace.analytics.sim.Replay.Given;
import io.dyetrace.analytics.sim.SimTopology;
import io.dyetrace.analytics.sim.Simulation;
import io.dyetrace.common.record.ComponentKind;
import io.dyetrace.common.record.Verdict;
import io.dyetrace.common.record.VerdictState;
import io.dyetrace.common.topology.Topology;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Links that lose some packets: which, and when nobody is to blame. */
class PartialLossTest {
  /** Every source port has been used by then. */
  private static final long FROM_NS = 170 * SECOND;

  /** Parts of the way lose so much in a healthy network. */
  private static final double USUAL = 3e-4;

  private static final Topology LAB = SimTopology.lab();

  private static List<Given> replay(Topology topology, Simulation sim, long endNs) {
    return new Replay(topology, sim.run()).until(endNs).verdicts();
  }

  private static LinkLoss loss(String of, double share, long toNs) {
    String[] words = of.split(" ");
    Way way = Way.valueOf(words[0]);
    return words[1].startsWith("prober")
        ? new LinkLoss(way, words[1], "", "", 1, 0, share, FROM_NS, toNs)
        : LinkLoss.of(way, words[1], share, FROM_NS, toNs);
  }

  @ParameterizedTest
  @CsvSource({
    "1, TO_NODE gw-3, probers->gw-3",
    "1, FROM_NODE gw-3, gw-3->probers",
    "1, TO_BACKEND gw-2, gw-2<->backends",
    "1, TO_NODE prober-1, prober-1->gateways",
    "1, FROM_NODE prober-2, gateways->prober-2",
    "2, TO_NODE eip-2, probers->eip-2",
    "2, FROM_NODE eip-1, eip-1->probers",
    "2, TO_NODE clb-3, eips->clb-3",
    "2, FROM_NODE clb-1, clb-1->eips",
    "2, TO_BACKEND clb-2, clb-2<->backends"
  })
  void shouldNameTheLinkThatLosesSomeAndNobodyElse(int tiers, String where, String component) {
    Topology topology = tiers == 1 ? LAB : SimTopology.twoTier();
    long toNs = FROM_NS + 60 * SECOND;
    long endNs = toNs + 60 * SECOND;
    for (double share : new double[] {0.1, 0.4}) {
      Simulation sim =
          new Simulation(topology, 7, endNs)
              .withFleetNoise(USUAL)
              .linkLoss(loss(where, share, toNs));
      List<Given> given = replay(topology, sim, endNs);

      assertThat(ids(given)).containsExactly("LINK_LOSS/" + component);
      Verdict first = given.get(0).verdict();
      assertThat(first.getComponentKind()).isEqualTo(ComponentKind.LINK);
      assertThat(first.getConfidence()).isGreaterThanOrEqualTo(0.9);
      assertThat(first.getCluster()).isEqualTo("lab");
      assertThat(given.get(0).atNs()).isBetween(FROM_NS, FROM_NS + 40 * SECOND);
      assertThat(states(given)).containsOnlyOnce(VerdictState.OPEN, VerdictState.RESOLVED);
      assertThat(states(given)).endsWith(VerdictState.RESOLVED);
    }
  }

  private static List<String> ids(List<Given> given) {
    return given.stream().map(g -> g.verdict().getFaultId()).distinct().toList();
  }

  private static List<VerdictState> states(List<Given> given) {
    return given.stream().map(g -> g.verdict().getState()).toList();
  }

  @Test
  void shouldNameTheLinkWhenItLosesInBothDirections() {
    long toNs = FROM_NS + 60 * SECOND;
    Simulation sim =
        new Simulation(LAB, 3, toNs)
            .withFleetNoise(USUAL)
            .linkLoss(LinkLoss.of(Way.TO_NODE, "gw-1", 0.15, FROM_NS, toNs))
            .linkLoss(LinkLoss.of(Way.FROM_NODE, "gw-1", 0.15, FROM_NS, toNs));

    assertThat(ids(replay(LAB, sim, toNs))).isNotEmpty().allMatch(id -> id.contains("gw-1"));
  }

  @Test
  void shouldTellABucketByPortsThatAlwaysFail() {
    long toNs = FROM_NS + 400 * SECOND;
    Simulation sim =
        new Simulation(LAB, 5, toNs)
            .withFleetNoise(USUAL)
            .linkLoss(LinkLoss.ofBucket("vip-web", 16, 3, FROM_NS, toNs));
    Replay replay = new Replay(LAB, sim.run()).until(toNs);

    assertThat(ids(replay.verdicts())).containsExactly("LINK_LOSS/probers->vip-web");
    Verdict last = replay.verdicts().get(replay.verdicts().size() - 1).verdict();
    assertThat(last.getEvidenceList().stream().map(e -> e.getMeasure()).toList())
        .contains("packets_lost_ratio", "source_ports_failing");
    assertThat(last.getAffectedVipsList()).containsExactly("vip-web");
  }

  @Test
  void shouldFindTwoLinksAtOnce() {
    long toNs = FROM_NS + 60 * SECOND;
    Simulation sim =
        new Simulation(LAB, 9, toNs)
            .withFleetNoise(USUAL)
            .linkLoss(LinkLoss.of(Way.TO_NODE, "gw-1", 0.3, FROM_NS, toNs))
            .linkLoss(LinkLoss.of(Way.FROM_NODE, "gw-4", 0.2, FROM_NS, toNs));

    assertThat(ids(replay(LAB, sim, toNs)))
        .containsExactlyInAnyOrder("LINK_LOSS/probers->gw-1", "LINK_LOSS/gw-4->probers");
  }

  @ParameterizedTest
  @ValueSource(doubles = {1e-5, 1e-4, 1e-3})
  void shouldSayNothingOfWhatEverybodyLoses(double share) {
    long endNs = 900 * SECOND;
    Simulation sim =
        new Simulation(LAB, 21, endNs).withFleetNoise(share).withLateAndRepeatedBatches(1e-3, 0.05);

    assertThat(replay(LAB, sim, endNs)).isEmpty();
  }

  @Test
  void shouldFindASlowLossWithinOneAndAHalfTimesTheBound() {
    double share = 0.01;
    double usual = 1e-4;
    double nats =
        share * Math.log(share / usual) + (1 - share) * Math.log((1 - share) / (1 - usual));
    double probesPerSecond = 2 * 3 * 16 / 5.0 / 4;
    double boundSeconds = 20 / nats / probesPerSecond;
    long toNs = FROM_NS + 600 * SECOND;
    double sum = 0;
    int seeds = 6;
    for (int seed = 0; seed < seeds; seed++) {
      Simulation sim =
          new Simulation(LAB, seed, toNs)
              .withFleetNoise(usual)
              .linkLoss(LinkLoss.of(Way.FROM_NODE, "gw-2", share, FROM_NS, toNs));
      List<Given> given = replay(LAB, sim, toNs);
      assertThat(ids(given)).containsExactly("LINK_LOSS/gw-2->probers");
      sum += (given.get(0).atNs() - FROM_NS) / 1e9;
    }
    assertThat(sum / seeds).isLessThan(1.5 * boundSeconds);
  }

  @Test
  void shouldLeaveDeadStandingAndSilentOnesToTheirOwnClasses() {
    long toNs = FROM_NS + 30 * SECOND;
    long endNs = toNs + 40 * SECOND;
    assertThat(ids(replay(LAB, quiet(endNs).crash("gw-2", FROM_NS, toNs), endNs)))
        .containsExactly("NODE_CRASH/gw-2");
    assertThat(ids(replay(LAB, quiet(endNs).hang("gw-2", FROM_NS, toNs), endNs)))
        .containsExactly("NODE_CRASH/gw-2");
    assertThat(ids(replay(LAB, quiet(endNs).jitter("gw-2", FROM_NS, toNs), endNs)))
        .containsExactly("NODE_JITTER/gw-2");
    assertThat(ids(replay(LAB, quiet(endNs).backendSilent("rs-2", FROM_NS, toNs), endNs)))
        .containsExactly("BACKEND_DOWN/rs-2");
    for (Simulation.ProberFailure failure : Simulation.ProberFailure.values()) {
      Simulation sim = quiet(endNs).proberFault("prober-1", failure, FROM_NS, toNs);
      assertThat(ids(replay(LAB, sim, endNs))).containsExactly("PROBER_FAULT/prober-1");
    }
  }

  private static Simulation quiet(long endNs) {
    return new Simulation(LAB, 4, endNs).withFleetNoise(USUAL);
  }

  @Test
  void shouldKeepItsEvidenceOverARestore() {
    long toNs = FROM_NS + 300 * SECOND;
    List<Simulation.Delivery> deliveries =
        quiet(toNs).linkLoss(LinkLoss.of(Way.TO_NODE, "gw-3", 0.02, FROM_NS, toNs)).run();
    List<Given> through = new Replay(LAB, deliveries).until(toNs).verdicts();
    Replay handedOver = new Replay(LAB, deliveries);
    for (long at = FROM_NS; at < toNs; at += 13 * SECOND) {
      handedOver.until(at).handOver();
    }
    List<Given> restored = handedOver.until(toNs).verdicts();

    assertThat(openings(restored)).isEqualTo(openings(through));
    assertThat(openings(through)).startsWith("LINK_LOSS/probers->gw-3/");
  }

  private static String openings(List<Given> given) {
    return given.stream()
        .filter(g -> g.verdict().getState() == VerdictState.OPEN)
        .map(g -> g.verdict().getOccurrenceId())
        .collect(Collectors.joining(", "));
  }
}
