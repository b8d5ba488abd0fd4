package io.dyetrace.dashboards;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DashboardTest {
  private static final List<Dashboard> ALL = Dashboard.readAll(Path.of("grafana/dashboards"));
  private static final Map<String, List<String>> VARIABLES =
      Map.of(
          "vip", List.of("vip-web", "vip-api"),
          "node", List.of("gw-1", "gw-2"),
          "prober", List.of("prober-1"));
  private static final Instant FROM = Instant.parse("2026-01-01T00:00:00Z");
  private static final Instant TO = Instant.parse("2026-01-01T01:00:00Z");

  @Test
  void shouldExplainEveryPanelAndUseItsIdAndPlaceOnce() {
    assertThat(ALL).isNotEmpty();
    for (Dashboard dashboard : ALL) {
      Set<Integer> ids = new HashSet<>();
      Set<String> cells = new HashSet<>();
      for (JsonNode panel : dashboard.json().path("panels")) {
        String title = panel.path("title").asText();
        assertThat(title).isNotBlank();
        assertThat(ids.add(panel.path("id").asInt())).as(title).isTrue();
        if (!panel.path("type").asText().equals("row")) {
          assertThat(panel.path("description").asText()).as(title).isNotBlank();
          assertThat(panel.path("targets")).as(title).isNotEmpty();
        }
        JsonNode place = panel.path("gridPos");
        for (int x = place.path("x").asInt();
            x < place.path("x").asInt() + place.path("w").asInt();
            x++) {
          for (int y = place.path("y").asInt();
              y < place.path("y").asInt() + place.path("h").asInt();
              y++) {
            assertThat(cells.add(x + "/" + y)).as("%s overlaps at %d/%d", title, x, y).isTrue();
          }
        }
      }
    }
  }

  @Test
  void shouldLeaveNoMacroOrVariableInAQuery() {
    for (Dashboard dashboard : ALL) {
      assertThat(dashboard.queries()).isNotEmpty();
      for (DashboardQuery query : dashboard.queries()) {
        assertThat(query.expand(FROM, TO, 10, VARIABLES)).isNotBlank().doesNotContain("$");
      }
    }
  }

  @Test
  void shouldNameAnUnknownMacro() {
    var query =
        new DashboardQuery(
            "d", "panel A", DashboardQuery.Source.CLICKHOUSE, "SELECT $__wrong(time)", true);
    assertThatThrownBy(() -> query.expand(FROM, TO, 10, VARIABLES))
        .hasMessage("d, panel A: $__wrong is neither a known macro nor a variable");
  }

  @Test
  void shouldPassPromtoolsOwnCheckWithEveryPrometheusQuery(@TempDir Path dir) throws Exception {
    Path promtool = Path.of("/usr/bin/promtool");
    if (!Files.isExecutable(promtool) && "1".equals(System.getenv("REQUIRE_ALL"))) {
      fail("promtool is not installed");
    }
    assumeTrue(Files.isExecutable(promtool), "promtool is not installed");
    StringBuilder rules = new StringBuilder("groups:\n- name: queries\n  rules:\n");
    int number = 0;
    for (Dashboard dashboard : ALL) {
      for (DashboardQuery query : dashboard.queries()) {
        if (query.source() == DashboardQuery.Source.PROMETHEUS) {
          rules
              .append("  - record: query")
              .append(number++)
              .append("\n    expr: '")
              .append(query.expand(FROM, TO, 10, VARIABLES).replace("'", "''"))
              .append("'\n");
        }
      }
    }
    Path file = dir.resolve("rules.yml");
    Files.writeString(file, rules);
    assertThat(run(promtool.toString(), "check", "rules", file.toString()))
        .contains("SUCCESS: " + number + " rules");
  }

  private static String run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    return output;
  }
}
