package io.dyetrace.analytics.detect;

import static io.dyetrace.analytics.detect.Evidences.percent;
import static io.dyetrace.analytics.detect.Evidences.ratio;

import io.dyetrace.common.record.ComponentKind;
import io.dyetrace.common.record.Evidence;
import io.dyetrace.common.registry.FaultClass;
import io.dyetrace.common.registry.Tier;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * LINK_LOSS of what everybody shares: nothing that any prober sends is answered any more, and
 * stamps say on which stretch of the way all of it is lost. There is no control group, so it takes
 * several probers that were answered before, several VIPs, and gateways whose telemetry comes: then
 * it is the network that is broken, not the telemetry, and no node by itself. The component is the
 * rack or zone in which one end of that stretch stands as a whole; else the stretch.
 */
final class CommonPathRule implements FaultRule {
  /** Of a prober: too few tell nothing. */
  private static final int LEAST_PROBES = 6;

  /** All that fails, but for a stray answer. */
  private static final double FAILED_SHARE = 0.97;

  /** On the same stretch. */
  private static final double SAME_SHARE = 0.9;

  /** A lost probe where one in ten thousand is usual. */
  private static final double LOST_NATS = 9;

  @Override
  public FaultClass faultClass() {
    return FaultClass.LINK_LOSS;
  }

  @Override
  public boolean concludesFromSilence() {
    return true;
  }

  /** Whether the verdict is one of this rule's. */
  static boolean isOf(Hypothesis h) {
    return h.faultClass() == FaultClass.LINK_LOSS
        && (h.kind() == ComponentKind.RACK
            || h.kind() == ComponentKind.ZONE
            || h.kind() == ComponentKind.LINK && Stretch.is(h.component()));
  }

  @Override
  public boolean judges(Hypothesis h) {
    return isOf(h);
  }

  @Override
  public List<Suspicion> suspects(Evaluation now) {
    List<String> probers = now.network().probers().stream().filter(p -> isHeard(now, p)).toList();
    if (probers.size() < 2 || !gatewaysAreHeard(now)) {
      return List.of();
    }
    long untilNs = now.nowNs();
    for (String p : probers) {
      untilNs = Math.min(untilNs, completeUntilNs(now, p));
    }
    long windowNs = now.config().prober().window().toNanos();
    List<JudgedProbe> failed = new ArrayList<>();
    int sent = 0;
    for (String prober : probers) {
      List<JudgedProbe> own = decided(now, prober, untilNs - windowNs);
      List<JudgedProbe> lost = own.stream().filter(p -> Stretch.of(p) != null).toList();
      if (own.size() < LEAST_PROBES
          || ratio(lost.size(), own.size()) < FAILED_SHARE
          || !now.baselines().knows(prober)) {
        return List.of();
      }
      failed.addAll(lost);
      sent += own.size();
    }
    failed.sort((a, b) -> Long.compare(a.sentNs(), b.sentNs()));
    Stretch stretch = commonStretch(failed);
    if (stretch == null
        || Evaluation.last(failed) - Evaluation.first(failed) < windowNs * 2 / 3
        || Evaluation.vips(failed).size() < Math.min(2, now.network().vips().size())
        || stretch != Stretch.FORWARD && !overSeveralNodes(now, failed)) {
      return List.of();
    }
    return List.of(suspicion(now, stretch, probers, failed, sent));
  }

  private static boolean isHeard(Evaluation now, String prober) {
    ProberStream stream = now.probers().get(prober);
    return stream != null
        && now.nowNs() - stream.lastHeardNs() <= now.config().timing().agentFresh().toNanos();
  }

  private static long completeUntilNs(Evaluation now, String prober) {
    ProberStream stream = now.probers().get(prober);
    return stream == null || stream.completeUntilNs() == 0 ? now.nowNs() : stream.completeUntilNs();
  }

  /** Telemetry works: what a gateway does not stamp it did not get. */
  private static boolean gatewaysAreHeard(Evaluation now) {
    int all = 0;
    int heard = 0;
    for (String node : now.network().nodes()) {
      NodeStream stream = now.node(node);
      if (stream.everSeen() && !stream.drained()) {
        all++;
        heard += stream.beating(now.nowNs()) && stream.agentFresh(now.nowNs()) ? 1 : 0;
      }
    }
    return all > 0 && ratio(heard, all) >= SAME_SHARE;
  }

  private static List<JudgedProbe> decided(Evaluation now, String prober, long sinceNs) {
    return Evaluation.since(now.index().ofProber(prober), sinceNs, p -> p.fate() != Fate.UNDECIDED);
  }

  private static @Nullable Stretch commonStretch(List<JudgedProbe> failed) {
    Map<Stretch, Integer> counts = new EnumMap<>(Stretch.class);
    for (JudgedProbe p : failed) {
      Stretch s = Stretch.of(p);
      if (s != null && counts.merge(s, 1, Integer::sum) >= SAME_SHARE * failed.size()) {
        return s;
      }
    }
    return null;
  }

  private static boolean overSeveralNodes(Evaluation now, List<JudgedProbe> failed) {
    long nodes =
        failed.stream().map(JudgedProbe::node).filter(n -> !n.isEmpty()).distinct().count();
    return nodes >= Math.min(2, now.network().nodes().size());
  }

  private Suspicion suspicion(
      Evaluation now, Stretch stretch, List<String> probers, List<JudgedProbe> failed, int sent) {
    List<Hypothesis> shared = shared(now, stretch, probers, failed);
    Hypothesis accused = accused(shared, stretch);
    List<Arbiter.Rated> others =
        shared.stream()
            .filter(h -> !h.equals(accused))
            .map(h -> new Arbiter.Rated(h, 1.0 / (1 + shared.size())))
            .toList();
    long firstNs = Evaluation.first(failed);
    return new Suspicion(
        accused,
        firstNs,
        Evaluation.last(failed),
        failed,
        LOST_NATS * failed.size(),
        evidence(stretch, accused, shared, probers, failed, sent),
        Evaluation.vips(failed),
        EvidenceSql.probesOfProber(probers.get(0), firstNs, now.nowNs()),
        others);
  }

  /** The smallest place that all probes share; two alike cannot be told apart. */
  private static Hypothesis accused(List<Hypothesis> shared, Stretch stretch) {
    for (ComponentKind kind : List.of(ComponentKind.RACK, ComponentKind.ZONE)) {
      List<Hypothesis> of = shared.stream().filter(h -> h.kind() == kind).toList();
      if (of.size() == 1) {
        return of.get(0);
      } else if (of.size() > 1) {
        break;
      }
    }
    return stretch.hypothesis();
  }

  /** The racks and zones in which one end of the stretch stands as a whole. */
  private static List<Hypothesis> shared(
      Evaluation now, Stretch stretch, List<String> probers, List<JudgedProbe> failed) {
    Set<String> nodes = new TreeSet<>();
    Set<String> hosts = new TreeSet<>();
    for (JudgedProbe p : failed) {
      p.hops().stream().filter(Hop::stamped).forEach(h -> nodes.add(h.node()));
      hosts.add(now.network().hostOf(p.trace().backend));
    }
    hosts.remove("");
    List<? extends Collection<String>> ends =
        switch (stretch) {
          case FORWARD -> List.of(probers, now.network().nodes());
          case REPLY -> List.of(nodes, probers);
          case BEHIND -> List.of(hosts, nodes);
          case INNER -> List.of(now.network().nodesIn(Tier.EIP), now.network().nodesIn(Tier.CLB));
        };
    List<Hypothesis> shared = new ArrayList<>();
    for (Collection<String> end : ends) {
      Place place = now.network().places().holding(end);
      if (place != null) {
        Hypothesis h = new Hypothesis(FaultClass.LINK_LOSS, place.kind, place.name);
        if (!shared.contains(h)) {
          shared.add(h);
        }
      }
    }
    return shared;
  }

  private static List<Evidence> evidence(
      Stretch stretch,
      Hypothesis accused,
      List<Hypothesis> shared,
      List<String> probers,
      List<JudgedProbe> failed,
      int sent) {
    Set<String> nodes = new HashSet<>();
    failed.forEach(p -> nodes.addAll(p.nodes()));
    List<Evidence> evidence = new ArrayList<>();
    evidence.add(
        Evidences.of(
            "probes_lost_ratio",
            ratio(failed.size(), sent),
            0,
            sent,
            "%d of the last %d probes of all %d probers (%d %%) to %d VIPs over %d nodes were lost on %s: they %s.",
            failed.size(),
            sent,
            probers.size(),
            percent(ratio(failed.size(), sent)),
            Evaluation.vips(failed).size(),
            nodes.size(),
            stretch.hypothesis().component(),
            stretch.fate));
    boolean placed = accused.kind() != ComponentKind.LINK;
    evidence.add(
        Evidences.of(
            "places_shared",
            shared.size(),
            1,
            failed.size(),
            placed
                ? "One end of that stretch stands in %s as a whole; the gateways' heartbeats come, and the probers were answered before."
                : "No single rack or zone is shared by all of it (%s): what it is is not known; the gateways' heartbeats come, and the probers were"
                    + " answered before.",
            placed ? accused.component() : words(shared)));
    return evidence;
  }

  private static String words(List<Hypothesis> shared) {
    return shared.isEmpty()
        ? "each end stands in several zones"
        : "it may be " + String.join(" or ", shared.stream().map(Hypothesis::component).toList());
  }

  @Override
  public Health health(Evaluation now, Hypothesis open) {
    List<JudgedProbe> sent = now.probes(now.healthySinceNs(), p -> p.fate() != Fate.UNDECIDED);
    long answered = Evaluation.count(sent, p -> p.fate().isAnswered());
    if (sent.size() - answered > answered) {
      return Health.BAD;
    }
    return answered >= now.config().verdicts().healthyProbes()
            && ratio(answered, sent.size()) >= SAME_SHARE
        ? Health.HEALTHY
        : Health.UNKNOWN;
  }
}
