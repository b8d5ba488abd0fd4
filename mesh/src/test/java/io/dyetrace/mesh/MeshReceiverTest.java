package io.dyetrace.mesh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import io.dyetrace.common.config.StrictYaml;
import io.dyetrace.common.record.MeshBatch;
import io.dyetrace.common.record.Schema;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.metrics.DoubleHistogram;
import io.opentelemetry.exporter.otlp.metrics.OtlpGrpcMetricExporter;
import io.opentelemetry.sdk.metrics.SdkMeterProvider;
import io.opentelemetry.sdk.metrics.export.PeriodicMetricReader;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;

/** An unmodified OpenTelemetry SDK exports over the wire. */
class MeshReceiverTest {
  private final MockProducer<byte[], byte[]> kafka =
      new MockProducer<>(true, null, new ByteArraySerializer(), new ByteArraySerializer());

  private static final MeshConfig CONFIG =
      StrictYaml.parse(
          "listen: '127.0.0.1:0'\nkafka: {bootstrap_servers: '127.0.0.1:9092'}\nmetrics: {listen: '127.0.0.1:0'}\n",
          "test",
          MeshConfig.class);

  @Test
  void shouldHandWhatAnUnmodifiedSdkExportsToKafka() throws Exception {
    try (MeshReceiver receiver = MeshReceiver.create(CONFIG, kafka)) {
      receiver.start();
      try (OtlpGrpcMetricExporter exporter =
              OtlpGrpcMetricExporter.builder()
                  .setEndpoint("http://127.0.0.1:" + receiver.port())
                  .build();
          SdkMeterProvider meters =
              SdkMeterProvider.builder()
                  .registerMetricReader(
                      PeriodicMetricReader.builder(exporter)
                          .setInterval(Duration.ofHours(1))
                          .build())
                  .build()) {
        DoubleHistogram histogram =
            meters
                .get("test")
                .histogramBuilder("http.client.request.duration")
                .setUnit("s")
                .setExplicitBucketBoundariesAdvice(List.of(0.005, 0.05))
                .build();
        Attributes attributes =
            Attributes.of(AttributeKey.stringKey("server.address"), "198.19.0.3");
        histogram.record(0.002, attributes);
        histogram.record(0.02, attributes);
        flush(meters);
        histogram.record(0.2, attributes);
        flush(meters);
      }
    }
    assertThat(kafka.history()).hasSize(2);
    assertThat(kafka.history().get(0).topic()).isEqualTo(Schema.TOPIC_MESH);
    MeshBatch first = MeshBatch.parseFrom(kafka.history().get(0).value());
    MeshBatch second = MeshBatch.parseFrom(kafka.history().get(1).value());
    assertThat(first.getLatencies(0).getBucketCountsList()).containsExactly(1L, 1L, 0L);
    assertThat(second.getLatencies(0).getBucketCountsList()).containsExactly(0L, 0L, 1L);
    assertThat(second.getLatencies(0).getStartTimeNs())
        .isEqualTo(first.getLatencies(0).getEndTimeNs());
  }

  /** A reader that is still busy with the export before refuses a flush. */
  private static void flush(SdkMeterProvider meters) throws InterruptedException {
    for (int i = 0; i < 100; i++) {
      if (meters.forceFlush().join(20, TimeUnit.SECONDS).isSuccess()) {
        return;
      }
      Thread.sleep(20);
    }
    fail("no flush succeeded");
  }
}
