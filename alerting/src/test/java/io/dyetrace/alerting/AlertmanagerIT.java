package io.dyetrace.alerting;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.dyetrace.common.record.VerdictState;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a real Alertmanager makes of our alerts. */
class AlertmanagerIT {
  private static final String BINARY = "prometheus-alertmanager";
  private static final HttpClient http = HttpClient.newHttpClient();
  private static Process alertmanager;
  private static URI base;
  @TempDir static Path dir;

  @BeforeAll
  static void startAlertmanager() throws Exception {
    boolean installed =
        List.of(System.getenv("PATH").split(":")).stream()
            .anyMatch(p -> Files.isExecutable(Path.of(p, BINARY)));
    if (!installed && "1".equals(System.getenv("REQUIRE_ALL"))) {
      fail(BINARY + " is not installed");
    }
    assumeTrue(installed, BINARY + " is not installed");
    Path config = dir.resolve("alertmanager.yml");
    Files.writeString(config, "route: {receiver: none}\nreceivers: [{name: none}]\n");
    int port = freePort();
    base = URI.create("http://127.0.0.1:" + port);
    alertmanager =
        new ProcessBuilder(
                BINARY,
                "--config.file=" + config,
                "--storage.path=" + dir.resolve("data"),
                "--web.listen-address=127.0.0.1:" + port,
                "--cluster.listen-address=")
            .redirectErrorStream(true)
            .redirectOutput(dir.resolve("log").toFile())
            .start();
    for (int i = 0; i < 300; i++) {
      try {
        if (get("/-/ready").statusCode() == 200) {
          return;
        }
      } catch (IOException e) {
        // not listening yet
      }
      Thread.sleep(100);
    }
    fail("Alertmanager did not get ready: " + Files.readString(dir.resolve("log")));
  }

  @AfterAll
  static void stopAlertmanager() throws InterruptedException {
    if (alertmanager != null) {
      alertmanager.destroy();
      alertmanager.waitFor();
    }
  }

  @Test
  void shouldFireOnceWhileOpenAndResolveWhenTheVerdictDoes() throws Exception {
    AlertmanagerClient client = new AlertmanagerClient(base, Duration.ofSeconds(5));
    long now = System.currentTimeMillis() * 1_000_000;
    var open = Verdicts.nodeCrash("gw-2", 1, VerdictState.OPEN).setFirstBadNs(now - 5_000_000_000L);
    client.post(List.of(Alert.of(open.build(), now, Duration.ofMinutes(2), null)));
    client.post(
        List.of(
            Alert.of(
                open.setRevision(2).setConfidence(0.7).build(), now, Duration.ofMinutes(2), null)));

    JsonNode firing = alerts();
    assertThat(firing).hasSize(1);
    assertThat(firing.get(0).at("/labels/component").asText()).isEqualTo("gw-2");
    assertThat(firing.get(0).at("/annotations/confidence").asText()).isEqualTo("0.700");
    assertThat(firing.get(0).at("/status/state").asText()).isIn("active", "unprocessed");

    var resolved = open.setRevision(3).setState(VerdictState.RESOLVED).setResolvedNs(now);
    client.post(List.of(Alert.of(resolved.build(), now + 1, Duration.ofMinutes(2), null)));
    assertThat(alerts()).isEmpty();
  }

  private static JsonNode alerts() throws Exception {
    return new ObjectMapper().readTree(get("/api/v2/alerts?active=true").body());
  }

  private static HttpResponse<String> get(String path) throws IOException, InterruptedException {
    return http.send(
        HttpRequest.newBuilder(base.resolve(path)).timeout(Duration.ofSeconds(5)).build(),
        HttpResponse.BodyHandlers.ofString());
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }
}
