package io.dyetrace.dashboards;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.dyetrace.storage.client.ClickHouseClient;
import io.dyetrace.storage.embedded.EmbeddedClickHouse;
import io.dyetrace.storage.schema.Migrations;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every ClickHouse query of every dashboard, as the plugin would send it, over a minute of rows.
 */
class DashboardQueriesIT {
  private static final Instant FROM = Instant.parse("2026-01-01T00:00:00Z");
  private static final Instant TO = Instant.parse("2026-01-01T00:10:00Z");
  private static final Map<String, List<String>> VARIABLES =
      Map.of(
          "vip", List.of("vip-web", "vip-api"),
          "node", List.of("gw-1", "gw-2"),
          "prober", List.of("prober-1"));
  private static final HttpClient http = HttpClient.newHttpClient();

  @TempDir static Path directory;
  private static EmbeddedClickHouse clickHouse;

  @BeforeAll
  static void startClickHouse() throws Exception {
    String cause = EmbeddedClickHouse.unavailabilityCause();
    if (cause != null && "1".equals(System.getenv("REQUIRE_ALL"))) {
      fail(cause);
    }
    assumeTrue(cause == null, cause);
    clickHouse = EmbeddedClickHouse.start(directory);
    ClickHouseClient client = new ClickHouseClient(clickHouse.url(), "dyetrace", "default", "");
    new Migrations(client, "dyetrace", 3_650).run();
    for (String statement : resource("rows.sql").split(";\\s*\\n")) {
      if (!statement.isBlank()) {
        post(statement);
      }
    }
  }

  @AfterAll
  static void stopClickHouse() {
    if (clickHouse != null) {
      clickHouse.close();
    }
  }

  static Stream<DashboardQuery> queries() {
    return Dashboard.readAll(Path.of("grafana/dashboards")).stream()
        .flatMap(d -> d.queries().stream())
        .filter(q -> q.source() == DashboardQuery.Source.CLICKHOUSE);
  }

  @ParameterizedTest
  @MethodSource("queries")
  void shouldAnswerWithRowsThatThePanelCanDraw(DashboardQuery query) throws Exception {
    // Variables look back from now, the rows are old.
    String sql =
        query
            .expand(FROM, TO, 10, VARIABLES)
            .replace("now() - INTERVAL 1 DAY", "toDateTime('2026-01-01')");
    JsonNode answer = new ObjectMapper().readTree(post(sql + "\nFORMAT JSON"));
    assertThat(answer.path("data")).as(sql).isNotEmpty();
    if (!query.table()) {
      assertThat(answer.at("/meta/0/name").asText()).isEqualTo("time");
      assertThat(answer.at("/meta/0/type").asText()).startsWith("DateTime");
    }
  }

  private static String post(String sql) throws IOException, InterruptedException {
    URI uri =
        URI.create(
            clickHouse.url()
                + "/?database="
                + URLEncoder.encode("dyetrace", StandardCharsets.UTF_8));
    HttpResponse<String> response =
        http.send(
            HttpRequest.newBuilder(uri).POST(HttpRequest.BodyPublishers.ofString(sql)).build(),
            HttpResponse.BodyHandlers.ofString());
    assertThat(response.statusCode()).as("%s\n%s", sql, response.body()).isEqualTo(200);
    return response.body();
  }

  private static String resource(String name) throws IOException {
    try (InputStream in =
        Objects.requireNonNull(DashboardQueriesIT.class.getResourceAsStream(name))) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
