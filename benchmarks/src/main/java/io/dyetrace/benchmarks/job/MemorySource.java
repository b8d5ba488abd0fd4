package io.dyetrace.benchmarks.job;

import io.dyetrace.analytics.detection.EndOffsets;
import io.dyetrace.analytics.kafka.KafkaConnectors;
import io.dyetrace.analytics.telemetry.Kind;
import io.dyetrace.analytics.telemetry.Telemetry;
import io.dyetrace.analytics.telemetry.TelemetryReader.Keyed;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.flink.api.common.serialization.DeserializationSchema.InitializationContext;
import org.apache.flink.api.connector.source.Boundedness;
import org.apache.flink.api.connector.source.ReaderOutput;
import org.apache.flink.api.connector.source.Source;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.api.connector.source.SourceSplit;
import org.apache.flink.api.connector.source.SplitEnumerator;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.core.io.InputStatus;
import org.apache.flink.core.io.SimpleVersionedSerializer;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.util.Collector;
import org.apache.flink.util.SimpleUserCodeClassLoader;
import org.apache.flink.util.UserCodeClassLoader;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;

/**
 * Hands the load's records to the job's own deserializer, as Kafka's source does, in the task's
 * thread; either each at its append time or as fast as they are taken.
 */
final class MemorySource implements Source<Telemetry, MemorySource.NoSplit, Integer> {
  private static final long serialVersionUID = 1L;

  private static volatile List<Load.Sent> records = List.of();
  private static volatile boolean paced;

  private final Keyed keyed;
  private final String pipeline;

  /** Nothing is divided: each reader takes the partitions that are its own. */
  record NoSplit() implements SourceSplit {
    @Override
    public String splitId() {
      return "none";
    }
  }

  /** How far each pipeline has read, in records of Kafka and rows in them. */
  static final Map<String, AtomicLong> ROWS =
      Map.of("detection", new AtomicLong(), "storage", new AtomicLong());

  MemorySource(Keyed keyed, String pipeline) {
    this.keyed = keyed;
    this.pipeline = pipeline;
  }

  /** What all readers of this process read from now on. */
  static void load(List<Load.Sent> load, boolean atAppendTime) {
    records = load;
    paced = atAppendTime;
  }

  /** What a broker would say that it holds. */
  static EndOffsets endOffsets() {
    return new EndOffsets() {
      private final Map<String, Range> ends = new HashMap<>();
      private int next;

      @Override
      public Map<String, Range> fetch() {
        List<Load.Sent> all = records;
        long nowMs = System.currentTimeMillis();
        for (; next < all.size() && all.get(next).appendMs() <= nowMs; next++) {
          Load.Sent r = all.get(next);
          ends.merge(
              r.kind().topic() + "-" + r.partition(),
              new Range(0, 1),
              (a, b) -> new Range(0, a.end() + 1));
        }
        return Map.copyOf(ends);
      }

      @Override
      public void close() {}
    };
  }

  @Override
  public Boundedness getBoundedness() {
    return Boundedness.CONTINUOUS_UNBOUNDED;
  }

  @Override
  public SourceReader<Telemetry, NoSplit> createReader(SourceReaderContext context)
      throws Exception {
    return new Reader(context);
  }

  private final class Reader implements SourceReader<Telemetry, NoSplit> {
    private final KafkaRecordDeserializationSchema<Telemetry> deserializer =
        KafkaConnectors.deserializer(keyed, pipeline);
    private final AtomicLong rows = Objects.requireNonNull(ROWS.get(pipeline));
    private final long[][] offsets = new long[Kind.values().length][Load.PARTITIONS];
    private final int subtask;
    private final int subtasks;
    private int next;

    Reader(SourceReaderContext context) throws Exception {
      subtask = context.getIndexOfSubtask();
      subtasks = context.currentParallelism();
      deserializer.open(
          new InitializationContext() {
            @Override
            public MetricGroup getMetricGroup() {
              return context.metricGroup();
            }

            @Override
            public UserCodeClassLoader getUserCodeClassLoader() {
              return SimpleUserCodeClassLoader.create(MemorySource.class.getClassLoader());
            }
          });
    }

    @Override
    public void start() {}

    @Override
    public InputStatus pollNext(ReaderOutput<Telemetry> output) throws Exception {
      if (!isDue()) {
        return InputStatus.NOTHING_AVAILABLE;
      }
      Load.Sent r = records.get(next++);
      if (r.partition() % subtasks == subtask) {
        long offset = offsets[r.kind().ordinal()][r.partition()]++;
        deserializer.deserialize(
            consumed(r, offset),
            new Collector<>() {
              @Override
              public void collect(Telemetry element) {
                output.collect(element, r.appendMs());
              }

              @Override
              public void close() {}
            });
        rows.addAndGet(r.rows());
      }
      return InputStatus.MORE_AVAILABLE;
    }

    private boolean isDue() {
      return next < records.size()
          && (!paced || records.get(next).appendMs() <= System.currentTimeMillis());
    }

    private static ConsumerRecord<byte[], byte[]> consumed(Load.Sent r, long offset) {
      return new ConsumerRecord<>(
          r.kind().topic(),
          r.partition(),
          offset,
          r.appendMs(),
          TimestampType.LOG_APPEND_TIME,
          0,
          r.value().length,
          new byte[0],
          r.value(),
          new RecordHeaders(),
          Optional.empty());
    }

    @Override
    public CompletableFuture<Void> isAvailable() {
      return isDue()
          ? CompletableFuture.completedFuture(null)
          : CompletableFuture.runAsync(
              () -> {}, CompletableFuture.delayedExecutor(10, TimeUnit.MILLISECONDS));
    }

    @Override
    public List<NoSplit> snapshotState(long checkpointId) {
      return List.of();
    }

    @Override
    public void addSplits(List<NoSplit> splits) {}

    @Override
    public void notifyNoMoreSplits() {}

    @Override
    public void close() {}
  }

  @Override
  public SplitEnumerator<NoSplit, Integer> createEnumerator(
      SplitEnumeratorContext<NoSplit> context) {
    return new NoEnumerator();
  }

  @Override
  public SplitEnumerator<NoSplit, Integer> restoreEnumerator(
      SplitEnumeratorContext<NoSplit> context, Integer checkpoint) {
    return new NoEnumerator();
  }

  private static final class NoEnumerator implements SplitEnumerator<NoSplit, Integer> {
    @Override
    public void start() {}

    @Override
    public void handleSplitRequest(int subtask, String requester) {}

    @Override
    public void addSplitsBack(List<NoSplit> splits, int subtask) {}

    @Override
    public void addReader(int subtask) {}

    @Override
    public Integer snapshotState(long checkpointId) {
      return 0;
    }

    @Override
    public void close() {}
  }

  @Override
  public SimpleVersionedSerializer<NoSplit> getSplitSerializer() {
    return new Nothing<>(new NoSplit());
  }

  @Override
  public SimpleVersionedSerializer<Integer> getEnumeratorCheckpointSerializer() {
    return new Nothing<>(0);
  }

  /** There is nothing to write. */
  private record Nothing<T>(T value) implements SimpleVersionedSerializer<T> {
    @Override
    public int getVersion() {
      return 1;
    }

    @Override
    public byte[] serialize(T object) {
      return new byte[0];
    }

    @Override
    public T deserialize(int version, byte[] serialized) {
      return value;
    }
  }
}
