package io.dyetrace.common.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dyetrace.common.config.HostPort;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class MetricsServerTest {
  private final PrometheusRegistry registry = new PrometheusRegistry();
  private final MetricsServer server = new MetricsServer(HostPort.parse("127.0.0.1:0"), registry);

  @AfterEach
  void close() {
    server.close();
  }

  @Test
  void shouldServeTheRegistry() throws Exception {
    Counter.builder().name("dyetrace_test_total").help("For the test.").register(registry).inc(7);
    server.start();

    HttpResponse<String> response = get("/metrics");

    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.body())
        .contains("dyetrace_test_total 7.0")
        .contains("jvm_memory_used_bytes");
  }

  @Test
  void shouldBeHealthyAsSoonAsItAnswers() throws Exception {
    server.start();
    assertThat(get("/-/healthy").statusCode()).isEqualTo(200);
  }

  @Test
  void shouldSayWhyItIsNotReady() throws Exception {
    server.start();
    assertThat(get("/-/ready").statusCode()).isEqualTo(503);
    assertThat(get("/-/ready").body()).contains("starting");

    server.setReady();
    assertThat(get("/-/ready").statusCode()).isEqualTo(200);

    server.setNotReady("Kafka does not answer");
    assertThat(get("/-/ready").statusCode()).isEqualTo(503);
    assertThat(get("/-/ready").body()).contains("Kafka does not answer");
  }

  @Test
  void shouldNameTheAddressItCannotBind() throws Exception {
    server.start();
    String taken = "127.0.0.1:" + server.port();
    try (MetricsServer second = new MetricsServer(HostPort.parse(taken), registry)) {
      assertThatThrownBy(second::start).isInstanceOf(IOException.class).hasMessageContaining(taken);
    }
  }

  @Test
  void shouldFreeThePortWhenClosed() throws Exception {
    server.start();
    int port = server.port();
    server.close();
    try (MetricsServer second =
        new MetricsServer(HostPort.parse("127.0.0.1:" + port), new PrometheusRegistry())) {
      second.start();
      assertThat(second.port()).isEqualTo(port);
    }
  }

  private HttpResponse<String> get(String path) throws IOException, InterruptedException {
    URI uri = URI.create("http://127.0.0.1:" + server.port() + path);
    HttpRequest request = HttpRequest.newBuilder(uri).timeout(Duration.ofSeconds(5)).build();
    return HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
  }
}
