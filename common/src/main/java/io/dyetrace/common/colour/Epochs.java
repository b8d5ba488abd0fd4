package io.dyetrace.common.colour;

import java.time.Duration;

/** The 30-second epochs that bound a colour's life. Times are nanoseconds since 1970. */
public final class Epochs {
  /** How long an epoch lasts. */
  public static final Duration LENGTH = Duration.ofSeconds(30);

  /** How far from a boundary the neighbouring epoch is still, or already, accepted. */
  public static final Duration TOLERANCE = Duration.ofSeconds(2);

  private static final long LENGTH_NS = LENGTH.toNanos();
  private static final long TOLERANCE_NS = TOLERANCE.toNanos();

  private Epochs() {}

  /** The epoch a time lies in. */
  public static long of(long timeNs) {
    return Math.floorDiv(timeNs, LENGTH_NS);
  }

  /**
   * Whether a colour of an epoch is accepted now: the current epoch always, the one before during
   * the first 2 s of the current one, the one after during its last 2 s.
   */
  public static boolean accepts(long epoch, long nowNs) {
    long current = of(nowNs);
    long sinceStartNs = Math.floorMod(nowNs, LENGTH_NS);
    return epoch == current
        || (epoch == current - 1 && sinceStartNs < TOLERANCE_NS)
        || (epoch == current + 1 && sinceStartNs >= LENGTH_NS - TOLERANCE_NS);
  }
}
