package io.dyetrace.prober;

import static org.assertj.core.api.Assertions.assertThat;

import io.dyetrace.broker.BrokerMain;
import io.dyetrace.common.record.ProbeBatch;
import io.dyetrace.common.record.ProbeOutcome;
import io.dyetrace.common.record.ProbeResult;
import io.dyetrace.common.record.Schema;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The publisher against a real broker that is not there yet, dies, and comes back. */
@Timeout(120)
class KafkaOutageIT {
  @TempDir private Path directory;
  private final int port = freePort();
  private final String bootstrap = "127.0.0.1:" + port;
  private @Nullable Process broker;

  private static final class Vitals implements Publisher.Vitals {
    @Override
    public long probesSent() {
      return 0;
    }

    @Override
    public int inFlight() {
      return 0;
    }

    @Override
    public long captureDropped() {
      return 0;
    }
  }

  private static int freePort() {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private void startBroker() throws IOException, InterruptedException {
    Path config = directory.resolve("broker.yaml");
    Files.writeString(
        config,
        "listeners: ['" + bootstrap + "']\ndata_directory: " + directory.resolve("kafka") + "\n");
    Process started =
        new ProcessBuilder(
                System.getProperty("java.home") + "/bin/java",
                "-Xmx256m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                BrokerMain.class.getName(),
                "--config",
                config.toString())
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    broker = started;
    long deadlineNs = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    while (!listening()) {
      assertThat(started.isAlive()).as("the broker").isTrue();
      assertThat(System.nanoTime() - deadlineNs).as("the broker's start").isNegative();
      TimeUnit.MILLISECONDS.sleep(100);
    }
  }

  private boolean listening() {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return socket.isConnected();
    } catch (IOException e) {
      return false;
    }
  }

  private void killBroker() throws InterruptedException {
    Process running = broker;
    if (running != null) {
      running.destroyForcibly().waitFor();
    }
  }

  @AfterEach
  void stop() throws InterruptedException {
    killBroker();
  }

  @Test
  void shouldPublishEveryResultOnceAndInOrderWhateverHappensToTheBroker() throws Exception {
    Clock clock = Clock.SYSTEM;
    ProberConfig config = TestConfigs.slow("");
    try (Journal journal = new Journal(directory.resolve("state"), clock, 1 << 30)) {
      ResultLog log = new ResultLog(journal, 100_000);
      Publisher publisher =
          new Publisher(
              config,
              clock,
              log,
              KafkaBatchSink.connectingTo(bootstrap, "prober-1"),
              new Vitals(),
              1);
      publisher.start((thread, failure) -> failure.printStackTrace());
      add(log, 0, 1_000);
      startBroker();
      add(log, 1_000, 2_000);
      awaitUnpublished(log, 0);
      add(log, 2_000, 2_500);
      killBroker();
      add(log, 2_500, 6_000);
      TimeUnit.SECONDS.sleep(3);
      assertThat(log.unpublished()).isGreaterThanOrEqualTo(3_500);
      startBroker();
      awaitUnpublished(log, 0);
      publisher.close();
    }
    List<ProbeBatch> batches = consume();
    assertThat(batches.stream().flatMap(b -> b.getResultsList().stream()))
        .extracting(ProbeResult::getProbeSequence)
        .containsExactlyElementsOf(IntStream.range(0, 6_000).boxed().toList());
    assertThat(batches).extracting(ProbeBatch::getBatchSequence).isSorted().doesNotHaveDuplicates();
    assertThat(batches.get(batches.size() - 1).getHeartbeat().getResultsPublished())
        .isEqualTo(6_000);
  }

  private static void add(ResultLog log, int from, int to) {
    for (int i = from; i < to; i++) {
      log.add(
          ProbeResult.newBuilder().setProbeSequence(i).setOutcome(ProbeOutcome.SYN_ACK).build());
    }
  }

  private static void awaitUnpublished(ResultLog log, int count) throws InterruptedException {
    long deadlineNs = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    while (log.unpublished() > count) {
      assertThat(System.nanoTime() - deadlineNs).as("results wait").isNegative();
      TimeUnit.MILLISECONDS.sleep(50);
    }
  }

  private List<ProbeBatch> consume() throws IOException {
    List<ProbeBatch> batches = new ArrayList<>();
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(
            Map.of("bootstrap.servers", bootstrap),
            new ByteArrayDeserializer(),
            new ByteArrayDeserializer())) {
      TopicPartition partition = new TopicPartition(Schema.TOPIC_PROBES, 0);
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(List.of(partition));
      long end = consumer.endOffsets(List.of(partition)).values().iterator().next();
      while (consumer.position(partition) < end) {
        for (var record : consumer.poll(Duration.ofMillis(200))) {
          batches.add(ProbeBatch.parseFrom(record.value()));
        }
      }
    }
    return batches;
  }
}
