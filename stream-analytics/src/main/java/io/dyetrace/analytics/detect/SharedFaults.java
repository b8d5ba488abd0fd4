package io.dyetrace.analytics.detect;

import static io.dyetrace.analytics.detect.Evidences.seconds;

import io.dyetrace.analytics.detect.Members.Member;
import io.dyetrace.analytics.detect.Members.State;
import io.dyetrace.common.record.ComponentKind;
import io.dyetrace.common.record.Evidence;
import io.dyetrace.common.registry.FaultClass;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * A rack or a zone whose members fail together in the same way is one fault, of the rack or zone.
 * Two hypotheses compete for the same evidence: that the place has failed, and nearly all who stand
 * in it with it; and that each of the members has failed by itself, by chance at the same time. A
 * member that is well speaks against the place; one of which nothing is known does not.
 */
final class SharedFaults {
  /** Faults that a place can have: what a node can suffer with its neighbours. */
  private static final List<FaultClass> CLASSES =
      List.of(FaultClass.NODE_CRASH, FaultClass.NODE_JITTER);

  /** Log prior of a fault of one place in one window: rarer than one of a node. */
  private static final double PRIOR_NATS = -16;

  /** How probable it is that a member is spared when its place fails. */
  private static final double SPARED = 0.02;

  /** So much likelier the place has to be than chance. */
  private static final double ADVANTAGE_NATS = 3;

  /**
   * Of the members that can be seen so many may be well: what fails with nine of ten is no rack.
   */
  private static final double WELL_SHARE = 0.1;

  private static final int NAMED = 12;

  private SharedFaults() {}

  /** Whether the fault of a place is told by its members. */
  static boolean have(FaultClass faultClass) {
    return CLASSES.contains(faultClass);
  }

  /** The places whose members are suspected of the same. */
  static List<Suspicion> suspects(Evaluation now, List<Suspicion> found) {
    List<Suspicion> suspicions = new ArrayList<>();
    for (FaultClass faultClass : CLASSES) {
      Map<String, Suspicion> byNode = new TreeMap<>();
      for (Suspicion s : found) {
        if (s.hypothesis().faultClass() == faultClass
            && s.hypothesis().kind() == ComponentKind.NODE) {
          byNode.put(s.hypothesis().component(), s);
        }
      }
      if (!byNode.isEmpty()) {
        suspect(now, faultClass, byNode, suspicions);
      }
    }
    return suspicions;
  }

  private static void suspect(
      Evaluation now,
      FaultClass faultClass,
      Map<String, Suspicion> byNode,
      List<Suspicion> suspicions) {
    for (ComponentKind kind : List.of(ComponentKind.RACK, ComponentKind.ZONE)) {
      for (Place place : now.network().places().all(kind)) {
        if (byNode.keySet().stream().anyMatch(place.nodes::contains)) {
          judge(now, faultClass, place, byNode, suspicions);
        }
      }
    }
  }

  private static void judge(
      Evaluation now,
      FaultClass faultClass,
      Place place,
      Map<String, Suspicion> byNode,
      List<Suspicion> suspicions) {
    List<Member> members = Members.of(now, faultClass, place, byNode);
    List<Member> affected = only(members, State.AFFECTED);
    List<Member> well = only(members, State.WELL);
    if (affected.size() < 2
        || well.size() > WELL_SHARE * (affected.size() + well.size())
        || racks(now, affected) < (place.kind == ComponentKind.ZONE ? 2 : 1)) {
      return;
    }
    double together = PRIOR_NATS;
    for (Member m : members) {
      together += logSum(Math.log1p(-SPARED) + m.nats(), Math.log(SPARED));
    }
    double byChance = 0;
    for (Member m : affected) {
      byChance += now.config().verdicts().priorNats() + m.nats();
    }
    if (together - byChance < ADVANTAGE_NATS) {
      return;
    }
    suspicions.add(
        suspicion(now, faultClass, place, members, byNode.values(), together - byChance));
  }

  private static double logSum(double a, double b) {
    double top = Math.max(a, b);
    return top + Math.log(Math.exp(a - top) + Math.exp(b - top));
  }

  private static List<Member> only(List<Member> members, State state) {
    return members.stream().filter(m -> m.state() == state).toList();
  }

  private static long racks(Evaluation now, List<Member> affected) {
    return affected.stream().map(m -> now.network().places().rackOf(m.name())).distinct().count();
  }

  private static Suspicion suspicion(
      Evaluation now,
      FaultClass faultClass,
      Place place,
      List<Member> members,
      Collection<Suspicion> ofNodes,
      double advantageNats) {
    List<Suspicion> own =
        ofNodes.stream()
            .filter(s -> place.nodes.contains(s.hypothesis().component()))
            .sorted(Comparator.comparingInt(s -> -s.explains().size()))
            .toList();
    Map<Long, JudgedProbe> bad = new TreeMap<>();
    members.forEach(m -> m.bad().forEach(p -> bad.put(p.key(), p)));
    own.forEach(s -> s.explains().forEach(p -> bad.put(p.key(), p)));
    List<JudgedProbe> explains =
        bad.values().stream().sorted(Comparator.comparingLong(JudgedProbe::sentNs)).toList();
    long firstNs = own.stream().mapToLong(Suspicion::firstBadNs).min().orElse(now.nowNs());
    long lastNs = own.stream().mapToLong(Suspicion::lastBadNs).max().orElse(now.nowNs());
    List<Evidence> evidence =
        evidence(place, members, explains.size(), now.nowNs() - firstNs, advantageNats);
    own.stream().limit(1).forEach(s -> evidence.addAll(s.evidence()));
    TreeSet<String> vips = new TreeSet<>(Evaluation.vips(explains));
    return new Suspicion(
        new Hypothesis(faultClass, place.kind, place.name),
        firstNs,
        lastNs,
        explains,
        own.stream().mapToDouble(Suspicion::telemetryNats).sum(),
        evidence,
        List.copyOf(vips),
        EvidenceSql.signsOfLife(place, firstNs, now.nowNs()));
  }

  private static List<Evidence> evidence(
      Place place, List<Member> members, int probes, long sinceNs, double advantageNats) {
    List<Member> affected = only(members, State.AFFECTED);
    List<Member> well = only(members, State.WELL);
    List<Member> unseen = only(members, State.UNSEEN);
    List<Evidence> evidence = new ArrayList<>();
    evidence.add(
        Evidences.of(
            "members_affected",
            affected.size(),
            0,
            affected.size() + well.size(),
            "%d of the %d members of %s that can be seen have failed together for %.0f s: %s; %d bad probes.",
            affected.size(),
            affected.size() + well.size(),
            place.words(),
            seconds(sinceNs),
            names(affected),
            probes));
    if (!well.isEmpty() || !unseen.isEmpty()) {
      evidence.add(
          Evidences.of(
              "members_well",
              well.size(),
              0,
              well.size() + unseen.size(),
              "Well in %s: %s; nothing is known of: %s.",
              place.words(),
              names(well),
              names(unseen)));
    }
    evidence.add(
        Evidences.of(
            "common_cause_nats",
            advantageNats,
            ADVANTAGE_NATS,
            affected.size(),
            "One fault of %s is e^%.0f times likelier than %d faults at the same time by chance.",
            place.words(),
            advantageNats,
            affected.size()));
    return evidence;
  }

  private static String names(List<Member> members) {
    String some = members.stream().limit(NAMED).map(Member::name).collect(Collectors.joining(", "));
    int more = members.size() - NAMED;
    return members.isEmpty() ? "nobody" : more > 0 ? some + " and " + more + " more" : some;
  }

  /**
   * Whether a place that had the fault has it still: it has none any more when most of its nodes
   * are well. Who is left has a fault of its own.
   */
  static Health health(Evaluation now, Place place, FaultRule rule) {
    int bad = 0;
    int healthy = 0;
    for (String node : place.nodes) {
      Health health = rule.health(now, new Hypothesis(rule.faultClass(), ComponentKind.NODE, node));
      bad += health == Health.BAD ? 1 : 0;
      healthy += health == Health.HEALTHY ? 1 : 0;
    }
    if (bad > 1 && 4 * bad > place.nodes.size()) {
      return Health.BAD;
    }
    return 2 * healthy > place.nodes.size() ? Health.HEALTHY : Health.UNKNOWN;
  }
}
