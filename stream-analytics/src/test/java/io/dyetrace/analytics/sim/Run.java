package io.dyetrace.analytics.sim;

import static io.dyetrace.analytics.sim.Simulation.MS;

import io.dyetrace.analytics.sim.Simulation.Delivery;
import io.dyetrace.common.record.Point;
import io.dyetrace.common.topology.Component;
import io.dyetrace.common.topology.Vip;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.Random;

/**
 * A simulation on its way: makes what is sent slice by slice and holds no more of it than what is
 * still under way.
 */
final class Run implements Iterator<Delivery> {
  private static final long SLICE_NS = 50 * MS;
  private static final long MALFORMED_NS = 250 * MS;

  private final World world;
  private final Conditions conditions;
  private final Random random;
  private final long durationNs;
  private final Noise noise;
  private final Wire wire;
  private final List<SimProber> probers = new ArrayList<>();
  private final Map<String, SimNode> nodes = new HashMap<>();
  private final List<SimNode> nodesInOrder = new ArrayList<>();
  private long nowNs;

  Run(
      World world,
      Conditions conditions,
      Random random,
      Noise.Kind noise,
      int perRound,
      long durationNs) {
    this.world = world;
    this.conditions = conditions;
    this.random = random;
    this.durationNs = durationNs;
    this.noise = new Noise(world, conditions, random, noise);
    this.wire = new Wire(conditions, random);
    for (String name : world.nodes) {
      SimNode node = new SimNode(name, world, conditions, random, wire);
      nodes.put(name, node);
      nodesInOrder.add(node);
    }
    Journey journey = new Journey(world, conditions, random, this::stamp);
    for (Component prober : world.probers) {
      probers.add(new SimProber(prober, perRound, world, conditions, random, journey, wire));
    }
  }

  private void stamp(String node, long atNs, Point.Builder point) {
    Objects.requireNonNull(nodes.get(node)).stamp(atNs, point);
  }

  @Override
  public boolean hasNext() {
    while (nowNs < durationNs && !wire.holds(nowNs)) {
      slice();
    }
    return wire.holds(nowNs);
  }

  @Override
  public Delivery next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    return wire.take();
  }

  /** What is sent in the next moments; whatever comes later is read after them. */
  private void slice() {
    noise.until(nowNs);
    long untilNs = nowNs + SLICE_NS;
    if (!conditions.attacks.isEmpty() && nowNs % MALFORMED_NS == 0) {
      malformed(nowNs);
    }
    for (SimProber prober : probers) {
      prober.until(untilNs);
    }
    for (SimNode node : nodesInOrder) {
      node.until(untilNs);
    }
    nowNs = untilNs;
  }

  private void malformed(long fromNs) {
    for (Vip vip : world.vips) {
      if (!conditions.attacks.covers(vip.name(), fromNs)) {
        continue;
      }
      for (String node : world.firstTierOf(vip)) {
        if (random.nextDouble() < 0.6) {
          long at = fromNs + (long) (random.nextDouble() * MALFORMED_NS);
          stamp(node, at, TierPoints.malformed(vip, world.isEdge(node)));
        }
      }
    }
  }
}
