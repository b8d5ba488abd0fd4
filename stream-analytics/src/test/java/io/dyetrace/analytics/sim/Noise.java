package io.dyetrace.analytics.sim;

import static io.dyetrace.analytics.sim.Simulation.MS;
import static io.dyetrace.analytics.sim.Simulation.SECOND;

import io.dyetrace.common.topology.Component;
import java.util.Random;

/** Standstills that a healthy installation has, made a little ahead of the time. */
final class Noise {
  /** What kind of machine it all runs on. */
  enum Kind {
    NONE,
    /** A busy machine of two cores that everybody shares: the lab. */
    LAB,
    /** Every node on a machine of its own. */
    FLEET
  }

  private static final long AHEAD_NS = 3 * SECOND;
  private static final long KEPT_NS = 30 * SECOND;

  private final World world;
  private final Conditions conditions;
  private final Random random;
  private final Kind kind;
  private long madeNs;

  Noise(World world, Conditions conditions, Random random, Kind kind) {
    this.world = world;
    this.conditions = conditions;
    this.random = random;
    this.kind = kind;
  }

  /** Makes what is needed to simulate up to a time, and forgets what is over. */
  void until(long atNs) {
    while (madeNs < atNs + AHEAD_NS) {
      if (kind == Kind.LAB) {
        lab(madeNs);
      } else if (kind == Kind.FLEET) {
        fleet(madeNs);
      }
      madeNs += SECOND;
      if (madeNs % (10 * SECOND) == 0) {
        conditions.stalls.forgetBefore(atNs - KEPT_NS);
      }
    }
  }

  private void lab(long at) {
    if (random.nextDouble() < 0.06) {
      long lengthNs = 10 * MS + (long) (290 * MS * Math.pow(random.nextDouble(), 2));
      stall(Conditions.MACHINE, at + uniform(SECOND), lengthNs);
    }
    for (String node : world.nodes) {
      stall(node, at + uniform(SECOND), MS + uniform(11 * MS));
      if (random.nextDouble() < 0.02) {
        stall(node, at + uniform(SECOND), 50 * MS + uniform(100 * MS));
      }
    }
    for (Component prober : world.probers) {
      if (random.nextDouble() < 0.03) {
        stall(prober.name(), at + uniform(SECOND), 20 * MS + uniform(200 * MS));
      }
    }
  }

  private void fleet(long at) {
    for (String node : world.nodes) {
      if (random.nextDouble() < 0.02) {
        stall(node, at + uniform(SECOND), MS + uniform(11 * MS));
      }
    }
    for (Component prober : world.probers) {
      if (random.nextDouble() < 0.01) {
        stall(prober.name(), at + uniform(SECOND), 5 * MS + uniform(50 * MS));
      }
    }
  }

  private void stall(String who, long fromNs, long lengthNs) {
    conditions.stalls.add(who, fromNs, fromNs + lengthNs);
  }

  private long uniform(long max) {
    return (long) (random.nextDouble() * max);
  }
}
