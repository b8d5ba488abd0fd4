package io.dyetrace.mesh;

import static org.assertj.core.api.Assertions.assertThat;

import io.dyetrace.common.record.MeshLatency;
import io.opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest;
import io.opentelemetry.proto.common.v1.AnyValue;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.metrics.v1.AggregationTemporality;
import io.opentelemetry.proto.metrics.v1.Gauge;
import io.opentelemetry.proto.metrics.v1.Histogram;
import io.opentelemetry.proto.metrics.v1.HistogramDataPoint;
import io.opentelemetry.proto.metrics.v1.Metric;
import io.opentelemetry.proto.metrics.v1.ResourceMetrics;
import io.opentelemetry.proto.metrics.v1.ScopeMetrics;
import io.opentelemetry.proto.resource.v1.Resource;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class OtlpConverterTest {
  private static final long START = 1_000_000L;
  private final OtlpConverter converter =
      new OtlpConverter(START, 100, Map.of("198.19.0.3:9000", "orders"));

  private static KeyValue attribute(String key, String value) {
    return KeyValue.newBuilder()
        .setKey(key)
        .setValue(AnyValue.newBuilder().setStringValue(value))
        .build();
  }

  private static HistogramDataPoint.Builder point() {
    return HistogramDataPoint.newBuilder()
        .setStartTimeUnixNano(START + 1)
        .setTimeUnixNano(START + 1_000)
        .setCount(3)
        .setSum(0.06)
        .addAllExplicitBounds(List.of(0.01, 0.1))
        .addAllBucketCounts(List.of(1L, 2L, 0L))
        .addAttributes(attribute("server.address", "198.19.0.3"))
        .addAttributes(attribute("http.request.method", "GET"))
        .addAttributes(attribute("http.response.status_code", "200"));
  }

  private static ExportMetricsServiceRequest request(Metric metric) {
    return ExportMetricsServiceRequest.newBuilder()
        .addResourceMetrics(
            ResourceMetrics.newBuilder()
                .setResource(
                    Resource.newBuilder().addAttributes(attribute("service.name", "frontend")))
                .addScopeMetrics(ScopeMetrics.newBuilder().addMetrics(metric)))
        .build();
  }

  private static Metric histogram(
      String unit, AggregationTemporality temporality, HistogramDataPoint.Builder p) {
    return Metric.newBuilder()
        .setName("http.client.request.duration")
        .setUnit(unit)
        .setHistogram(
            Histogram.newBuilder().setAggregationTemporality(temporality).addDataPoints(p))
        .build();
  }

  @Test
  void shouldTurnAnHttpClientHistogramIntoOneRecordInNanoseconds() {
    var result =
        converter.convert(
            request(
                histogram(
                    "s", AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE, point())));
    assertThat(result.refused()).isEmpty();
    assertThat(result.latencies()).hasSize(1);
    MeshLatency latency = result.latencies().get(0);
    assertThat(latency.getSourceService()).isEqualTo("frontend");
    assertThat(latency.getDestinationService()).isEqualTo("198.19.0.3");
    assertThat(latency.getProtocol()).isEqualTo("http");
    assertThat(latency.getSide()).isEqualTo("client");
    assertThat(latency.getOperation()).isEqualTo("GET");
    assertThat(latency.getStatus()).isEqualTo("200");
    assertThat(latency.getSumNs()).isEqualTo(60_000_000);
    assertThat(latency.getBucketBoundsNsList()).containsExactly(10_000_000L, 100_000_000L);
    assertThat(latency.getBucketCountsList()).containsExactly(1L, 2L, 0L);
  }

  @Test
  void shouldNameTheServiceBehindAConfiguredAddress() {
    var request =
        request(
            histogram(
                "s",
                AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA,
                point().addAttributes(attribute("server.port", "9000"))));
    assertThat(converter.convert(request).latencies())
        .extracting(MeshLatency::getDestinationService)
        .containsExactly("orders");
  }

  @Test
  void shouldGiveTheSameRecordsAgainUntilTheyAreCommitted() {
    var request =
        request(histogram("s", AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE, point()));
    var first = converter.convert(request);
    var repeated = converter.convert(request);
    assertThat(repeated.latencies()).isEqualTo(first.latencies());
    converter.commit(repeated);
    assertThat(converter.convert(request).latencies()).isEmpty();
  }

  @Test
  void shouldTakeDeltaHistogramsAsTheyAre() {
    var request =
        request(histogram("ms", AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA, point()));
    converter.commit(converter.convert(request));
    assertThat(converter.convert(request).latencies()).hasSize(1);
    assertThat(converter.seriesCount()).isZero();
  }

  @Test
  void shouldRefuseBucketCountsThatDoNotGoWithTheBounds() {
    var result =
        converter.convert(
            request(
                histogram(
                    "s",
                    AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA,
                    point().addBucketCounts(1))));
    assertThat(result.latencies()).isEmpty();
    assertThat(result.refused())
        .containsExactly("http.client.request.duration: 4 bucket counts do not go with 2 bounds");
  }

  @Test
  void shouldRefuseBoundsThatAreNotAscending() {
    var p = point().clearExplicitBounds().addExplicitBounds(0.1).addExplicitBounds(0.01);
    var result =
        converter.convert(
            request(histogram("s", AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA, p)));
    assertThat(result.refused()).hasSize(1);
    assertThat(result.refused().get(0)).contains("not ascending");
  }

  @Test
  void shouldRefuseAnUnknownUnit() {
    var result =
        converter.convert(
            request(
                histogram(
                    "fortnights", AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA, point())));
    assertThat(result.refused()).hasSize(1);
    assertThat(result.refused().get(0)).contains("unit 'fortnights'");
  }

  @Test
  void shouldIgnoreMetricsThatAreNotRequestDurations() {
    var metric =
        Metric.newBuilder().setName("jvm.memory.used").setGauge(Gauge.newBuilder()).build();
    var result = converter.convert(request(metric));
    assertThat(result.ignored()).isEqualTo(1);
    assertThat(result.refused()).isEmpty();
  }

  @Test
  void shouldForgetTheSeriesNotSeenForLongestWhenThereAreTooMany() {
    OtlpConverter small = new OtlpConverter(START, 2, Map.of());
    for (int i = 0; i < 5; i++) {
      small.convert(
          request(
              histogram(
                  "s",
                  AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE,
                  point().addAttributes(attribute("http.route", "/" + i)))));
    }
    assertThat(small.seriesCount()).isEqualTo(2);
  }
}
