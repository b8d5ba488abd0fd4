package io.dyetrace.analytics.detect;

/** What became of a probe, as far as it can be told now. */
enum Fate {
  /** An answer came in normal time. */
  ANSWERED,
  /** An answer came late, while probes over other nodes were on time. */
  DELAYED,
  /**
   * An answer came late, and so did those over other nodes: the prober or the machine, no node.
   * Says nothing.
   */
  DELAYED_EVERYWHERE,
  /** An answer came after the time-out, nobody knows over which nodes. Says nothing about loss. */
  LATE,
  /** No answer and no stamp, all stamps being there. */
  LOST_BEFORE,
  /** No answer, no stamp, and the telemetry of the node its port leads to is silent. */
  LOST_BLIND,
  /** A node received it, or its reply, and did not send it on. */
  LOST_INSIDE,
  /** The reply left the node and did not arrive. */
  LOST_AFTER,
  /** Sent on to a backend, no reply. */
  BACKEND_SILENT,
  /** Sent on to a backend, which refused. */
  BACKEND_REFUSED,
  /** Dropped for a reason of the node's configuration. */
  DROPPED_CONFIG,
  /** Dropped for a limit. */
  DROPPED_LIMIT,
  /** Dropped for another reason. */
  DROPPED_OTHER,
  /** Never left the prober. */
  SEND_ERROR,
  /** Not known yet, never to be known, or planned. Says nothing. */
  UNDECIDED;

  static final int COUNT = values().length;

  boolean isAnswered() {
    return this == ANSWERED || this == DELAYED || this == DELAYED_EVERYWHERE || this == LATE;
  }

  /** It took harm that a fault must explain. */
  boolean isFailed() {
    return !isAnswered() && this != UNDECIDED;
  }

  boolean isLostAtNode() {
    return this == LOST_BEFORE || this == LOST_INSIDE;
  }
}
