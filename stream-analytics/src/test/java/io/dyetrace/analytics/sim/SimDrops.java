package io.dyetrace.analytics.sim;

import io.dyetrace.common.record.CounterBatch;
import io.dyetrace.common.record.DropCounters;
import io.dyetrace.common.registry.DropReason;
import io.dyetrace.common.topology.Vip;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/** What a node drops of ordinary traffic, counted since the simulation's start. */
final class SimDrops {
  private final String node;
  private final World world;
  private final Conditions conditions;
  private final Random random;
  private final Map<String, Long> limited = new TreeMap<>();
  private final Map<String, Long> tableFull = new TreeMap<>();
  private long malformed;

  SimDrops(String node, World world, Conditions conditions, Random random) {
    this.node = node;
    this.world = world;
    this.conditions = conditions;
    this.random = random;
  }

  /** Adds the second's counters; returns the last ring sequence used. */
  long addTo(CounterBatch.Builder batch, long atNs, long clockNs, long ringSequence) {
    long sequence = ringSequence;
    for (Vip vip : world.vipsOf(node)) {
      if (conditions.overloads.covers(vip.name(), atNs) && !world.isEdge(node)) {
        limited.merge(vip.name(), 100 + uniform(200), Long::sum);
      }
      if (conditions.nodeOverloads.covers(node, atNs)) {
        tableFull.merge(vip.name(), 30 + uniform(60), Long::sum);
      }
      if (conditions.attacks.covers(vip.name(), atNs) && world.firstTierOf(vip).contains(node)) {
        malformed += 200 + uniform(100);
      }
    }
    for (Map.Entry<String, Long> e : limited.entrySet()) {
      batch.addDrops(
          drop(clockNs, ++sequence, e.getKey(), DropReason.NEW_CONNECTION_LIMIT, e.getValue()));
    }
    for (Map.Entry<String, Long> e : tableFull.entrySet()) {
      batch.addDrops(
          drop(clockNs, ++sequence, e.getKey(), DropReason.SESSION_TABLE_FULL, e.getValue()));
    }
    if (malformed > 0) {
      batch.addDrops(drop(clockNs, ++sequence, "", DropReason.MALFORMED_TCP, malformed));
    }
    return sequence;
  }

  private long uniform(long max) {
    return (long) (random.nextDouble() * max);
  }

  private static DropCounters drop(
      long clockNs, long ringSequence, String vip, DropReason reason, long packets) {
    return DropCounters.newBuilder()
        .setTimeNs(clockNs)
        .setRingSequence(ringSequence)
        .setVip(vip)
        .setReason(reason.code())
        .setPackets(packets)
        .build();
  }
}
