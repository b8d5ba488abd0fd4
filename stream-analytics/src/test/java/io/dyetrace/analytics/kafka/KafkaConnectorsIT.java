package io.dyetrace.analytics.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import io.dyetrace.analytics.KafkaTestClient;
import io.dyetrace.analytics.telemetry.Telemetry.Position;
import io.dyetrace.analytics.telemetry.Telemetry.Reason;
import io.dyetrace.analytics.telemetry.Telemetry.Unreadable;
import io.dyetrace.broker.BrokerConfig;
import io.dyetrace.broker.EmbeddedBroker;
import io.dyetrace.common.record.Schema;
import io.dyetrace.common.record.Verdict;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class KafkaConnectorsIT {
  private EmbeddedBroker broker;

  @BeforeAll
  void start(@TempDir Path directory) throws Exception {
    broker = new EmbeddedBroker(BrokerConfig.forTest(directory.resolve("kafka")));
    broker.start();
  }

  @AfterAll
  void stop() throws Exception {
    broker.close();
  }

  @Test
  void shouldReadWhatTheTopicHoldsAndPassOverWhatIsNoVerdict() {
    KafkaConnectors connectors = new KafkaConnectors(broker.bootstrapServers());
    assertThat(connectors.pastVerdicts().read()).isEmpty();

    List<Verdict> told =
        IntStream.rangeClosed(1, 1000)
            .mapToObj(
                i -> Verdict.newBuilder().setFaultId("NODE_CRASH/gw-2").setRevision(i).build())
            .toList();
    try (KafkaTestClient kafka = new KafkaTestClient(broker.bootstrapServers())) {
      for (Verdict v : told) {
        kafka.send(Schema.TOPIC_VERDICTS, v.toByteArray());
        kafka.send(Schema.TOPIC_VERDICTS, new byte[] {-1, 7});
      }
      kafka.flush();
    }
    assertThat(connectors.pastVerdicts().read()).containsExactlyElementsOf(told);
  }

  /** Anybody may write a record that Kafka just takes; as a dead letter it has headers as well. */
  @Test
  void shouldWriteADeadLetterOfTheLargestRecordThatKafkaTakes() throws Exception {
    byte[] key = filled(30_000);
    byte[] value = filled(1_048_000);
    Unreadable unreadable =
        new Unreadable(
            new Position(Schema.TOPIC_POINTS, 1, Long.MAX_VALUE),
            key,
            value,
            Reason.UNPARSABLE,
            "€".repeat(100_000));
    try (var producer =
        new KafkaProducer<>(
            Map.<String, Object>of("bootstrap.servers", broker.bootstrapServers()),
            new ByteArraySerializer(),
            new ByteArraySerializer())) {
      producer.send(DeadLetterSchema.record(unreadable)).get();
    }
    ConsumerRecord<byte[], byte[]> written;
    try (KafkaTestClient kafka = new KafkaTestClient(broker.bootstrapServers())) {
      written =
          kafka.readAll(Schema.TOPIC_DEAD_LETTER, 1, Duration.ofSeconds(20)).stream()
              .findFirst()
              .orElseThrow();
    }
    assertThat(written.key()).isEqualTo(Arrays.copyOf(key, DeadLetterSchema.MOST_KEY_BYTES));
    assertThat(written.value()).isEqualTo(Arrays.copyOf(value, DeadLetterSchema.MOST_VALUE_BYTES));
    Map<String, String> headers = new HashMap<>();
    written
        .headers()
        .forEach(h -> headers.put(h.key(), new String(h.value(), StandardCharsets.UTF_8)));
    assertThat(headers)
        .containsEntry("topic", Schema.TOPIC_POINTS)
        .containsEntry("offset", Long.toString(Long.MAX_VALUE))
        .containsEntry("key_bytes", "30000")
        .containsEntry("value_bytes", "1048000");
    assertThat(headers.get("reason")).startsWith("unparsable: €€").hasSizeLessThan(1_100);
  }

  @Test
  void shouldWriteAnOrdinaryDeadLetterWhole() {
    Unreadable unreadable =
        new Unreadable(
            new Position(Schema.TOPIC_POINTS, 1, 7), filled(3), filled(9), Reason.EMPTY, "why");
    var record = DeadLetterSchema.record(unreadable);
    assertThat(record.key()).isEqualTo(filled(3));
    assertThat(record.value()).isEqualTo(filled(9));
    assertThat(record.headers())
        .extracting(h -> h.key())
        .doesNotContain("key_bytes", "value_bytes");
  }

  private static byte[] filled(int length) {
    byte[] bytes = new byte[length];
    for (int i = 0; i < length; i++) {
      bytes[i] = (byte) (i * 31 >> 3);
    }
    return bytes;
  }
}
