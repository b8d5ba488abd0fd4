package io.dyetrace.analytics.detect;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/** A short series of (time, value), oldest first. */
final class Samples {
  /** One of them. */
  record Sample(long timeNs, long value) {}

  /** Counters and heartbeats come once in it. */
  static final long SECOND_NS = 1_000_000_000L;

  private static final long RETENTION_NS = 30 * SECOND_NS;

  private final ArrayDeque<Sample> samples = new ArrayDeque<>();

  void add(long timeNs, long value) {
    samples.addLast(new Sample(timeNs, value));
    while (samples.getFirst().timeNs < timeNs - RETENTION_NS) {
      samples.removeFirst();
    }
  }

  List<Sample> between(long fromNs, long toNs) {
    List<Sample> found = new ArrayList<>();
    for (Sample s : samples) {
      if (s.timeNs >= fromNs && s.timeNs <= toNs) {
        found.add(s);
      }
    }
    return found;
  }

  /** The largest value in the interval; 0 when it holds none. */
  long max(long fromNs, long toNs) {
    long max = 0;
    for (Sample s : samples) {
      if (s.timeNs >= fromNs && s.timeNs <= toNs) {
        max = Math.max(max, s.value);
      }
    }
    return max;
  }

  boolean isEmpty() {
    return samples.isEmpty();
  }

  int size() {
    return samples.size();
  }

  void clear() {
    samples.clear();
  }

  void expire(long nowNs) {
    while (!samples.isEmpty() && samples.getFirst().timeNs < nowNs - RETENTION_NS) {
      samples.removeFirst();
    }
  }

  void write(DataOutput out) throws IOException {
    out.writeInt(samples.size());
    for (Sample s : samples) {
      out.writeLong(s.timeNs);
      out.writeLong(s.value);
    }
  }

  void read(DataInput in) throws IOException {
    for (int n = in.readInt(); n > 0; n--) {
      samples.addLast(new Sample(in.readLong(), in.readLong()));
    }
  }
}
