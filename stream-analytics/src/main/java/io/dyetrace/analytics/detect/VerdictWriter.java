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
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** Fills in verdict records. */
final class VerdictWriter {
  private static final int SAMPLE_PROBES = 10;

  /** Nobody is certain. */
  private static final double MOST_CONFIDENT = 0.999;

  /** Why a verdict is resolved. */
  enum Why {
    HEALTHY,
    SUPERSEDED,
    GONE
  }

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

  Verdict update(Evaluation now, Arbiter.Accusation a, Verdict last) {
    Verdict.Builder v =
        last.toBuilder().setState(VerdictState.UPDATED).setRevision(last.getRevision() + 1);
    Set<String> affected = new TreeSet<>(last.getAffectedVipsList());
    v.clearEvidence()
        .clearAlternatives()
        .clearSampleProbes()
        .clearAffectedVips()
        .clearHealthySiblings();
    fill(now, a, Math.max(last.getFirstBadNs(), a.suspicion().firstBadNs()), v);
    affected.addAll(v.getAffectedVipsList());
    return v.clearAffectedVips().addAllAffectedVips(affected).build();
  }

  Verdict resolve(Evaluation now, Verdict last, Why reason) {
    double healthySeconds = Evidences.seconds(now.config().verdicts().healthyFor().toNanos());
    Evidence why =
        switch (reason) {
          case HEALTHY ->
              Evidences.of(
                  "healthy_seconds",
                  healthySeconds,
                  0,
                  1,
                  "Healthy for %.0f s; the fault lasted %.1f s at most.",
                  healthySeconds,
                  Evidences.seconds(now.nowNs() - last.getFirstBadNs()));
          case SUPERSEDED -> Evidences.of("superseded", 1, 0, 1, "A larger fault explains it now.");
          case GONE ->
              Evidences.of(
                  "in_topology", 0, 1, 1, "%s is no longer in the topology.", last.getComponent());
        };
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
            "log_likelihood_ratio_nats",
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
    v.setAffectedProbeShare(Math.min(1, Evidences.ratio(s.explains().size(), all.size())));
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
    String component =
        h.kind() == ComponentKind.VIP_ON_NODE
            ? h.component().substring(h.component().lastIndexOf('@') + 1)
            : h.component();
    v.setRegion(now.network().topology().region());
    now.network()
        .topology()
        .location(component)
        .ifPresentOrElse(l -> set(v, l), () -> setCluster(now, component, v));
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
