package io.dyetrace.analytics.detect;

import io.dyetrace.analytics.detect.LossTest.Run;
import io.dyetrace.common.record.ComponentKind;
import io.dyetrace.common.registry.FaultClass;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Which components explain the losses best: the one with the strongest evidence first, then whoever
 * still stands out without the losses that this one explains. A broken link takes packets of every
 * prober, VIP and host a little, and each of these takes packets of many links.
 */
final class LossContest {
  /** A verdict needs so many losses, and so far apart: a flap of a link is none. */
  private static final int LEAST_LOSSES = 4;

  private static final long LEAST_SPAN_NS = 3 * Samples.SECOND_NS;

  /** A chance of 1 in 3,000 that what still loses lets as many pass. */
  private static final double HEALED_NATS = 8;

  /** Who loses nearly everything has another fault. */
  private static final double TOTAL_SHARE = 0.8;

  /** How long a sum that reached its mark asks for looks without another loss. */
  private static final long ALARM_NS = 14 * Samples.SECOND_NS;

  /** Who stands out, by which losses, and against whom: nats of the others. */
  record Found(LossTest test, Hypothesis hypothesis, Run run, Map<Hypothesis, Double> rivals) {}

  private final DetectorConfig config;
  private final Network network;
  private final LossComponents components;
  private final Map<LossTest, Long> alarmedUntilNs = new IdentityHashMap<>();
  private final Set<LossTest> accused = Collections.newSetFromMap(new IdentityHashMap<>());
  private final Map<Hypothesis, Map<Hypothesis, Double>> rivals = new HashMap<>();

  LossContest(DetectorConfig config, Network network, LossComponents components) {
    this.components = components;
    this.config = config;
    this.network = network;
  }

  /**
   * Packets that pass a healthy component between two false alarms, at least: a sum of
   * log-likelihood ratios reaches h nats from any one packet with a chance of e^-h at most, and the
   * share is not known but fitted, over seven doublings of it.
   */
  static double packetsPerFalseAlarm(double nats) {
    return Math.exp(nats) / 7;
  }

  /** The test has one more loss. */
  void lost(LossTest test, long nowNs) {
    if (test.strongest(loss -> false).nats() >= config.verdicts().openNats()) {
      alarmedUntilNs.put(test, nowNs + ALARM_NS);
    }
  }

  boolean isAlarming(long nowNs) {
    alarmedUntilNs.values().removeIf(until -> until < nowNs);
    return !alarmedUntilNs.isEmpty();
  }

  /** It was saved: what is accused stays so. */
  void restore(LossTest test) {
    if (test.accused) {
      accused.add(test);
    }
  }

  Hypothesis hypothesis(LossTest test) {
    return new Hypothesis(
        FaultClass.LINK_LOSS,
        test.side == LossSide.INSIDE ? ComponentKind.NODE : ComponentKind.LINK,
        test.side.component(test.name, network));
  }

  /** Whom an accused component had to stand against, and how strong their evidence was. */
  Map<Hypothesis, Double> rivals(Hypothesis h) {
    return rivals.getOrDefault(h, Map.of());
  }

  /** The smallest set that explains what was lost, of components that still lose. */
  List<Found> found(Evaluation now) {
    forgetClosed(now);
    Set<LossTest> left = Collections.newSetFromMap(new IdentityHashMap<>());
    left.addAll(alarmedUntilNs.keySet());
    left.addAll(accused);
    List<Found> chosen = new ArrayList<>();
    Predicate<Loss> explained = loss -> chosen.stream().anyMatch(f -> f.test.explains(f.run, loss));
    List<Found> found = new ArrayList<>();
    rivals.clear();
    while (true) {
      Found best = best(left, explained);
      if (best == null) {
        return found;
      }
      left.remove(best.test);
      if (isFault(best, now)) {
        found.add(best);
        rivals.put(best.hypothesis, best.rivals);
      }
      accuse(best, now);
      chosen.add(best);
    }
  }

  private @Nullable Found best(Set<LossTest> left, Predicate<Loss> explained) {
    LossTest best = null;
    Run strongest = Run.NONE;
    double most = Double.NEGATIVE_INFINITY;
    for (LossTest test : left) {
      Run run = test.strongest(explained);
      double nats = run.nats() + test.side.priorNats();
      boolean before =
          nats == most && best != null && hypothesis(test).compareTo(hypothesis(best)) < 0;
      if (run.nats() >= config.verdicts().openNats() && (nats > most || before)) {
        best = test;
        strongest = run;
        most = nats;
      }
    }
    return best == null
        ? null
        : new Found(best, hypothesis(best), strongest, rivals(best, strongest, explained));
  }

  /** The evidence of everybody else that may have lost the same packets. */
  private Map<Hypothesis, Double> rivals(LossTest test, Run run, Predicate<Loss> explained) {
    Set<LossTest> others = Collections.newSetFromMap(new IdentityHashMap<>());
    run.losses().forEach(loss -> others.addAll(loss.tests()));
    others.remove(test);
    Map<Hypothesis, Double> nats = new HashMap<>();
    for (LossTest other : others) {
      double prior = other.side.priorNats() - test.side.priorNats();
      nats.put(hypothesis(other), other.strongest(explained).nats() + prior);
    }
    return nats;
  }

  private static boolean isFault(Found f, Evaluation now) {
    Run run = f.run;
    boolean few = run.losses().size() < LEAST_LOSSES;
    boolean flap = run.lastNs() - run.first().sentNs() < LEAST_SPAN_NS;
    return !few && !flap && !isTotal(f.test, run) && !isHealed(run, now);
  }

  /** It has another fault, which its rule finds; what it loses is explained all the same. */
  private static boolean isTotal(LossTest test, Run run) {
    return test.side.totalIsAnotherFault() && run.share() >= TOTAL_SHARE;
  }

  /** What it lost it loses no longer, or it would be very unlikely. */
  static boolean isHealed(Run run, Evaluation now) {
    return run.healedNats() >= HEALED_NATS && run.lastNs() < now.healthySinceNs();
  }

  /** Once its verdict is open, what it loses is no longer what is usual, nor anybody else's. */
  private void accuse(Found f, Evaluation now) {
    if (now.openFaults().contains(f.hypothesis.faultId())
        || isTotal(f.test, f.run) && !isHealed(f.run, now)) {
      f.test.accused = true;
      accused.add(f.test);
      f.run.losses().forEach(loss -> loss.count(false));
    }
  }

  /** A verdict that was closed takes its losses along, from everybody. */
  private void forgetClosed(Evaluation now) {
    for (LossTest test : List.copyOf(accused)) {
      Run run = test.strongest(loss -> false);
      boolean total = isTotal(test, run) && !isHealed(run, now);
      if (!total && !now.openFaults().contains(hypothesis(test).faultId())) {
        test.accused = false;
        accused.remove(test);
        alarmedUntilNs.remove(test);
        components.each(other -> other.forget(loss -> isOf(test, loss)));
      }
    }
  }

  private static boolean isOf(LossTest test, Loss loss) {
    boolean its = loss.tests().contains(test);
    if (its) {
      loss.count(false);
    }
    return its;
  }
}
