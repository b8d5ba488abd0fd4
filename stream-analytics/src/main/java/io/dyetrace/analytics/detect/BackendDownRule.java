package io.dyetrace.analytics.detect;

import static io.dyetrace.analytics.detect.Evidences.percent;
import static io.dyetrace.analytics.detect.Evidences.ratio;

import io.dyetrace.common.record.ComponentKind;
import io.dyetrace.common.record.Evidence;
import io.dyetrace.common.registry.FaultClass;
import io.dyetrace.common.registry.Tier;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * BACKEND_DOWN: nodes send probes on to a backend and get no reply, or a RST, while other hosts
 * answer. The component is always the host; when only some of its backends are hit, the evidence
 * names them.
 */
final class BackendDownRule implements FaultRule {
  @Override
  public FaultClass faultClass() {
    return FaultClass.BACKEND_DOWN;
  }

  @Override
  public boolean concludesFromSilence() {
    return true;
  }

  @Override
  public List<Suspicion> suspects(Evaluation now) {
    List<Suspicion> suspicions = new ArrayList<>();
    for (String host : now.scope().hosts()) {
      suspect(now, host, suspicions);
    }
    return suspicions;
  }

  private void suspect(Evaluation now, String host, List<Suspicion> suspicions) {
    DetectorConfig.Backend config = now.config().backend();
    long sinceNs = now.nowNs() - config.window().toNanos();
    Map<String, List<JudgedProbe>> byBackend = new TreeMap<>();
    for (JudgedProbe p :
        Evaluation.since(now.index().toHost(host), sinceNs, p -> sentTo(now, p, host))) {
      byBackend.computeIfAbsent(p.trace().backend, k -> new ArrayList<>()).add(p);
    }
    // What matters is whether it answers now: answers from before the first failure do not speak
    // for it.
    List<String> down = new ArrayList<>();
    List<JudgedProbe> failed = new ArrayList<>();
    byBackend.forEach(
        (backend, probes) -> {
          List<JudgedProbe> bad = probes.stream().filter(BackendDownRule::failed).toList();
          long sinceFirst =
              probes.stream().filter(p -> p.sentNs() >= Evaluation.first(bad)).count();
          if (bad.size() >= 2 && ratio(bad.size(), sinceFirst) >= config.failedShare()) {
            down.add(backend);
            failed.addAll(bad);
          }
        });
    if (failed.size() < config.probes()
        || Evaluation.last(failed) - Evaluation.first(failed) < config.atLeast().toNanos()
        || !acrossNodes(now, host, sinceNs, failed)
        || !othersAnswer(now, host, Evaluation.first(failed))) {
      return;
    }
    long refused = Evaluation.count(failed, p -> p.fate() == Fate.BACKEND_REFUSED);
    long nodes = failed.stream().map(JudgedProbe::node).distinct().count();
    boolean whole = down.containsAll(byBackend.keySet());
    List<Evidence> evidence = new ArrayList<>();
    evidence.add(
        Evidences.of(
            "probes_unanswered_by_backend",
            failed.size(),
            0,
            failed.size(),
            "%d probes that %d nodes sent on to %s were not answered (%d refused with RST, %d without a reply).",
            failed.size(),
            nodes,
            String.join(", ", down),
            refused,
            failed.size() - refused));
    List<JudgedProbe> others = otherHosts(now, host, Evaluation.first(failed));
    evidence.add(
        Evidences.of(
            "other_hosts_answered_ratio",
            ratio(Evaluation.count(others, p -> p.fate().isAnswered()), others.size()),
            1,
            others.size(),
            "Other hosts answered %d %% of %d probes meanwhile.",
            percent(ratio(Evaluation.count(others, p -> p.fate().isAnswered()), others.size())),
            others.size()));
    evidence.add(
        Evidences.of(
            "backends_down",
            down.size(),
            0,
            byBackend.size(),
            whole
                ? "Every backend of %s that was probed is hit: %s."
                : "On %s only %s is hit; its other backends answer.",
            host,
            String.join(", ", down)));
    suspicions.add(
        new Suspicion(
            new Hypothesis(faultClass(), ComponentKind.BACKEND, host),
            Evaluation.first(failed),
            Evaluation.last(failed),
            failed,
            0,
            evidence,
            Evaluation.vips(failed),
            EvidenceSql.pointsOfBackends(down, Evaluation.first(failed), now.nowNs())));
  }

  private static boolean failed(JudgedProbe p) {
    return p.fate() == Fate.BACKEND_SILENT || p.fate() == Fate.BACKEND_REFUSED;
  }

  private static boolean sentTo(Evaluation now, JudgedProbe p, String host) {
    return host.equals(now.network().hostOf(p.trace().backend))
        && (failed(p) || p.fate().isAnswered());
  }

  /** Not one node's way to it: two nodes failed, or only one was asked. */
  private static boolean acrossNodes(
      Evaluation now, String host, long sinceNs, List<JudgedProbe> failed) {
    Set<String> failing = new TreeSet<>();
    failed.forEach(p -> failing.add(p.node()));
    Set<String> asked = new TreeSet<>();
    Evaluation.since(
            now.index().toHost(host),
            Math.max(sinceNs, Evaluation.first(failed)),
            p -> sentTo(now, p, host))
        .forEach(p -> asked.add(p.node()));
    return failing.size() >= 2 || asked.equals(failing) && lastTierNodes(now) == 1;
  }

  private static int lastTierNodes(Evaluation now) {
    List<String> stateful = now.network().nodesIn(Tier.CLB);
    return stateful.isEmpty() ? now.network().nodes().size() : stateful.size();
  }

  private static List<JudgedProbe> otherHosts(Evaluation now, String host, long sinceNs) {
    return now.probes(
        sinceNs,
        p -> {
          String other = now.network().hostOf(p.trace().backend);
          return !other.isEmpty() && !other.equals(host) && (failed(p) || p.fate().isAnswered());
        });
  }

  private static boolean othersAnswer(Evaluation now, String host, long sinceNs) {
    if (now.network().hosts().size() == 1) {
      return true;
    }
    List<JudgedProbe> others = otherHosts(now, host, sinceNs);
    long answered = Evaluation.count(others, p -> p.fate().isAnswered());
    // Not all: a second host may be down as well.
    return answered >= 3 && ratio(answered, others.size()) >= 0.3;
  }

  @Override
  public Health health(Evaluation now, Hypothesis open) {
    String host = open.component();
    return now.health(
        p -> failed(p) && sentTo(now, p, host), p -> p.fate().isAnswered() && sentTo(now, p, host));
  }
}
