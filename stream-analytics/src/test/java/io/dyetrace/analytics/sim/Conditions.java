package io.dyetrace.analytics.sim;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/** What is wrong in a simulation, where and when. Times count from its start. */
final class Conditions {
  /** Whoever stands still with the whole machine. */
  static final String MACHINE = "machine";

  /** The agent that all nodes share; one node's own is {@code agent/NODE}. */
  static final String AGENT = "agent";

  final Schedule stalls = new Schedule();
  final Schedule crashes = new Schedule();
  final Schedule drains = new Schedule();
  final Schedule withdrawn = new Schedule();
  final Schedule backendsSilent = new Schedule();
  final Schedule backendsRefusing = new Schedule();
  final Schedule vipsMissing = new Schedule();
  final Schedule overloads = new Schedule();
  final Schedule nodeOverloads = new Schedule();
  final Schedule attacks = new Schedule();
  final Schedule proberFaults = new Schedule();
  final Schedule outages = new Schedule();
  final Schedule forgeries = new Schedule();
  final Map<String, Simulation.ProberFailure> proberFailures = new HashMap<>();
  final List<LinkLoss> linkLosses = new ArrayList<>();
  private final Map<String, TreeMap<Long, Long>> clockOffsets = new HashMap<>();
  double lossShare;
  double latePerBatch;
  double repeatedPerBatch;
  boolean busySeconds;
  boolean pollGapsVisible = true;

  /** From a time on somebody's clock is off by so much. */
  void clock(String host, long fromNs, long offsetNs) {
    clockOffsets.computeIfAbsent(host, k -> new TreeMap<>()).put(fromNs, offsetNs);
  }

  /** What somebody's clock shows, in nanoseconds since the epoch. */
  long clock(String host, long atNs) {
    TreeMap<Long, Long> offsets = clockOffsets.get(host);
    Map.Entry<Long, Long> now = offsets == null ? null : offsets.floorEntry(atNs);
    return Simulation.EPOCH_NS + atNs + (now == null ? 0 : now.getValue());
  }

  /** When somebody goes on who may be standing still. */
  long awake(String who, long atNs) {
    long at = atNs;
    for (int i = 0; i < 4; i++) {
      at = stalls.endOf(who, stalls.endOf(MACHINE, at));
    }
    return at;
  }

  /** The nodes that routers send packets to: all, when none is left. */
  List<String> inService(List<String> nodes, long atNs) {
    if (withdrawn.isEmpty()) {
      return nodes;
    }
    List<String> left = nodes.stream().filter(n -> !withdrawn.covers(n, atNs)).toList();
    return left.isEmpty() ? nodes : left;
  }

  boolean agentAway(String node, long atNs) {
    return !outages.isEmpty()
        && (outages.covers(AGENT, atNs) || outages.covers(AGENT + "/" + node, atNs));
  }

  boolean lost(
      Random random,
      LinkLoss.Way way,
      String prober,
      TierPoints.Probe probe,
      String node,
      long atNs) {
    for (LinkLoss loss : linkLosses) {
      if (loss.hits(way, prober, probe.vip().name(), node, probe.port(), atNs)
          && random.nextDouble() < loss.share()) {
        return true;
      }
    }
    return false;
  }
}
