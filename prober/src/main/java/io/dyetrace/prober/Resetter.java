package io.dyetrace.prober;

import io.dyetrace.common.colour.Colour;
import io.dyetrace.common.colour.ColourKey;
import io.dyetrace.common.colour.Epochs;
import org.jspecify.annotations.Nullable;

/**
 * Puts an end to what a probe began. The first reset of a probe is coloured; the others are plain,
 * because a gateway takes a second colour with the same probe key for a replay.
 */
final class Resetter {
  private final Clock clock;
  private final Wire wire;
  private final NextHop nextHop;
  private final FrameWriter writer;
  private final ProberMetrics metrics;
  private final ColourKey key;
  private final int keyId;
  private final int proberId;
  private final byte[] source;

  Resetter(
      ProberConfig config,
      Clock clock,
      Wire wire,
      NextHop nextHop,
      FrameWriter writer,
      ProberMetrics metrics) {
    this.clock = clock;
    this.wire = wire;
    this.nextHop = nextHop;
    this.writer = writer;
    this.metrics = metrics;
    this.key = config.colour().colourKey();
    this.keyId = config.colour().keyId();
    this.proberId = config.proberId();
    this.source = Ipv4.bytes(Ipv4.parse("source_address", config.sourceAddress()));
  }

  /** Whether a reset would leave now. */
  boolean canReach(ProbeFlow flow) {
    return nextHop.macTowards(flow.target.address) != null;
  }

  /** Sends a reset with the sequence number that a server in SYN-RECV expects. */
  boolean reset(ProbeFlow flow) {
    return reset(flow, flow.isn + 1);
  }

  /** Sends a reset with the sequence number the other side asked for. */
  boolean reset(ProbeFlow flow, int tcpSequence) {
    byte[] mac = nextHop.macTowards(flow.target.address);
    if (mac == null || flow.resets == ProbeFlow.MOST_RESETS) {
      return false;
    }
    byte[] colour = flow.resets == 0 ? colour(flow, tcpSequence) : null;
    int length =
        writer.reset(
            mac, flow.target.address, flow.sourcePort, flow.target.port, tcpSequence, colour);
    String refused = wire.send(writer.frame(), length);
    if (refused != null) {
      return false;
    }
    flow.resets++;
    metrics.reset(colour != null);
    return true;
  }

  private byte @Nullable [] colour(ProbeFlow flow, int tcpSequence) {
    return Colour.of(keyId, proberId, flow.sequence)
        .resetting()
        .sealed(key, Epochs.of(clock.realtimeNs()), source, flow.sourcePort, tcpSequence - 1)
        .encode();
  }
}
