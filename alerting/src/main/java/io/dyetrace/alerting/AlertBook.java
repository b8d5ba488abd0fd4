package io.dyetrace.alerting;

import io.dyetrace.common.record.Verdict;
import io.dyetrace.common.record.VerdictState;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The verdicts as they stand: the newest revision of each occurrence. Repeated and overtaken
 * revisions change nothing, so the topic may be read again from its beginning at any time.
 *
 * <p>An open verdict stays until it is resolved. A resolved one stays for {@code keepResolved}, so
 * that its end reaches an Alertmanager that was away for a while. Not thread-safe.
 */
final class AlertBook {
  private final Duration keepResolved;
  private final Map<String, Verdict> byOccurrence = new HashMap<>();

  AlertBook(Duration keepResolved) {
    this.keepResolved = keepResolved;
  }

  /** Takes one verdict in; returns whether it changed the book. */
  boolean accept(Verdict verdict) {
    @Nullable Verdict known = byOccurrence.get(verdict.getOccurrenceId());
    if (known != null && known.getRevision() >= verdict.getRevision()) {
      return false;
    }
    byOccurrence.put(verdict.getOccurrenceId(), verdict);
    return true;
  }

  /** Forgets what was resolved long ago. */
  void expire(long nowNs) {
    long oldest = nowNs - keepResolved.toNanos();
    Iterator<Verdict> all = byOccurrence.values().iterator();
    while (all.hasNext()) {
      Verdict v = all.next();
      if (v.getState() == VerdictState.RESOLVED && v.getResolvedNs() < oldest) {
        all.remove();
      }
    }
  }

  /**
   * What Alertmanager has to know, one verdict per fault id: labels hold the fault id and not the
   * occurrence, so of two occurrences of one fault only the later may be told.
   */
  Collection<Verdict> current() {
    Map<String, Verdict> byFault = new HashMap<>();
    for (Verdict v : byOccurrence.values()) {
      byFault.merge(v.getFaultId(), v, (a, b) -> a.getFirstBadNs() >= b.getFirstBadNs() ? a : b);
    }
    List<Verdict> ordered = new ArrayList<>(byFault.values());
    ordered.sort((a, b) -> Long.compare(a.getFirstBadNs(), b.getFirstBadNs()));
    return ordered;
  }

  long openCount() {
    return byOccurrence.values().stream()
        .filter(v -> v.getState() != VerdictState.RESOLVED)
        .count();
  }
}
