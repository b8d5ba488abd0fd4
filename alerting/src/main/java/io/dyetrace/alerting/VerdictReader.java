package io.dyetrace.alerting;

import com.google.protobuf.InvalidProtocolBufferException;
import io.dyetrace.common.record.Schema;
import io.dyetrace.common.record.Verdict;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the verdict topic from its beginning at every start: the topic is the notifier's only
 * memory, so it keeps no offsets and no state of its own.
 */
final class VerdictReader implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(VerdictReader.class);
  private static final Duration METADATA_WAIT = Duration.ofSeconds(5);

  private final Consumer<byte[], byte[]> consumer;
  private final AlertingMetrics metrics;
  private Map<TopicPartition, Long> endAtStart = Map.of();
  private boolean assigned;

  VerdictReader(Consumer<byte[], byte[]> consumer, AlertingMetrics metrics) {
    this.consumer = consumer;
    this.metrics = metrics;
  }

  static Consumer<byte[], byte[]> kafka(String bootstrapServers) {
    Properties p = new Properties();
    p.put(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers);
    p.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, "false");
    p.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
    p.put(ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG, "100");
    return new KafkaConsumer<>(p, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  /** Waits up to {@code wait} for verdicts; an unreadable record is counted and passed over. */
  List<Verdict> poll(Duration wait) {
    if (!assigned && !assign()) {
      return List.of();
    }
    List<Verdict> verdicts = new ArrayList<>();
    for (ConsumerRecord<byte[], byte[]> record : consumer.poll(wait)) {
      try {
        Verdict verdict = Verdict.parseFrom(record.value());
        if (verdict.getSchemaVersion() > Schema.VERSION || verdict.getOccurrenceId().isEmpty()) {
          throw new InvalidProtocolBufferException(
              "schema version "
                  + verdict.getSchemaVersion()
                  + ", occurrence '"
                  + verdict.getOccurrenceId()
                  + "'");
        }
        verdicts.add(verdict);
        metrics.verdictRead();
      } catch (InvalidProtocolBufferException | NullPointerException e) {
        metrics.verdictUnreadable();
        log.warn(
            "{}-{} offset {}: not a verdict: {}",
            record.topic(),
            record.partition(),
            record.offset(),
            e.getMessage());
      }
    }
    return verdicts;
  }

  /** Whether all that stood in the topic at the start has been read. */
  boolean caughtUp() {
    return assigned
        && endAtStart.entrySet().stream()
            .allMatch(e -> consumer.position(e.getKey()) >= e.getValue());
  }

  private boolean assign() {
    List<TopicPartition> partitions =
        consumer.partitionsFor(Schema.TOPIC_VERDICTS, METADATA_WAIT).stream()
            .map(p -> new TopicPartition(p.topic(), p.partition()))
            .toList();
    if (partitions.isEmpty()) {
      return false;
    }
    consumer.assign(partitions);
    consumer.seekToBeginning(partitions);
    endAtStart = consumer.endOffsets(partitions, METADATA_WAIT);
    assigned = true;
    return true;
  }

  @Override
  public void close() {
    consumer.close();
  }
}
