package io.dyetrace.analytics.detection;

import io.dyetrace.analytics.detection.EndOffsets.Range;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;

/**
 * Knows until when everything has been read.
 *
 * <p>Whoever asks the broker for its end offsets reports them here with the time at which it asked;
 * the reading side reports how far it has come. When every offset of an answer has been passed,
 * then everything that was appended before the question was asked has been read. An answer that is
 * not passed yet waits for a while; when the broker does not answer, nothing is claimed.
 *
 * <p>Thread-safe: one thread asks, another reads.
 */
public final class CaughtUp {
  private static final int MOST_ANSWERS = 128;

  private final Map<String, Long> read = new HashMap<>();
  private final Deque<Answer> waiting = new ArrayDeque<>();
  private long readUntilMs = Long.MIN_VALUE;
  private Map<String, Range> newest = Map.of();

  private record Answer(long askedMs, Map<String, Range> ends) {}

  /** The broker answered a question that was asked at this time. */
  public synchronized void answered(long askedMs, Map<String, Range> ends) {
    if (waiting.size() == MOST_ANSWERS) {
      waiting.removeFirst();
    }
    waiting.addLast(new Answer(askedMs, ends));
    newest = ends;
  }

  /** Everything before these offsets has been read. */
  public synchronized void read(Map<String, Long> nextOffsets) {
    nextOffsets.forEach((partition, offset) -> read.merge(partition, offset, Math::max));
  }

  /**
   * Everything that the broker appended before this time has been read.
   *
   * @return {@code Long.MIN_VALUE} when that was never so
   */
  public synchronized long readUntilMs() {
    for (Iterator<Answer> i = waiting.descendingIterator(); i.hasNext(); ) {
      Answer answer = i.next();
      if (answer.ends().entrySet().stream().allMatch(e -> passed(e.getKey(), e.getValue()))) {
        readUntilMs = Math.max(readUntilMs, answer.askedMs());
        waiting.removeIf(other -> other.askedMs() <= answer.askedMs());
        break;
      }
    }
    return readUntilMs;
  }

  /** Records that the newest answer knows of and that have not been read. */
  public synchronized long lagRecords() {
    long lag = 0;
    for (Map.Entry<String, Range> entry : newest.entrySet()) {
      Range range = entry.getValue();
      long next = Math.max(range.first(), read.getOrDefault(entry.getKey(), 0L));
      lag += Math.max(0, range.end() - next);
    }
    return lag;
  }

  private boolean passed(String partition, Range range) {
    return range.end() <= range.first() || read.getOrDefault(partition, 0L) >= range.end();
  }
}
