package io.dyetrace.storage.row;

import io.dyetrace.common.record.Verdict;

/** One revision of one occurrence, a row of the table of verdicts. */
public record VerdictRow(Verdict verdict) implements StorageRow {
  private static final long serialVersionUID = 1L;

  /** When it was detected, or resolved, whichever came later. */
  @Override
  public long timeNs() {
    return Math.max(verdict.getDetectedNs(), verdict.getResolvedNs());
  }

  @Override
  public Verdict message() {
    return verdict;
  }
}
