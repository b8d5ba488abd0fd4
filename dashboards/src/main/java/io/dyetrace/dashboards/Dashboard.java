package io.dyetrace.dashboards;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A dashboard file.
 *
 * <pre>{@code
 * for (Dashboard dashboard : Dashboard.readAll(Path.of("dashboards/grafana/dashboards"))) {
 *   dashboard.queries().forEach(...);
 * }
 * }</pre>
 *
 * @param file where it stands
 * @param json as Grafana reads it
 */
public record Dashboard(Path file, JsonNode json) {
  private static final Map<String, DashboardQuery.Source> SOURCES =
      Map.of(
          "dyetrace-clickhouse", DashboardQuery.Source.CLICKHOUSE,
          "dyetrace-prometheus", DashboardQuery.Source.PROMETHEUS);
  private static final int FORMAT_TABLE = 1;

  /** Reads every {@code .json} file of a folder. */
  public static List<Dashboard> readAll(Path folder) {
    ObjectMapper mapper = new ObjectMapper();
    List<Dashboard> dashboards = new ArrayList<>();
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.filter(f -> f.toString().endsWith(".json")).sorted().toList()) {
        dashboards.add(new Dashboard(file, mapper.readTree(file.toFile())));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(folder + ": " + e.getMessage(), e);
    }
    return dashboards;
  }

  /** Grafana's identity of the dashboard. */
  public String uid() {
    return json.path("uid").asText();
  }

  /** Every query: of panels, variables and annotations. */
  public List<DashboardQuery> queries() {
    List<DashboardQuery> queries = new ArrayList<>();
    for (JsonNode panel : json.path("panels")) {
      for (JsonNode target : panel.path("targets")) {
        queries.add(
            query(panel.path("title").asText() + " " + target.path("refId").asText(), target));
      }
    }
    for (JsonNode variable : json.at("/templating/list")) {
      queries.add(
          new DashboardQuery(
              uid(),
              "variable " + variable.path("name").asText(),
              source(variable, variable.path("name").asText()),
              variable.path("query").asText(),
              true));
    }
    for (JsonNode annotation : json.at("/annotations/list")) {
      queries.add(
          query("annotation " + annotation.path("name").asText(), annotation.path("target")));
    }
    return queries;
  }

  private DashboardQuery query(String place, JsonNode target) {
    DashboardQuery.Source source = source(target, place);
    boolean clickHouse = source == DashboardQuery.Source.CLICKHOUSE;
    return new DashboardQuery(
        uid(),
        place,
        source,
        target.path(clickHouse ? "rawSql" : "expr").asText(),
        clickHouse
            ? target.path("format").asInt() == FORMAT_TABLE
            : target.path("instant").asBoolean());
  }

  private DashboardQuery.Source source(JsonNode node, String place) {
    String uid = node.at("/datasource/uid").asText();
    DashboardQuery.Source source = SOURCES.get(uid);
    if (source == null) {
      throw new IllegalArgumentException(
          file + ", " + place + ": data source '" + uid + "' is none of " + SOURCES.keySet());
    }
    return source;
  }
}
