package io.dyetrace.analytics.detect;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Sequential tests of every component, fed record by record: which components deserve the expensive
 * look. A record costs the same however many components there are.
 *
 * <p>Each component has two cumulative sums (CUSUM) of log-likelihood ratios, one of probes that
 * failed and one of probes that were late. A sum at its watermark makes the component suspicious
 * for as long as evidence counts; so does what its telemetry says by itself. Suspicion only asks
 * for a look: the rules decide.
 *
 * <p>It is not saved: at the start and after a restore everything is suspicious until a window has
 * passed.
 */
final class Watch {
  /** What can be suspicious. */
  enum Kind {
    NODE,
    PROBER,
    VIP,
    HOST
  }

  /** What one more probe adds to the log-likelihood ratio of two shares of bad ones. */
  private record Cusum(double badNats, double goodNats) {
    static Cusum of(double healthy, double faulty) {
      return new Cusum(Math.log(faulty / healthy), Math.log((1 - faulty) / (1 - healthy)));
    }
  }

  /** One failure in a thousand is healthy. */
  private static final double HEALTHY_LOSS = 1e-3;

  /** 15 % is worth a look. */
  private static final Cusum LOSS = Cusum.of(HEALTHY_LOSS, 0.15);

  /** A busy machine makes one in fifty late. */
  private static final Cusum DELAY = Cusum.of(0.02, 0.15);

  /** Two failures among twenty probes: the least that any rule asks for is three. */
  private static final double LOSS_WATERMARK_NATS = 7;

  /** Two late ones among ten: the least that any rule asks for is five of twenty. */
  private static final double DELAY_WATERMARK_NATS = 3.5;

  /** Longer than the longest window of a rule. */
  private static final long SLACK_NS = 2 * Samples.SECOND_NS;

  /** What a component keeps of its newest probes at most, however many it gets in a window. */
  private static final int MOST_PROBES = 65_536;

  /** A port that leads nowhere known: no component is to blame yet. */
  private static final String UNKNOWN = "";

  private static final class Tests {
    final ArrayDeque<ProbeTrace> newest = new ArrayDeque<>();
    double lossNats;
    double delayNats;
    long suspiciousUntilNs = Long.MIN_VALUE;
  }

  private final long holdNs;
  private final Map<Kind, Map<String, Tests>> components = new EnumMap<>(Kind.class);
  private final Map<Kind, Set<String>> suspicious = new EnumMap<>(Kind.class);
  private long nowNs;
  private long everythingUntilNs = Long.MIN_VALUE;

  Watch(DetectorConfig config) {
    this.holdNs = windowNs(config) + SLACK_NS;
    for (Kind kind : Kind.values()) {
      components.put(kind, new HashMap<>());
      suspicious.put(kind, new TreeSet<>());
    }
  }

  /** How far back a look reaches. */
  static long windowNs(DetectorConfig config) {
    return Math.max(
        config.timing().evidenceWindow().toNanos(),
        config.verdicts().healthyFor().toNanos() + 2 * Samples.SECOND_NS);
  }

  private Tests tests(Kind kind, String component) {
    return of(kind).computeIfAbsent(component, k -> new Tests());
  }

  private Map<String, Tests> of(Kind kind) {
    Map<String, Tests> all = components.get(kind);
    if (all == null) {
      throw new IllegalStateException("no " + kind);
    }
    return all;
  }

  /** The probe met the component. */
  void met(Kind kind, String component, ProbeTrace t) {
    ArrayDeque<ProbeTrace> newest = tests(kind, component).newest;
    newest.addLast(t);
    if (newest.size() > MOST_PROBES) {
      newest.removeFirst();
    }
  }

  /** A probe that met the component failed. */
  void failed(Kind kind, String component) {
    Tests tests = tests(kind, component);
    tests.lossNats += LOSS.badNats;
    if (tests.lossNats >= LOSS_WATERMARK_NATS || component.equals(UNKNOWN)) {
      // What it proves is enough; more would only take longer to forget.
      tests.lossNats = Math.min(tests.lossNats, 3 * LOSS_WATERMARK_NATS);
      suspect(kind, component, tests);
    }
  }

  /** A probe that met the component was answered. */
  void answered(Kind kind, String component) {
    Tests tests = tests(kind, component);
    tests.lossNats = Math.max(0, tests.lossNats + LOSS.goodNats);
  }

  /** A probe over the node was answered, late or not. */
  void timed(String node, boolean late) {
    Tests tests = tests(Kind.NODE, node);
    tests.delayNats = Math.max(0, tests.delayNats + (late ? DELAY.badNats : DELAY.goodNats));
    if (late && tests.delayNats >= DELAY_WATERMARK_NATS) {
      tests.delayNats = Math.min(tests.delayNats, 3 * DELAY_WATERMARK_NATS);
      suspect(Kind.NODE, node, tests);
    }
  }

  /** What says by itself that something is wrong. */
  void suspect(Kind kind, String component) {
    suspect(kind, component, tests(kind, component));
  }

  private void suspect(Kind kind, String component, Tests tests) {
    tests.suspiciousUntilNs = nowNs + holdNs;
    names(kind).add(component);
  }

  private Set<String> names(Kind kind) {
    return suspicious.getOrDefault(kind, Set.of());
  }

  /** Moves the time; what has not been suspicious for a window is forgotten. */
  void tick(long timeNs) {
    nowNs = timeNs;
    if (everythingUntilNs == Long.MIN_VALUE) {
      everythingUntilNs = nowNs + holdNs;
    }
    for (Kind kind : Kind.values()) {
      names(kind).removeIf(c -> tests(kind, c).suspiciousUntilNs < nowNs);
    }
  }

  /** Everything has to be looked at: it has only just begun. */
  boolean everything() {
    return nowNs <= everythingUntilNs;
  }

  /** Never trusts its tests: how tests find out whether anything is missed. */
  void distrust() {
    everythingUntilNs = Long.MAX_VALUE;
  }

  /** Nothing has to be looked at. */
  boolean isQuiet() {
    return !everything() && suspicious.values().stream().allMatch(Set::isEmpty);
  }

  /** The components of a kind that are suspicious now, sorted. */
  Set<String> suspects(Kind kind) {
    Set<String> found = new TreeSet<>(names(kind));
    found.remove(UNKNOWN);
    return found;
  }

  /** Adds the component's probes of a time or newer. */
  void probes(Kind kind, String component, long sinceNs, Collection<ProbeTrace> into) {
    Tests tests = of(kind).get(component);
    if (tests != null) {
      for (ProbeTrace t : tests.newest) {
        if (t.timeNs() >= sinceNs) {
          into.add(t);
        }
      }
    }
  }

  /** Adds some of the component's probes of a time or newer, evenly spread: a control group. */
  void sample(Kind kind, String component, long sinceNs, int most, Collection<ProbeTrace> into) {
    List<ProbeTrace> all = new ArrayList<>();
    probes(kind, component, sinceNs, all);
    int step = Math.max(1, all.size() / most);
    for (int i = all.size() - 1; i >= 0; i -= step) {
      into.add(all.get(i));
    }
  }

  /** Probes whose node is not known. */
  void strays(long sinceNs, Collection<ProbeTrace> into) {
    probes(Kind.NODE, UNKNOWN, sinceNs, into);
  }

  /**
   * Probes of a healthy component between two looks for nothing, on average: that many until two
   * failures fall so close together that the sum of losses reaches its watermark.
   */
  static long probesPerFalseLook() {
    double apart = Math.ceil((LOSS_WATERMARK_NATS - 2 * LOSS.badNats) / LOSS.goodNats);
    return Math.round(1 / (HEALTHY_LOSS * (1 - Math.pow(1 - HEALTHY_LOSS, apart))));
  }

  /** Forgets probes that no look reaches. */
  void expire() {
    for (Map<String, Tests> all : components.values()) {
      for (Tests tests : all.values()) {
        while (!tests.newest.isEmpty() && tests.newest.getFirst().timeNs() < nowNs - holdNs) {
          tests.newest.removeFirst();
        }
      }
      // What the topology does not name hostile input may: whoever is not heard of is forgotten.
      all.values().removeIf(t -> t.newest.isEmpty() && t.suspiciousUntilNs < nowNs);
    }
  }
}
