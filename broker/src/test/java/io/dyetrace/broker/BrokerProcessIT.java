package io.dyetrace.broker;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Runs the broker as it runs in production: a process of its own, started from the jar and
 * target/lib, with a small heap.
 */
@Timeout(120)
class BrokerProcessIT {
  @TempDir Path directory;
  private int port;
  private int metricsPort;
  private Path config;

  @SuppressWarnings("NullAway.Init") // start() sets it
  private Process process;

  @BeforeEach
  void writeConfiguration() throws Exception {
    try (ServerSocket one = new ServerSocket(0);
        ServerSocket two = new ServerSocket(0)) {
      port = one.getLocalPort();
      metricsPort = two.getLocalPort();
    }
    config =
        Files.writeString(
            directory.resolve("broker.yaml"),
            """
            listeners: ["127.0.0.1:%d"]
            data_directory: %s
            metrics: {listen: "127.0.0.1:%d"}
            """
                .formatted(port, directory.resolve("data"), metricsPort));
  }

  @AfterEach
  void stop() {
    if (process != null) {
      process.destroyForcibly();
    }
  }

  private void start() throws Exception {
    process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-cp",
                "target/classes:target/lib/*",
                BrokerMain.class.getName(),
                "--config",
                config.toString())
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    BufferedReader errors = process.errorReader(StandardCharsets.UTF_8);
    StringBuilder log = new StringBuilder();
    for (String line = errors.readLine(); line != null; line = errors.readLine()) {
      log.append(line).append('\n');
      if (line.contains(" ready")) {
        Thread drain = new Thread(() -> drain(errors));
        drain.setDaemon(true);
        drain.start();
        return;
      }
    }
    throw new AssertionError("the broker ended before it was ready:\n" + log);
  }

  private static void drain(BufferedReader errors) {
    try {
      while (errors.readLine() != null) {}
    } catch (IOException e) {
      // The process was killed: its pipe is closed.
    }
  }

  private String get(String path) throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + metricsPort + path)).build();
    return HttpClient.newHttpClient().send(request, BodyHandlers.ofString()).body();
  }

  @Test
  void shouldKeepEveryAcknowledgedRecordOverKill9() throws Exception {
    String address = "127.0.0.1:" + port;
    start();
    Clients.produce(address, "dyetrace.points", 0, 2000);
    process.destroyForcibly().waitFor();
    start();
    Clients.produce(address, "dyetrace.points", 2000, 2100);
    assertThat(Clients.consume(address, "dyetrace.points", 2100, Duration.ofSeconds(30)))
        .isEqualTo(Clients.numbers(0, 2100));
  }

  @Test
  void shouldTellItsHealthAndNumbersAndStopCleanly() throws Exception {
    start();
    Clients.produce("127.0.0.1:" + port, "dyetrace.mesh", 0, 7);
    assertThat(get("/-/healthy")).isEqualTo("healthy\n");
    assertThat(get("/-/ready")).isEqualTo("ready\n");
    assertThat(get("/metrics"))
        .contains("dyetrace_broker_records_in_total{topic=\"dyetrace.mesh\"} 7.0")
        .contains("dyetrace_broker_log_end_offset{partition=\"0\",topic=\"dyetrace.mesh\"} 7.0");
    process.destroy();
    assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).isZero();
  }
}
