package io.dyetrace.analytics.kafka;

import io.dyetrace.common.record.Schema;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;

/** The topic of changed parameters, for those who make it, set them and look at them. */
public final class ParameterTopic {
  private static final int TIMEOUT_MS = 10_000;

  private final String bootstrapServers;

  public ParameterTopic(String bootstrapServers) {
    this.bootstrapServers = bootstrapServers;
  }

  /**
   * A scope's newest change.
   *
   * @param version what the detectors' metric shows once they have it
   * @param timeMs when the broker took it
   */
  public record Change(long version, long timeMs, String document) {}

  /** Makes the topic when it is not there; the job cannot start without it. */
  public void make() throws IOException, InterruptedException {
    NewTopic topic =
        new NewTopic(Schema.TOPIC_PARAMETERS, Optional.of(1), Optional.empty())
            .configs(Map.of(TopicConfig.CLEANUP_POLICY_CONFIG, TopicConfig.CLEANUP_POLICY_COMPACT));
    try (Admin admin =
        Admin.create(
            Map.of(
                "bootstrap.servers",
                bootstrapServers,
                "request.timeout.ms",
                TIMEOUT_MS,
                "default.api.timeout.ms",
                TIMEOUT_MS))) {
      if (!admin
          .listTopics()
          .names()
          .get(TIMEOUT_MS, TimeUnit.MILLISECONDS)
          .contains(Schema.TOPIC_PARAMETERS)) {
        admin.createTopics(List.of(topic)).all().get(TIMEOUT_MS, TimeUnit.MILLISECONDS);
      }
    } catch (ExecutionException | TimeoutException e) {
      if (!(e.getCause() instanceof TopicExistsException)) {
        throw new IOException(
            Schema.TOPIC_PARAMETERS
                + " at "
                + bootstrapServers
                + ": "
                + (e.getCause() == null ? "no answer" : e.getCause().getMessage()),
            e);
      }
    }
  }

  /** Each scope's newest change, sorted; scopes without one are left out. */
  public Map<String, Change> read() throws IOException {
    Map<String, Change> changes = new TreeMap<>();
    try (var consumer =
        new KafkaConsumer<>(
            Map.<String, Object>of(
                "bootstrap.servers",
                bootstrapServers,
                "auto.offset.reset",
                "earliest",
                "default.api.timeout.ms",
                TIMEOUT_MS),
            new ByteArrayDeserializer(),
            new ByteArrayDeserializer())) {
      List<TopicPartition> partitions =
          consumer.partitionsFor(Schema.TOPIC_PARAMETERS).stream()
              .map(ParameterTopic::partition)
              .toList();
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      consumer.assign(partitions);
      long deadlineNs = System.nanoTime() + TIMEOUT_MS * 1_000_000L;
      while (ends.entrySet().stream().anyMatch(e -> consumer.position(e.getKey()) < e.getValue())) {
        if (System.nanoTime() > deadlineNs) {
          throw new IOException(Schema.TOPIC_PARAMETERS + ": not read to its end in time");
        }
        consumer.poll(Duration.ofMillis(100)).forEach(record -> enter(record, changes));
      }
    } catch (KafkaException e) {
      throw new IOException(bootstrapServers + ": " + e.getMessage(), e);
    }
    return changes;
  }

  private static void enter(ConsumerRecord<byte[], byte[]> record, Map<String, Change> changes) {
    byte[] key = record.key();
    byte[] value = record.value();
    if (key == null) {
      return;
    }
    String scope = new String(key, StandardCharsets.UTF_8);
    if (value == null || value.length == 0) {
      changes.remove(scope);
    } else {
      String document = new String(value, StandardCharsets.UTF_8);
      changes.put(scope, new Change(record.offset() + 1, record.timestamp(), document));
    }
  }

  private static TopicPartition partition(PartitionInfo info) {
    return new TopicPartition(info.topic(), info.partition());
  }

  /**
   * Changes a scope's parameters, or takes its change back when there is no document.
   *
   * @return the version
   */
  public long write(String scope, @Nullable String document)
      throws IOException, InterruptedException {
    try (var producer =
        new KafkaProducer<>(
            Map.<String, Object>of(
                "bootstrap.servers",
                bootstrapServers,
                "acks",
                "all",
                "max.block.ms",
                TIMEOUT_MS,
                "request.timeout.ms",
                TIMEOUT_MS / 2,
                "delivery.timeout.ms",
                TIMEOUT_MS),
            new ByteArraySerializer(),
            new ByteArraySerializer())) {
      byte[] value = document == null ? null : document.getBytes(StandardCharsets.UTF_8);
      return producer
              .send(
                  new ProducerRecord<>(
                      Schema.TOPIC_PARAMETERS, scope.getBytes(StandardCharsets.UTF_8), value))
              .get()
              .offset()
          + 1;
    } catch (ExecutionException | KafkaException e) {
      throw new IOException(bootstrapServers + ": " + e.getMessage(), e);
    }
  }
}
