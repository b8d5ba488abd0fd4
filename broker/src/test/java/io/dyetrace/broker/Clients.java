package io.dyetrace.broker;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.IntegerDeserializer;
import org.apache.kafka.common.serialization.IntegerSerializer;

/** Kafka clients that write and read consecutive numbers. */
final class Clients {
  private Clients() {}

  static Admin admin(String address) {
    return Admin.create(Map.of("bootstrap.servers", address));
  }

  static List<Integer> numbers(int from, int to) {
    return IntStream.range(from, to).boxed().toList();
  }

  /** Returns when the broker acknowledged every number. */
  static void produce(String address, String topic, int from, int to) throws Exception {
    Map<String, Object> settings = Map.of("bootstrap.servers", address, "acks", "all");
    try (var producer =
        new KafkaProducer<>(settings, new IntegerSerializer(), new IntegerSerializer())) {
      for (int i = from; i < to; i++) {
        producer.send(new ProducerRecord<>(topic, 0, i, i));
      }
      producer.flush();
    }
  }

  /** Partition 0 from its beginning, sorted, until so many came or time is up. */
  static List<Integer> consume(String address, String topic, int count, Duration atMost) {
    Map<String, Object> settings =
        Map.of("bootstrap.servers", address, "auto.offset.reset", "earliest");
    TreeSet<Integer> seen = new TreeSet<>();
    int records = 0;
    try (var consumer =
        new KafkaConsumer<>(settings, new IntegerDeserializer(), new IntegerDeserializer())) {
      consumer.assign(List.of(new TopicPartition(topic, 0)));
      long deadlineNs = System.nanoTime() + atMost.toNanos();
      while (records < count && System.nanoTime() < deadlineNs) {
        for (ConsumerRecord<Integer, Integer> record : consumer.poll(Duration.ofMillis(100))) {
          seen.add(record.value());
          records++;
        }
      }
    }
    if (records != seen.size()) {
      throw new AssertionError(records + " records, but " + seen.size() + " different ones");
    }
    return List.copyOf(seen);
  }
}
