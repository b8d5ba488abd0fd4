package io.dyetrace.analytics;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Writes and reads bytes. */
public final class KafkaTestClient implements AutoCloseable {
  private final String address;
  private final KafkaProducer<byte[], byte[]> producer;

  public KafkaTestClient(String address) {
    this.address = address;
    this.producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", address, "acks", "all"),
            new ByteArraySerializer(),
            new ByteArraySerializer());
  }

  /** Sends, and does not wait. */
  public void send(String topic, byte[] value) {
    producer.send(new ProducerRecord<>(topic, value));
  }

  /** Sends texts, and does not wait. */
  public void send(String topic, String key, String value) {
    producer.send(
        new ProducerRecord<>(
            topic, key.getBytes(StandardCharsets.UTF_8), value.getBytes(StandardCharsets.UTF_8)));
  }

  /** Waits until the broker has everything. */
  public void flush() {
    producer.flush();
  }

  /** Everything a topic holds, once it holds so many records or time is up. */
  public List<ConsumerRecord<byte[], byte[]>> readAll(String topic, int atLeast, Duration atMost) {
    List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
    try (var consumer =
        new KafkaConsumer<>(
            Map.<String, Object>of("bootstrap.servers", address, "auto.offset.reset", "earliest"),
            new ByteArrayDeserializer(),
            new ByteArrayDeserializer())) {
      List<TopicPartition> partitions = new ArrayList<>();
      for (PartitionInfo info : consumer.partitionsFor(topic)) {
        partitions.add(new TopicPartition(topic, info.partition()));
      }
      consumer.assign(partitions);
      long deadlineNs = System.nanoTime() + atMost.toNanos();
      boolean atEnd = false;
      while (System.nanoTime() < deadlineNs && !(atEnd && records.size() >= atLeast)) {
        consumer.poll(Duration.ofMillis(100)).forEach(records::add);
        Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
        atEnd =
            partitions.stream()
                .allMatch(p -> consumer.position(p) >= ends.getOrDefault(p, Long.MAX_VALUE));
      }
    }
    return records;
  }

  @Override
  public void close() {
    producer.close();
  }
}
