package io.dyetrace.alerting;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.dyetrace.common.config.StrictYaml;
import io.dyetrace.common.record.Schema;
import io.dyetrace.common.record.VerdictState;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class NotifierTest {
  private static final TopicPartition PARTITION = new TopicPartition(Schema.TOPIC_VERDICTS, 0);

  private final List<String> bodies = new CopyOnWriteArrayList<>();
  private final AtomicInteger status = new AtomicInteger(200);
  private final AtomicLong nowNs = new AtomicLong(Verdicts.FIRST_BAD_NS);
  private final MockConsumer<byte[], byte[]> consumer = new MockConsumer<>("earliest");
  private HttpServer alertmanager;
  private Notifier notifier;
  private long offset;

  @BeforeEach
  void setUp() throws IOException {
    alertmanager = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    alertmanager.createContext(
        "/api/v2/alerts",
        exchange -> {
          bodies.add(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
          exchange.sendResponseHeaders(status.get(), -1);
          exchange.close();
        });
    alertmanager.start();
    Node node = new Node(0, "localhost", 9092);
    consumer.updatePartitions(
        Schema.TOPIC_VERDICTS,
        List.of(
            new PartitionInfo(
                Schema.TOPIC_VERDICTS, 0, node, new Node[] {node}, new Node[] {node})));
    consumer.updateBeginningOffsets(Map.of(PARTITION, 0L));
    consumer.updateEndOffsets(Map.of(PARTITION, 0L));
    URI url = URI.create("http://127.0.0.1:" + alertmanager.getAddress().getPort());
    AlertingConfig config =
        StrictYaml.parse(
            "kafka: {bootstrap_servers: '127.0.0.1:9092'}\n"
                + "alertmanager: {urls: ['"
                + url
                + "']}\n"
                + "metrics: {listen: '127.0.0.1:0'}\n",
            "test",
            AlertingConfig.class);
    AlertingMetrics metrics = new AlertingMetrics(new PrometheusRegistry());
    notifier =
        new Notifier(
            new VerdictReader(consumer, metrics),
            List.of(new AlertmanagerClient(url, Duration.ofSeconds(5))),
            config,
            metrics,
            nowNs::get);
  }

  @AfterEach
  void tearDown() {
    alertmanager.stop(0);
  }

  private void arrive(byte[] value) {
    consumer.schedulePollTask(
        () ->
            consumer.addRecord(
                new ConsumerRecord<>(Schema.TOPIC_VERDICTS, 0, offset++, new byte[0], value)));
  }

  private void later(Duration time) {
    nowNs.addAndGet(time.toNanos());
  }

  @Test
  void shouldPostAVerdictAtOnceAndAgainWhileItIsOpen() throws Exception {
    notifier.step();
    arrive(Verdicts.nodeCrash("gw-2", 1, VerdictState.OPEN).build().toByteArray());
    notifier.step();
    assertThat(bodies).hasSize(1);
    assertThat(bodies.get(0)).contains("\"component\":\"gw-2\"");
    later(Duration.ofSeconds(10));
    notifier.step();
    assertThat(bodies).hasSize(1);
    later(Duration.ofSeconds(21));
    notifier.step();
    assertThat(bodies).hasSize(2);
  }

  @Test
  void shouldTryAgainSoonWhenAlertmanagerRefuses() throws Exception {
    status.set(500);
    arrive(Verdicts.nodeCrash("gw-2", 1, VerdictState.OPEN).build().toByteArray());
    notifier.step();
    assertThat(notifier.ready()).isFalse();
    status.set(200);
    later(Duration.ofSeconds(3));
    notifier.step();
    assertThat(bodies).hasSize(2);
    assertThat(notifier.ready()).isTrue();
  }

  @Test
  void shouldPassOverARecordThatIsNoVerdict() throws Exception {
    arrive(new byte[] {(byte) 0xff, 1, 2, 3});
    notifier.step();
    arrive(Verdicts.nodeCrash("gw-2", 1, VerdictState.OPEN).build().toByteArray());
    notifier.step();
    assertThat(bodies).hasSize(1);
  }
}
