package io.dyetrace.analytics.kafka;

import io.dyetrace.analytics.telemetry.Telemetry.Unreadable;
import io.dyetrace.common.record.Schema;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jspecify.annotations.Nullable;

/**
 * What could not be read, as it came, and where it stood and why as headers. One that leaves no
 * room for these in the largest record that Kafka takes by default, 1 MiB, is cut: else it could
 * not be written, and the storage would fail and read it again for ever.
 */
final class DeadLetterSchema implements KafkaRecordSerializationSchema<Unreadable> {
  private static final long serialVersionUID = 1L;

  static final int MOST_VALUE_BYTES = 1_000_000;
  static final int MOST_KEY_BYTES = 16_384;
  private static final int MOST_DETAIL_CHARACTERS = 1_024;

  @Override
  public ProducerRecord<byte[], byte[]> serialize(
      Unreadable unreadable, KafkaSinkContext context, @Nullable Long timestampMs) {
    return record(unreadable);
  }

  static ProducerRecord<byte[], byte[]> record(Unreadable unreadable) {
    byte[] key = unreadable.recordKey();
    byte[] value = unreadable.value();
    boolean keyIsCut = key.length > MOST_KEY_BYTES;
    boolean valueIsCut = value.length > MOST_VALUE_BYTES;
    ProducerRecord<byte[], byte[]> record =
        new ProducerRecord<>(
            Schema.TOPIC_DEAD_LETTER,
            keyIsCut ? Arrays.copyOf(key, MOST_KEY_BYTES) : key,
            valueIsCut ? Arrays.copyOf(value, MOST_VALUE_BYTES) : value);
    header(record, "topic", unreadable.position().topic());
    header(record, "partition", Integer.toString(unreadable.position().partition()));
    header(record, "offset", Long.toString(unreadable.position().offset()));
    String detail = unreadable.detail();
    header(
        record,
        "reason",
        unreadable.reason().name().toLowerCase(Locale.ROOT)
            + ": "
            + detail.substring(0, Math.min(detail.length(), MOST_DETAIL_CHARACTERS)));
    if (keyIsCut) {
      header(record, "key_bytes", Integer.toString(key.length));
    }
    if (valueIsCut) {
      header(record, "value_bytes", Integer.toString(value.length));
    }
    return record;
  }

  private static void header(ProducerRecord<byte[], byte[]> record, String name, String value) {
    record.headers().add(name, value.getBytes(StandardCharsets.UTF_8));
  }
}
