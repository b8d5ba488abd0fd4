package io.dyetrace.mesh;

import io.dyetrace.common.record.MeshBatch;
import io.dyetrace.common.record.MeshLatency;
import io.dyetrace.common.record.Schema;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import io.opentelemetry.proto.collector.metrics.v1.ExportMetricsPartialSuccess;
import io.opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest;
import io.opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceResponse;
import io.opentelemetry.proto.collector.metrics.v1.MetricsServiceGrpc;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;

/**
 * OTLP's metrics service. A request is answered once Kafka has the records; when Kafka does not
 * take them the answer is UNAVAILABLE, which tells an exporter to send again (OTLP specification,
 * "Failures").
 */
final class MetricsService extends MetricsServiceGrpc.MetricsServiceImplBase {
  private final OtlpConverter converter;
  private final Producer<byte[], byte[]> producer;
  private final MeshMetrics metrics;

  MetricsService(OtlpConverter converter, Producer<byte[], byte[]> producer, MeshMetrics metrics) {
    this.converter = converter;
    this.producer = producer;
    this.metrics = metrics;
  }

  @Override
  public void export(
      ExportMetricsServiceRequest request, StreamObserver<ExportMetricsServiceResponse> observer) {
    OtlpConverter.Result result = converter.convert(request);
    metrics.converted(result);
    if (result.latencies().isEmpty()) {
      converter.commit(result);
      answer(result, observer);
      return;
    }
    try {
      producer.send(
          record(result),
          (metadata, error) -> {
            if (error == null) {
              converter.commit(result);
              answer(result, observer);
            } else {
              refuse(error, observer);
            }
          });
    } catch (KafkaException | IllegalStateException e) {
      refuse(e, observer);
    }
  }

  private static ProducerRecord<byte[], byte[]> record(OtlpConverter.Result result) {
    MeshLatency first = result.latencies().get(0);
    MeshBatch batch =
        MeshBatch.newBuilder()
            .setSchemaVersion(Schema.VERSION)
            .addAllLatencies(result.latencies())
            .build();
    return new ProducerRecord<>(
        Schema.TOPIC_MESH,
        first.getSourceService().getBytes(StandardCharsets.UTF_8),
        batch.toByteArray());
  }

  private void answer(
      OtlpConverter.Result result, StreamObserver<ExportMetricsServiceResponse> observer) {
    ExportMetricsServiceResponse.Builder response = ExportMetricsServiceResponse.newBuilder();
    if (!result.refused().isEmpty()) {
      response.setPartialSuccess(
          ExportMetricsPartialSuccess.newBuilder()
              .setRejectedDataPoints(result.refused().size())
              .setErrorMessage(
                  String.join(
                      "; ", result.refused().subList(0, Math.min(5, result.refused().size())))));
    }
    observer.onNext(response.build());
    observer.onCompleted();
  }

  private void refuse(Exception error, StreamObserver<ExportMetricsServiceResponse> observer) {
    metrics.kafkaFailed();
    observer.onError(
        Status.UNAVAILABLE
            .withDescription("Kafka did not take the records: " + error.getMessage())
            .asRuntimeException());
  }
}
