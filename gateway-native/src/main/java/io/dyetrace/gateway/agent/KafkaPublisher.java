package io.dyetrace.gateway.agent;

import io.dyetrace.common.record.Schema;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Supplier;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Publishes through an idempotent producer that itself retries for ever and in order. Should it
 * give a message up all the same, the producer is thrown away and its successor starts from what
 * was acknowledged.
 */
final class KafkaPublisher implements Publisher {
  private static final Logger LOG = LoggerFactory.getLogger(KafkaPublisher.class);

  /** How long {@link #poll} may wait for a broker that was never met. */
  private static final Duration CONNECT_TIMEOUT = Duration.ofMillis(500);

  private static final long RESTART_PAUSE_NS = Duration.ofSeconds(1).toNanos();
  private static final int MESSAGE_OVERHEAD_BYTES = 128;

  private final Supplier<Producer<byte[], byte[]>> producers;
  private final AgentMetrics metrics;
  private final Queue<Completion> completions = new ConcurrentLinkedQueue<>();
  private final Deque<Message> inFlight = new ArrayDeque<>();
  private @Nullable Producer<byte[], byte[]> producer;
  private boolean connected;
  private long inFlightBytes;
  private long nowNs;
  private long pausedUntilNs;

  private static final class Message {
    final Acknowledged acknowledged;
    final int bytes;
    final long sinceNs;
    boolean done;

    Message(Acknowledged acknowledged, int bytes, long sinceNs) {
      this.acknowledged = acknowledged;
      this.bytes = bytes;
      this.sinceNs = sinceNs;
    }
  }

  private record Completion(
      Producer<byte[], byte[]> producer, Message message, @Nullable Exception failure) {}

  /** Uses producers of the given making: one at a time, the next after a failure. */
  KafkaPublisher(Supplier<Producer<byte[], byte[]>> producers, AgentMetrics metrics) {
    this.producers = producers;
    this.metrics = metrics;
  }

  /** The producer the agent uses. */
  static Producer<byte[], byte[]> newProducer(String bootstrapServers, long bufferBytes) {
    Map<String, Object> config = new HashMap<>();
    config.put(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers);
    config.put(ProducerConfig.CLIENT_ID_CONFIG, "dyetrace-agent");
    config.put(ProducerConfig.ACKS_CONFIG, "all");
    config.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true);
    // The producer never gives a message up: it retries in order until the broker is back.
    config.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, Integer.MAX_VALUE);
    config.put(ProducerConfig.RETRIES_CONFIG, Integer.MAX_VALUE);
    config.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, 5_000);
    config.put(ProducerConfig.RETRY_BACKOFF_MS_CONFIG, 50L);
    config.put(ProducerConfig.RETRY_BACKOFF_MAX_MS_CONFIG, 500L);
    config.put(ProducerConfig.RECONNECT_BACKOFF_MS_CONFIG, 50L);
    config.put(ProducerConfig.RECONNECT_BACKOFF_MAX_MS_CONFIG, 500L);
    config.put(ProducerConfig.SOCKET_CONNECTION_SETUP_TIMEOUT_MS_CONFIG, 3_000L);
    config.put(ProducerConfig.METADATA_MAX_IDLE_CONFIG, Duration.ofDays(365).toMillis());
    config.put(ProducerConfig.METADATA_MAX_AGE_CONFIG, 30_000L);
    config.put(ProducerConfig.LINGER_MS_CONFIG, 2L);
    config.put(ProducerConfig.BATCH_SIZE_CONFIG, 64 * 1024);
    config.put(ProducerConfig.BUFFER_MEMORY_CONFIG, bufferBytes);
    config.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, CONNECT_TIMEOUT.toMillis());
    return new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer());
  }

  @Override
  public State poll(long nowNs) {
    this.nowNs = nowNs;
    if (takeCompletions()) {
      restart();
      return State.RESTARTED;
    }
    if (nowNs < pausedUntilNs || (!connected && !connect())) {
      return State.WAITING;
    }
    return State.CONNECTED;
  }

  /** Returns whether a message was given up. */
  private boolean takeCompletions() {
    boolean failed = false;
    for (Completion c = completions.poll(); c != null; c = completions.poll()) {
      if (c.producer() != producer) {
        continue;
      }
      Exception failure = c.failure();
      if (failure != null) {
        if (!failed) {
          LOG.warn("a message was given up, publishing again from what was acknowledged", failure);
        }
        failed = true;
        continue;
      }
      c.message().done = true;
      inFlightBytes -= c.message().bytes;
      c.message().acknowledged.acknowledged();
    }
    while (!inFlight.isEmpty() && inFlight.getFirst().done) {
      inFlight.removeFirst();
    }
    return failed;
  }

  private boolean connect() {
    Producer<byte[], byte[]> current = producer;
    try {
      if (current == null) {
        current = producers.get();
        producer = current;
      }
      current.partitionsFor(Schema.TOPIC_POINTS);
      current.partitionsFor(Schema.TOPIC_COUNTERS);
    } catch (InterruptException e) {
      throw e;
    } catch (KafkaException e) {
      LOG.debug("Kafka is not there yet: {}", e.getMessage());
      metrics.connectFailed();
      return false;
    }
    connected = true;
    LOG.info("connected to Kafka");
    return true;
  }

  private void restart() {
    metrics.restarted();
    closeProducer();
    pausedUntilNs = nowNs + RESTART_PAUSE_NS;
  }

  @Override
  public void publish(String topic, String key, byte[] value, Acknowledged acknowledged) {
    Producer<byte[], byte[]> current = producer;
    if (current == null) {
      throw new IllegalStateException("not connected");
    }
    Message message = new Message(acknowledged, value.length + MESSAGE_OVERHEAD_BYTES, nowNs);
    inFlight.addLast(message);
    inFlightBytes += message.bytes;
    current.send(
        new ProducerRecord<>(topic, key.getBytes(StandardCharsets.UTF_8), value),
        (metadata, failure) -> completions.add(new Completion(current, message, failure)));
  }

  @Override
  public long inFlightBytes() {
    return inFlightBytes;
  }

  @Override
  public long oldestInFlightNs() {
    return inFlight.isEmpty() ? 0 : inFlight.getFirst().sinceNs;
  }

  @Override
  public void close() {
    closeProducer();
  }

  private void closeProducer() {
    Producer<byte[], byte[]> old = producer;
    producer = null;
    connected = false;
    inFlight.clear();
    inFlightBytes = 0;
    if (old != null) {
      old.close(Duration.ZERO);
    }
  }
}
