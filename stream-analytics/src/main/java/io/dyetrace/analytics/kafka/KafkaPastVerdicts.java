package io.dyetrace.analytics.kafka;

import com.google.protobuf.InvalidProtocolBufferException;
import io.dyetrace.analytics.detection.PastVerdicts;
import io.dyetrace.common.record.Schema;
import io.dyetrace.common.record.Verdict;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads the topic of verdicts as far as it goes now. */
final class KafkaPastVerdicts implements PastVerdicts {
  private static final Logger LOG = LoggerFactory.getLogger(KafkaPastVerdicts.class);
  private static final long serialVersionUID = 1L;

  /** A week has some thousands. */
  private static final long MOST_PER_PARTITION = 50_000;

  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Duration POLL = Duration.ofMillis(200);

  private final String bootstrapServers;

  KafkaPastVerdicts(String bootstrapServers) {
    this.bootstrapServers = bootstrapServers;
  }

  @Override
  public List<Verdict> read() {
    try (var consumer =
        new KafkaConsumer<>(
            Map.<String, Object>of(
                "bootstrap.servers",
                bootstrapServers,
                "client.id",
                "dyetrace-analytics-past",
                "reconnect.backoff.max.ms",
                "1000",
                "default.api.timeout.ms",
                (int) PATIENCE.toMillis()),
            new ByteArrayDeserializer(),
            new ByteArrayDeserializer())) {
      List<Verdict> verdicts = read(consumer);
      LOG.info("{} verdicts were told before", verdicts.size());
      return verdicts;
    } catch (KafkaException e) {
      // To detect is worth more than to close.
      LOG.error(
          "the verdicts told before cannot be read: one opened right before the last end may stay open",
          e);
      return List.of();
    }
  }

  private static List<Verdict> read(Consumer<byte[], byte[]> consumer) {
    List<TopicPartition> partitions =
        consumer.partitionsFor(Schema.TOPIC_VERDICTS).stream()
            .map(info -> new TopicPartition(info.topic(), info.partition()))
            .toList();
    consumer.assign(partitions);
    Map<TopicPartition, Long> begins = consumer.beginningOffsets(partitions);
    Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
    ends.forEach(
        (partition, end) ->
            consumer.seek(
                partition, Math.max(begins.getOrDefault(partition, 0L), end - MOST_PER_PARTITION)));
    List<Verdict> verdicts = new ArrayList<>();
    long deadlineNs = System.nanoTime() + PATIENCE.toNanos();
    while (ends.entrySet().stream().anyMatch(e -> consumer.position(e.getKey()) < e.getValue())) {
      if (System.nanoTime() > deadlineNs) {
        throw new KafkaException("not all of them came within " + PATIENCE);
      }
      for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
        parse(record, verdicts);
      }
    }
    return verdicts;
  }

  private static void parse(ConsumerRecord<byte[], byte[]> record, List<Verdict> verdicts) {
    try {
      verdicts.add(Verdict.parseFrom(record.value()));
    } catch (InvalidProtocolBufferException e) {
      // The storage pipeline makes a dead letter of it.
      LOG.warn(
          "{}-{} at {} is no verdict: {}",
          record.topic(),
          record.partition(),
          record.offset(),
          e.getMessage());
    }
  }
}
