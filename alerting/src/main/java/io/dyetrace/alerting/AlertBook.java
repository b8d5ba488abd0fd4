package io.dyetrace.alerting;

import io.dyetrace.common.record.Verdict;
import io.dyetrace.common.record.VerdictState;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The verdicts as they stand: of each fault the newest occurrence, of that the newest revision.
 * Repeated and overtaken ones change nothing, so the topic may be read again from its beginning at
 * any time.
 *
 * <p>Alerts are told apart by the fault and not by the occurrence, so a later occurrence supersedes
 * an earlier one, also one that nobody resolved because the analytics died right after it spoke.
 *
 * <p>An open verdict stays until it is resolved. A resolved one stays for {@code keepResolved}, so
 * that its end reaches an Alertmanager that was away for a while. Not thread-safe.
 */
final class AlertBook {
  private final Duration keepResolved;
  private final Map<String, Verdict> byFault = new HashMap<>();

  AlertBook(Duration keepResolved) {
    this.keepResolved = keepResolved;
  }

  /** Takes one verdict in; returns whether it changed the book. */
  boolean accept(Verdict verdict) {
    Verdict known = byFault.get(verdict.getFaultId());
    if (known != null && !supersedes(verdict, known)) {
      return false;
    }
    byFault.put(verdict.getFaultId(), verdict);
    return true;
  }

  private static boolean supersedes(Verdict verdict, Verdict known) {
    return verdict.getOccurrenceId().equals(known.getOccurrenceId())
        ? verdict.getRevision() > known.getRevision()
        : verdict.getDetectedNs() > known.getDetectedNs();
  }

  /** Forgets what was resolved long ago. */
  void expire(long nowNs) {
    long oldest = nowNs - keepResolved.toNanos();
    byFault
        .values()
        .removeIf(v -> v.getState() == VerdictState.RESOLVED && v.getResolvedNs() < oldest);
  }

  /** What Alertmanager has to know, oldest fault first. */
  List<Verdict> current() {
    return byFault.values().stream()
        .sorted(Comparator.comparingLong(Verdict::getFirstBadNs))
        .toList();
  }

  long openCount() {
    return byFault.values().stream().filter(v -> v.getState() != VerdictState.RESOLVED).count();
  }
}
