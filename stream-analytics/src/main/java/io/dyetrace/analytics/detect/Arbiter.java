package io.dyetrace.analytics.detect;

import io.dyetrace.common.record.ComponentKind;
import io.dyetrace.common.registry.FaultClass;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Picks the smallest set of faults that explains the bad probes: the suspicion that explains most
 * goes first, and a further one stays only when enough of its probes are still unexplained. Then
 * says how sure each is, against every rival that could explain the same probes.
 */
final class Arbiter {
  /** Unexplained probes that keep a suspicion alive beside a larger one. */
  private static final int LEFT_OVER = 3;

  private static final int ALTERNATIVES = 3;

  /** A rival, and how probable it is. */
  record Rated(Hypothesis hypothesis, double confidence) {}

  /** A suspicion that stands, with its odds. */
  record Accusation(
      Suspicion suspicion, double nats, double confidence, List<Rated> alternatives) {}

  private final Likelihood likelihood;

  Arbiter(Likelihood likelihood) {
    this.likelihood = likelihood;
  }

  List<Accusation> arbitrate(Evaluation now, List<Suspicion> suspicions) {
    Map<Hypothesis, Double> nats = new HashMap<>();
    for (Suspicion s : suspicions) {
      nats.put(
          s.hypothesis(),
          likelihood.nats(s.hypothesis(), now, s.firstBadNs(), Set.of()) + s.telemetryNats());
    }
    List<Suspicion> byWeight = new ArrayList<>(suspicions);
    byWeight.sort(
        Comparator.comparingInt((Suspicion s) -> -s.explains().size())
            .thenComparingDouble(s -> -nats.getOrDefault(s.hypothesis(), 0.0))
            .thenComparing(Suspicion::hypothesis));
    List<Suspicion> chosen = new ArrayList<>();
    Set<Long> explained = new HashSet<>();
    for (Suspicion s : byWeight) {
      if (chosen.stream().anyMatch(c -> covers(now.network(), c.hypothesis(), s.hypothesis()))) {
        continue;
      }
      long left = s.explains().stream().filter(p -> !explained.contains(p.key())).count();
      if (left >= Math.min(LEFT_OVER, s.explains().size())) {
        chosen.removeIf(c -> covers(now.network(), s.hypothesis(), c.hypothesis()));
        chosen.add(s);
        s.explains().forEach(p -> explained.add(p.key()));
      }
    }
    List<Accusation> accusations = new ArrayList<>();
    for (Suspicion s : chosen) {
      Set<Long> others = explainedByOthers(s, chosen);
      accusations.add(rate(now, s, others, nats.getOrDefault(s.hypothesis(), 0.0)));
    }
    return accusations;
  }

  /**
   * What other nodes, racks or zones took that stand accused as well: it does not make anybody who
   * could have taken that and this the likelier. Nor does what anybody took beside a prober that
   * fails.
   */
  private static Set<Long> explainedByOthers(Suspicion s, List<Suspicion> chosen) {
    Set<Long> explained = new HashSet<>();
    if (s.hypothesis().kind() == ComponentKind.PROBER) {
      chosen.forEach(other -> other.explains().forEach(p -> explained.add(p.key())));
      s.explains().forEach(p -> explained.remove(p.key()));
    }
    if (carries(s.hypothesis())) {
      for (Suspicion other : chosen) {
        if (!other.hypothesis().equals(s.hypothesis()) && carries(other.hypothesis())) {
          other.explains().forEach(p -> explained.add(p.key()));
        }
      }
      s.explains().forEach(p -> explained.remove(p.key()));
    }
    return explained;
  }

  /** Packets pass it. */
  private static boolean carries(Hypothesis h) {
    return switch (h.kind()) {
      case NODE, RACK, ZONE -> true;
      default -> false;
    };
  }

  private Accusation rate(Evaluation now, Suspicion s, Set<Long> others, double ownNats) {
    Map<Hypothesis, Double> nats = new TreeMap<>();
    if (s.hypothesis().faultClass() == FaultClass.LINK_LOSS
        && !CommonPathRule.isOf(s.hypothesis())) {
      nats.putAll(now.losses().contest().rivals(s.hypothesis()));
      return rate(s, nats, ownNats);
    }
    for (Hypothesis rival : likelihood.rivals(s.explains())) {
      if (!covers(now.network(), s.hypothesis(), rival)) {
        nats.put(rival, likelihood.nats(rival, now, s.firstBadNs(), others));
      }
    }
    return rate(s, nats, ownNats);
  }

  private Accusation rate(Suspicion s, Map<Hypothesis, Double> nats, double ownNats) {
    nats.put(s.hypothesis(), ownNats);
    Map<Hypothesis, Double> posteriors = likelihood.posteriors(nats);
    Stream<Rated> rivals =
        posteriors.entrySet().stream()
            .filter(e -> !e.getKey().equals(s.hypothesis()))
            .sorted(
                Map.Entry.<Hypothesis, Double>comparingByValue()
                    .reversed()
                    .thenComparing(Map.Entry.comparingByKey()))
            .map(e -> new Rated(e.getKey(), e.getValue()));
    List<Rated> alternatives =
        Stream.concat(s.alternatives().stream(), rivals).limit(ALTERNATIVES).toList();
    return new Accusation(s, ownNats, posteriors.getOrDefault(s.hypothesis(), 0.0), alternatives);
  }

  /**
   * Whether the first makes the second superfluous: a dead node neither jitters nor keeps its
   * telemetry coming, and who is attacked is over its limits. What fails as a whole explains its
   * parts.
   */
  static boolean covers(Network network, Hypothesis larger, Hypothesis smaller) {
    if (larger.equals(smaller)) {
      return false;
    }
    if (CommonPathRule.isOf(larger)) {
      return sharesPath(smaller.faultClass());
    }
    Place place = network.places().of(larger);
    if (place != null) {
      return place.holds(smaller)
          && (larger.faultClass() == FaultClass.NODE_CRASH
              || larger.faultClass() == smaller.faultClass()
              || smaller.faultClass() == FaultClass.LINK_LOSS);
    }
    if (larger.faultClass() == FaultClass.NODE_CRASH
        && smaller.faultClass() != FaultClass.LINK_LOSS) {
      return onNode(smaller, larger.component()) && smaller.faultClass() != FaultClass.NODE_CRASH;
    }
    if (larger.faultClass() == FaultClass.VIP_ATTACK) {
      return smaller.faultClass() == FaultClass.VIP_OVERLOAD
          && smaller.component().equals(larger.component());
    }
    if (smaller.faultClass() == FaultClass.LINK_LOSS && explainsLoss(larger.faultClass())) {
      return LossSide.ends(smaller.component()).contains(larger.component());
    }
    return larger.faultClass() == FaultClass.CONFIG_ERROR
        && smaller.faultClass() == FaultClass.CONFIG_ERROR
        && (onNode(smaller, larger.component())
            || smaller.component().startsWith(larger.component() + "@"));
  }

  /** Its component loses packets at all its ends. */
  private static boolean explainsLoss(FaultClass faultClass) {
    return switch (faultClass) {
      case NODE_CRASH, NODE_JITTER, PROBER_FAULT, BACKEND_DOWN -> true;
      default -> false;
    };
  }

  /** Where nothing passes, everybody on the way seems to fail. */
  private static boolean sharesPath(FaultClass faultClass) {
    return switch (faultClass) {
      case LINK_LOSS, PROBER_FAULT, BACKEND_DOWN -> true;
      default -> false;
    };
  }

  private static boolean onNode(Hypothesis h, String node) {
    return h.component().equals(node) || h.component().endsWith("@" + node);
  }
}
