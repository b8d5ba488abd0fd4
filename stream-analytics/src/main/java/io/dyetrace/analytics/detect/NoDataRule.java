package io.dyetrace.analytics.detect;

import static io.dyetrace.analytics.detect.Evidences.percent;
import static io.dyetrace.analytics.detect.Evidences.ratio;
import static io.dyetrace.analytics.detect.Evidences.seconds;

import io.dyetrace.common.record.ComponentKind;
import io.dyetrace.common.record.Evidence;
import io.dyetrace.common.registry.FaultClass;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * NO_DATA: a node's or a prober's telemetry is missing although probes are answered. Silence counts
 * only from when the input was caught up, so that an outage of the pipeline itself is never
 * mistaken for it. Most nodes of a cluster falling silent together are one fault, whose component
 * is the cluster.
 */
final class NoDataRule implements FaultRule {
  /** A second without what comes every second. */
  private static final double SILENT_SECOND_NATS = 2;

  private record Silent(String node, long forNs) {}

  @Override
  public FaultClass faultClass() {
    return FaultClass.NO_DATA;
  }

  @Override
  public boolean concludesFromSilence() {
    return true;
  }

  @Override
  public List<Suspicion> suspects(Evaluation now) {
    List<Suspicion> suspicions = new ArrayList<>();
    suspectNodes(now, suspicions);
    suspectProbers(now, suspicions);
    return suspicions;
  }

  private void suspectNodes(Evaluation now, List<Suspicion> suspicions) {
    long silenceNs = now.config().noData().silence().toNanos();
    long slackNs = now.config().noData().groupSlack().toNanos();
    Map<String, List<Silent>> silentByCluster = new TreeMap<>();
    for (String node : now.scope().nodes()) {
      long silentNs = silentNs(now, node);
      if (silentNs >= silenceNs - slackNs && !explained(now, node) && probesWell(now, node)) {
        silentByCluster
            .computeIfAbsent(now.network().clusterOf(node), k -> new ArrayList<>())
            .add(new Silent(node, silentNs));
      }
    }
    silentByCluster.forEach(
        (cluster, silent) -> {
          silent.sort(Comparator.comparingLong(Silent::forNs).reversed());
          for (List<Silent> together : together(silent, slackNs)) {
            suspectGroup(now, cluster, together, suspicions);
          }
        });
  }

  /** Those that fell silent within the slack of one another, the longest silent first. */
  private static List<List<Silent>> together(List<Silent> longestFirst, long slackNs) {
    List<List<Silent>> groups = new ArrayList<>();
    long oldestNs = 0;
    for (Silent s : longestFirst) {
      if (groups.isEmpty() || oldestNs - s.forNs() > slackNs) {
        groups.add(new ArrayList<>());
        oldestNs = s.forNs();
      }
      groups.get(groups.size() - 1).add(s);
    }
    return groups;
  }

  /** The cluster, when most of it fell silent together; else each by itself. */
  private void suspectGroup(
      Evaluation now, String cluster, List<Silent> group, List<Suspicion> suspicions) {
    long silenceNs = now.config().noData().silence().toNanos();
    List<String> nodes = group.stream().map(Silent::node).toList();
    if (isMost(now, cluster, group.size())) {
      long longestNs = group.get(0).forNs();
      if (longestNs >= silenceNs) {
        suspicions.add(nodesSilent(now, cluster, nodes, longestNs));
      }
      return;
    }
    if (now.openFaults().contains(faultId(cluster))) {
      return; // some of it are back, these are not: its verdict goes on until most are
    }
    for (Silent s : group) {
      if (s.forNs() >= silenceNs) {
        suspicions.add(nodesSilent(now, s.node(), List.of(s.node()), s.forNs()));
      }
    }
  }

  private static boolean isMost(Evaluation now, String cluster, int count) {
    return count > 1 && 2 * count > inService(now, cluster).size();
  }

  /** The cluster's nodes that ought to be heard. */
  private static List<String> inService(Evaluation now, String cluster) {
    return now.network().nodes().stream()
        .filter(n -> now.network().clusterOf(n).equals(cluster) && !now.node(n).drained())
        .toList();
  }

  /** It is known to be dead, or its rack or zone is. */
  private static boolean explained(Evaluation now, String node) {
    Places places = now.network().places();
    return Stream.of(node, places.rackOf(node), places.zoneOf(node))
        .anyMatch(c -> now.openFaults().contains(FaultClass.NODE_CRASH.name() + "/" + c));
  }

  private Suspicion nodesSilent(
      Evaluation now, String component, List<String> nodes, long longestNs) {
    List<Evidence> evidence = new ArrayList<>();
    for (String node : nodes) {
      NodeStream stream = now.node(node);
      boolean agentRuns = stream.agentFresh(now.nowNs());
      evidence.add(
          Evidences.of(
              "telemetry_silent_seconds",
              seconds(silentNs(now, node)),
              1,
              1,
              agentRuns
                  ? "%s's agent runs, but the gateway's heartbeat or stamps have been missing for %.0f s."
                  : "Nothing has come from %s for %.0f s, its agent's status included.",
              node,
              seconds(silentNs(now, node))));
    }
    evidence.add(answered(now));
    return suspicion(
        now,
        component,
        longestNs,
        evidence,
        EvidenceSql.heartbeats(nodes, now.nowNs() - 2 * longestNs, now.nowNs()));
  }

  private void suspectProbers(Evaluation now, List<Suspicion> suspicions) {
    for (String prober : now.scope().probers()) {
      long silentNs = proberSilentNs(now, prober);
      if (silentNs < now.config().noData().silence().toNanos()) {
        continue;
      }
      boolean othersWell =
          now.network().nodes().stream().anyMatch(n -> now.node(n).beating(now.nowNs()))
              && overallWell(now, p -> !p.prober().equals(prober));
      if (othersWell) {
        List<Evidence> evidence = new ArrayList<>();
        evidence.add(
            Evidences.of(
                "telemetry_silent_seconds",
                seconds(silentNs),
                1,
                1,
                "Neither results nor a heartbeat have come from %s for %.0f s.",
                prober,
                seconds(silentNs)));
        evidence.add(answered(now));
        suspicions.add(
            suspicion(
                now,
                prober,
                silentNs,
                evidence,
                EvidenceSql.proberResults(prober, now.nowNs() - 2 * silentNs, now.nowNs())));
      }
    }
  }

  private Suspicion suspicion(
      Evaluation now, String component, long silentNs, List<Evidence> evidence, String sql) {
    return new Suspicion(
        new Hypothesis(faultClass(), ComponentKind.TELEMETRY, component),
        now.nowNs() - silentNs,
        now.nowNs(),
        List.of(),
        SILENT_SECOND_NATS * seconds(silentNs),
        evidence,
        List.of(),
        sql);
  }

  /**
   * How long the node's telemetry has been silent, the input being caught up. 0 while its silence
   * has another reason.
   */
  private static long silentNs(Evaluation now, String node) {
    NodeStream stream = now.node(node);
    if (stream.drained() || !stream.gatewayAlive() && stream.agentFresh(now.nowNs())) {
      return 0; // taken out of service before; or dead, and its agent says so
    }
    if (stream.lastHeardNs() == 0) {
      return neverHeardNs(now);
    }
    // The agent may run while the gateway's own records are missing.
    long ownNs =
        stream.gatewayAlive() && stream.heartbeatNs() != 0
            ? Math.max(stream.heartbeatNs(), stream.aliveSinceNs())
            : stream.agentTimeNs();
    long lastNs = Math.min(ownNs, stampsUntil(now, node));
    return Math.max(0, now.nowNs() - Math.max(lastNs, now.caughtUpSinceNs()));
  }

  /**
   * Heartbeats come, but probes whose port leads there are answered without a stamp: since when.
   */
  private static long stampsUntil(Evaluation now, String node) {
    List<JudgedProbe> there =
        Evaluation.since(
            now.index().passing(node),
            Long.MIN_VALUE,
            p -> p.met(node) && p.fate() == Fate.ANSWERED && complete(now, p, node));
    if (there.size() < now.config().noData().probes()
        || there.stream().anyMatch(p -> p.stampedAt(node))) {
      return Long.MAX_VALUE;
    }
    return Math.max(now.node(node).lastPointNs(), now.startedNs());
  }

  private static boolean complete(Evaluation now, JudgedProbe p, String node) {
    return p.sentNs() + now.config().timing().stampDelay().toNanos()
        <= now.node(node).completeUntilNs();
  }

  private static long proberSilentNs(Evaluation now, String prober) {
    ProberStream stream = now.probers().get(prober);
    if (stream == null || stream.lastHeardNs() == 0) {
      return neverHeardNs(now);
    }
    return Math.max(0, now.nowNs() - Math.max(stream.lastHeardNs(), now.caughtUpSinceNs()));
  }

  /** A source that was never heard of may just not have been started yet. */
  private static long neverHeardNs(Evaluation now) {
    if (now.caughtUpSinceNs() == Long.MAX_VALUE) {
      return 0;
    }
    long waitedNs = now.nowNs() - Math.max(now.startedNs(), now.caughtUpSinceNs());
    return waitedNs < now.config().noData().firstContact().toNanos() ? 0 : waitedNs;
  }

  /** Probes that lead to the node are answered; those whose way is unknown as well, mostly. */
  private static boolean probesWell(Evaluation now, String node) {
    List<JudgedProbe> there =
        Evaluation.since(
            now.index().passing(node),
            recentNs(now),
            p -> p.met(node) && p.fate() != Fate.UNDECIDED);
    long answered = Evaluation.count(there, p -> p.fate().isAnswered());
    boolean there90 =
        there.isEmpty() || ratio(answered, there.size()) >= now.config().noData().answeredShare();
    return there90 && overallWell(now, p -> true);
  }

  private static boolean overallWell(Evaluation now, Predicate<JudgedProbe> which) {
    List<JudgedProbe> all =
        now.probes(recentNs(now), p -> p.fate() != Fate.UNDECIDED && which.test(p));
    long answered = Evaluation.count(all, p -> p.fate().isAnswered());
    if (now.network().probers().size() == 1 && all.isEmpty()) {
      return true; // the only prober is silent: nobody is left to succeed
    }
    return answered >= now.config().noData().probes()
        && ratio(answered, all.size()) >= now.config().noData().answeredShare();
  }

  private static long recentNs(Evaluation now) {
    return now.nowNs() - now.config().timing().evidenceWindow().toNanos();
  }

  private static Evidence answered(Evaluation now) {
    List<JudgedProbe> all = now.probes(recentNs(now), p -> p.fate() != Fate.UNDECIDED);
    long answered = Evaluation.count(all, p -> p.fate().isAnswered());
    return Evidences.of(
        "probes_answered_ratio",
        ratio(answered, all.size()),
        1,
        all.size(),
        "Meanwhile %d %% of %d probes were answered: it is the telemetry, not the network.",
        percent(ratio(answered, all.size())),
        all.size());
  }

  private String faultId(String component) {
    return new Hypothesis(faultClass(), ComponentKind.TELEMETRY, component).faultId();
  }

  /** Its health is that of one moment. */
  @Override
  public Duration healthyHold(DetectorConfig.Verdicts config) {
    return config.healthyFor();
  }

  @Override
  public Health health(Evaluation now, Hypothesis open) {
    long recent = now.config().timing().agentFresh().toNanos();
    String component = open.component();
    if (now.network().probers().contains(component)) {
      return heardNs(now.probers().get(component)) >= now.nowNs() - recent
          ? Health.HEALTHY
          : Health.BAD;
    }
    if (now.network().nodes().contains(component)) {
      return isSilent(now, component, recent) ? Health.BAD : Health.HEALTHY;
    }
    // Who is silent still when most are back gets a verdict of its own.
    long silent = inService(now, component).stream().filter(n -> isSilent(now, n, recent)).count();
    return isMost(now, component, (int) silent) ? Health.BAD : Health.HEALTHY;
  }

  private static boolean isSilent(Evaluation now, String node, long recentNs) {
    NodeStream stream = now.node(node);
    if (stream.drained()) {
      return false;
    }
    // A node whose gateway is dead is another verdict's business, as long as its agent says so.
    return !stream.agentFresh(now.nowNs())
        || stream.gatewayAlive() && silentNs(now, node) > recentNs;
  }

  private static long heardNs(@Nullable ProberStream stream) {
    return stream == null ? 0 : stream.lastHeardNs();
  }
}
