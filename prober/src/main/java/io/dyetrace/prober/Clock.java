package io.dyetrace.prober;

import java.time.Instant;

/** The two clocks the prober needs, as an argument so that tests hold them in their hands. */
interface Clock {
  /** Never steps; for schedules and time-outs. */
  long monotonicNs();

  /** Nanoseconds since 1970, as the capture stamps its packets. */
  long realtimeNs();

  /** The machine's own clocks. */
  Clock SYSTEM =
      new Clock() {
        @Override
        public long monotonicNs() {
          return System.nanoTime();
        }

        @Override
        public long realtimeNs() {
          Instant now = Instant.now();
          return now.getEpochSecond() * 1_000_000_000L + now.getNano();
        }
      };
}
