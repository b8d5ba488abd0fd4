package io.dyetrace.analytics.flow;

import com.google.protobuf.ByteString;
import io.dyetrace.common.record.Point;
import io.dyetrace.common.record.ProbeKeyState;
import io.dyetrace.common.record.ProbeResult;
import io.dyetrace.common.registry.Direction;
import io.dyetrace.common.registry.Tier;
import io.dyetrace.common.registry.TracePoint;
import io.dyetrace.common.topology.Component;
import io.dyetrace.common.topology.Topology;
import java.io.Serializable;
import java.util.HashMap;
import java.util.Map;

/**
 * Reads flows out of records. A stateless tier's reply comes from the VIP's private address, its
 * probe was sent to the public one: the topology knows both.
 */
public final class Flows implements Serializable {
  private static final long serialVersionUID = 1L;

  private final HashMap<ByteString, ByteString> publicByPrivate;
  private final boolean statelessTier;

  private Flows(HashMap<ByteString, ByteString> publicByPrivate, boolean statelessTier) {
    this.publicByPrivate = publicByPrivate;
    this.statelessTier = statelessTier;
  }

  /** Those of a topology. */
  public static Flows of(Topology topology) {
    HashMap<ByteString, ByteString> addresses = new HashMap<>();
    topology
        .publicByPrivate()
        .forEach(
            (inside, outside) ->
                addresses.put(
                    ByteString.copyFrom(inside.getAddress()),
                    ByteString.copyFrom(outside.getAddress())));
    boolean stateless =
        topology.components(Component.Kind.GATEWAY).stream().anyMatch(c -> c.tier() == Tier.EIP);
    return new Flows(addresses, stateless);
  }

  /** Whether some tier stamps replies without knowing whose they are. */
  public boolean hasStatelessTier() {
    return statelessTier;
  }

  /** A probe's, from its result. */
  public Flow of(ProbeResult result) {
    return new Flow(
        result.getSourceAddress(),
        result.getSourcePort(),
        result.getTargetAddress(),
        result.getTargetPort());
  }

  /** Whether the point tells which probe has its flow: a SYN whose colour verified, received. */
  public boolean tellsKey(Point point) {
    return point.getKeyState() == ProbeKeyState.KEY_VERIFIED
        && point.getDirection() == Direction.FORWARD.code()
        && point.getPoint() == TracePoint.RX.code()
        && point.getReason() == 0
        && point.getTier() == Tier.EIP.code()
        && !point.getReset();
  }

  /** Whether the point is of a reply whose probe is not known. */
  public boolean lacksKey(Point point) {
    return point.getKeyState() == ProbeKeyState.KEY_UNKNOWN
        && point.getDirection() == Direction.REPLY.code()
        && point.getTier() == Tier.EIP.code();
  }

  /** The flow of a point: of the prober's packet, or of the reply to it. */
  public Flow of(Point point) {
    return point.getDirection() == Direction.REPLY.code()
        ? new Flow(
            point.getDestinationAddress(),
            point.getDestinationPort(),
            toPublic(point.getSourceAddress()),
            point.getSourcePort())
        : new Flow(
            point.getSourceAddress(),
            point.getSourcePort(),
            toPublic(point.getDestinationAddress()),
            point.getDestinationPort());
  }

  private ByteString toPublic(ByteString address) {
    Map<ByteString, ByteString> known = publicByPrivate;
    return known.getOrDefault(address, address);
  }
}
