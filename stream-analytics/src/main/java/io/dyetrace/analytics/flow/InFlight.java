package io.dyetrace.analytics.flow;

import io.dyetrace.common.record.Point;
import io.dyetrace.common.record.ProbeKeyState;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * The probes that used one flow, by when they were sent. A gateway recognises a reply for 62 s at
 * most, and a flow rests for 120 s: so one probe fits at most, in whatever order records come.
 */
public final class InFlight {
  /** Clocks of probers and gateways differ by less. */
  static final long SKEW_NS = 3_000_000_000L;

  /** Two colour epochs and a boundary. */
  static final long RECOGNISED_NS = 62_000_000_000L;

  /** Nothing older can fit a point that is not hopelessly late. */
  public static final long RETENTION_NS = 120_000_000_000L;

  private final TreeMap<Long, Long> keyBySent = new TreeMap<>();

  /** What {@link #keys} gave. */
  public static InFlight of(Map<Long, Long> keyBySent) {
    InFlight all = new InFlight();
    all.keyBySent.putAll(keyBySent);
    return all;
  }

  /**
   * A probe was seen.
   *
   * @param timeNs when it was sent or first received
   */
  public void add(long timeNs, int proberId, int sequence) {
    keyBySent.put(timeNs, ((long) proberId << 32) | Integer.toUnsignedLong(sequence));
  }

  /** The point with its probe's key; the point itself when no probe fits. */
  public Point fill(Point point) {
    Map.Entry<Long, Long> probe = keyBySent.floorEntry(point.getTimeNs() + SKEW_NS);
    if (probe == null || probe.getKey() < point.getTimeNs() - RECOGNISED_NS) {
      return point;
    }
    return withKey(point, probe.getValue());
  }

  /** The point as that probe's. */
  static Point withKey(Point point, long key) {
    return point.toBuilder()
        .setKeyState(ProbeKeyState.KEY_VERIFIED)
        .setProberId((int) (key >>> 32))
        .setProbeSequence((int) key)
        .build();
  }

  /** Forgets what was sent before; true when nothing is left. */
  public boolean expire(long oldestNs) {
    keyBySent.headMap(oldestNs).clear();
    return keyBySent.isEmpty();
  }

  public int size() {
    return keyBySent.size();
  }

  /** Sent time → probe key. */
  public NavigableMap<Long, Long> keys() {
    return keyBySent;
  }
}
