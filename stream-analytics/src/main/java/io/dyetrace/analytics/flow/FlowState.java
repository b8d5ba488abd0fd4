package io.dyetrace.analytics.flow;

import io.dyetrace.common.record.Point;
import java.util.Arrays;

/**
 * What is known of one flow, as the numbers that its state holds: when it was last used, whether a
 * reply met its probe, since when a reply waits, when it wakes, then the time and key of each
 * probe. Arrays are never changed: a checkpoint may be writing them.
 */
final class FlowState {
  private static final int TOUCHED_MS = 0;
  private static final int SETTLED = 1;
  private static final int WAITING_SINCE_MS = 2;
  private static final int WAKE_MS = 3;
  private static final int PROBES = 4;

  private static final long KEPT_NS = 600_000_000_000L;

  private FlowState() {}

  static long[] of(long nowMs) {
    long[] state = new long[PROBES];
    state[TOUCHED_MS] = nowMs;
    return state;
  }

  static long touchedMs(long[] state) {
    return state[TOUCHED_MS];
  }

  static boolean isSettled(long[] state) {
    return state[SETTLED] != 0;
  }

  /** 0: none waits. */
  static long waitingSinceMs(long[] state) {
    return state[WAITING_SINCE_MS];
  }

  /** 0: no timer is set. */
  static long wakeMs(long[] state) {
    return state[WAKE_MS];
  }

  static long[] withWake(long[] state, long wakeMs) {
    return with(state, WAKE_MS, wakeMs);
  }

  static long[] withWaitingSince(long[] state, long sinceMs) {
    return with(state, WAITING_SINCE_MS, sinceMs);
  }

  static long[] settled(long[] state, long nowMs) {
    long[] changed = with(state, SETTLED, 1);
    changed[TOUCHED_MS] = nowMs;
    return changed;
  }

  private static long[] with(long[] state, int index, long value) {
    long[] changed = state.clone();
    changed[index] = value;
    return changed;
  }

  /**
   * The state with this probe, which nobody has met yet; the same one when it knows the probe. A
   * backlog may hold a flow's next probe before the last one's replies: probes are left out only
   * when they are older by far more than a flow rests.
   */
  static long[] withProbe(long[] state, long sentNs, long key, long nowMs) {
    int kept = 0;
    for (int i = PROBES; i < state.length; i += 2) {
      if (state[i + 1] == key) {
        return state;
      }
      kept += state[i] >= sentNs - KEPT_NS ? 1 : 0;
    }
    long[] changed = Arrays.copyOf(state, PROBES + 2 * kept + 2);
    int at = PROBES;
    for (int i = PROBES; i < state.length; i += 2) {
      if (state[i] >= sentNs - KEPT_NS) {
        changed[at++] = state[i];
        changed[at++] = state[i + 1];
      }
    }
    changed[at] = sentNs;
    changed[at + 1] = key;
    changed[TOUCHED_MS] = nowMs;
    changed[SETTLED] = 0;
    return changed;
  }

  /** The reply with the key of the youngest probe that it can answer; the same one without any. */
  static Point fill(long[] state, Point reply) {
    int best = -1;
    for (int i = PROBES; i < state.length; i += 2) {
      if (state[i] <= reply.getTimeNs() + InFlight.SKEW_NS
          && (best < 0 || state[i] > state[best])) {
        best = i;
      }
    }
    return best < 0 || state[best] < reply.getTimeNs() - InFlight.RECOGNISED_NS
        ? reply
        : InFlight.withKey(reply, state[best + 1]);
  }
}
