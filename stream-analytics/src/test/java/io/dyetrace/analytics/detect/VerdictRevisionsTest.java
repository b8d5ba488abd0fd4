package io.dyetrace.analytics.detect;

import static io.dyetrace.analytics.sim.Simulation.EPOCH_NS;
import static io.dyetrace.analytics.sim.Simulation.SECOND;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.dyetrace.analytics.sim.Replay;
import io.dyetrace.analytics.sim.Replay.Given;
import io.dyetrace.analytics.sim.SimTopology;
import io.dyetrace.analytics.sim.Simulation;
import io.dyetrace.common.record.ComponentKind;
import io.dyetrace.common.record.Evidence;
import io.dyetrace.common.record.Verdict;
import io.dyetrace.common.record.VerdictState;
import io.dyetrace.common.registry.FaultClass;
import io.dyetrace.common.topology.Topology;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** An open verdict keeps the best evidence it had until it is resolved. */
class VerdictRevisionsTest {
  private static final int SEEDS = Integer.getInteger("dyetrace.seeds", 4);
  private static final Topology LAB = SimTopology.lab();
  private static final Network NETWORK = new Network(LAB);
  private static final DetectorConfig CONFIG = DetectorConfig.defaults();

  private final VerdictWriter writer = new VerdictWriter();

  private static Evaluation at(long nowNs) {
    RttBaselines baselines = new RttBaselines(CONFIG.jitter());
    PortMap ports = new PortMap(CONFIG.timing());
    Judge judge = new Judge(CONFIG, NETWORK, ports, baselines, Map.of());
    return new Evaluation(
        nowNs,
        0,
        0,
        CONFIG,
        NETWORK,
        new Scope(List.of(), List.of(), List.of(), List.of(), List.of()),
        List.of(),
        new ProbeIndex(List.of(), NETWORK),
        Map.of(),
        Map.of(),
        baselines,
        new LossTests(CONFIG, NETWORK, new LossProof(NETWORK, ports, judge, Map.of())),
        Set.of());
  }

  private static Arbiter.Accusation accusation(
      double nats, double confidence, String sentence, List<String> vips) {
    Hypothesis h = new Hypothesis(FaultClass.NODE_CRASH, ComponentKind.NODE, "gw-2");
    Evidence evidence = Evidences.of("probes_lost_in_a_row", nats, 0, 1, sentence);
    return new Arbiter.Accusation(
        new Suspicion(h, SECOND, 2 * SECOND, List.of(), 0, List.of(evidence), vips, "SELECT 1"),
        nats,
        confidence,
        List.of(
            new Arbiter.Rated(
                new Hypothesis(FaultClass.NODE_JITTER, ComponentKind.NODE, "gw-2"),
                1 - confidence)));
  }

  private static List<String> sentences(Verdict v) {
    return v.getEvidenceList().stream().map(Evidence::getSummary).toList();
  }

  @Test
  void shouldKeepTheEvidenceOfBeforeWhenItFades() {
    Verdict open =
        writer.open(at(5 * SECOND), accusation(80, 0.99, "strong", List.of("vip-web")), SECOND);
    Verdict surer =
        writer.update(at(10 * SECOND), accusation(20, 0.995, "faint", List.of("vip-api")), open);
    Verdict faint =
        writer.update(at(15 * SECOND), accusation(90, 0.07, "rivalled", List.of("vip-web")), surer);

    for (Verdict v : List.of(surer, faint)) {
      assertThat(v.getState()).isEqualTo(VerdictState.UPDATED);
      assertThat(v.getConfidence()).isEqualTo(0.99);
      assertThat(v.getEvidenceList()).isEqualTo(open.getEvidenceList());
      assertThat(v.getAlternativesList()).isEqualTo(open.getAlternativesList());
      assertThat(v.getAffectedVipsList()).containsExactly("vip-api", "vip-web");
    }
    assertThat(faint.getRevision()).isEqualTo(3);
  }

  @Test
  void shouldTakeStrongerEvidence() {
    Verdict open = writer.open(at(5 * SECOND), accusation(30, 0.9, "first", List.of()), SECOND);
    Verdict updated = writer.update(at(10 * SECOND), accusation(60, 0.98, "more", List.of()), open);
    assertThat(updated.getConfidence()).isEqualTo(0.98);
    assertThat(sentences(updated)).contains("more").doesNotContain("first");
  }

  @Test
  void shouldSayWhenItHealed() {
    Verdict open = writer.open(at(5 * SECOND), accusation(30, 0.9, "first", List.of()), SECOND);
    long healedNs = EPOCH_NS + 31 * SECOND + 250_000_000L;
    Verdict resolved = writer.healed(at(healedNs + 8 * SECOND), open, healedNs);
    assertThat(sentences(resolved)).contains("first");
    assertThat(resolved.getConfidence()).isEqualTo(0.9);
    assertThat(sentences(resolved).get(sentences(resolved).size() - 1))
        .startsWith("Healed by " + Instant.ofEpochSecond(0, healedNs) + " and healthy for 8 s");
  }

  @Test
  void shouldNeverBeLessSureThanItWas() {
    List<Consumer<Simulation>> faults =
        List.of(
            sim -> sim.crash("gw-2", 30 * SECOND, 50 * SECOND),
            sim -> sim.jitter("gw-3", 30 * SECOND, 50 * SECOND),
            sim -> sim.backendSilent("rs-1", 30 * SECOND, 50 * SECOND),
            sim -> sim.overload("vip-api", 30 * SECOND, 50 * SECOND));
    for (Consumer<Simulation> fault : faults) {
      for (int seed = 0; seed < SEEDS; seed++) {
        Simulation sim = new Simulation(LAB, seed, 90 * SECOND).withNoise();
        fault.accept(sim);
        Map<String, Verdict> last = new HashMap<>();
        List<Given> given = new Replay(LAB, sim.run()).until(90 * SECOND).verdicts();
        assertThat(given).isNotEmpty();
        for (Given g : given) {
          Verdict v = g.verdict();
          Verdict before = last.put(v.getOccurrenceId(), v);
          if (before != null) {
            assertThat(v.getConfidence())
                .as("seed %d, %.1f s: %s", seed, g.atNs() / 1e9, v.getFaultId())
                .isGreaterThanOrEqualTo(before.getConfidence());
          }
        }
        Verdict end = given.get(given.size() - 1).verdict();
        assertThat(end.getState()).isEqualTo(VerdictState.RESOLVED);
        Evidence healthy = end.getEvidence(end.getEvidenceCount() - 1);
        long healedNs = end.getResolvedNs() - (long) (healthy.getValue() * SECOND);
        assertThat((healedNs - EPOCH_NS) / 1e9).isCloseTo(50, within(10.0));
      }
    }
  }
}
