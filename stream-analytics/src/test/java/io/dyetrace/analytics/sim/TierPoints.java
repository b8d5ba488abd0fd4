package io.dyetrace.analytics.sim;

import com.google.protobuf.ByteString;
import io.dyetrace.common.record.Location;
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

  private TierPoints() {}

  static Location location(String node) {
    return Location.newBuilder()
        .setRegion("lab")
        .setZone("lab-a")
        .setRack("rack-1")
        .setCluster("lab")
        .setNode(node)
        .build();
  }

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
    InetAddress address =
        stateless && forward ? vip.address() : Objects.requireNonNull(vip.privateAddress());
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
        .setDestinationAddress(ByteString.copyFrom(vip.address().getAddress()))
        .setKeyState(ProbeKeyState.KEY_SAMPLED)
        .setSampleWeight(100);
  }
}
