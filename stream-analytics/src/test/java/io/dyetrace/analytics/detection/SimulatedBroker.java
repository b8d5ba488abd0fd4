package io.dyetrace.analytics.detection;

import com.google.protobuf.Message;
import io.dyetrace.analytics.detection.EndOffsets.Range;
import io.dyetrace.analytics.sim.Simulation;
import io.dyetrace.analytics.sim.Simulation.Delivery;
import io.dyetrace.analytics.telemetry.Telemetry.Position;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Partitions of the telemetry's topics and the job's source in front of them: what is appended is
 * read at once, or later where a partition is slow. Knows the watermark that the source would give.
 */
public final class SimulatedBroker {
  private static final int PARTITIONS = 4;

  /** As in the job: a partition without records holds event time back no longer. */
  private static final long IDLE_MS = 2_000;

  /** A record in its partition. */
  record Appended(Position position, long appendMs, byte[] value, Message message) {}

  private record Slow(int partition, long fromMs, long toMs) {}

  private static final class Partition {
    final int number;
    final Deque<Appended> unread = new ArrayDeque<>();
    long end;
    long newestMs = Long.MIN_VALUE;
    long activeMs;

    Partition(int number) {
      this.number = number;
    }
  }

  private final Map<String, Partition> partitions = new TreeMap<>();
  private final List<Slow> slow = new ArrayList<>();
  private long watermarkMs = Long.MIN_VALUE;
  private @Nullable Delivery waiting;

  /** Nothing is read of one partition of each topic for a while; it is appended as ever. */
  public void slow(int partition, long fromNs, long toNs) {
    int number = Math.floorMod(partition, PARTITIONS);
    slow.add(new Slow(number, fromNs / Simulation.MS, toNs / Simulation.MS));
  }

  void appendUntil(Iterator<Delivery> deliveries, long untilNs) {
    while (waiting != null || deliveries.hasNext()) {
      Delivery next = waiting == null ? deliveries.next() : waiting;
      waiting = next.atNs() < untilNs ? null : next;
      if (waiting != null) {
        return;
      }
      append(next);
    }
  }

  private void append(Delivery d) {
    String topic = SimulatedJob.kindOf(d.batch()).topic();
    int number = Math.floorMod(d.source().hashCode(), PARTITIONS);
    Partition p = partitions.computeIfAbsent(topic + "-" + number, k -> new Partition(number));
    Position position = new Position(topic, number, p.end++);
    p.unread.add(
        new Appended(position, d.atNs() / Simulation.MS, d.batch().toByteArray(), d.batch()));
  }

  @Nullable Appended poll(long nowMs) {
    for (Partition p : partitions.values()) {
      if (!p.unread.isEmpty() && !isSlow(p.number, nowMs)) {
        p.activeMs = nowMs;
        return p.unread.poll();
      }
    }
    return null;
  }

  private boolean isSlow(int number, long nowMs) {
    for (Slow s : slow) {
      if (s.partition() == number && nowMs >= s.fromMs() && nowMs < s.toMs()) {
        return true;
      }
    }
    return false;
  }

  void sawEvent(String partition, long eventTimeMs) {
    Partition p = partitions.get(partition);
    if (p != null) {
      p.newestMs = Math.max(p.newestMs, eventTimeMs);
    }
  }

  Map<String, Range> ends() {
    Map<String, Range> ends = new HashMap<>();
    partitions.forEach((name, p) -> ends.put(name, new Range(0, p.end)));
    return ends;
  }

  /** The least that the partitions have reached that are not idle; it never goes back. */
  long watermarkMs(long nowMs) {
    long least = Long.MAX_VALUE;
    for (Partition p : partitions.values()) {
      if (nowMs - p.activeMs < IDLE_MS) {
        least = Math.min(least, p.newestMs == Long.MIN_VALUE ? Long.MIN_VALUE : p.newestMs - 1);
      }
    }
    if (least < Long.MAX_VALUE) {
      watermarkMs = Math.max(watermarkMs, least);
    }
    return watermarkMs;
  }
}
