package io.dyetrace.prober;

import io.dyetrace.common.record.ProbeResult;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** The targets of a prober, found by address and port. */
final class ProbeTable {
  /** A probe that was in flight when an earlier prober was killed. */
  record Orphan(@Nullable ProbeFlow flow, ProbeResult probe) {}

  private static final double GOLDEN_RATIO = 0.618_033_988_749_895;

  private final Clock clock;
  private final List<ProbeTarget> targets = new ArrayList<>();
  private final Map<Long, ProbeTarget> byEndpoint = new HashMap<>();

  /** Targets take turns within a slot, and probers with other ids stand in between. */
  ProbeTable(ProberConfig config, Clock clock, Random random) {
    this.clock = clock;
    long nowNs = clock.monotonicNs();
    long realNs = clock.realtimeNs();
    int count = 0;
    for (ProberConfig.ProbeConfig probe : config.probe()) {
      count += probe.targets().hostNames().size() * probe.allPorts().size();
    }
    double proberShare = config.proberId() * GOLDEN_RATIO % 1;
    for (ProberConfig.ProbeConfig probe : config.probe()) {
      long slotNs = probe.interval().toNanos() / probe.probesPerRound();
      for (ProberConfig.HostName host : probe.targets().hostNames()) {
        for (int port : probe.allPorts()) {
          long phaseNs = (long) (slotNs * (targets.size() + proberShare) / count);
          long firstDueNs = nowNs + slotNs - Math.floorMod(realNs, slotNs) + phaseNs;
          ProbeTarget target =
              new ProbeTarget(probe, host, port, config.sourcePorts(), firstDueNs, random);
          targets.add(target);
          byEndpoint.put(endpoint(target.address, port), target);
        }
      }
    }
  }

  List<ProbeTarget> targets() {
    return targets;
  }

  /** The flow between a target and a source port, or null. */
  @Nullable ProbeFlow flow(int address, int port, int sourcePort) {
    ProbeTarget target = byEndpoint.get(endpoint(address, port));
    return target == null ? null : target.flow(sourcePort);
  }

  /** Takes up what an earlier prober left: its source ports go on resting. */
  List<Orphan> restore(Journal.Recovered left) {
    long nowNs = clock.monotonicNs();
    long realNs = clock.realtimeNs();
    Map<ProbeTarget, long[]> uses = new HashMap<>();
    for (Journal.Send send : left.sends()) {
      ProbeFlow flow = flow(send.probe());
      long agoNs = Math.max(0, realNs - send.probe().getSentTimeNs());
      if (flow != null && agoNs < ProberConfig.REUSE_REST.toNanos()) {
        flow.state = ProbeFlow.State.DONE;
        flow.sequence = send.probe().getProbeSequence();
        flow.isn = send.isn();
        uses.computeIfAbsent(flow.target, ProbeTarget::noUses)[flow.target.index(flow)] =
            nowNs - agoNs;
      }
    }
    uses.forEach((target, lastUseNs) -> target.ports.restore(lastUseNs));
    List<Orphan> orphans = new ArrayList<>();
    for (Journal.Send send : left.unresolved()) {
      ProbeFlow flow = flow(send.probe());
      boolean newest = flow != null && flow.sequence == send.probe().getProbeSequence();
      orphans.add(new Orphan(newest ? flow : null, send.probe()));
    }
    return orphans;
  }

  private @Nullable ProbeFlow flow(ProbeResult probe) {
    return probe.getTargetAddress().size() != 4
        ? null
        : flow(
            probe.getTargetAddress().asReadOnlyByteBuffer().getInt(),
            probe.getTargetPort(),
            probe.getSourcePort());
  }

  private static long endpoint(int address, int port) {
    return (long) address << 16 | port;
  }
}
