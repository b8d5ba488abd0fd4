package io.dyetrace.prober;

import com.google.protobuf.ByteString;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** One address and port that is probed: its schedule, its source ports and its probes. */
final class ProbeTarget {
  final ProberConfig.ProbeConfig probe;
  final String name;
  final int address;
  final byte[] addressBytes;
  final ByteString addressRecord;
  final int port;
  final long timeoutNs;
  final SlotSchedule schedule;
  final PortRotation ports;

  /** Unresolved probes in the order they left, with resolved ones in between. */
  final ArrayDeque<ProbeFlow> inFlight = new ArrayDeque<>();

  private final int firstPort;
  private final ProbeFlow[] flows;
  private int nextPadding;

  ProbeTarget(
      ProberConfig.ProbeConfig probe,
      ProberConfig.HostName host,
      int port,
      ProberConfig.SourcePorts sourcePorts,
      long firstDueNs,
      Random random) {
    this.probe = probe;
    this.name = host.name();
    this.address = Ipv4.parse("address", host.address());
    this.addressBytes = Ipv4.bytes(address);
    this.addressRecord = ByteString.copyFrom(addressBytes);
    this.port = port;
    this.timeoutNs = probe.timeout().toNanos();
    this.schedule =
        new SlotSchedule(firstDueNs, probe.interval().toNanos(), probe.probesPerRound());
    this.ports =
        new PortRotation(
            sourcePorts.count(), probe.reuseDistance(), ProberConfig.REUSE_REST.toNanos(), random);
    this.firstPort = sourcePorts.first();
    this.flows = new ProbeFlow[sourcePorts.count()];
    for (int i = 0; i < flows.length; i++) {
      flows[i] = new ProbeFlow(this, firstPort + i);
    }
  }

  /** The flow of a source port that has rested, or null when none has. */
  @Nullable ProbeFlow nextFlow(long nowMonotonicNs) {
    int index = ports.next(nowMonotonicNs);
    return index < 0 ? null : flows[index];
  }

  /** The flow of a source port, or null when it is not one of the prober's. */
  @Nullable ProbeFlow flow(int sourcePort) {
    int index = sourcePort - firstPort;
    return index < 0 || index >= flows.length ? null : flows[index];
  }

  /** The number of one of this target's flows. */
  int index(ProbeFlow flow) {
    return flow.sourcePort - firstPort;
  }

  /** Times of last use for {@link PortRotation#restore}: no port was used. */
  long[] noUses() {
    long[] lastUseNs = new long[flows.length];
    Arrays.fill(lastUseNs, PortRotation.NEVER);
    return lastUseNs;
  }

  /** The sizes take turns. */
  int nextPadding() {
    int padding = probe.paddingBytes().get(nextPadding);
    nextPadding = (nextPadding + 1) % probe.paddingBytes().size();
    return padding;
  }
}
