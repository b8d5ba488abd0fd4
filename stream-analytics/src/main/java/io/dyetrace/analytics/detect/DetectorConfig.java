package io.dyetrace.analytics.detect;

import static io.dyetrace.common.config.Check.orDefault;
import static io.dyetrace.common.config.Check.range;

import io.dyetrace.common.config.StrictYaml;
import java.time.Duration;

/**
 * Every threshold of the detection. The defaults are here; the analytics configuration's block
 * {@code detection} may set each:
 *
 * <pre>{@code
 * detection:
 *   crash: {consecutive_losses: 4}
 *   jitter: {delay: 80ms}
 * }</pre>
 */
public record DetectorConfig(
    Timing timing,
    Crash crash,
    Jitter jitter,
    Prober prober,
    Backend backend,
    Config config,
    Overload overload,
    NoData noData,
    Verdicts verdicts) {
  public DetectorConfig {
    timing = orDefault(timing, defaultsOf(Timing.class));
    crash = orDefault(crash, defaultsOf(Crash.class));
    jitter = orDefault(jitter, defaultsOf(Jitter.class));
    prober = orDefault(prober, defaultsOf(Prober.class));
    backend = orDefault(backend, defaultsOf(Backend.class));
    config = orDefault(config, defaultsOf(Config.class));
    overload = orDefault(overload, defaultsOf(Overload.class));
    noData = orDefault(noData, defaultsOf(NoData.class));
    verdicts = orDefault(verdicts, defaultsOf(Verdicts.class));
  }

  /** The defaults. */
  public static DetectorConfig defaults() {
    return defaultsOf(DetectorConfig.class);
  }

  private static <T> T defaultsOf(Class<T> type) {
    return StrictYaml.parse("{}", "defaults", type);
  }

  /**
   * What every rule shares.
   *
   * @param evaluationInterval the least event time between two evaluations
   * @param stampDelay a stamp that is missing so long after its probe was sent, and that its source
   *     has been drained of, does not exist
   * @param traceRetention how long a probe and its points wait for each other
   * @param maxTraces how many of them are kept at most; the oldest go first
   * @param portMapRetention how long a source port's node is remembered without being met again
   * @param maxPorts how many are remembered at most
   * @param portsMoved so many ports of a VIP that change node within the evidence window mean that
   *     its next hops changed
   * @param evidenceWindow how far back a verdict's probes reach
   * @param nodeSettling time after a gateway's start in which its delays and gaps count for nothing
   * @param proberSettling the same after a prober's start, for everything it sent
   * @param agentFresh an agent whose last status is younger than this is running
   */
  public record Timing(
      Duration evaluationInterval,
      Duration stampDelay,
      Duration traceRetention,
      Integer maxTraces,
      Duration portMapRetention,
      Integer maxPorts,
      Integer portsMoved,
      Duration evidenceWindow,
      Duration nodeSettling,
      Duration proberSettling,
      Duration agentFresh) {
    public Timing {
      evaluationInterval =
          atMost(
              "timing.evaluation_interval",
              orDefault(evaluationInterval, Duration.ofMillis(250)),
              5);
      stampDelay = atMost("timing.stamp_delay", orDefault(stampDelay, Duration.ofMillis(300)), 60);
      traceRetention =
          atMost("timing.trace_retention", orDefault(traceRetention, Duration.ofSeconds(60)), 3600);
      maxTraces = range("timing.max_traces", orDefault(maxTraces, 200_000), 100, 10_000_000);
      portMapRetention =
          atMost(
              "timing.port_map_retention",
              orDefault(portMapRetention, Duration.ofMinutes(15)),
              86_400);
      maxPorts = range("timing.max_ports", orDefault(maxPorts, 500_000), 100, 10_000_000);
      portsMoved = range("timing.ports_moved", orDefault(portsMoved, 3), 1, 1000);
      evidenceWindow =
          atMost("timing.evidence_window", orDefault(evidenceWindow, Duration.ofSeconds(12)), 60);
      nodeSettling =
          atMost("timing.node_settling", orDefault(nodeSettling, Duration.ofSeconds(5)), 60);
      proberSettling =
          atMost("timing.prober_settling", orDefault(proberSettling, Duration.ofSeconds(3)), 60);
      agentFresh = atMost("timing.agent_fresh", orDefault(agentFresh, Duration.ofSeconds(4)), 60);
    }
  }

  /**
   * NODE_CRASH.
   *
   * @param consecutiveLosses probes lost towards the node, none answered in between, when its
   *     gateway process is known to be dead or mute
   * @param consecutiveLossesBlind the same when the node's agent is silent too; only probes whose
   *     port is known to lead there count
   * @param heartbeatSilence a gateway whose counters are so much older than its agent's status is
   *     mute
   */
  public record Crash(
      Integer consecutiveLosses, Integer consecutiveLossesBlind, Duration heartbeatSilence) {
    public Crash {
      consecutiveLosses =
          range("crash.consecutive_losses", orDefault(consecutiveLosses, 3), 1, 100);
      consecutiveLossesBlind =
          range("crash.consecutive_losses_blind", orDefault(consecutiveLossesBlind, 6), 1, 100);
      heartbeatSilence =
          atMost("crash.heartbeat_silence", orDefault(heartbeatSilence, Duration.ofSeconds(3)), 60);
    }
  }

  /**
   * NODE_JITTER.
   *
   * @param window how far back the evidence reaches
   * @param delay a probe is delayed when its RTT exceeds its baseline by this…
   * @param delayFactor …and is at least so many times its baseline
   * @param delayedProbes delayed probes needed
   * @param delayedShare share of the node's probes that must be delayed
   * @param delayedNats least log-likelihood ratio of that share against its siblings' (their
   *     median, 2 % at least)
   * @param pollGap a second counts as bad when a worker did not poll for so long
   * @param heartbeatShift …or when the heartbeat came so much early or late
   * @param badSeconds bad seconds needed, siblings being well in the same seconds
   * @param lostShare share of probes lost between answered ones
   * @param lostProbes probes lost between answered ones
   * @param missedPackets packets a second lost before RX, or dropped for lack of queue room, that
   *     make a second bad
   * @param patience RTT alone, seen by two probers, must last so long
   */
  public record Jitter(
      Duration window,
      Duration delay,
      Double delayFactor,
      Integer delayedProbes,
      Double delayedShare,
      Double delayedNats,
      Duration pollGap,
      Duration heartbeatShift,
      Integer badSeconds,
      Double lostShare,
      Integer lostProbes,
      Integer missedPackets,
      Duration patience) {
    public Jitter {
      window = atMost("jitter.window", orDefault(window, Duration.ofSeconds(8)), 60);
      delay = atMost("jitter.delay", orDefault(delay, Duration.ofMillis(50)), 10);
      delayFactor = range("jitter.delay_factor", orDefault(delayFactor, 5.0), 1.0, 1000.0);
      delayedProbes = range("jitter.delayed_probes", orDefault(delayedProbes, 5), 2, 1000);
      delayedShare = range("jitter.delayed_share", orDefault(delayedShare, 0.25), 0.01, 1.0);
      delayedNats = range("jitter.delayed_nats", orDefault(delayedNats, 7.0), 1.0, 1000.0);
      pollGap = atMost("jitter.poll_gap", orDefault(pollGap, Duration.ofMillis(100)), 10);
      heartbeatShift =
          atMost("jitter.heartbeat_shift", orDefault(heartbeatShift, Duration.ofMillis(150)), 10);
      badSeconds = range("jitter.bad_seconds", orDefault(badSeconds, 3), 2, 60);
      lostShare = range("jitter.lost_share", orDefault(lostShare, 0.1), 0.001, 1.0);
      lostProbes = range("jitter.lost_probes", orDefault(lostProbes, 3), 2, 1000);
      missedPackets = range("jitter.missed_packets", orDefault(missedPackets, 10), 1, 1_000_000);
      patience = atMost("jitter.patience", orDefault(patience, Duration.ofSeconds(7)), 60);
    }
  }

  /**
   * PROBER_FAULT.
   *
   * @param window how far back the evidence reaches
   * @param probes failed probes needed
   * @param failedShare share of what the prober sent that must have failed
   * @param othersAnsweredShare share of what the others sent that must have been answered; another
   *     fault may take the rest
   */
  public record Prober(
      Duration window, Integer probes, Double failedShare, Double othersAnsweredShare) {
    public Prober {
      window = atMost("prober.window", orDefault(window, Duration.ofSeconds(5)), 60);
      probes = range("prober.probes", orDefault(probes, 12), 3, 1000);
      failedShare = range("prober.failed_share", orDefault(failedShare, 0.97), 0.5, 1.0);
      othersAnsweredShare =
          range("prober.others_answered_share", orDefault(othersAnsweredShare, 0.3), 0.1, 1.0);
    }
  }

  /**
   * BACKEND_DOWN.
   *
   * @param window how far back the evidence reaches
   * @param probes probes needed that were sent on to the host and not answered
   * @param failedShare share of a backend's probes that must have failed
   * @param atLeast how long it must last: a server that restarts is not down
   */
  public record Backend(Duration window, Integer probes, Double failedShare, Duration atLeast) {
    public Backend {
      window = atMost("backend.window", orDefault(window, Duration.ofSeconds(8)), 60);
      probes = range("backend.probes", orDefault(probes, 6), 2, 1000);
      failedShare = range("backend.failed_share", orDefault(failedShare, 0.8), 0.1, 1.0);
      atLeast = atMost("backend.at_least", orDefault(atLeast, Duration.ofSeconds(3)), 60);
    }
  }

  /**
   * CONFIG_ERROR.
   *
   * @param window how old the newest drop may be
   * @param probes verified probes of a VIP that the node dropped for a reason of its configuration
   * @param failedShare share of the VIP's probes through the node that were dropped so
   * @param scopeWait how long to wait at most until the VIP's other nodes and the node's other VIPs
   *     show whether they are hit too; less than the evidence window
   */
  public record Config(Duration window, Integer probes, Double failedShare, Duration scopeWait) {
    public Config {
      window = atMost("config.window", orDefault(window, Duration.ofSeconds(8)), 60);
      probes = range("config.probes", orDefault(probes, 3), 1, 1000);
      failedShare = range("config.failed_share", orDefault(failedShare, 0.9), 0.1, 1.0);
      scopeWait = atMost("config.scope_wait", orDefault(scopeWait, Duration.ofSeconds(10)), 60);
    }
  }

  /**
   * VIP_OVERLOAD, NODE_OVERLOAD and VIP_ATTACK.
   *
   * @param window how far back the evidence reaches
   * @param drops packets a second that a node must drop for a limit of the VIP, or malformed, to
   *     make a second bad
   * @param badSeconds bad seconds a node needs to count as hit
   * @param nodes nodes that must be hit (all of them, when the VIP has fewer)
   * @param probes verified probes dropped for a limit of the VIP, on as many nodes: the other way
   *     to a verdict
   * @param vips VIPs that a node must limit, and its siblings must not, to be overloaded itself
   * @param samples sampled malformed packets that a node needs before they tell which VIP is meant
   */
  public record Overload(
      Duration window,
      Integer drops,
      Integer badSeconds,
      Integer nodes,
      Integer probes,
      Integer vips,
      Integer samples) {
    public Overload {
      window = atMost("overload.window", orDefault(window, Duration.ofSeconds(6)), 60);
      drops = range("overload.drops", orDefault(drops, 10), 1, 1_000_000);
      badSeconds = range("overload.bad_seconds", orDefault(badSeconds, 3), 1, 60);
      nodes = range("overload.nodes", orDefault(nodes, 2), 1, 1000);
      probes = range("overload.probes", orDefault(probes, 4), 1, 1000);
      vips = range("overload.vips", orDefault(vips, 2), 2, 1000);
      samples = range("overload.samples", orDefault(samples, 3), 1, 1000);
    }
  }

  /**
   * NO_DATA.
   *
   * @param silence telemetry missing for so long, the input being caught up
   * @param groupSlack sources that fell silent within so long of each other are one fault
   * @param firstContact a source that was never heard of is missed only after this
   * @param answeredShare share of probes that must be answered
   * @param probes answered probes needed
   */
  public record NoData(
      Duration silence,
      Duration groupSlack,
      Duration firstContact,
      Double answeredShare,
      Integer probes) {
    public NoData {
      silence = atMost("no_data.silence", orDefault(silence, Duration.ofSeconds(15)), 3600);
      groupSlack = atMost("no_data.group_slack", orDefault(groupSlack, Duration.ofSeconds(4)), 60);
      firstContact =
          atMost("no_data.first_contact", orDefault(firstContact, Duration.ofSeconds(60)), 3600);
      answeredShare = range("no_data.answered_share", orDefault(answeredShare, 0.9), 0.1, 1.0);
      probes = range("no_data.probes", orDefault(probes, 5), 1, 1000);
    }
  }

  /**
   * From suspicion to verdict.
   *
   * @param openNats least log-likelihood ratio against "nothing is wrong": 20 nats is a chance of
   *     2·10⁻⁹ per look
   * @param openConfidence least posterior
   * @param priorNats log prior of one fault of one component in one window
   * @param holdFor a suspicion must stand so long over two evaluations or more
   * @param healthyFor healthy evidence needed to resolve
   * @param healthyProbes answered probes needed to resolve
   * @param unusedFor a verdict whose component no probe has told of for so long is resolved while
   *     the network answers
   * @param updateInterval least time between two revisions of an open verdict
   * @param updateStep a change of confidence or probe share smaller than this is not worth a
   *     revision
   */
  public record Verdicts(
      Double openNats,
      Double openConfidence,
      Double priorNats,
      Duration holdFor,
      Duration healthyFor,
      Integer healthyProbes,
      Duration unusedFor,
      Duration updateInterval,
      Double updateStep) {
    public Verdicts {
      openNats = range("verdicts.open_nats", orDefault(openNats, 20.0), 0.0, 1000.0);
      openConfidence = range("verdicts.open_confidence", orDefault(openConfidence, 0.9), 0.0, 1.0);
      priorNats = range("verdicts.prior_nats", orDefault(priorNats, -14.0), -100.0, 0.0);
      holdFor = atMost("verdicts.hold_for", orDefault(holdFor, Duration.ofMillis(400)), 60);
      healthyFor =
          atMost("verdicts.healthy_for", orDefault(healthyFor, Duration.ofSeconds(8)), 3600);
      healthyProbes = range("verdicts.healthy_probes", orDefault(healthyProbes, 4), 1, 1000);
      unusedFor =
          atMost("verdicts.unused_for", orDefault(unusedFor, Duration.ofSeconds(60)), 86_400);
      updateInterval =
          atMost(
              "verdicts.update_interval", orDefault(updateInterval, Duration.ofSeconds(5)), 3600);
      updateStep = range("verdicts.update_step", orDefault(updateStep, 0.1), 0.001, 1.0);
    }
  }

  private static Duration atMost(String key, Duration value, long seconds) {
    return range("detection." + key, value, Duration.ZERO, Duration.ofSeconds(seconds));
  }
}
