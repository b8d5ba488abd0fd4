package io.dyetrace.analytics.detect;

import io.dyetrace.common.record.ComponentKind;
import io.dyetrace.common.registry.FaultClass;
import java.util.Collection;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * How well a fault explains what became of the probes: a log-likelihood ratio against "nothing is
 * wrong", and a posterior over the faults that compete for the same probes.
 *
 * <p>The table says how probable each fate is for a probe that meets a component with the fault.
 * Its numbers need to be right only to an order of magnitude: a verdict takes tens of nats.
 */
final class Likelihood {
  /** What is not in a row has this probability. */
  private static final double RARE = 1e-6;

  private static final double[] HEALTHY =
      row(
          Map.of(
              Fate.ANSWERED, 0.997,
              Fate.DELAYED, 2e-3,
              Fate.LOST_BEFORE, 1e-4,
              Fate.LOST_BLIND, 1e-4,
              Fate.LOST_INSIDE, 1e-4,
              Fate.LOST_AFTER, 1e-4,
              Fate.BACKEND_SILENT, 1e-4,
              Fate.BACKEND_REFUSED, 2e-5,
              Fate.DROPPED_LIMIT, 2e-5));

  private static final Map<FaultClass, double[]> FAULTY = new EnumMap<>(FaultClass.class);

  static {
    FAULTY.put(
        FaultClass.NODE_CRASH,
        row(
            Map.of(
                Fate.LOST_BEFORE,
                0.5,
                Fate.LOST_BLIND,
                0.45,
                Fate.LOST_INSIDE,
                0.04,
                Fate.ANSWERED,
                1e-3)));
    FAULTY.put(
        FaultClass.NODE_JITTER,
        row(
            Map.of(
                Fate.DELAYED, 0.45,
                Fate.ANSWERED, 0.45,
                Fate.LOST_BEFORE, 0.03,
                Fate.LOST_INSIDE, 0.03,
                Fate.DROPPED_OTHER, 0.03)));
    FAULTY.put(
        FaultClass.PROBER_FAULT,
        row(
            Map.of(
                Fate.LOST_BEFORE, 0.3,
                Fate.LOST_BLIND, 0.3,
                Fate.LOST_AFTER, 0.3,
                Fate.SEND_ERROR, 0.3,
                Fate.BACKEND_SILENT, 0.01,
                Fate.ANSWERED, 0.01)));
    FAULTY.put(
        FaultClass.BACKEND_DOWN,
        row(Map.of(Fate.BACKEND_SILENT, 0.45, Fate.BACKEND_REFUSED, 0.45, Fate.ANSWERED, 0.09)));
    FAULTY.put(
        FaultClass.CONFIG_ERROR, row(Map.of(Fate.DROPPED_CONFIG, 0.95, Fate.ANSWERED, 0.04)));
    FAULTY.put(FaultClass.VIP_OVERLOAD, row(Map.of(Fate.DROPPED_LIMIT, 0.45, Fate.ANSWERED, 0.45)));
    FAULTY.put(
        FaultClass.NODE_OVERLOAD, row(Map.of(Fate.DROPPED_LIMIT, 0.45, Fate.ANSWERED, 0.45)));
    // What it drops are the attacker's packets; probes come through, or meet the limits it fills.
    FAULTY.put(FaultClass.VIP_ATTACK, row(Map.of(Fate.DROPPED_LIMIT, 0.3, Fate.ANSWERED, 0.65)));
  }

  private final Network network;
  private final double priorNats;

  Likelihood(Network network, double priorNats) {
    this.network = network;
    this.priorNats = priorNats;
  }

  private static double[] row(Map<Fate, Double> probabilities) {
    double[] row = new double[Fate.COUNT];
    for (Fate f : Fate.values()) {
      row[f.ordinal()] = probabilities.getOrDefault(f, RARE);
    }
    return row;
  }

  /**
   * Log-likelihood ratio of the fault against "nothing is wrong", in nats. Probes that say nothing
   * count nothing.
   */
  double nats(Hypothesis h, Evaluation now, long sinceNs, Set<Long> without) {
    double[] faulty = FAULTY.get(h.faultClass());
    if (faulty == null) {
      return 0;
    }
    double nats = 0;
    for (JudgedProbe p : mayMeet(h, now.index())) {
      if (p.sentNs() < sinceNs
          || p.fate() == Fate.UNDECIDED
          || p.fate() == Fate.LATE
          || p.fate() == Fate.DELAYED_EVERYWHERE
          || without.contains(p.key())) {
        continue;
      }
      double meets = h.meets(p, network);
      if (meets > 0) {
        double healthy = HEALTHY[p.fate().ordinal()];
        nats += Math.log(meets * faulty[p.fate().ordinal()] / healthy + (1 - meets));
      }
    }
    return nats;
  }

  private Collection<JudgedProbe> mayMeet(Hypothesis h, ProbeIndex index) {
    String component = h.component();
    return switch (h.kind()) {
      case NODE -> index.mayPass(component);
      case VIP_ON_NODE -> index.mayPass(component.substring(component.lastIndexOf('@') + 1));
      case PROBER -> index.ofProber(component);
      case VIP -> index.ofVip(component);
      case BACKEND -> index.toHost(component);
      case RACK, ZONE -> {
        Place place = network.places().of(h);
        yield place == null ? List.of() : index.mayPassAny(place.nodes);
      }
      default -> List.of();
    };
  }

  /** Each hypothesis's probability when one of them, or none, is true, given each one's nats. */
  Map<Hypothesis, Double> posteriors(Map<Hypothesis, Double> nats) {
    double top = 0;
    for (double n : nats.values()) {
      top = Math.max(top, n + priorNats);
    }
    double sum = Math.exp(-top); // nothing is wrong
    for (double n : nats.values()) {
      sum += Math.exp(n + priorNats - top);
    }
    Map<Hypothesis, Double> posteriors = new java.util.TreeMap<>();
    for (Map.Entry<Hypothesis, Double> e : nats.entrySet()) {
      posteriors.put(e.getKey(), Math.exp(e.getValue() + priorNats - top) / sum);
    }
    return posteriors;
  }

  /** The nodes that may have done it: where it failed, or all on its way. */
  private Collection<String> suspects(JudgedProbe p) {
    if (p.fate().isFailed()) {
      return p.node().isEmpty() ? network.nodesOf(p.vip(), p.tier()) : List.of(p.node());
    }
    Set<String> nodes = new TreeSet<>(p.nodes());
    for (Hop hop : p.hops()) {
      if (hop.node().isEmpty()) {
        nodes.addAll(network.nodesOf(p.vip(), hop.leg().tier()));
      }
    }
    return nodes;
  }

  /** Every fault that could explain some of these probes. */
  Set<Hypothesis> rivals(List<JudgedProbe> bad) {
    Set<Hypothesis> rivals = new TreeSet<>();
    for (JudgedProbe p : bad) {
      for (String node : suspects(p)) {
        rivals.add(new Hypothesis(FaultClass.NODE_CRASH, ComponentKind.NODE, node));
        rivals.add(new Hypothesis(FaultClass.NODE_JITTER, ComponentKind.NODE, node));
        rivals.add(
            new Hypothesis(
                FaultClass.CONFIG_ERROR, ComponentKind.VIP_ON_NODE, p.vip() + "@" + node));
        if (p.fate() == Fate.DROPPED_LIMIT) {
          rivals.add(new Hypothesis(FaultClass.NODE_OVERLOAD, ComponentKind.NODE, node));
        }
      }
      rivals.add(new Hypothesis(FaultClass.PROBER_FAULT, ComponentKind.PROBER, p.prober()));
      rivals.add(new Hypothesis(FaultClass.VIP_OVERLOAD, ComponentKind.VIP, p.vip()));
      String host = network.hostOf(p.trace().backend);
      if (!host.isEmpty()) {
        rivals.add(new Hypothesis(FaultClass.BACKEND_DOWN, ComponentKind.BACKEND, host));
      }
    }
    return rivals;
  }
}
