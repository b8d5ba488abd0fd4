package io.dyetrace.analytics.detect;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;

/**
 * Everything a rule may look at, at one moment of event time.
 *
 * @param nowNs event time
 * @param caughtUpSinceNs event time since which the input has been caught up without a break;
 *     {@code Long.MAX_VALUE} while it is not
 * @param startedNs event time at which this detector first heard anything
 * @param scope the components that may be accused now
 * @param probes judged, oldest first, over the longest window a rule uses
 * @param index the same by component
 * @param losses tests of partial loss, which remember more than the window
 */
record Evaluation(
    long nowNs,
    long caughtUpSinceNs,
    long startedNs,
    DetectorConfig config,
    Network network,
    Scope scope,
    List<JudgedProbe> probes,
    ProbeIndex index,
    Map<String, NodeStream> nodes,
    Map<String, ProberStream> probers,
    RttBaselines baselines,
    LossTests losses,
    Set<String> openFaults) {

  /** A result comes at the latest after the time-out; healthy time is counted back from there. */
  private static final long RESULT_DELAY_NS = 1_300_000_000L;

  /** How far back the probes reach. */
  long sinceNs() {
    return nowNs - Watch.windowNs(config);
  }

  NodeStream node(String name) {
    NodeStream stream = nodes.get(name);
    return stream == null ? new NodeStream(config) : stream;
  }

  /** Probes sent since a time that fit. */
  List<JudgedProbe> probes(long sinceNs, Predicate<JudgedProbe> fits) {
    return since(probes, sinceNs, fits);
  }

  /** Of some probes those sent since a time that fit. */
  static List<JudgedProbe> since(
      List<JudgedProbe> some, long sinceNs, Predicate<JudgedProbe> fits) {
    List<JudgedProbe> found = new ArrayList<>();
    for (JudgedProbe p : some) {
      if (p.sentNs() >= sinceNs && fits.test(p)) {
        found.add(p);
      }
    }
    return found;
  }

  static long count(List<JudgedProbe> probes, Predicate<JudgedProbe> fits) {
    return probes.stream().filter(fits).count();
  }

  /** The names of the VIPs the probes were sent to. */
  static List<String> vips(List<JudgedProbe> probes) {
    Set<String> vips = new TreeSet<>();
    probes.forEach(p -> vips.add(p.vip()));
    return List.copyOf(vips);
  }

  /** From when on everything must be well to resolve. */
  long healthySinceNs() {
    return nowNs - config.verdicts().healthyFor().toNanos() - RESULT_DELAY_NS;
  }

  /** Healthy when nothing is bad and enough was answered since {@link #healthySinceNs}. */
  Health health(Predicate<JudgedProbe> bad, Predicate<JudgedProbe> good) {
    long goodCount = 0;
    for (JudgedProbe p : probes) {
      if (p.sentNs() >= healthySinceNs()) {
        if (bad.test(p)) {
          return Health.BAD;
        }
        goodCount += good.test(p) ? 1 : 0;
      }
    }
    return goodCount >= config.verdicts().healthyProbes() ? Health.HEALTHY : Health.UNKNOWN;
  }

  /** The network as a whole answers. */
  boolean mostAreAnswered() {
    List<JudgedProbe> decided =
        probes(nowNs - config.timing().evidenceWindow().toNanos(), p -> p.fate() != Fate.UNDECIDED);
    long answered = count(decided, p -> p.fate().isAnswered());
    return answered >= config.verdicts().healthyProbes() && 2 * answered > decided.size();
  }

  static long first(List<JudgedProbe> probes) {
    return probes.stream().mapToLong(JudgedProbe::sentNs).min().orElse(Long.MAX_VALUE);
  }

  static long last(List<JudgedProbe> probes) {
    return probes.stream().mapToLong(JudgedProbe::sentNs).max().orElse(Long.MIN_VALUE);
  }
}
