package io.dyetrace.analytics.detect;

import java.util.Map;
import java.util.TreeMap;

/**
 * The seconds in which a node dropped too many packets, and how many in each. A second is named by
 * the time of the counters that end in it.
 */
record BadSeconds(TreeMap<Long, Long> packetsBySecond) {
  /** What one such second tells of a fault. */
  static final double NATS = 4;

  private static final BadSeconds NONE = new BadSeconds(new TreeMap<>());

  /** Keeps those of a node's seconds with at least {@code overload.drops} packets. */
  static BadSeconds of(Evaluation now, Map<Long, Long> packetsBySecond) {
    TreeMap<Long, Long> bad = new TreeMap<>(packetsBySecond);
    bad.values().removeIf(packets -> packets < now.config().overload().drops());
    return new BadSeconds(bad);
  }

  /** In which the node dropped too many packets of the VIP for a limit. */
  static BadSeconds limited(Evaluation now, String node, String vip, long sinceNs) {
    NodeStream stream = now.node(node);
    return stream.troubledSince(sinceNs)
        ? of(now, stream.drops(vip, "limit", sinceNs, now.nowNs()))
        : NONE;
  }

  boolean isEmpty() {
    return packetsBySecond.isEmpty();
  }

  int size() {
    return packetsBySecond.size();
  }

  long packets() {
    return packetsBySecond.values().stream().mapToLong(Long::longValue).sum();
  }

  /** A counter's second ends at its time. {@code Long.MAX_VALUE} if there is none. */
  long firstNs() {
    return isEmpty() ? Long.MAX_VALUE : (packetsBySecond.firstKey() - 1) * Samples.SECOND_NS;
  }

  /** {@code Long.MIN_VALUE} if there is none. */
  long lastNs() {
    return isEmpty() ? Long.MIN_VALUE : (packetsBySecond.lastKey() + 1) * Samples.SECOND_NS;
  }
}
