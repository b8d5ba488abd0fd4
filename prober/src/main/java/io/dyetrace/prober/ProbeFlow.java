package io.dyetrace.prober;

/**
 * One source port of one target and the newest probe that used it. Reused in place: a port rests
 * long enough that nothing of an older probe comes back any more.
 */
final class ProbeFlow {
  /** Where the newest probe stands. */
  enum State {
    UNUSED,
    IN_FLIGHT,
    /** Its time-out is known; a late SYN-ACK is still news. */
    TIMED_OUT,
    /** Its outcome is known, and nothing that comes is news. */
    DONE
  }

  /** No peer makes the prober send more than this many resets a probe. */
  static final int MOST_RESETS = 8;

  final ProbeTarget target;
  final int sourcePort;
  State state = State.UNUSED;
  int sequence;
  int isn;
  long round;
  int paddingBytes;

  /** When the send began: never later than the packet itself. */
  long startedNs;

  /** When the SYN passed the capture, or the start as long as it has not. */
  long sentNs;

  long startedMonotonicNs;
  long deadlineMonotonicNs;
  int resets;

  ProbeFlow(ProbeTarget target, int sourcePort) {
    this.target = target;
    this.sourcePort = sourcePort;
  }
}
