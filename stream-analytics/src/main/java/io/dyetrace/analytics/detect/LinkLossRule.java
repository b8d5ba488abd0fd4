package io.dyetrace.analytics.detect;

import static io.dyetrace.analytics.detect.Evidences.seconds;

import io.dyetrace.common.record.Evidence;
import io.dyetrace.common.registry.FaultClass;
import java.util.ArrayList;
import java.util.List;

/**
 * LINK_LOSS: a component loses a share of the packets between two stamps, or before the first, that
 * its siblings do not lose. The evidence is what {@link LossTests} gathered, however long that
 * took.
 */
final class LinkLossRule implements FaultRule {
  @Override
  public FaultClass faultClass() {
    return FaultClass.LINK_LOSS;
  }

  @Override
  public boolean concludesFromSilence() {
    return true;
  }

  @Override
  public List<Suspicion> suspects(Evaluation now) {
    List<Suspicion> suspicions = new ArrayList<>();
    if (now.probes().stream().noneMatch(p -> p.fate().isAnswered())) {
      return suspicions; // where nothing is answered there is nobody to compare with
    }
    for (LossContest.Found f : now.losses().contest().found(now)) {
      List<JudgedProbe> lost = f.run().losses().stream().map(Loss::probe).toList();
      long firstNs = Evaluation.first(lost);
      suspicions.add(
          new Suspicion(
              f.hypothesis(),
              firstNs,
              Evaluation.last(lost),
              lost,
              f.run().nats(),
              evidence(f, lost, now.nowNs() - firstNs),
              Evaluation.vips(lost),
              sql(now, f.test(), firstNs)));
    }
    return suspicions;
  }

  private static List<Evidence> evidence(
      LossContest.Found f, List<JudgedProbe> lost, long duringNs) {
    LossTest.Run run = f.run();
    List<Evidence> evidence = new ArrayList<>();
    evidence.add(
        Evidences.of(
            "packets_lost_ratio",
            run.share(),
            f.test().usual(),
            run.crossed(),
            "%d of %d probes (%.2f %%) were lost %s in %.0f s; its siblings lose %.3f %%.",
            lost.size(),
            run.crossed(),
            100.0 * lost.size() / run.crossed(),
            where(f),
            seconds(duringNs),
            100 * f.test().usual()));
    if (run.losses().stream().allMatch(Loss::isBeforeFirstStamp)) {
      long ports = run.losses().stream().mapToLong(Loss::port).distinct().count();
      long again = run.losses().size() - ports;
      long passed = run.losses().stream().filter(l -> l.passedSince() > 0).count();
      evidence.add(
          Evidences.of(
              "source_ports_failing",
              ports,
              0,
              run.losses().size(),
              "They used %d source ports; %d were lost over one that had failed before, and %d over one that worked later: %s.",
              ports,
              again,
              passed,
              again + passed < 2
                  ? "too few to tell a bucket of the router from any packets"
                  : again > 4 * passed ? "some source ports always fail" : "any packet may fail"));
    }
    return evidence;
  }

  private static String where(LossContest.Found f) {
    return switch (f.test().side) {
      case INSIDE -> "between its own stamps by " + f.test().name;
      case PADDED -> "of those that were padded on " + f.hypothesis().component();
      default -> "on " + f.hypothesis().component();
    };
  }

  private static String sql(Evaluation now, LossTest test, long firstNs) {
    return switch (test.side) {
      case FROM_PROBER, TO_PROBER -> EvidenceSql.probesOfProber(test.name, firstNs, now.nowNs());
      case VIP -> EvidenceSql.portsOfVip(test.name, firstNs, now.nowNs());
      case HOST ->
          EvidenceSql.pointsOfBackends(now.network().backendsOf(test.name), firstNs, now.nowNs());
      default -> EvidenceSql.probesOfNode(now.network(), test.name, firstNs, now.nowNs());
    };
  }

  @Override
  public Health health(Evaluation now, Hypothesis open) {
    LossTest test = now.losses().named(open.component());
    if (test == null || test.isEmpty()) {
      return Health.HEALTHY;
    }
    LossTest.Run run = test.strongest(loss -> false);
    if (run.losses().isEmpty() || LossContest.isHealed(run, now)) {
      return Health.HEALTHY;
    }
    return run.lastNs() >= now.healthySinceNs() ? Health.BAD : Health.UNKNOWN;
  }
}
