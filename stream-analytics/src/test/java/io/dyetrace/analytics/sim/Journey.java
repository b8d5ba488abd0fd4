package io.dyetrace.analytics.sim;

import io.dyetrace.analytics.sim.LinkLoss.Way;
import io.dyetrace.analytics.sim.TierPoints.Probe;
import io.dyetrace.common.record.Point;
import io.dyetrace.common.record.ProbeOutcome;
import io.dyetrace.common.registry.Direction;
import io.dyetrace.common.registry.DropReason;
import io.dyetrace.common.registry.TracePoint;
import io.dyetrace.common.topology.Vip;
import java.util.Random;

/** The way of a probe over its nodes to a backend and back, and the stamps it leaves. */
final class Journey {
  /** No answer comes. */
  static final long NEVER = Long.MAX_VALUE;

  /** Takes what nodes stamp. */
  interface Stamps {
    void stamp(String node, long atNs, Point.Builder point);
  }

  /** How it ended, and when the answer arrived. */
  record End(long atNs, ProbeOutcome outcome) {
    static final End LOST = new End(NEVER, ProbeOutcome.TIMEOUT);
  }

  private final World world;
  private final Conditions conditions;
  private final Random random;
  private final Stamps stamps;

  Journey(World world, Conditions conditions, Random random, Stamps stamps) {
    this.world = world;
    this.conditions = conditions;
    this.random = random;
    this.stamps = stamps;
  }

  /** Over an EIP node where there are any, a CLB node, and back over it and whichever EIP node. */
  End travel(String prober, Probe p, long sentNs) {
    long at = sentNs;
    if (world.hasTiers()) {
      String edge = world.edge(p, conditions, sentNs);
      if (lost(Way.TO_NODE, prober, p, edge, at)) {
        return End.LOST;
      }
      at = conditions.awake(edge, at + hop());
      if (conditions.crashes.covers(edge, at)) {
        return dead(edge, at);
      }
      at = pass(p, edge, Direction.FORWARD, "", at);
    }
    String balancer = world.balancer(p, conditions, sentNs);
    if (lost(Way.TO_NODE, prober, p, balancer, at)) {
      return End.LOST;
    }
    at = conditions.awake(balancer, at + hop());
    if (conditions.crashes.covers(balancer, at)) {
      return world.hasTiers() ? End.LOST : dead(balancer, at);
    }
    return beyond(prober, p, balancer, at);
  }

  /** The hop before a dead one gives up on ARP after a while. */
  private End dead(String node, long at) {
    boolean gone = at - conditions.crashes.startOf(node, at) > 4 * Simulation.SECOND;
    return gone && random.nextBoolean() ? new End(NEVER, ProbeOutcome.ICMP_UNREACHABLE) : End.LOST;
  }

  private End beyond(String prober, Probe p, String balancer, long arrivedNs) {
    Vip vip = p.vip();
    long at = arrivedNs;
    boolean missing = conditions.vipsMissing.covers(vip.name() + "@" + balancer, at);
    DropReason drop = missing ? DropReason.NO_VIP : limit(balancer, vip, at);
    if (drop != DropReason.NONE) {
      stamp(p, balancer, at, TracePoint.RX, Direction.FORWARD, "", DropReason.NONE);
      stamp(p, balancer, at, TracePoint.SESSION, Direction.FORWARD, "", drop);
      return End.LOST;
    }
    Vip.Backend backend = vip.backends().get(random.nextInt(vip.backends().size()));
    at = pass(p, balancer, Direction.FORWARD, backend.name(), at);
    if (backendSilent(backend, at) || lostBeyond(prober, p, balancer, at)) {
      return End.LOST;
    }
    ProbeOutcome outcome = answer(backend, at);
    at = conditions.awake(balancer, at + 2 * hop());
    if (conditions.crashes.covers(balancer, at)) {
      return End.LOST;
    }
    at = pass(p, balancer, Direction.REPLY, backend.name(), at);
    if (lost(Way.FROM_NODE, prober, p, balancer, at)) {
      return End.LOST;
    }
    if (world.hasTiers()) {
      String back = world.edgeBack(p, conditions, at);
      at = conditions.awake(back, at + hop());
      if (conditions.crashes.covers(back, at)) {
        return End.LOST;
      }
      at = pass(p, back, Direction.REPLY, "", at);
      if (lost(Way.FROM_NODE, prober, p, back, at)) {
        return End.LOST;
      }
    }
    return new End(at + hop(), outcome);
  }

  private boolean backendSilent(Vip.Backend backend, long atNs) {
    return conditions.backendsSilent.covers(world.topology.hostOf(backend.name()), atNs);
  }

  private ProbeOutcome answer(Vip.Backend backend, long atNs) {
    boolean refused =
        conditions.backendsRefusing.covers(world.topology.hostOf(backend.name()), atNs)
            || conditions.backendsRefusing.covers(backend.name(), atNs);
    return refused ? ProbeOutcome.RST : ProbeOutcome.SYN_ACK;
  }

  /** Each way loses its own share, and what the faults take. */
  private boolean lost(Way way, String prober, Probe p, String node, long atNs) {
    return random.nextDouble() < conditions.lossShare
        || conditions.lost(random, way, prober, p, node, atNs);
  }

  private boolean lostBeyond(String prober, Probe p, String node, long atNs) {
    return lost(Way.TO_BACKEND, prober, p, node, atNs)
        || conditions.lost(random, Way.FROM_BACKEND, prober, p, node, atNs);
  }

  private DropReason limit(String node, Vip vip, long atNs) {
    if (conditions.overloads.covers(vip.name(), atNs) && random.nextDouble() < 0.7) {
      return DropReason.NEW_CONNECTION_LIMIT;
    }
    return conditions.nodeOverloads.covers(node, atNs) && random.nextDouble() < 0.5
        ? DropReason.SESSION_TABLE_FULL
        : DropReason.NONE;
  }

  private long pass(Probe p, String node, Direction direction, String backend, long atNs) {
    stamp(p, node, atNs, TracePoint.RX, direction, backend, DropReason.NONE);
    stamp(p, node, atNs + 15_000, TracePoint.TX, direction, backend, DropReason.NONE);
    return atNs + 15_000;
  }

  private long hop() {
    return (long) (100_000 * Math.exp(random.nextGaussian() * 0.5));
  }

  private void stamp(
      Probe p,
      String node,
      long atNs,
      TracePoint point,
      Direction direction,
      String backend,
      DropReason reason) {
    Point.Builder b =
        TierPoints.of(p, world.isEdge(node), direction)
            .setPoint(point.code())
            .setReason(reason.code())
            .setBackend(backend);
    if (reason == DropReason.NO_VIP) {
      b.clearVip(); // whoever does not know it cannot name it
    }
    stamps.stamp(node, atNs, b);
  }
}
