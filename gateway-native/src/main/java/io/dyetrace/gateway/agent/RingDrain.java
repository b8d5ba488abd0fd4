package io.dyetrace.gateway.agent;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * The place in one ring: what was read, what Kafka acknowledged without a gap, and until when the
 * ring is drained.
 *
 * <p>Knows neither files nor Kafka.
 */
final class RingDrain {
  /** More marks than this are not remembered: the drained time then advances in larger steps. */
  static final int MAX_MARKS = 256;

  private final Deque<Segment> segments = new ArrayDeque<>();
  private final Deque<Mark> marks = new ArrayDeque<>();
  private long position;
  private long acknowledged;
  private long committed;
  private long drainedUntilNs;

  /** Records that were read at once and are published in so many messages. */
  final class Segment {
    private final long to;
    private int messages;

    private Segment(long to, int messages) {
      this.to = to;
      this.messages = messages;
    }

    /** One of the messages is in Kafka. */
    void acknowledged() {
      messages--;
      advance();
    }
  }

  private record Mark(long producerTimeNs, long head) {}

  /**
   * Starts where an earlier agent left off.
   *
   * @param bootId when the gateway started: nothing was stamped before
   */
  RingDrain(long tail, long bootId) {
    drainedUntilNs = bootId;
    position = tail;
    acknowledged = tail;
    committed = tail;
  }

  /** The number of the next record to read. */
  long position() {
    return position;
  }

  /** Every record below this number is in Kafka. */
  long acknowledgedTail() {
    return acknowledged;
  }

  /** Whether something was acknowledged that the ring does not know of. */
  boolean commitDue() {
    return acknowledged > committed;
  }

  /** The ring knows what was acknowledged. */
  void committed() {
    committed = acknowledged;
  }

  /** Every record stamped before this time is in Kafka. */
  long drainedUntilNs() {
    return drainedUntilNs;
  }

  /** Records read and not acknowledged. */
  long inFlight() {
    return position - acknowledged;
  }

  /** At this look at the ring every record stamped before a time stood below head. */
  void observe(long producerTimeNs, long head) {
    if (head <= acknowledged) {
      marks.clear();
      drainedUntilNs = Math.max(drainedUntilNs, producerTimeNs);
      return;
    }
    Mark last = marks.peekLast();
    if (last != null && last.producerTimeNs() >= producerTimeNs) {
      return;
    }
    if (marks.size() >= MAX_MARKS || (last != null && last.head() == head)) {
      marks.removeLast();
    }
    marks.addLast(new Mark(producerTimeNs, head));
  }

  /** So many records were read and will be published in so many messages. */
  Segment read(int records, int messages) {
    position += records;
    Segment segment = new Segment(position, messages);
    segments.addLast(segment);
    advance();
    return segment;
  }

  /** What was not acknowledged is to be read again. */
  void rewind() {
    segments.clear();
    position = acknowledged;
  }

  private void advance() {
    while (!segments.isEmpty() && segments.getFirst().messages <= 0) {
      acknowledged = segments.removeFirst().to;
    }
    while (!marks.isEmpty() && marks.getFirst().head() <= acknowledged) {
      drainedUntilNs = Math.max(drainedUntilNs, marks.removeFirst().producerTimeNs());
    }
  }
}
