package io.dyetrace.benchmarks.job;

import io.dyetrace.common.record.Verdict;
import io.dyetrace.common.registry.FaultClass;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.api.connector.sink2.SinkWriter;
import org.apache.flink.api.connector.sink2.WriterInitContext;

/** Takes the verdicts: how long after the event time that decided them they came. */
final class VerdictLatencies implements Sink<Verdict> {
  private static final long serialVersionUID = 1L;
  private static final List<Long> LATENCIES_MS = Collections.synchronizedList(new ArrayList<>());
  private static final List<String> VERDICTS = Collections.synchronizedList(new ArrayList<>());

  @Override
  public SinkWriter<Verdict> createWriter(WriterInitContext context) {
    return new SinkWriter<>() {
      @Override
      public void write(Verdict verdict, Context at) {
        LATENCIES_MS.add(System.currentTimeMillis() - verdict.getDetectedNs() / 1_000_000);
        VERDICTS.add(verdict.getState() + " " + FaultClass.nameOf(verdict.getFaultClass()));
      }

      @Override
      public void flush(boolean endOfInput) {}

      @Override
      public void close() {}
    };
  }

  /** In order. */
  static List<String> verdicts() {
    return List.copyOf(VERDICTS);
  }

  static int count() {
    return LATENCIES_MS.size();
  }

  /** The share's latency; -1 when there was none. */
  static long quantileMs(double share) {
    List<Long> sorted = new ArrayList<>(List.copyOf(LATENCIES_MS));
    Collections.sort(sorted);
    return sorted.isEmpty()
        ? -1
        : sorted.get((int) Math.min(sorted.size() - 1L, Math.round(share * sorted.size())));
  }
}
