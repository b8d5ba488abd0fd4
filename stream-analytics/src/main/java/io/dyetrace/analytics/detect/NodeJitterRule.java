package io.dyetrace.analytics.detect;

import static io.dyetrace.analytics.detect.Evidences.ms;
import static io.dyetrace.analytics.detect.Evidences.percent;
import static io.dyetrace.analytics.detect.Evidences.ratio;

import io.dyetrace.common.record.ComponentKind;
import io.dyetrace.common.record.Evidence;
import io.dyetrace.common.registry.FaultClass;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * NODE_JITTER: the node still stamps and beats, and two independent kinds of evidence say that it
 * stands still for moments, one of them seen by packets. Everything is compared with the siblings
 * in the same seconds, so that a busy machine or a prober that stands still accuses no node. Round
 * trips alone are enough when two probers see them for longer. Dwell is no evidence: a worker that
 * does not run stamps none.
 */
final class NodeJitterRule implements FaultRule {
  /** So many probes are delayed on a healthy node of a machine with noise. */
  private static final double ORDINARY_DELAYED_SHARE = 0.02;

  /** What one node shows. */
  private static final class Findings {
    final List<Evidence> evidence = new ArrayList<>();
    final List<JudgedProbe> bad = new ArrayList<>();
    boolean packets;
    int kinds;
    double nats;
    long firstNs = Long.MAX_VALUE;
    long lastNs = Long.MIN_VALUE;

    void seen(long atNs) {
      firstNs = Math.min(firstNs, atNs);
      lastNs = Math.max(lastNs, atNs);
    }
  }

  @Override
  public FaultClass faultClass() {
    return FaultClass.NODE_JITTER;
  }

  @Override
  public boolean concludesFromSilence() {
    return false;
  }

  @Override
  public List<Suspicion> suspects(Evaluation now) {
    List<Suspicion> suspicions = new ArrayList<>();
    for (String node : now.scope().nodes()) {
      NodeStream stream = now.node(node);
      if (!stream.beating(now.nowNs()) || stream.settling(now.nowNs())) {
        continue;
      }
      Findings found = new Findings();
      boolean longRtt = roundTrips(now, node, found);
      losses(now, node, found);
      seconds(now, node, found);
      if ((found.packets && found.kinds >= 2) || longRtt) {
        suspicions.add(
            new Suspicion(
                new Hypothesis(faultClass(), ComponentKind.NODE, node),
                found.firstNs,
                found.lastNs,
                found.bad,
                found.nats,
                found.evidence,
                Evaluation.vips(found.bad),
                EvidenceSql.roundTripsOfNode(now.network(), node, found.firstNs, now.nowNs())));
      }
    }
    return suspicions;
  }

  private static long sinceNs(Evaluation now) {
    return now.nowNs() - now.config().jitter().window().toNanos();
  }

  /** Adds delayed probes as evidence; true when they alone are enough. */
  private static boolean roundTrips(Evaluation now, String node, Findings found) {
    DetectorConfig.Jitter config = now.config().jitter();
    List<JudgedProbe> through = answeredThrough(now, node, sinceNs(now));
    List<JudgedProbe> delayed = through.stream().filter(p -> p.fate() == Fate.DELAYED).toList();
    double share = ratio(delayed.size(), through.size());
    if (delayed.size() < config.delayedProbes() || share < config.delayedShare()) {
      return false;
    }
    double siblings = median(now, node, s -> delayedShare(now, s, node));
    double nats = through.size() * divergence(share, Math.max(ORDINARY_DELAYED_SHARE, siblings));
    if (share <= siblings || nats < config.delayedNats()) {
      return false;
    }
    delayed.forEach(p -> found.seen(p.sentNs()));
    found.bad.addAll(delayed);
    found.packets = true;
    found.kinds++;
    double[] rtts = delayed.stream().mapToDouble(p -> p.trace().rttNs).sorted().toArray();
    JudgedProbe any = delayed.get(0);
    double baselineMs = ms(now.baselines().baselineNs(any.prober(), node));
    found.evidence.add(
        Evidences.of(
            "probes_delayed_ratio",
            share,
            siblings,
            through.size(),
            "%d of %d probes through %s (%d %%) were delayed, by %.0f ms in the median and %.0f ms at most, against a normal round "
                + "trip of %.1f ms; over its siblings %d %%.",
            delayed.size(),
            through.size(),
            node,
            percent(share),
            ms(rtts[rtts.length / 2]),
            ms(rtts[rtts.length - 1]),
            baselineMs,
            percent(siblings)));
    boolean lasting =
        Evaluation.last(delayed) - Evaluation.first(delayed) >= config.patience().toNanos() * 3 / 4;
    return lasting && seenByTwoProbers(through, config);
  }

  private static boolean seenByTwoProbers(List<JudgedProbe> through, DetectorConfig.Jitter config) {
    Map<String, int[]> byProber = new TreeMap<>();
    for (JudgedProbe p : through) {
      int[] counts = byProber.computeIfAbsent(p.prober(), k -> new int[2]);
      counts[0]++;
      counts[1] += p.fate() == Fate.DELAYED ? 1 : 0;
    }
    return byProber.values().stream()
            .filter(
                c ->
                    c[1] >= config.delayedProbes() - 1
                        && ratio(c[1], c[0]) >= config.delayedShare() * 0.8)
            .count()
        >= 2;
  }

  /** Answered since then, however long before they were sent. */
  private static List<JudgedProbe> answeredThrough(Evaluation now, String node, long sinceNs) {
    return Evaluation.since(
        now.index().passing(node),
        Long.MIN_VALUE,
        p ->
            p.met(node)
                && (p.fate() == Fate.ANSWERED || p.fate() == Fate.DELAYED)
                && p.sentNs() + p.trace().rttNs >= sinceNs);
  }

  /** A sibling's; what met both tells nothing of which of them it was. */
  private static double delayedShare(Evaluation now, String sibling, String node) {
    List<JudgedProbe> through =
        answeredThrough(now, sibling, sinceNs(now)).stream().filter(p -> !p.passes(node)).toList();
    return ratio(Evaluation.count(through, p -> p.fate() == Fate.DELAYED), through.size());
  }

  /**
   * Information in one probe about a share being p rather than q: n times it is the log-likelihood
   * ratio of n probes.
   */
  private static double divergence(double p, double q) {
    double delayed = p == 0 ? 0 : p * Math.log(p / q);
    double onTime = p == 1 ? 0 : (1 - p) * Math.log((1 - p) / (1 - q));
    return delayed + onTime;
  }

  /** Adds probes lost between answered ones as evidence. */
  private static void losses(Evaluation now, String node, Findings found) {
    DetectorConfig.Jitter config = now.config().jitter();
    List<JudgedProbe> answered = answeredThrough(now, node, sinceNs(now));
    long lastAnsweredNs = Evaluation.last(answered);
    List<JudgedProbe> lost =
        Evaluation.since(
            now.index().passing(node), sinceNs(now), p -> lostBetween(p, node, lastAnsweredNs));
    double share = ratio(lost.size(), lost.size() + answered.size());
    if (lost.size() < config.lostProbes() || share < config.lostShare()) {
      return;
    }
    double siblings = median(now, node, s -> lostShare(now, s));
    if (share < 3 * siblings) {
      return;
    }
    lost.forEach(p -> found.seen(p.sentNs()));
    found.bad.addAll(lost);
    found.packets = true;
    found.kinds++;
    found.evidence.add(
        Evidences.of(
            "probes_lost_ratio",
            share,
            siblings,
            lost.size() + answered.size(),
            "%d of %d probes through %s were lost between answered ones (siblings: %d %%).",
            lost.size(),
            lost.size() + answered.size(),
            node,
            percent(siblings)));
  }

  private static boolean lostBetween(JudgedProbe p, String node, long lastAnsweredNs) {
    return (p.fate().isLostAtNode() || p.fate() == Fate.DROPPED_OTHER)
        && p.node().equals(node)
        && p.sentNs() < lastAnsweredNs;
  }

  private static double lostShare(Evaluation now, String node) {
    List<JudgedProbe> answered = answeredThrough(now, node, sinceNs(now));
    long lost =
        Evaluation.since(
                now.index().passing(node),
                sinceNs(now),
                p -> lostBetween(p, node, Evaluation.last(answered)))
            .size();
    return ratio(lost, lost + answered.size());
  }

  /** Adds what the node's own counters say, second by second. */
  private static void seconds(Evaluation now, String node, Findings found) {
    DetectorConfig.Jitter config = now.config().jitter();
    long gapNs = config.pollGap().toNanos();
    List<Samples.Sample> gaps = badSeconds(now, node, NodeStream::pollGaps, gapNs);
    List<Samples.Sample> shifts =
        badSeconds(now, node, NodeStream::heartbeatShifts, config.heartbeatShift().toNanos());
    List<Samples.Sample> missed = badSeconds(now, node, NodeStream::missed, config.missedPackets());
    List<Long> queues =
        now.node(node).queueDrops(sinceNs(now), now.nowNs()).entrySet().stream()
            .filter(e -> e.getValue() >= config.missedPackets())
            .map(e -> e.getKey() * Samples.SECOND_NS)
            .toList();
    if (gaps.size() >= config.badSeconds()) {
      add(found, gaps);
      long max = gaps.stream().mapToLong(Samples.Sample::value).max().orElse(0);
      double siblingsMs =
          ms(siblingsMax(now, node, NodeStream::pollGaps, sinceNs(now), now.nowNs()));
      found.evidence.add(
          Evidences.of(
              "poll_gap_ms",
              ms(max),
              siblingsMs,
              gaps.size(),
              "A worker of %s did not poll for up to %.0f ms, in %d of the last %d seconds (its siblings: %.0f ms at most in the median).",
              node,
              ms(max),
              gaps.size(),
              config.window().toSeconds(),
              siblingsMs));
    }
    if (shifts.size() >= config.badSeconds()) {
      add(found, shifts);
      long max = shifts.stream().mapToLong(Samples.Sample::value).max().orElse(0);
      found.evidence.add(
          Evidences.of(
              "heartbeat_shift_ms",
              ms(max),
              0,
              shifts.size(),
              "%s's heartbeat came up to %.0f ms off its second, %d times.",
              node,
              ms(max),
              shifts.size()));
    }
    if (missed.size() >= config.badSeconds()) {
      add(found, missed);
      found.packets = true;
      long sum = missed.stream().mapToLong(Samples.Sample::value).sum();
      found.evidence.add(
          Evidences.of(
              "rx_missed",
              sum,
              0,
              missed.size(),
              "%s lost %d packets before RX in %d seconds.",
              node,
              sum,
              missed.size()));
    }
    if (queues.size() >= config.badSeconds()) {
      queues.forEach(found::seen);
      found.packets = true;
      found.kinds++;
      found.nats += BadSeconds.NATS * queues.size();
      found.evidence.add(
          Evidences.of(
              "queue_drop_seconds",
              queues.size(),
              0,
              queues.size(),
              "%s dropped packets for full queues in %d seconds.",
              node,
              queues.size()));
    }
  }

  private static void add(Findings found, List<Samples.Sample> bad) {
    found.kinds++;
    found.nats += BadSeconds.NATS * bad.size();
    bad.forEach(s -> found.seen(s.timeNs()));
  }

  /** The node's samples over a limit, in seconds in which its siblings were well below. */
  private static List<Samples.Sample> badSeconds(
      Evaluation now, String node, Function<NodeStream, Samples> series, long limit) {
    List<Samples.Sample> bad = new ArrayList<>();
    for (Samples.Sample s : series.apply(now.node(node)).between(sinceNs(now), now.nowNs())) {
      if (s.value() >= limit && alone(now, node, series, s)) {
        bad.add(s);
      }
    }
    return bad;
  }

  /** The siblings are there in the same second, and well. */
  private static boolean alone(
      Evaluation now, String node, Function<NodeStream, Samples> series, Samples.Sample s) {
    long fromNs = s.timeNs() - Samples.SECOND_NS;
    long toNs = s.timeNs() + Samples.SECOND_NS;
    List<String> siblings = now.network().controls(node);
    long heard =
        siblings.stream()
            .filter(n -> !series.apply(now.node(n)).between(fromNs, toNs).isEmpty())
            .count();
    return 2 * heard >= siblings.size()
        && siblingsMax(now, node, series, fromNs, toNs) <= s.value() / 2.0;
  }

  /** The median of the siblings' largest samples in the interval. */
  private static double siblingsMax(
      Evaluation now, String node, Function<NodeStream, Samples> series, long fromNs, long toNs) {
    return median(now, node, s -> (double) series.apply(now.node(s)).max(fromNs, toNs));
  }

  private static double median(Evaluation now, String node, Function<String, Double> value) {
    double[] values =
        now.network().controls(node).stream().mapToDouble(value::apply).sorted().toArray();
    return values.length == 0 ? 0 : values[values.length / 2];
  }

  @Override
  public Health health(Evaluation now, Hypothesis open) {
    String node = open.component();
    NodeStream stream = now.node(node);
    if (!stream.beating(now.nowNs())) {
      return Health.UNKNOWN;
    }
    long sinceNs = now.healthySinceNs();
    List<JudgedProbe> through = answeredThrough(now, node, sinceNs);
    long delayed = Evaluation.count(through, p -> p.fate() == Fate.DELAYED);
    long gaps =
        stream.pollGaps().between(sinceNs, now.nowNs()).stream()
            .filter(s -> s.value() >= now.config().jitter().pollGap().toNanos())
            .filter(s -> alone(now, node, NodeStream::pollGaps, s))
            .count();
    if (ratio(delayed, through.size()) > 0.1
        || gaps >= 2
        || lostShare(now, node) >= now.config().jitter().lostShare()) {
      return Health.BAD;
    }
    return through.size() - delayed >= now.config().verdicts().healthyProbes()
        ? Health.HEALTHY
        : Health.UNKNOWN;
  }
}
