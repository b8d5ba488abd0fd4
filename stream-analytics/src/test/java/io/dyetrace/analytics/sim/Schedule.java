package io.dyetrace.analytics.sim;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.TreeMap;

/** When something is stopped: intervals of time by name. */
final class Schedule {
  private final Map<String, TreeMap<Long, Long>> intervals = new HashMap<>();

  /** Adds an interval; what it overlaps becomes one with it. */
  void add(String name, long fromNs, long toNs) {
    TreeMap<Long, Long> of = intervals.computeIfAbsent(name, k -> new TreeMap<>());
    long from = fromNs;
    long to = toNs;
    Map.Entry<Long, Long> before = of.floorEntry(from);
    if (before != null && before.getValue() >= from) {
      from = before.getKey();
      to = Math.max(to, before.getValue());
    }
    Map<Long, Long> inside = of.subMap(from, true, to, true);
    for (long end : inside.values()) {
      to = Math.max(to, end);
    }
    inside.clear();
    of.put(from, to);
  }

  boolean isEmpty() {
    return intervals.isEmpty();
  }

  boolean covers(String name, long atNs) {
    return endOf(name, atNs) > atNs;
  }

  /** The end of the interval that covers the time; the time itself when none does. */
  long endOf(String name, long atNs) {
    TreeMap<Long, Long> of = intervals.get(name);
    if (of == null) {
      return atNs;
    }
    Map.Entry<Long, Long> e = of.floorEntry(atNs);
    return e != null && e.getValue() > atNs ? e.getValue() : atNs;
  }

  /** The start of the interval that covers the time; the time itself when none does. */
  long startOf(String name, long atNs) {
    TreeMap<Long, Long> of = intervals.get(name);
    Map.Entry<Long, Long> e = of == null ? null : of.floorEntry(atNs);
    return e != null && e.getValue() > atNs ? e.getKey() : atNs;
  }

  /** The longest interval that ended within the span. */
  long longestEndedIn(String name, long fromNs, long toNs) {
    TreeMap<Long, Long> of = intervals.get(name);
    if (of == null) {
      return 0;
    }
    long longest = 0;
    for (Map.Entry<Long, Long> e : of.headMap(toNs, true).entrySet()) {
      if (e.getValue() > fromNs && e.getValue() <= toNs) {
        longest = Math.max(longest, e.getValue() - e.getKey());
      }
    }
    return longest;
  }

  /** The newest interval that ended at or before the time, as its end; 0 when there is none. */
  long lastEnd(String name, long atNs) {
    long last = 0;
    TreeMap<Long, Long> of = intervals.get(name);
    if (of != null) {
      for (long end : new ArrayList<>(of.headMap(atNs, true).values())) {
        last = end <= atNs ? Math.max(last, end) : last;
      }
    }
    return last;
  }

  /** Drops what ended before the time. */
  void forgetBefore(long atNs) {
    for (TreeMap<Long, Long> of : intervals.values()) {
      Iterator<Long> ends = of.values().iterator();
      while (ends.hasNext() && ends.next() < atNs) {
        ends.remove();
      }
    }
  }
}
