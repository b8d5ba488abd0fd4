package io.dyetrace.analytics.detect;

import io.dyetrace.common.config.LocationConfig;
import io.dyetrace.common.record.Alternative;
import io.dyetrace.common.record.ComponentKind;
import io.dyetrace.common.record.Evidence;
import io.dyetrace.common.record.ProbeKey;
import io.dyetrace.common.record.Schema;
import io.dyetrace.common.record.Verdict;
import io.dyetrace.common.record.VerdictState;
import io.dyetrace.common.topology.Vip;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** Fills in verdict records. */
final class VerdictWriter {
  private static final int SAMPLE_PROBES = 10;

  /** Nobody is certain. */
  private static final double MOST_CONFIDENT = 0.999;

  /** Racks or zones that tell whether others are well. */
  private static final int PLACES = 32;

  private static final String NATS = "log_likelihood_ratio_nats";

  Verdict open(Evaluation now, Arbiter.Accusation a, long firstBadNs) {
    Hypothesis h = a.suspicion().hypothesis();
    Verdict.Builder v =
        Verdict.newBuilder()
            .setSchemaVersion(Schema.VERSION)
            .setFaultId(h.faultId())
            .setOccurrenceId(h.faultId() + "/" + firstBadNs)
            .setRevision(1)
            .setFaultClass(h.faultClass().code())
            .setComponentKind(h.kind())
            .setComponent(h.component())
            .setState(VerdictState.OPEN)
            .setFirstBadNs(firstBadNs)
            .setDetectedNs(now.nowNs());
    locate(now, h, v);
    fill(now, a, firstBadNs, v);
    return v.build();
  }

  /**
   * The next revision. Newer evidence takes the place of the older where it is no weaker; what
   * fades, because the fault is being healed, leaves the verdict as sure as it was. What is hit
   * only grows.
   */
  Verdict update(Evaluation now, Arbiter.Accusation a, Verdict last) {
    Verdict.Builder v =
        last.toBuilder().setState(VerdictState.UPDATED).setRevision(last.getRevision() + 1);
    if (!fades(a, last)) {
      v.clearEvidence().clearAlternatives().clearSampleProbes().clearHealthySiblings();
      fill(now, a, Math.max(last.getFirstBadNs(), a.suspicion().firstBadNs()), v);
    }
    Set<String> affected = new TreeSet<>(last.getAffectedVipsList());
    affected.addAll(a.suspicion().affectedVips());
    return v.clearAffectedVips()
        .addAllAffectedVips(affected)
        .setAffectedProbeShare(Math.max(last.getAffectedProbeShare(), v.getAffectedProbeShare()))
        .build();
  }

  private static boolean fades(Arbiter.Accusation a, Verdict last) {
    return Math.min(MOST_CONFIDENT, a.confidence()) < last.getConfidence() || a.nats() < nats(last);
  }

  private static double nats(Verdict v) {
    return v.getEvidenceList().stream()
        .filter(e -> e.getMeasure().equals(NATS))
        .mapToDouble(Evidence::getValue)
        .max()
        .orElse(0);
  }

  /** Closes it, with the evidence it had, because its component is healthy. */
  Verdict healed(Evaluation now, Verdict last, long healedNs) {
    double healthySeconds = Evidences.seconds(now.nowNs() - healedNs);
    return resolve(
        now,
        last,
        Evidences.of(
            "healthy_seconds",
            healthySeconds,
            0,
            1,
            "Healed by %s and healthy for %.0f s since; the fault lasted %.1f s at most.",
            Instant.ofEpochSecond(0, healedNs).truncatedTo(ChronoUnit.MILLIS),
            healthySeconds,
            Evidences.seconds(Math.max(0, healedNs - last.getFirstBadNs()))));
  }

  /** Closes it, because a larger fault explains it. */
  Verdict superseded(Evaluation now, Verdict last) {
    return resolve(
        now, last, Evidences.of("superseded", 1, 0, 1, "A larger fault explains it now."));
  }

  /** Closes it, because its component says that it is out of service. */
  Verdict drained(Evaluation now, Verdict last) {
    return resolve(
        now,
        last,
        Evidences.of(
            "drained", 1, 0, 1, "%s is drained: nothing is sent through it.", last.getComponent()));
  }

  /** Closes it, because nothing tells of its component any more. */
  Verdict unused(Evaluation now, Verdict last, long sinceNs) {
    double seconds = Evidences.seconds(now.nowNs() - sinceNs);
    return resolve(
        now,
        last,
        Evidences.of(
            "unused_seconds",
            seconds,
            0,
            1,
            "For %.0f s too few probes have met %s to tell how it is, while the others are answered: it is not used any more.",
            seconds,
            last.getComponent()));
  }

  /** Closes it, because its component is no longer there. */
  Verdict gone(Evaluation now, Verdict last) {
    return resolve(
        now,
        last,
        Evidences.of(
            "in_topology", 0, 1, 1, "%s is no longer in the topology.", last.getComponent()));
  }

  private static Verdict resolve(Evaluation now, Verdict last, Evidence why) {
    return last.toBuilder()
        .setState(VerdictState.RESOLVED)
        .setRevision(last.getRevision() + 1)
        .setResolvedNs(now.nowNs())
        .addEvidence(why)
        .build();
  }

  private static void fill(Evaluation now, Arbiter.Accusation a, long sinceNs, Verdict.Builder v) {
    Suspicion s = a.suspicion();
    v.setConfidence(Math.min(MOST_CONFIDENT, a.confidence()));
    for (Arbiter.Rated rival : a.alternatives()) {
      v.addAlternatives(
          Alternative.newBuilder()
              .setFaultClass(rival.hypothesis().faultClass().code())
              .setComponentKind(rival.hypothesis().kind())
              .setComponent(rival.hypothesis().component())
              .setConfidence(rival.confidence()));
    }
    v.addAllEvidence(s.evidence());
    v.addEvidence(
        Evidences.of(
            NATS,
            a.nats(),
            now.config().verdicts().openNats(),
            s.explains().size(),
            "The evidence is e^%.0f times likelier with this fault than without (needed: e^%.0f).",
            a.nats(),
            now.config().verdicts().openNats()));
    for (String vip : s.affectedVips()) {
      now.network().topology().vip(vip).filter(Vip::isCoveredByProbe).ifPresent(c -> cover(c, v));
    }
    s.explains().stream()
        .limit(SAMPLE_PROBES)
        .forEach(
            p ->
                v.addSampleProbes(
                    ProbeKey.newBuilder()
                        .setProberId(p.trace().proberId)
                        .setProbeSequence(p.trace().sequence)));
    v.setEvidenceSql(s.evidenceSql());
    v.addAllAffectedVips(s.affectedVips());
    List<JudgedProbe> all = now.probes(sinceNs, p -> p.fate() != Fate.UNDECIDED);
    // Partial loss is proven over minutes; the share is of the probes looked at.
    long looked = Evaluation.count(s.explains(), p -> p.sentNs() >= now.sinceNs());
    v.setAffectedProbeShare(Math.min(1, Evidences.ratio(looked, all.size())));
    v.addAllHealthySiblings(healthySiblings(now, s.hypothesis(), sinceNs));
  }

  /** What its probes cannot see: the way is the same, the protocol is not. */
  private static void cover(Vip vip, Verdict.Builder v) {
    v.addEvidence(
        Evidences.of(
            "covered_by_tcp_probe",
            vip.probePort(),
            0,
            1,
            "%s: what only its own protocol meets is not seen.",
            vip.coverage()));
  }

  /** Components of the same kind whose probes were mostly answered meanwhile. */
  private static List<String> healthySiblings(Evaluation now, Hypothesis h, long sinceNs) {
    List<String> siblings =
        switch (h.kind()) {
          case NODE -> now.network().controls(h.component());
          case VIP_ON_NODE -> {
            String vip = h.component().substring(0, h.component().lastIndexOf('@'));
            String node = h.component().substring(vip.length() + 1);
            yield now.network().nodesOf(vip, now.network().tierOf(node)).stream()
                .map(n -> vip + "@" + n)
                .toList();
          }
          case PROBER -> now.network().probers();
          case BACKEND -> List.copyOf(now.network().hosts());
          case VIP -> now.network().vips();
          case RACK, ZONE ->
              now.network().places().all(h.kind()).stream()
                  .filter(p -> !p.nodes.isEmpty())
                  .map(p -> p.name)
                  .limit(PLACES)
                  .toList();
          default -> List.of();
        };
    List<JudgedProbe> probes = now.probes(sinceNs, p -> p.fate() != Fate.UNDECIDED);
    return siblings.stream()
        .filter(c -> !c.equals(h.component()) && isWell(now, h, c, probes))
        .toList();
  }

  private static boolean isWell(
      Evaluation now, Hypothesis h, String sibling, List<JudgedProbe> probes) {
    Hypothesis same = new Hypothesis(h.faultClass(), h.kind(), sibling);
    long met = 0;
    long bad = 0;
    for (JudgedProbe p : probes) {
      if (same.meets(p, now.network()) == 1) {
        met++;
        bad += p.isBad() ? 1 : 0;
      }
    }
    return met > 0 && Evidences.ratio(bad, met) < 0.5;
  }

  private static void locate(Evaluation now, Hypothesis h, Verdict.Builder v) {
    String component = located(now, h);
    v.setRegion(now.network().topology().region());
    Place place = now.network().places().of(h);
    if (place != null) {
      v.setZone(place.zone).setRack(place.kind == ComponentKind.RACK ? place.name : "");
      return;
    }
    if (CommonPathRule.isOf(h)) {
      return; // it stands nowhere
    }
    now.network()
        .topology()
        .location(component)
        .ifPresentOrElse(l -> set(v, l), () -> setCluster(now, component, v));
  }

  /** The component that says where it is; of a link the end that stands somewhere. */
  private static String located(Evaluation now, Hypothesis h) {
    return switch (h.kind()) {
      case VIP_ON_NODE -> h.component().substring(h.component().lastIndexOf('@') + 1);
      case LINK -> now.network().namedEnd(h.component());
      default -> h.component();
    };
  }

  private static void set(Verdict.Builder v, LocationConfig l) {
    v.setRegion(l.region()).setZone(l.zone()).setRack(l.rack()).setCluster(l.cluster());
  }

  /** A VIP stands in its nodes' cluster; a silent cluster is one itself. */
  private static void setCluster(Evaluation now, String component, Verdict.Builder v) {
    List<String> nodes = now.network().nodesOf(component);
    v.setCluster(nodes.isEmpty() ? component : now.network().clusterOf(nodes.get(0)));
  }
}
