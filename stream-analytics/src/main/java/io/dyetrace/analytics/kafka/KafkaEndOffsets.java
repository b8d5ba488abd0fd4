package io.dyetrace.analytics.kafka;

import io.dyetrace.analytics.detection.EndOffsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Asks Kafka. Belongs to one thread. */
final class KafkaEndOffsets implements EndOffsets {
  private static final Duration TIMEOUT = Duration.ofSeconds(2);
  private static final long PARTITIONS_INTERVAL_NS = 30_000_000_000L;

  private final KafkaConsumer<byte[], byte[]> consumer;
  private final List<String> topics;
  private List<TopicPartition> partitions = List.of();
  private long partitionsNs;

  KafkaEndOffsets(String bootstrapServers, List<String> topics) {
    this.topics = topics;
    this.consumer =
        new KafkaConsumer<>(
            Map.of(
                "bootstrap.servers",
                bootstrapServers,
                "client.id",
                "dyetrace-analytics-lag",
                "reconnect.backoff.max.ms",
                "1000"),
            new ByteArrayDeserializer(),
            new ByteArrayDeserializer());
  }

  @Override
  public Map<String, Range> fetch() {
    long nowNs = System.nanoTime();
    if (partitions.isEmpty() || nowNs - partitionsNs > PARTITIONS_INTERVAL_NS) {
      List<TopicPartition> found = new ArrayList<>();
      for (String topic : topics) {
        for (PartitionInfo info : consumer.partitionsFor(topic, TIMEOUT)) {
          found.add(new TopicPartition(info.topic(), info.partition()));
        }
      }
      partitions = found;
      partitionsNs = nowNs;
    }
    Map<TopicPartition, Long> first = consumer.beginningOffsets(partitions, TIMEOUT);
    Map<TopicPartition, Long> end = consumer.endOffsets(partitions, TIMEOUT);
    Map<String, Range> ranges = new HashMap<>();
    for (TopicPartition partition : partitions) {
      ranges.put(partition.toString(), new Range(first.get(partition), end.get(partition)));
    }
    return ranges;
  }

  @Override
  public void close() {
    consumer.close(org.apache.kafka.clients.consumer.CloseOptions.timeout(Duration.ofSeconds(1)));
  }
}
