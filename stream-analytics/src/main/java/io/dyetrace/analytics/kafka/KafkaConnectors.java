package io.dyetrace.analytics.kafka;

import io.dyetrace.analytics.detection.EndOffsets;
import io.dyetrace.analytics.detection.PastVerdicts;
import io.dyetrace.analytics.telemetry.Kind;
import io.dyetrace.analytics.telemetry.Telemetry;
import io.dyetrace.analytics.telemetry.Telemetry.Unreadable;
import io.dyetrace.analytics.telemetry.TelemetryReader.Keyed;
import io.dyetrace.common.record.Schema;
import io.dyetrace.common.record.Verdict;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.apache.flink.connector.base.DeliveryGuarantee;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.flink.connector.kafka.sink.KafkaSink;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jspecify.annotations.Nullable;

/** Sources and sinks on one Kafka. */
public final class KafkaConnectors {
  /** What the detection waits for. */
  private static final List<Kind> TELEMETRY = List.of(Kind.PROBES, Kind.POINTS, Kind.COUNTERS);

  /** What the detection reads. */
  public static final List<Kind> DETECTION =
      List.of(Kind.PROBES, Kind.POINTS, Kind.COUNTERS, Kind.PARAMETERS);

  /** What the storage pipeline reads: everything, verdicts included. */
  public static final List<Kind> STORAGE = List.of(Kind.values());

  private final String bootstrapServers;

  public KafkaConnectors(String bootstrapServers) {
    this.bootstrapServers = bootstrapServers;
  }

  /** What the source makes of Kafka's records. */
  public static KafkaRecordDeserializationSchema<Telemetry> deserializer(
      Keyed keyed, String pipeline) {
    return new TelemetryDeserializer(keyed, pipeline);
  }

  /** Reads from the saved state's offsets, or from the beginning without one. */
  public KafkaSource<Telemetry> source(List<Kind> kinds, Keyed keyed, String pipeline) {
    return KafkaSource.<Telemetry>builder()
        .setBootstrapServers(bootstrapServers)
        .setTopics(kinds.stream().map(Kind::topic).toList())
        .setStartingOffsets(OffsetsInitializer.earliest())
        .setDeserializer(deserializer(keyed, pipeline))
        .setClientIdPrefix("dyetrace-analytics-" + pipeline)
        // Offsets live in the checkpoints; what Kafka would remember of them is never read.
        .setProperty("commit.offsets.on.checkpoint", "false")
        // A look for new partitions that fails, because Kafka is away, would fail the job. New ones
        // are found at the next start.
        .setProperty("partition.discovery.interval.ms", "-1")
        .setProperty("fetch.max.wait.ms", "100")
        .setProperty("reconnect.backoff.max.ms", "1000")
        .build();
  }

  /** Writes each verdict at once, at least once, keyed by its fault. */
  public KafkaSink<Verdict> verdicts() {
    return sink(new VerdictSchema());
  }

  /** Writes what could not be read, as it came. */
  public KafkaSink<Unreadable> deadLetters() {
    return sink(new DeadLetterSchema());
  }

  /**
   * Asks how much the detection has to read. A compacted topic's end may be an offset that nobody
   * ever reaches: it is left out.
   */
  public EndOffsets.Factory endOffsets() {
    String servers = bootstrapServers;
    List<String> topics = TELEMETRY.stream().map(Kind::topic).toList();
    return () -> new KafkaEndOffsets(servers, topics);
  }

  /** Reads what {@link #verdicts} has written. */
  public PastVerdicts pastVerdicts() {
    return new KafkaPastVerdicts(bootstrapServers);
  }

  private <T> KafkaSink<T> sink(KafkaRecordSerializationSchema<T> schema) {
    return KafkaSink.<T>builder()
        .setBootstrapServers(bootstrapServers)
        .setDeliveryGuarantee(DeliveryGuarantee.AT_LEAST_ONCE)
        .setRecordSerializer(schema)
        .setProperty("linger.ms", "0")
        .setProperty("acks", "all")
        // Kafka may be away for minutes before the job has to start over.
        .setProperty("delivery.timeout.ms", "600000")
        .setProperty("max.block.ms", "600000")
        .setProperty("reconnect.backoff.max.ms", "1000")
        .setProperty("buffer.memory", "8388608")
        .build();
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static final class VerdictSchema implements KafkaRecordSerializationSchema<Verdict> {
    private static final long serialVersionUID = 1L;

    @Override
    public ProducerRecord<byte[], byte[]> serialize(
        Verdict verdict, KafkaSinkContext context, @Nullable Long timestampMs) {
      return new ProducerRecord<>(
          Schema.TOPIC_VERDICTS, utf8(verdict.getFaultId()), verdict.toByteArray());
    }
  }
}
