package io.dyetrace.analytics;

import static org.assertj.core.api.Assertions.assertThat;

import io.dyetrace.broker.BrokerConfig;
import io.dyetrace.broker.EmbeddedBroker;
import io.dyetrace.common.record.Schema;
import io.dyetrace.common.record.Verdict;
import io.dyetrace.common.registry.FaultClass;
import io.dyetrace.storage.client.ClickHouseClient;
import io.dyetrace.storage.embedded.EmbeddedClickHouseMain;
import io.dyetrace.storage.schema.Migrations;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The real job and the real sink against a real broker and ClickHouse's engine, all killed hard
 * while senders go on, repeat themselves and send garbage. Rows are counted by their sequence
 * numbers.
 */
@Timeout(600)
class KilledProcessesIT {
  private static final int DOWN_MS = 6_000;

  @TempDir Path directory;
  private final List<Process> processes = new ArrayList<>();
  private EmbeddedBroker broker;
  private ClickHouseClient clickhouse;
  private Process clickhouseProcess;
  private Process analytics;
  private int metricsPort;
  private Path analyticsYaml;
  private Path clickhouseYaml;

  @BeforeEach
  void start() throws Exception {
    Processes.requireClickHouse();
    int clickhousePort;
    try (ServerSocket one = new ServerSocket(0);
        ServerSocket two = new ServerSocket(0)) {
      clickhousePort = one.getLocalPort();
      metricsPort = two.getLocalPort();
    }
    broker = new EmbeddedBroker(BrokerConfig.forTest(directory.resolve("kafka")));
    broker.start();
    clickhouseYaml =
        Files.writeString(
            directory.resolve("clickhouse.yaml"),
            "listen: 127.0.0.1:%d\ndata_directory: %s\n"
                .formatted(clickhousePort, directory.resolve("clickhouse")));
    Files.copy(Path.of("src/test/resources/topology.yaml"), directory.resolve("topology.yaml"));
    analyticsYaml =
        Files.writeString(
            directory.resolve("analytics.yaml"),
            """
            kafka: {bootstrap_servers: "%s"}
            clickhouse: {url: "http://127.0.0.1:%d"}
            topology: topology.yaml
            checkpoints: {directory: %s}
            metrics: {listen: "127.0.0.1:%d"}
            """
                .formatted(
                    broker.bootstrapServers(),
                    clickhousePort,
                    directory.resolve("checkpoints"),
                    metricsPort));
    startClickHouse();
    clickhouse =
        new ClickHouseClient("http://127.0.0.1:" + clickhousePort, "dyetrace", "default", "");
    new Migrations(clickhouse, "dyetrace", 90).run();
    startAnalytics();
  }

  @AfterEach
  void stop() throws Exception {
    for (Process process : processes) {
      process.destroyForcibly().waitFor();
    }
    if (broker != null) {
      broker.close();
    }
  }

  private void startClickHouse() throws Exception {
    clickhouseProcess =
        Processes.start(
            directory.resolve("clickhouse.log"),
            "-Xmx256m",
            EmbeddedClickHouseMain.class,
            "--config",
            clickhouseYaml.toString());
    processes.add(clickhouseProcess);
  }

  private void startAnalytics() throws Exception {
    analytics =
        Processes.start(
            directory.resolve("analytics.log"),
            "-Xmx512m",
            AnalyticsMain.class,
            "--config",
            analyticsYaml.toString());
    processes.add(analytics);
  }

  /** Three senders in one thread: what they have sent so far is known exactly. */
  private final class Senders extends Thread {
    private final long seed = System.nanoTime();
    private final Random random = new Random(seed);
    private volatile boolean ending;
    private int probes;
    private int points;
    private int seconds;
    private int garbage;

    @Override
    public void run() {
      try (KafkaTestClient kafka = new KafkaTestClient(broker.bootstrapServers())) {
        for (int tick = 0; !ending; tick++) {
          long nowNs = System.currentTimeMillis() * 1_000_000;
          send(kafka, Schema.TOPIC_PROBES, Records.probes(1, 1 + probes, 5, nowNs).toByteArray());
          probes += 5;
          send(
              kafka,
              Schema.TOPIC_POINTS,
              Records.points("gw-1", 1 + points, 20, nowNs).toByteArray());
          points += 20;
          if (tick % 10 == 0) {
            byte[] counters = Records.counters("gw-1", 1 + 2L * seconds, nowNs).toByteArray();
            send(kafka, Schema.TOPIC_COUNTERS, counters);
            seconds++;
          }
          if (tick % 20 == 7) {
            kafka.send(Schema.TOPIC_POINTS, new byte[] {(byte) 0xff, (byte) garbage++});
          }
          Thread.sleep(100);
        }
        kafka.flush();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    /** Every fifth record twice, as a sender does that missed an acknowledgement. */
    private void send(KafkaTestClient kafka, String topic, byte[] value) {
      kafka.send(topic, value);
      if (random.nextInt(5) == 0) {
        kafka.send(topic, value);
      }
    }
  }

  private String rows() throws Exception {
    return clickhouse
        .query(
            """
            SELECT
              (SELECT (count(), uniqExact(probe_sequence), max(probe_sequence)) FROM probes),
              (SELECT (count(), uniqExact(ring_sequence), max(ring_sequence)) FROM trace_points),
              (SELECT (count(), uniqExact(ring_sequence)) FROM node_counters),
              (SELECT (count(), uniqExact(ring_sequence)) FROM vip_counters)
            FORMAT TabSeparated
            """)
        .strip();
  }

  private static String expected(Senders s) {
    return "(%1$d,%1$d,%1$d)\t(%2$d,%2$d,%2$d)\t(%3$d,%3$d)\t(%3$d,%3$d)"
        .formatted(s.probes, s.points, s.seconds);
  }

  private void awaitRows(Senders senders) throws Exception {
    long deadlineNs = System.nanoTime() + 60_000_000_000L;
    while (!rows().equals(expected(senders)) && System.nanoTime() < deadlineNs) {
      Thread.sleep(250);
    }
    assertThat(rows()).as("seed %d", senders.seed).isEqualTo(expected(senders));
  }

  private String metrics() throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + metricsPort + "/metrics")).build();
    return HttpClient.newHttpClient().send(request, BodyHandlers.ofString()).body();
  }

  @Test
  void shouldLoseNoRowDoubleNoneAndAccuseNobody() throws Exception {
    Senders senders = new Senders();
    senders.start();
    Thread.sleep(3_000);

    analytics.destroyForcibly().waitFor();
    Thread.sleep(DOWN_MS);
    startAnalytics();

    clickhouseProcess.destroyForcibly().waitFor();
    Thread.sleep(DOWN_MS);
    assertThat(metrics())
        .as("the job does not start over")
        .contains("dyetrace_analytics_restarts_total 0.0");
    startClickHouse();

    String address = broker.bootstrapServers();
    broker.close();
    Thread.sleep(DOWN_MS);
    broker = new EmbeddedBroker(BrokerConfig.forTest(directory.resolve("kafka"), address));
    broker.start();
    Thread.sleep(2_000);
    assertThat(metrics())
        .as("nor does it for Kafka")
        .contains("dyetrace_analytics_restarts_total 0.0");

    // Both at once.
    analytics.destroyForcibly().waitFor();
    clickhouseProcess.destroyForcibly().waitFor();
    startClickHouse();
    startAnalytics();
    Thread.sleep(1_000);
    senders.ending = true;
    senders.join();
    awaitRows(senders);

    // A start without saved state reads everything again and stores nothing twice.
    analytics.destroy();
    assertThat(analytics.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(analytics.exitValue()).as("a clean stop").isZero();
    try (Stream<Path> paths = Files.walk(directory.resolve("checkpoints"))) {
      for (Path path : paths.sorted(java.util.Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
    startAnalytics();
    Thread.sleep(3_000);
    awaitRows(senders);

    KafkaTestClient kafka = new KafkaTestClient(broker.bootstrapServers());
    List<ConsumerRecord<byte[], byte[]>> letters =
        kafka.readAll(Schema.TOPIC_DEAD_LETTER, senders.garbage, Duration.ofSeconds(20));
    assertThat(letters.stream().map(letter -> letter.value()[1]).distinct().count())
        .as("every unreadable record is kept")
        .isEqualTo(senders.garbage);
    for (ConsumerRecord<byte[], byte[]> record :
        kafka.readAll(Schema.TOPIC_VERDICTS, 0, Duration.ofSeconds(5))) {
      Verdict verdict = Verdict.parseFrom(record.value());
      assertThat(FaultClass.nameOf(verdict.getFaultClass())).as("%s", verdict).isEqualTo("NO_DATA");
    }
    kafka.close();
  }
}
