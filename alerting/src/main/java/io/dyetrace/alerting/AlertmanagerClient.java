package io.dyetrace.alerting;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;

/** Posts alerts to one Alertmanager's API v2. */
final class AlertmanagerClient {
  private static final int MOST_ERROR_CHARS = 300;

  private final URI endpoint;
  private final Duration timeout;
  private final HttpClient http;
  private final ObjectMapper json = new ObjectMapper();

  /**
   * @param base for example {@code http://127.0.0.1:9093}
   */
  AlertmanagerClient(URI base, Duration timeout) {
    String path = base.toString();
    this.endpoint = URI.create((path.endsWith("/") ? path : path + "/") + "api/v2/alerts");
    this.timeout = timeout;
    this.http =
        HttpClient.newBuilder()
            .connectTimeout(timeout)
            .version(HttpClient.Version.HTTP_1_1)
            .build();
  }

  URI endpoint() {
    return endpoint;
  }

  /**
   * Sends all alerts in one request.
   *
   * @throws IOException when Alertmanager cannot be reached or refuses them
   */
  void post(List<Alert> alerts) throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(endpoint)
            .timeout(timeout)
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofByteArray(body(alerts)))
            .build();
    HttpResponse<String> response =
        http.send(request, HttpResponse.BodyHandlers.ofString(StandardCharsets.UTF_8));
    if (response.statusCode() / 100 != 2) {
      String text = response.body();
      throw new IOException(
          endpoint
              + " answered "
              + response.statusCode()
              + ": "
              + text.substring(0, Math.min(text.length(), MOST_ERROR_CHARS)));
    }
  }

  private byte[] body(List<Alert> alerts) throws JsonProcessingException {
    return json.writeValueAsBytes(alerts);
  }
}
