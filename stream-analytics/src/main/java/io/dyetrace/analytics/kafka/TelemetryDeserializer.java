package io.dyetrace.analytics.kafka;

import io.dyetrace.analytics.telemetry.Kind;
import io.dyetrace.analytics.telemetry.OpaqueType;
import io.dyetrace.analytics.telemetry.Telemetry;
import io.dyetrace.analytics.telemetry.Telemetry.Position;
import io.dyetrace.analytics.telemetry.Telemetry.Unreadable;
import io.dyetrace.analytics.telemetry.TelemetryReader;
import io.dyetrace.analytics.telemetry.TelemetryReader.Keyed;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.apache.flink.api.common.serialization.DeserializationSchema.InitializationContext;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads Kafka's records and counts them. One element comes out of each, always. */
final class TelemetryDeserializer implements KafkaRecordDeserializationSchema<Telemetry> {
  private static final Logger LOG = LoggerFactory.getLogger(TelemetryDeserializer.class);
  private static final long serialVersionUID = 1L;
  private static final long LOG_INTERVAL_NS = 10_000_000_000L;

  private final Keyed keyed;
  private final String pipeline;
  private transient TelemetryReader reader;
  private transient MetricGroup metrics;
  private transient Map<String, Counter> counters;
  private transient long loggedNs;

  @SuppressWarnings("NullAway.Init") // open() makes the transient fields
  TelemetryDeserializer(Keyed keyed, String pipeline) {
    this.keyed = keyed;
    this.pipeline = pipeline;
  }

  @Override
  public void open(InitializationContext context) {
    reader = new TelemetryReader(keyed);
    metrics = context.getMetricGroup().addGroup("pipeline", pipeline);
    counters = new HashMap<>();
    loggedNs = System.nanoTime() - LOG_INTERVAL_NS;
    for (Kind kind : Kind.values()) {
      records(kind.topic());
    }
  }

  @Override
  public void deserialize(ConsumerRecord<byte[], byte[]> record, Collector<Telemetry> out) {
    Position position = new Position(record.topic(), record.partition(), record.offset());
    Telemetry element = reader.read(position, record.timestamp(), record.key(), record.value());
    records(record.topic()).inc();
    if (element instanceof Unreadable unreadable) {
      count(unreadable);
    }
    out.collect(element);
  }

  private Counter records(String topic) {
    return counters.computeIfAbsent(
        topic, t -> metrics.addGroup("topic", t).counter("dyetrace_analytics_records_total"));
  }

  private void count(Unreadable unreadable) {
    String topic = unreadable.position().topic();
    String reason = unreadable.reason().name().toLowerCase(Locale.ROOT);
    counters
        .computeIfAbsent(
            topic + " " + reason,
            k ->
                metrics
                    .addGroup("topic", topic)
                    .addGroup("reason", reason)
                    .counter("dyetrace_analytics_dead_letters_total"))
        .inc();
    long nowNs = System.nanoTime();
    if (nowNs - loggedNs >= LOG_INTERVAL_NS) {
      loggedNs = nowNs;
      LOG.warn(
          "{} at offset {} is not readable ({}: {}); more of the kind are only counted for {} s",
          unreadable.position().partitionName(),
          unreadable.position().offset(),
          reason,
          unreadable.detail(),
          LOG_INTERVAL_NS / 1_000_000_000);
    }
  }

  @Override
  public TypeInformation<Telemetry> getProducedType() {
    return OpaqueType.TELEMETRY;
  }
}
