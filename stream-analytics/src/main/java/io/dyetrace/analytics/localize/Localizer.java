package io.dyetrace.analytics.localize;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * From evidence to a verdict: {@code new Localizer(Parameters.DEFAULT).localize(evidence)}.
 *
 * <p>The search finds the set that explains the trace best; here each member is weighed against
 * what might have failed in its place. Components that the data cannot tell apart share the
 * posterior. Accused is what makes precision and recall, as far as the posterior foresees them,
 * greatest together: so of two equal links both are named, of twenty none.
 */
public final class Localizer {
  private final Parameters parameters;

  /** With these constants; {@link Parameters#DEFAULT} unless something is being measured. */
  public Localizer(Parameters parameters) {
    this.parameters = parameters;
  }

  /** What failed. */
  public Localization localize(Evidence evidence) {
    Search search = new Search(evidence, parameters);
    search.run();
    List<Search.Slot> slots = search.slots();
    Map<Integer, Suspect> suspects = suspects(slots);
    consolidate(evidence, search, suspects);
    share(evidence, suspects);
    double surplus = search.surplus(slots);
    List<Suspect> ranking = new ArrayList<>(suspects.values());
    ranking.sort(
        (a, b) -> {
          int order = Double.compare(b.posterior, a.posterior);
          return order != 0 ? order : Integer.compare(a.component, b.component);
        });
    if (surplus < 0) {
      // Rather a quiet trace: what is suspected is ranked, not accused.
      for (Suspect suspect : ranking) {
        suspect.posterior *= 1 / (1 + Math.exp(-surplus));
      }
    }
    int accused = surplus < 0 ? 0 : accused(ranking);
    return answer(evidence.topology, ranking, accused, search.likelihood().background);
  }

  /** A component that may have failed. */
  private static final class Suspect {
    final int component;
    double healthy = 1;
    double posterior;
    double weight;
    double weightShare;

    /** How many components cannot be told from it, it included. */
    int twins = 1;

    Suspect(int component) {
      this.component = component;
    }

    void add(double probability, double candidateWeight) {
      healthy *= 1 - Math.min(1, probability);
      posterior = 1 - healthy;
      if (probability > weightShare) {
        weightShare = probability;
        weight = candidateWeight;
      }
    }
  }

  private static Map<Integer, Suspect> suspects(List<Search.Slot> slots) {
    Map<Integer, Suspect> suspects = new TreeMap<>();
    for (Search.Slot slot : slots) {
      double[] parts = new double[slot.alternatives().size() + 2];
      parts[0] = slot.chosen().evidence();
      parts[1] = slot.none();
      for (int i = 0; i < slot.alternatives().size(); i++) {
        parts[i + 2] = slot.alternatives().get(i).evidence();
      }
      double sum = Numbers.logSum(parts);
      note(suspects, slot.chosen(), Math.exp(parts[0] - sum));
      for (int i = 0; i < slot.alternatives().size(); i++) {
        note(suspects, slot.alternatives().get(i), Math.exp(parts[i + 2] - sum));
      }
    }
    return suspects;
  }

  private static void note(
      Map<Integer, Suspect> suspects, Search.Candidate candidate, double probability) {
    if (probability > 1e-4) {
      suspects
          .computeIfAbsent(candidate.component(), Suspect::new)
          .add(probability, candidate.weight());
    }
  }

  /**
   * A device stands for its links when so many of them fail that they hardly do so independently: a
   * failed device takes some share of its links along, a large one more likely than a small one.
   */
  private static void consolidate(
      Evidence evidence, Search search, Map<Integer, Suspect> suspects) {
    Topology topology = evidence.topology;
    double failed = Math.max(1, search.failed().size());
    double logLink = Math.log(failed) - search.logObservable();
    while (true) {
      int best = -1;
      double bestOdds = 0;
      for (int v = 0; v < topology.nodes(); v++) {
        Suspect device = suspects.get(topology.links() + v);
        double expected = 0;
        for (int link : topology.linksOf(v)) {
          Suspect suspect = suspects.get(link);
          expected += suspect == null || suspect.posterior < 0.5 ? 0 : suspect.posterior;
        }
        int count = (int) Math.round(expected);
        if (count == 0) {
          continue;
        }
        double odds;
        if (device != null && device.posterior > 0.5) {
          odds = 1e6 + count;
        } else if (count < 2 || topology.neighbours(v) < 2) {
          continue;
        } else {
          int degree = topology.degree(v);
          odds = logLink + logShare(degree, count) - count * logLink;
        }
        if (odds > bestOdds) {
          bestOdds = odds;
          best = v;
        }
      }
      if (best < 0) {
        return;
      }
      Suspect device = suspects.computeIfAbsent(topology.links() + best, Suspect::new);
      double weight = 0;
      for (int link : topology.linksOf(best)) {
        Suspect suspect = suspects.get(link);
        if (suspect != null && suspect.posterior >= 0.5) {
          weight = Math.max(weight, suspect.weight);
          suspects.remove(link);
        }
      }
      device.add(bestOdds > 1e5 ? device.posterior : 1 / (1 + Math.exp(-bestOdds)), weight);
    }
  }

  /**
   * What cannot be told apart failed equally probably. The search has to decide for one of them,
   * and then takes for granted what goes with it.
   */
  private static void share(Evidence evidence, Map<Integer, Suspect> suspects) {
    if (suspects.isEmpty()) {
      return;
    }
    Twins twins = new Twins(evidence);
    for (Suspect suspect : List.copyOf(suspects.values())) {
      int[] alike = twins.of(suspect.component);
      if (alike.length < 2 || suspect.twins > 1) {
        continue;
      }
      double sum = 0;
      double weights = 0;
      for (int twin : alike) {
        Suspect other = suspects.get(twin);
        sum += other == null ? 0 : other.posterior;
        weights += other == null ? 0 : other.posterior * other.weight;
      }
      for (int twin : alike) {
        Suspect other = suspects.computeIfAbsent(twin, Suspect::new);
        other.posterior = sum / alike.length;
        other.weight = weights / sum;
        other.twins = alike.length;
      }
    }
  }

  /**
   * How probably a failed device takes just these of its links along: each with a probability that
   * has a density of {@code 4 q³} between 0 and 1.
   */
  private static double logShare(int degree, int count) {
    double sum = Math.log(4);
    for (int i = 1; i <= degree - count; i++) {
      sum += Math.log((double) i / (count + 3 + i));
    }
    return sum - Math.log(degree + 4.0);
  }

  private static Localization answer(
      Topology topology, List<Suspect> ranking, int accused, double background) {
    TreeSet<Integer> links = new TreeSet<>();
    TreeSet<Integer> devices = new TreeSet<>();
    List<Localization.Ranked> ranked = new ArrayList<>();
    for (int i = 0; i < ranking.size(); i++) {
      Suspect suspect = ranking.get(i);
      boolean link = suspect.component < topology.links();
      int id =
          link
              ? topology.linkId(suspect.component)
              : topology.nodeId(suspect.component - topology.links());
      if (i < accused) {
        (link ? links : devices).add(id);
      }
      if (i < Localization.MAX_RANKED) {
        ranked.add(
            new Localization.Ranked(
                link ? Localization.Kind.LINK : Localization.Kind.DEVICE,
                id,
                suspect.posterior,
                -Math.expm1(-suspect.weight),
                suspect.twins));
      }
    }
    return new Localization(List.copyOf(links), List.copyOf(devices), ranked, background);
  }

  /** How many of the ranking to accuse so that expected precision and recall are greatest. */
  private int accused(List<Suspect> ranking) {
    double total = 0;
    for (Suspect suspect : ranking) {
      total += suspect.posterior;
    }
    int best = 0;
    double right = 0;
    double bestValue = 1 + parameters.recallWeight() * recall(0, total);
    for (int i = 0; i < ranking.size(); i++) {
      if (ranking.get(i).posterior < parameters.leastPosterior()) {
        break;
      }
      right += ranking.get(i).posterior;
      double value = right / (i + 1) + parameters.recallWeight() * recall(right, total);
      if (value > bestValue) {
        bestValue = value;
        best = i + 1;
      }
    }
    return best;
  }

  /** Nothing failed is nothing missed. */
  private static double recall(double right, double total) {
    return 1 - (total - right) / Math.max(1, total);
  }
}
