package io.dyetrace.lab.observe;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.dyetrace.lab.LabException;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Asks the lab's ClickHouse over HTTP. */
public final class ClickHouse {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final HttpClient client =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(2))
          .build();

  /** The rows of a statement. */
  public List<JsonNode> rows(String sql) {
    try {
      HttpResponse<String> response =
          client.send(
              HttpRequest.newBuilder(
                      URI.create(
                          "http://127.0.0.1:8123/?database=dyetrace&output_format_json_quote_64bit_integers=0"))
                  .timeout(Duration.ofSeconds(60))
                  .POST(HttpRequest.BodyPublishers.ofString(sql + " FORMAT JSONEachRow"))
                  .build(),
              HttpResponse.BodyHandlers.ofString());
      if (response.statusCode() != 200) {
        throw LabException.failed("ClickHouse: " + response.body().strip() + " (" + sql + ")");
      }
      List<JsonNode> rows = new ArrayList<>();
      for (String line : response.body().lines().toList()) {
        if (!line.isBlank()) {
          rows.add(JSON.readTree(line));
        }
      }
      return rows;
    } catch (IOException e) {
      throw LabException.failed("ClickHouse: " + e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw LabException.failed("interrupted");
    }
  }

  /** The only row's only value. */
  public long number(String sql) {
    List<JsonNode> rows = rows(sql);
    if (rows.size() != 1 || rows.get(0).size() != 1) {
      throw LabException.failed("ClickHouse: not one value: " + sql);
    }
    return rows.get(0).elements().next().asLong();
  }
}
