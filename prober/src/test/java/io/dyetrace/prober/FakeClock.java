package io.dyetrace.prober;

import java.time.Duration;

/** Stands still until it is moved. */
final class FakeClock implements Clock {
  private long monotonicNs = 7_000_000_000L;
  private long realtimeNs = 1_800_000_000_000_000_000L;

  @Override
  public long monotonicNs() {
    return monotonicNs;
  }

  @Override
  public long realtimeNs() {
    return realtimeNs;
  }

  void advance(Duration time) {
    monotonicNs += time.toNanos();
    realtimeNs += time.toNanos();
  }

  /** Somebody sets the time of day. */
  void step(Duration time) {
    realtimeNs += time.toNanos();
  }
}
