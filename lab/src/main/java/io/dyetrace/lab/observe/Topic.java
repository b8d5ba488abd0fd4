package io.dyetrace.lab.observe;

import io.dyetrace.lab.plan.LabPlan;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

/** Reads a topic without a consumer group: nothing of the product notices. */
public final class Topic implements AutoCloseable {
  private final KafkaConsumer<String, byte[]> consumer;
  private final List<TopicPartition> partitions;

  private Topic(KafkaConsumer<String, byte[]> consumer, List<TopicPartition> partitions) {
    this.consumer = consumer;
    this.partitions = partitions;
  }

  private static Topic open(String topic) {
    Properties properties = new Properties();
    properties.put(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, LabPlan.MANAGEMENT_ADDRESS + ":9092");
    properties.put(ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG, 200);
    properties.put(ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, 10_000);
    properties.put(ConsumerConfig.RECONNECT_BACKOFF_MAX_MS_CONFIG, 500);
    properties.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
    properties.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
    properties.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
    KafkaConsumer<String, byte[]> consumer =
        new KafkaConsumer<>(properties, new StringDeserializer(), new ByteArrayDeserializer());
    List<TopicPartition> partitions =
        consumer.partitionsFor(topic).stream()
            .map(p -> new TopicPartition(topic, p.partition()))
            .toList();
    consumer.assign(partitions);
    return new Topic(consumer, partitions);
  }

  /** From its first record. */
  public static Topic fromStart(String name) {
    Topic topic = open(name);
    topic.consumer.seekToBeginning(topic.partitions);
    return topic;
  }

  /** The newest records of each partition. */
  public static Topic newest(String name, int perPartition) {
    Topic topic = open(name);
    Map<TopicPartition, Long> ends = topic.consumer.endOffsets(topic.partitions);
    Map<TopicPartition, Long> starts = topic.consumer.beginningOffsets(topic.partitions);
    ends.forEach(
        (p, end) ->
            topic.consumer.seek(p, Math.max(starts.getOrDefault(p, 0L), end - perPartition)));
    return topic;
  }

  /** What arrived, waiting at most so long for the first. */
  public List<ConsumerRecord<String, byte[]>> poll(Duration wait) {
    List<ConsumerRecord<String, byte[]>> records = new ArrayList<>();
    consumer.poll(wait).forEach(records::add);
    return records;
  }

  /** Everything up to the end as it is now. */
  public List<ConsumerRecord<String, byte[]>> readToEnd() {
    Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
    List<ConsumerRecord<String, byte[]>> records = new ArrayList<>();
    while (partitions.stream().anyMatch(p -> consumer.position(p) < ends.getOrDefault(p, 0L))) {
      records.addAll(poll(Duration.ofMillis(500)));
    }
    return records;
  }

  @Override
  public void close() {
    consumer.close(org.apache.kafka.clients.consumer.CloseOptions.timeout(Duration.ofSeconds(1)));
  }
}
