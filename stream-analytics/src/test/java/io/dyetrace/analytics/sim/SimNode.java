package io.dyetrace.analytics.sim;

import static io.dyetrace.analytics.sim.Simulation.MS;
import static io.dyetrace.analytics.sim.Simulation.SECOND;

import io.dyetrace.common.record.AgentStatus;
import io.dyetrace.common.record.CounterBatch;
import io.dyetrace.common.record.NodeCounters;
import io.dyetrace.common.record.NodeState;
import io.dyetrace.common.record.Point;
import io.dyetrace.common.record.PointBatch;
import io.dyetrace.common.record.WorkerCounters;
import java.util.PriorityQueue;
import java.util.Random;

/** One node: its gateway's ring of points, its counters each second, and its agent. */
final class SimNode {
  private static final long POLL_NS = 50 * MS;

  private record Stamped(long atNs, long number, Point.Builder point)
      implements Comparable<Stamped> {
    @Override
    public int compareTo(Stamped other) {
      return atNs != other.atNs
          ? Long.compare(atNs, other.atNs)
          : Long.compare(number, other.number);
    }
  }

  private final String name;
  private final World world;
  private final Conditions conditions;
  private final Random random;
  private final Wire wire;
  private final SimDrops drops;
  private final PriorityQueue<Stamped> ring = new PriorityQueue<>();
  private long stamped;
  private long ringSequence;
  private long controlSequence;
  private long pollNs = POLL_NS;
  private long nextSecondNs;
  private long lastSecondNs;
  private long nextStatusNs;

  SimNode(String name, World world, Conditions conditions, Random random, Wire wire) {
    this.name = name;
    this.world = world;
    this.conditions = conditions;
    this.random = random;
    this.wire = wire;
    this.drops = new SimDrops(name, world, conditions, random);
    this.nextSecondNs = uniform(SECOND);
    this.lastSecondNs = nextSecondNs - SECOND;
    this.nextStatusNs = uniform(SECOND);
  }

  private long uniform(long max) {
    return (long) (random.nextDouble() * max);
  }

  void stamp(long atNs, Point.Builder point) {
    ring.add(new Stamped(atNs, stamped++, point));
  }

  /** Does all that is due before a time; what it stamps later is not needed for that. */
  void until(long untilNs) {
    for (; pollNs <= untilNs; pollNs += POLL_NS) {
      poll(pollNs);
    }
    for (; nextSecondNs < untilNs; nextSecondNs += SECOND) {
      long at = conditions.awake(name, nextSecondNs);
      if (!conditions.crashes.covers(name, at)) {
        wire.send(name, true, at + 60 * MS, conditions.clock(name, at), counters(at));
        lastSecondNs = at;
      }
    }
    for (; nextStatusNs < untilNs; nextStatusNs += SECOND) {
      long at = conditions.awake(Conditions.AGENT, nextStatusNs);
      if (!conditions.agentAway(name, at)) {
        wire.send(name, true, at + 30 * MS, conditions.clock(name, at), status(at));
      }
    }
  }

  private void poll(long at) {
    if (ring.isEmpty() || ring.peek().atNs() >= at) {
      return;
    }
    PointBatch.Builder batch =
        PointBatch.newBuilder()
            .setSchemaVersion(1)
            .setLocation(world.location(name))
            .setBootId(bootId(at));
    while (!ring.isEmpty() && ring.peek().atNs() < at) {
      Stamped s = ring.remove();
      batch.addPoints(
          s.point()
              .setTimeNs(conditions.clock(name, s.atNs()))
              .setRingSequence(++ringSequence)
              .build());
    }
    long sentNs = conditions.awake(Conditions.MACHINE, at) + 10 * MS;
    wire.send(name, true, sentNs, conditions.clock(name, at), batch.build());
  }

  private long bootId(long atNs) {
    return Simulation.EPOCH_NS + startedNs(atNs);
  }

  private long startedNs(long atNs) {
    long restarted = conditions.crashes.lastEnd(name, atNs);
    return restarted > 0 ? restarted : -60 * SECOND;
  }

  private CounterBatch counters(long atNs) {
    long clockNs = conditions.clock(name, atNs);
    CounterBatch.Builder batch =
        CounterBatch.newBuilder()
            .setSchemaVersion(1)
            .setLocation(world.location(name))
            .setBootId(bootId(atNs));
    NodeState state = conditions.drains.covers(name, atNs) ? NodeState.DRAINING : NodeState.READY;
    NodeCounters.Builder counters =
        NodeCounters.newBuilder()
            .setTimeNs(clockNs)
            .setRingSequence(++controlSequence)
            .setState(state);
    if (conditions.forgeries.covers(Conditions.MACHINE, atNs)) {
      counters
          .setColourForged(atNs / MS)
          .setColourReplayed(atNs / MS / 2)
          .setColourCapped(atNs / MS / 3);
    }
    batch.addNode(counters);
    batch.addWorkers(
        WorkerCounters.newBuilder()
            .setTimeNs(clockNs)
            .setRingSequence(++controlSequence)
            .setLongestPollGapNs(pollGap(atNs)));
    controlSequence = drops.addTo(batch, atNs, clockNs, controlSequence);
    return batch.build();
  }

  private long pollGap(long atNs) {
    if (startedNs(atNs) > atNs - 3 * SECOND) {
      return 400 * MS; // a gateway that has just started
    }
    Schedule stalls = conditions.stalls;
    long gap = conditions.pollGapsVisible ? stalls.longestEndedIn(name, lastSecondNs, atNs) : 0;
    gap = Math.max(gap, stalls.longestEndedIn(Conditions.MACHINE, lastSecondNs, atNs));
    return Math.max(gap, conditions.busySeconds ? MS + uniform(11 * MS) : MS / 10);
  }

  private CounterBatch status(long atNs) {
    boolean dead = conditions.crashes.covers(name, atNs);
    long drained = dead ? atNs : conditions.stalls.startOf(name, atNs);
    return CounterBatch.newBuilder()
        .setSchemaVersion(1)
        .setLocation(world.location(name))
        .setBootId(bootId(atNs))
        .setAgent(
            AgentStatus.newBuilder()
                .setTimeNs(conditions.clock(name, atNs))
                .setDrainedUntilNs(conditions.clock(name, drained - 50 * MS))
                .setGatewayAlive(!dead))
        .build();
  }
}
