package io.dyetrace.analytics.detect;

import static io.dyetrace.analytics.detect.Evidences.percent;
import static io.dyetrace.analytics.detect.Evidences.ratio;

import io.dyetrace.common.record.ComponentKind;
import io.dyetrace.common.record.Evidence;
import io.dyetrace.common.registry.FaultClass;
import java.util.ArrayList;
import java.util.List;

/**
 * PROBER_FAULT: everything one prober sent has failed, over several VIPs or nodes, and the others'
 * probes to the same VIPs were answered. With a single prober there is no control group: then the
 * gateways must be alive and must not have received anything, or the prober must say itself that it
 * cannot send.
 */
final class ProberFaultRule implements FaultRule {
  /** Chance does it once in two hundred thousand times. */
  private static final double CHANCE_NATS = 12;

  /** However well the others are, they may just have been lucky. */
  private static final double LEAST_FAILED_SHARE = 0.01;

  @Override
  public FaultClass faultClass() {
    return FaultClass.PROBER_FAULT;
  }

  @Override
  public boolean concludesFromSilence() {
    return true;
  }

  @Override
  public List<Suspicion> suspects(Evaluation now) {
    List<Suspicion> suspicions = new ArrayList<>();
    for (String prober : now.scope().probers()) {
      suspect(now, prober, suspicions);
    }
    return suspicions;
  }

  private void suspect(Evaluation now, String prober, List<Suspicion> suspicions) {
    DetectorConfig.Prober config = now.config().prober();
    // Until the newest result that can be known, so that the time-out does not eat the window.
    long untilNs = Math.min(now.nowNs(), completeUntil(now, prober));
    long sinceNs = untilNs - config.window().toNanos();
    List<JudgedProbe> sent =
        Evaluation.since(now.index().ofProber(prober), sinceNs, ProberFaultRule::decided);
    List<JudgedProbe> failed = sent.stream().filter(p -> p.fate().isFailed()).toList();
    if (failed.size() < config.probes()
        || ratio(failed.size(), sent.size()) < config.failedShare()
        || !broad(failed)) {
      return;
    }
    if (Evaluation.last(failed) - Evaluation.first(failed) < config.window().toNanos() * 2 / 3) {
      return;
    }
    List<String> vips = Evaluation.vips(failed);
    List<JudgedProbe> others =
        now.probes(
            sinceNs, p -> !p.prober().equals(prober) && vips.contains(p.vip()) && decided(p));
    long answered = Evaluation.count(others, p -> p.fate().isAnswered());
    if (others.isEmpty()
        ? !aloneButGatewaysWell(now, failed)
        : ratio(answered, others.size()) < config.othersAnsweredShare()
            || chanceNats(failed.size(), answered, others.size()) < CHANCE_NATS) {
      return;
    }
    long errors = Evaluation.count(failed, p -> p.fate() == Fate.SEND_ERROR);
    long stamped = Evaluation.count(failed, JudgedProbe::stamped);
    List<Evidence> evidence = new ArrayList<>();
    evidence.add(
        Evidences.of(
            "probes_failed_ratio",
            ratio(failed.size(), sent.size()),
            0,
            sent.size(),
            "%d of the last %d probes of %s failed, to all of %s; %d of them were stamped by a gateway, %d could not be sent.",
            failed.size(),
            sent.size(),
            prober,
            vips,
            stamped,
            errors));
    if (!others.isEmpty()) {
      evidence.add(
          Evidences.of(
              "others_answered_ratio",
              ratio(answered, others.size()),
              1,
              others.size(),
              "%d %% of the %d probes that others sent to the same VIPs meanwhile were answered.",
              percent(ratio(answered, others.size())),
              others.size()));
    }
    suspicions.add(
        new Suspicion(
            new Hypothesis(faultClass(), ComponentKind.PROBER, prober),
            Evaluation.first(failed),
            Evaluation.last(failed),
            failed,
            0,
            evidence,
            vips,
            EvidenceSql.probesOfProber(prober, Evaluation.first(failed), now.nowNs())));
  }

  private static long completeUntil(Evaluation now, String prober) {
    ProberStream stream = now.probers().get(prober);
    return stream == null || stream.completeUntilNs() == 0 ? now.nowNs() : stream.completeUntilNs();
  }

  /**
   * How improbable it is that so many probes fail by chance when the others' fail as often as they
   * do: another fault beside takes part of everybody's probes.
   */
  private static double chanceNats(int failed, long answered, int others) {
    return -failed * Math.log(Math.max(LEAST_FAILED_SHARE, 1 - ratio(answered, others)));
  }

  /**
   * Includes losses whose stamps are not complete: whose fault a loss is does not matter when
   * everything is lost. What a gateway dropped did get there: it tells nothing of the prober.
   */
  private static boolean decided(JudgedProbe p) {
    return p.fate() != Fate.UNDECIDED && p.trace().dropReason == 0;
  }

  private static boolean broad(List<JudgedProbe> failed) {
    return Evaluation.vips(failed).size() > 1
        || failed.stream().map(JudgedProbe::node).filter(n -> !n.isEmpty()).distinct().count() > 1
        || failed.stream().map(p -> p.trace().sourcePort).distinct().count() > 2;
  }

  private static boolean aloneButGatewaysWell(Evaluation now, List<JudgedProbe> failed) {
    if (failed.stream().allMatch(p -> p.fate() == Fate.SEND_ERROR)) {
      return true;
    }
    return now.network().nodes().stream().allMatch(n -> now.node(n).beating(now.nowNs()))
        && failed.stream()
            .allMatch(p -> p.fate() == Fate.LOST_BEFORE || p.fate() == Fate.LOST_AFTER);
  }

  @Override
  public Health health(Evaluation now, Hypothesis open) {
    List<JudgedProbe> sent =
        Evaluation.since(
            now.index().ofProber(open.component()), now.healthySinceNs(), ProberFaultRule::decided);
    long answered = Evaluation.count(sent, p -> p.fate().isAnswered());
    long failed = Evaluation.count(sent, p -> p.fate().isFailed());
    if (ratio(failed, sent.size()) > 0.1) {
      return Health.BAD;
    }
    return answered >= now.config().verdicts().healthyProbes() ? Health.HEALTHY : Health.UNKNOWN;
  }
}
