package io.dyetrace.prober;

/** When one target's probes are due: evenly over each round, from a phase of their own. */
final class SlotSchedule {
  private final long startNs;
  private final long intervalNs;
  private final int perRound;
  private long round;
  private int index;

  SlotSchedule(long startNs, long intervalNs, int perRound) {
    this.startNs = startNs;
    this.intervalNs = intervalNs;
    this.perRound = perRound;
  }

  /** The number of the round that the next probe belongs to, from 0. */
  long round() {
    return round;
  }

  /** When the next probe is due. */
  long dueNs() {
    return startNs + round * intervalNs + index * intervalNs / perRound;
  }

  /** Goes on to the next slot. */
  void advance() {
    index++;
    if (index == perRound) {
      index = 0;
      round++;
    }
  }

  /**
   * Gives up slots that are over, that is whose next slot has begun: after a pause the missed
   * probes are not sent in a burst.
   *
   * @return how many
   */
  long skipMissed(long nowNs) {
    long behindNs = nowNs - dueNs();
    if (behindNs < intervalNs / perRound) {
      return 0;
    }
    long before = round * perRound + index;
    long roundsBehind = behindNs / intervalNs;
    round += roundsBehind;
    while (true) {
      long keptRound = round;
      int keptIndex = index;
      advance();
      if (dueNs() - nowNs > 0) {
        round = keptRound;
        index = keptIndex;
        return round * perRound + index - before;
      }
    }
  }
}
