package io.dyetrace.storage.row;

import io.dyetrace.common.record.Verdict;

/** A row of {@code verdicts}: one revision of one occurrence. */
public record VerdictRow(Verdict verdict) implements StorageRow {
  private static final long serialVersionUID = 1L;

  @Override
  public long timeNs() {
    return verdict.getDetectedNs();
  }

  @Override
  public Verdict message() {
    return verdict;
  }
}
