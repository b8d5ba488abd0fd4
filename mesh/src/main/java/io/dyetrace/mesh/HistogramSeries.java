package io.dyetrace.mesh;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * One cumulative histogram of one process, turned into differences. OpenTelemetry's SDKs export
 * cumulative histograms unless told otherwise; rows in the database have to add up, so they hold
 * what came since the last export.
 *
 * <p>The first export seen of a series that began before the receiver did may have been stored by
 * an earlier receiver: it becomes the base and no row. Losing at most one interval at a restart is
 * better than counting hours twice. Not thread-safe.
 */
final class HistogramSeries {
  /** One export: counts per bucket and their total. Bounds are in nanoseconds. */
  record Export(long startNs, long endNs, long count, long sumNs, long[] boundsNs, long[] counts) {}

  private final long receiverStartNs;
  private @Nullable Export last;

  HistogramSeries(long receiverStartNs) {
    this.receiverStartNs = receiverStartNs;
  }

  /** The end of the newest export taken in; 0 before the first. */
  long lastEndNs() {
    return last == null ? 0 : last.endNs();
  }

  /**
   * Makes an export the base of the next difference: to be called once that export's difference is
   * stored for good.
   */
  void accept(Export now) {
    if (now.endNs() > lastEndNs()) {
      last = now;
    }
  }

  /**
   * What one cumulative export adds to the last accepted one, or null when it adds nothing that may
   * be stored. Changes nothing: an exporter that is told to send again gets the same answer.
   */
  @Nullable Export difference(Export now) {
    Export before = last;
    if (before != null && now.endNs() <= before.endNs()) {
      return null; // repeated or overtaken
    }
    if (before == null) {
      return now.startNs() >= receiverStartNs && now.count() > 0 ? now : null;
    }
    boolean restarted =
        now.startNs() != before.startNs()
            || now.count() < before.count()
            || !Arrays.equals(now.boundsNs(), before.boundsNs());
    if (restarted) {
      return now.count() > 0 ? now : null;
    }
    if (now.count() == before.count()) {
      return null;
    }
    long[] counts = new long[now.counts().length];
    for (int i = 0; i < counts.length; i++) {
      counts[i] = Math.max(0, now.counts()[i] - before.counts()[i]);
    }
    return new Export(
        before.endNs(),
        now.endNs(),
        now.count() - before.count(),
        Math.max(0, now.sumNs() - before.sumNs()),
        now.boundsNs(),
        counts);
  }
}
