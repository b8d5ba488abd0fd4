package io.dyetrace.mesh;

import static org.assertj.core.api.Assertions.assertThat;

import io.dyetrace.common.config.StrictYaml;
import io.dyetrace.common.record.MeshBatch;
import io.dyetrace.common.record.MeshLatency;
import io.dyetrace.mesh.example.ExampleService;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;

/**
 * The lab's example services over the whole way: real requests, OpenTelemetry's instrumentation,
 * OTLP, records.
 */
class ExampleServiceTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final MockProducer<byte[], byte[]> kafka =
      new MockProducer<>(true, null, new ByteArraySerializer(), new ByteArraySerializer());

  @Test
  void shouldMeasureBothSidesOfACallBetweenTwoServices() throws Exception {
    int port = freePort();
    MeshConfig config =
        StrictYaml.parse(
            "listen: '127.0.0.1:0'\nkafka: {bootstrap_servers: '127.0.0.1:9092'}\nmetrics: {listen: '127.0.0.1:0'}\n"
                + "destinations: [{address: '127.0.0.1:"
                + port
                + "', service: orders}]\n",
            "test",
            MeshConfig.class);
    try (MeshReceiver receiver = MeshReceiver.create(config, kafka)) {
      receiver.start();
      URI otlp = URI.create("http://127.0.0.1:" + receiver.port());
      Duration export = Duration.ofMillis(200);
      URI peer = URI.create("http://127.0.0.1:" + port);
      try (ExampleService orders =
              new ExampleService(
                  "orders",
                  new InetSocketAddress("127.0.0.1", port),
                  null,
                  Duration.ofSeconds(1),
                  Duration.ofMillis(1),
                  otlp,
                  export);
          ExampleService frontend =
              new ExampleService(
                  "frontend",
                  new InetSocketAddress("127.0.0.1", freePort()),
                  peer,
                  Duration.ofMillis(50),
                  Duration.ofMillis(1),
                  otlp,
                  export)) {
        orders.start();
        frontend.start();
        awaitSides();
      }
    }
    assertThat(latencies())
        .anySatisfy(
            l -> {
              assertThat(l.getMetric()).isEqualTo("http.client.request.duration");
              assertThat(l.getSourceService()).isEqualTo("frontend");
              assertThat(l.getDestinationService()).isEqualTo("orders");
              assertThat(l.getStatus()).isEqualTo("200");
              assertThat(l.getSumNs()).isPositive();
            })
        .anySatisfy(
            l -> {
              assertThat(l.getMetric()).isEqualTo("http.server.request.duration");
              assertThat(l.getSourceService()).isEqualTo("orders");
            });
  }

  private void awaitSides() throws Exception {
    long deadlineNs = System.nanoTime() + PATIENCE.toNanos();
    while (latencies().stream().map(MeshLatency::getSide).distinct().count() < 2) {
      assertThat(System.nanoTime())
          .as("client and server side within %s", PATIENCE)
          .isLessThan(deadlineNs);
      Thread.sleep(50);
    }
  }

  private List<MeshLatency> latencies() throws Exception {
    List<MeshLatency> all = new ArrayList<>();
    for (ProducerRecord<byte[], byte[]> record : kafka.history()) {
      all.addAll(MeshBatch.parseFrom(record.value()).getLatenciesList());
    }
    return all;
  }

  private static int freePort() throws Exception {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }
}
