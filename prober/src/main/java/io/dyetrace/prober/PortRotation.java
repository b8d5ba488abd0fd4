package io.dyetrace.prober;

import java.util.Arrays;
import java.util.Comparator;
import java.util.Random;

/**
 * Hands out the source ports of one target: a new random permutation of the set each pass, so that
 * every port comes back, in which a port is never given again before {@code distance} draws and
 * {@code restNs} of time. A draw takes one of the {@code count - distance + 1} ports that have
 * rested longest and were not yet given in this pass, which keeps the distance across the passes'
 * boundaries too.
 */
final class PortRotation {
  /** The time of last use of a port that was not used. */
  static final long NEVER = Long.MIN_VALUE;

  private final int count;
  private final int window;
  private final long restNs;
  private final Random random;
  private final long[] lastUseNs;
  private final int[] pool;
  private int[] previous;
  private int[] current;
  private int given;
  private int fed;
  private int pooled;

  /** All ports rested. Ports are numbered from 0 to count - 1. */
  PortRotation(int count, int distance, long restNs, Random random) {
    if (distance < 1 || distance > count) {
      throw new IllegalArgumentException("distance: " + distance + " is not within 1 and " + count);
    }
    this.count = count;
    this.window = count - distance + 1;
    this.restNs = restNs;
    this.random = random;
    this.lastUseNs = new long[count];
    Arrays.fill(lastUseNs, NEVER);
    this.pool = new int[window];
    this.previous = new int[count];
    this.current = new int[count];
    for (int i = 0; i < count; i++) {
      int other = random.nextInt(i + 1);
      previous[i] = previous[other];
      previous[other] = i;
    }
    startPass();
  }

  /** Says when each port was last used, {@link #NEVER} included: before the first draw only. */
  void restore(long[] usedNs) {
    if (given != 0) {
      throw new IllegalStateException("ports have been given already");
    }
    System.arraycopy(usedNs, 0, lastUseNs, 0, count);
    Integer[] order = new Integer[count];
    Arrays.setAll(order, i -> previous[i]);
    Arrays.sort(order, Comparator.comparingLong(port -> lastUseNs[port]));
    Arrays.setAll(previous, i -> order[i]);
    startPass();
  }

  /** The next port, or -1 when none has rested long enough. */
  int next(long nowNs) {
    if (pooled == 0) {
      int[] done = current;
      current = previous;
      previous = done;
      startPass();
    }
    int start = random.nextInt(pooled);
    for (int i = 0; i < pooled; i++) {
      int slot = (start + i) % pooled;
      int port = pool[slot];
      if (lastUseNs[port] == NEVER || nowNs - lastUseNs[port] >= restNs) {
        pool[slot] = fed < count ? previous[fed++] : pool[--pooled];
        current[given++] = port;
        lastUseNs[port] = nowNs;
        return port;
      }
    }
    return -1;
  }

  private void startPass() {
    System.arraycopy(previous, 0, pool, 0, window);
    pooled = window;
    fed = window;
    given = 0;
  }
}
