package io.dyetrace.analytics.sim;

import com.google.protobuf.ByteString;
import io.dyetrace.common.record.Point;
import io.dyetrace.common.record.ProbeKeyState;
import io.dyetrace.common.registry.Direction;
import io.dyetrace.common.registry.DropReason;
import io.dyetrace.common.registry.Tier;
import io.dyetrace.common.registry.TracePoint;
import io.dyetrace.common.topology.Vip;
import java.net.InetAddress;
import java.util.Objects;

/** Points as the nodes of two tiers stamp them. */
final class TierPoints {
  /** A probe on its way. */
  record Probe(int proberId, Vip vip, int port, int sequence) {}

  private static final ByteString SERVER = ByteString.copyFrom(new byte[] {10, 80, 0, 1});
  private static final ByteString INSIDE = ByteString.copyFrom(new byte[] {10, 81, 0, 1});
  private static final ByteString ATTACKER =
      ByteString.copyFrom(new byte[] {(byte) 203, 0, 113, 9});

  private TierPoints() {}

  static ByteString proberAddress(int id) {
    return ByteString.copyFrom(new byte[] {(byte) 198, 18, (byte) (10 + id), 2});
  }

  /**
   * A stateless tier names no VIP, and of replies no key; a stateful one's replies come from the
   * backend to the node, so their flow tells nothing.
   */
  static Point.Builder of(Probe p, boolean stateless, Direction direction) {
    Vip vip = p.vip();
    boolean forward = direction == Direction.FORWARD;
    InetAddress inside = Objects.requireNonNullElse(vip.privateAddress(), vip.address());
    InetAddress address = stateless && forward ? vip.address() : inside;
    ByteString service = ByteString.copyFrom(address.getAddress());
    Point.Builder b =
        Point.newBuilder()
            .setTier(stateless ? Tier.EIP.code() : Tier.CLB.code())
            .setDirection(direction.code())
            .setVip(stateless ? "" : vip.name())
            .setProtocol(6);
    if (forward || stateless) {
      b.setSourceAddress(forward ? proberAddress(p.proberId()) : service)
          .setSourcePort(forward ? p.port() : vip.probePort())
          .setDestinationAddress(forward ? service : proberAddress(p.proberId()))
          .setDestinationPort(forward ? vip.probePort() : p.port());
    } else {
      b.setSourceAddress(SERVER)
          .setSourcePort(vip.probePort())
          .setDestinationAddress(INSIDE)
          .setDestinationPort(p.port());
    }
    return stateless && !forward
        ? b.setKeyState(ProbeKeyState.KEY_UNKNOWN)
        : b.setKeyState(ProbeKeyState.KEY_VERIFIED)
            .setProberId(p.proberId())
            .setProbeSequence(p.sequence());
  }

  /** A sampled drop point of a malformed packet: only its address tells the VIP. */
  static Point.Builder malformed(Vip vip, boolean stateless) {
    return Point.newBuilder()
        .setTier(stateless ? Tier.EIP.code() : Tier.CLB.code())
        .setPoint(TracePoint.RX.code())
        .setReason(DropReason.MALFORMED_TCP.code())
        .setDirection(Direction.FORWARD.code())
        .setSourceAddress(ATTACKER)
        .setDestinationAddress(ByteString.copyFrom(vip.address().getAddress()))
        .setKeyState(ProbeKeyState.KEY_SAMPLED)
        .setSampleWeight(100);
  }
}
