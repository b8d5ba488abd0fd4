package io.dyetrace.mesh;

import io.dyetrace.common.metrics.MetricsServer;
import io.grpc.InsecureServerCredentials;
import io.grpc.Server;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** The OTLP/gRPC server with its Kafka producer and its metrics. */
final class MeshReceiver implements AutoCloseable {
  // Half of an exporter's usual 10 s, so that it hears UNAVAILABLE and sends again instead of
  // timing out.
  private static final int KAFKA_TIMEOUT_MS = 5_000;
  private static final long SHUT_DOWN_SECONDS = 5;

  private final Server server;
  private final Producer<byte[], byte[]> producer;
  private final MetricsServer metricsServer;

  private MeshReceiver(
      Server server, Producer<byte[], byte[]> producer, MetricsServer metricsServer) {
    this.server = server;
    this.producer = producer;
    this.metricsServer = metricsServer;
  }

  static MeshReceiver create(MeshConfig config) {
    return create(config, kafka(config.kafka().bootstrapServers()));
  }

  static MeshReceiver create(MeshConfig config, Producer<byte[], byte[]> producer) {
    PrometheusRegistry registry = new PrometheusRegistry();
    OtlpConverter converter =
        new OtlpConverter(
            System.currentTimeMillis() * 1_000_000L, config.mostSeries(), config.services());
    Server server =
        NettyServerBuilder.forAddress(
                config.listen().toSocketAddress(), InsecureServerCredentials.create())
            .maxInboundMessageSize(config.mostMessageBytes())
            .addService(new MetricsService(converter, producer, new MeshMetrics(registry)))
            .build();
    return new MeshReceiver(
        server, producer, new MetricsServer(config.metrics().listen(), registry));
  }

  private static Producer<byte[], byte[]> kafka(String bootstrapServers) {
    Properties p = new Properties();
    p.put(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers);
    p.put(ProducerConfig.ACKS_CONFIG, "all");
    p.put(ProducerConfig.LINGER_MS_CONFIG, "20");
    p.put(ProducerConfig.COMPRESSION_TYPE_CONFIG, "lz4");
    p.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, Integer.toString(KAFKA_TIMEOUT_MS / 2));
    p.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, Integer.toString(KAFKA_TIMEOUT_MS / 2));
    p.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, Integer.toString(KAFKA_TIMEOUT_MS));
    return new KafkaProducer<>(p, new ByteArraySerializer(), new ByteArraySerializer());
  }

  void start() throws IOException {
    metricsServer.start();
    server.start();
    metricsServer.setReady();
  }

  /** The port it listens on: the one the system chose when 0 was configured. */
  int port() {
    return server.getPort();
  }

  @Override
  public void close() {
    server.shutdown();
    try {
      if (!server.awaitTermination(SHUT_DOWN_SECONDS, TimeUnit.SECONDS)) {
        server.shutdownNow();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    producer.close();
    metricsServer.close();
  }
}
