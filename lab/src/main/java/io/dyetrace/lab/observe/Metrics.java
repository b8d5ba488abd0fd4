package io.dyetrace.lab.observe;

import io.dyetrace.lab.LabException;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

/** A process' metrics page, in Prometheus' text format. */
public final class Metrics {
  private static final HttpClient CLIENT =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(2))
          .build();

  private final Map<String, Double> values;

  private Metrics(Map<String, Double> values) {
    this.values = values;
  }

  /** Reads the page at {@code address}, {@code 127.0.0.1:9466}. */
  public static Metrics of(String address) {
    try {
      HttpRequest request =
          HttpRequest.newBuilder(URI.create("http://" + address + "/metrics"))
              .timeout(Duration.ofSeconds(5))
              .build();
      return parse(CLIENT.send(request, HttpResponse.BodyHandlers.ofString()).body());
    } catch (IOException e) {
      throw LabException.failed(address + ": " + e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw LabException.failed("interrupted");
    }
  }

  static Metrics parse(String text) {
    Map<String, Double> values = new LinkedHashMap<>();
    for (String line : text.lines().toList()) {
      int space = line.lastIndexOf(' ');
      if (!line.startsWith("#") && space > 0) {
        values.put(line.substring(0, space), Double.parseDouble(number(line.substring(space + 1))));
      }
    }
    return new Metrics(values);
  }

  private static String number(String text) {
    return switch (text) {
      case "+Inf" -> "Infinity";
      case "-Inf" -> "-Infinity";
      default -> text;
    };
  }

  /** Samples of this name, labels as they stand, {@code {node="gw-1"}} → value. */
  public Map<String, Double> named(String name) {
    Map<String, Double> found = new LinkedHashMap<>();
    values.forEach(
        (sample, value) -> {
          if (sample.equals(name)) {
            found.put("", value);
          } else if (sample.startsWith(name + "{")) {
            found.put(sample.substring(name.length()), value);
          }
        });
    return found;
  }
}
