package io.dyetrace.analytics;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Message;
import io.dyetrace.analytics.sim.Replay;
import io.dyetrace.analytics.sim.Shifted;
import io.dyetrace.analytics.sim.SimTopology;
import io.dyetrace.analytics.sim.Simulation;
import io.dyetrace.analytics.sim.Simulation.Delivery;
import io.dyetrace.broker.BrokerConfig;
import io.dyetrace.broker.EmbeddedBroker;
import io.dyetrace.common.record.CounterBatch;
import io.dyetrace.common.record.PointBatch;
import io.dyetrace.common.record.ProbeBatch;
import io.dyetrace.common.record.Schema;
import io.dyetrace.common.record.Verdict;
import io.dyetrace.common.record.VerdictState;
import io.dyetrace.storage.client.ClickHouseClient;
import io.dyetrace.storage.embedded.EmbeddedClickHouseMain;
import io.dyetrace.storage.schema.Migrations;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The job, submitted by its command to a cluster of processes of their own: a task manager is
 * killed, the job stops with a savepoint and goes on from it, while a simulated network goes on,
 * repeats itself and has one fault, which lasts until the job has gone on from its savepoint.
 */
@Timeout(600)
class FlinkClusterIT {
  private static final long SECOND = Simulation.SECOND;

  /** No run takes so long: the network ends when the test has seen what it waits for. */
  private static final long LONGEST_NS = 600 * SECOND;

  private static final long PATIENCE_NS = 240 * SECOND;
  private static final long BROKEN_NS = 5 * SECOND;

  @TempDir Path directory;
  private EmbeddedBroker broker;
  private FlinkCluster cluster;
  private Process taskManager;
  private @Nullable Process clickhouseProcess;
  private ClickHouseClient clickhouse;
  private Path yaml;

  @BeforeEach
  void start() throws Exception {
    Processes.requireClickHouse();
    int clickhousePort;
    try (ServerSocket socket = new ServerSocket(0)) {
      clickhousePort = socket.getLocalPort();
    }
    cluster = new FlinkCluster(Files.createDirectories(directory.resolve("flink")));
    taskManager = cluster.startTaskManager();
    broker = new EmbeddedBroker(BrokerConfig.forTest(directory.resolve("kafka")));
    broker.start();
    clickhouse = startClickHouse(clickhousePort);
    yaml = configuration(clickhousePort);
    cluster.awaitSlot();
  }

  @AfterEach
  void stop() throws Exception {
    if (cluster != null) {
      cluster.close();
    }
    if (clickhouseProcess != null) {
      clickhouseProcess.destroyForcibly().waitFor();
    }
    if (broker != null) {
      broker.close();
    }
  }

  /** Sends what the simulated network sends, when it does; every fifth record twice. */
  private final class Network extends Thread {
    private final Simulation simulation = new Simulation(SimTopology.lab(), 5, LONGEST_NS);
    private final List<Delivery> sent = new ArrayList<>();
    private long brokenUntilNs = BROKEN_NS;
    private volatile boolean healed;
    private volatile boolean ended;

    @Override
    public void run() {
      long startMs = System.currentTimeMillis();
      long shiftNs = startMs * 1_000_000 - Simulation.EPOCH_NS;
      Iterator<Delivery> deliveries = simulation.stream();
      try (KafkaTestClient kafka = new KafkaTestClient(broker.bootstrapServers())) {
        while (!ended && deliveries.hasNext()) {
          Delivery delivery = deliveries.next();
          stayBroken(delivery.atNs());
          long dueMs = startMs + delivery.atNs() / 1_000_000;
          Thread.sleep(Math.max(0, dueMs - System.currentTimeMillis()));
          byte[] value = Shifted.by(delivery.batch(), shiftNs).toByteArray();
          for (int n = sent.size() % 5 == 0 ? 2 : 1; n > 0; n--) {
            kafka.send(topic(delivery.batch()), value);
          }
          sent.add(delivery);
        }
        kafka.flush();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    /** A second at a time, ahead of what is simulated already. */
    private void stayBroken(long nowNs) {
      while (!healed && brokenUntilNs < nowNs + 2 * SECOND) {
        simulation.vipMissing("vip-api", "gw-3", brokenUntilNs, brokenUntilNs + SECOND);
        brokenUntilNs += SECOND;
      }
    }

    void end() throws InterruptedException {
      ended = true;
      join();
    }

    private static String topic(Message batch) {
      return batch instanceof ProbeBatch
          ? Schema.TOPIC_PROBES
          : batch instanceof PointBatch ? Schema.TOPIC_POINTS : Schema.TOPIC_COUNTERS;
    }

    /** As {@link #stored} counts them. */
    String sent() {
      int probes = 0;
      int points = 0;
      int seconds = 0;
      for (Delivery delivery : sent) {
        if (delivery.batch() instanceof ProbeBatch batch) {
          probes += batch.getResultsCount();
        } else if (delivery.batch() instanceof PointBatch batch) {
          points += batch.getPointsCount();
        } else if (delivery.batch() instanceof CounterBatch batch) {
          seconds += batch.getNodeCount();
        }
      }
      return "(%1$d,%1$d)\t(%2$d,%2$d)\t(%3$d,%3$d)".formatted(probes, points, seconds);
    }

    /** What a detector says that nobody disturbs. */
    Set<String> undisturbed() {
      return said(
          new Replay(SimTopology.lab(), sent)
              .until(sent.get(sent.size() - 1).atNs()).verdicts().stream()
                  .map(Replay.Given::verdict)
                  .toList());
    }
  }

  /** Rows, and different rows. */
  private String stored() throws Exception {
    return query(
        """
        SELECT
          (SELECT (count(), uniqExact(prober_id, probe_sequence)) FROM probes),
          (SELECT (count(), uniqExact(node, boot_id, worker, ring_sequence)) FROM trace_points),
          (SELECT (count(), uniqExact(node, boot_id, ring_sequence)) FROM node_counters)
        FORMAT TabSeparated
        """);
  }

  private String query(String sql) throws Exception {
    return clickhouse.query(sql).strip();
  }

  private interface Query {
    String run() throws Exception;
  }

  private static void awaitEqual(String what, Query query, String expected) throws Exception {
    long deadlineNs = System.nanoTime() + PATIENCE_NS;
    while (!query.run().equals(expected) && System.nanoTime() < deadlineNs) {
      Thread.sleep(250);
    }
    assertThat(query.run()).as(what).isEqualTo(expected);
  }

  private Path configuration(int clickhousePort) throws Exception {
    Files.writeString(directory.resolve("topology.yaml"), SimTopology.labYaml());
    return Files.writeString(
        directory.resolve("analytics.yaml"),
        """
        kafka: {bootstrap_servers: "%s"}
        clickhouse: {url: "http://127.0.0.1:%d"}
        topology: topology.yaml
        checkpoints: {directory: "%s"}
        embedded: false
        jobmanager: "%s"
        """
            .formatted(
                broker.bootstrapServers(),
                clickhousePort,
                directory.resolve("checkpoints").toUri(),
                cluster.restAddress()));
  }

  private ClickHouseClient startClickHouse(int port) throws Exception {
    Path yaml =
        Files.writeString(
            directory.resolve("clickhouse.yaml"),
            "listen: 127.0.0.1:%d\ndata_directory: %s\n"
                .formatted(port, directory.resolve("clickhouse")));
    clickhouseProcess =
        Processes.start(
            directory.resolve("clickhouse.log"),
            "-Xmx256m",
            EmbeddedClickHouseMain.class,
            "--config",
            yaml.toString());
    ClickHouseClient client =
        new ClickHouseClient("http://127.0.0.1:" + port, "dyetrace", "default", "");
    new Migrations(client, "dyetrace", 90).run();
    return client;
  }

  private List<Verdict> awaitVerdict(VerdictState state) throws Exception {
    long deadlineNs = System.nanoTime() + PATIENCE_NS;
    try (KafkaTestClient kafka = new KafkaTestClient(broker.bootstrapServers())) {
      while (true) {
        List<Verdict> verdicts = new ArrayList<>();
        for (ConsumerRecord<byte[], byte[]> record :
            kafka.readAll(Schema.TOPIC_VERDICTS, 0, Duration.ofSeconds(10))) {
          verdicts.add(Verdict.parseFrom(record.value()));
        }
        if (verdicts.stream().anyMatch(v -> v.getState() == state)) {
          return verdicts;
        }
        assertThat(System.nanoTime()).as("no %s in %s", state, verdicts).isLessThan(deadlineNs);
        Thread.sleep(200);
      }
    }
  }

  /** Which faults came and went; how often one is updated depends on the time. */
  private static Set<String> said(List<Verdict> verdicts) {
    Set<String> said = new TreeSet<>();
    for (Verdict verdict : verdicts) {
      if (verdict.getState() != VerdictState.UPDATED) {
        said.add(verdict.getState() + " " + verdict.getFaultId());
      }
    }
    return said;
  }

  private static int revisions(List<Verdict> verdicts) {
    Map<String, Verdict> byRevision = new HashMap<>();
    for (Verdict verdict : verdicts) {
      Verdict before =
          byRevision.putIfAbsent(verdict.getOccurrenceId() + "/" + verdict.getRevision(), verdict);
      assertThat(before == null || before.equals(verdict)).as("two of %s", verdict).isTrue();
    }
    return byRevision.size();
  }

  private void killTaskManager(String job) throws Exception {
    taskManager.destroyForcibly().waitFor();
    cluster.startTaskManager();
    cluster.awaitCheckpoints(job, 2);
    assertThat(cluster.restores(job)).as("restored from a checkpoint").isPositive();
    assertThat(cluster.metrics())
        .contains("dyetrace_analytics_records_total{pipeline=\"detection\"")
        .containsPattern("dyetrace_analytics_restarts_total [1-9]")
        .contains("dyetrace_analytics_busy_ratio{pipeline=\"storage\"}")
        .contains("dyetrace_analytics_backpressured_ratio{pipeline=\"detection\"}");
  }

  private void goOnFromSavepoint(String job) throws Exception {
    String savepoint = cluster.stopWithSavepoint(job, directory.resolve("savepoints"));
    String second = cluster.submit(yaml, "--restore-from", savepoint);
    cluster.awaitCheckpoints(second, 1);
    assertThat(cluster.restores(second)).as("restored from the savepoint").isPositive();
  }

  @Test
  void shouldGiveTheSameVerdictsAndLoseNoRowThroughAKilledTaskManagerAndASavepoint()
      throws Exception {
    String job = cluster.submit(yaml);
    cluster.awaitCheckpoints(job, 1);
    Network network = new Network();
    network.start();
    awaitEqual(
        "rows that could be doubled",
        () -> query("SELECT count() >= 50 FROM probes FORMAT TabSeparated"),
        "1");
    killTaskManager(job);
    awaitVerdict(VerdictState.OPEN);
    goOnFromSavepoint(job);
    network.healed = true;
    awaitVerdict(VerdictState.RESOLVED);
    Thread.sleep(2_000); // the undisturbed detector sees the end of the fault too
    network.end();

    awaitEqual("each row once", this::stored, network.sent());
    List<Verdict> verdicts = awaitVerdict(VerdictState.RESOLVED);
    assertThat(said(verdicts)).isEqualTo(network.undisturbed());
    assertThat(verdicts)
        .as("it went on being the same fault")
        .extracting(Verdict::getOccurrenceId)
        .containsOnly(verdicts.get(0).getOccurrenceId());
    awaitEqual(
        "each revision once",
        () -> query("SELECT count() FROM verdicts FORMAT TabSeparated"),
        String.valueOf(revisions(verdicts)));
  }
}
