package io.dyetrace.storage.schema;

import static org.assertj.core.api.Assertions.assertThat;

import io.dyetrace.storage.TestClickHouse;
import io.dyetrace.storage.client.ClickHouseClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * docs/reference/tables.md says what ClickHouse says; {@code -Ddyetrace.write=true} writes it anew.
 */
class TablesPageIT {
  private static final Path PAGE = Path.of("../docs/reference/tables.md");
  private static final int LISTED_NAMES = 9;
  private static final Map<String, String> REGISTRY_PAGES =
      Map.of(
          "point", "trace-points.md",
          "reason", "drop-reasons.md",
          "class", "fault-classes.md");

  private static final Map<String, String> SAME_COLUMNS =
      Map.of("drop_points", "trace_points", "verdicts_current", "verdicts");
  private static final Map<String, String> VIEW_COLUMNS =
      Map.of(
          "hour", "start of the hour",
          "reason", "why packets died",
          "vip", "the VIP's name; empty: they met none",
          "node", "the gateway node's name",
          "points", "drop points",
          "packets", "packets they stand for");

  @Test
  void shouldDescribeEveryTableAndColumn() throws IOException, InterruptedException {
    String page = page(TestClickHouse.migrated("it_page"));
    if (Boolean.getBoolean("dyetrace.write")) {
      Files.writeString(PAGE, page);
    }
    assertThat(Files.readString(PAGE)).as("written with -Ddyetrace.write=true").isEqualTo(page);
    assertThat(page).doesNotContain("|  |");
  }

  private static String page(ClickHouseClient client) throws IOException, InterruptedException {
    StringBuilder page =
        new StringBuilder(
            """
            # Tables

            In ClickHouse, database `dyetrace`. Written from the tables themselves by the test `TablesPageIT`
            (`./mvnw -pl storage verify -Dit.test=TablesPageIT -Ddyetrace.write=true`).

            Times are UTC with nanoseconds; every table with raw rows has `time`, is partitioned by day and keeps 90 days
            (`./dyetrace migrate --retention-days`). Addresses are `IPv6`, IPv4 ones as `::ffff:198.19.0.1`; a comparison with
            `toIPv6('198.19.0.1')` finds them. Numbers carry their unit in their name. *Key*: no two rows of the table share it.
            How to ask: [drop reasons](../how-to/query-drop-reasons.md).
            """);
    String tables =
        client.query(
            "SELECT name, engine = 'View', comment FROM system.tables WHERE database = currentDatabase()"
                + " AND name != 'schema_migrations' ORDER BY engine = 'View', name FORMAT TSVRaw");
    for (String table : tables.strip().split("\n")) {
      String[] fields = table.split("\t");
      page.append("\n## ")
          .append(fields[0])
          .append(fields[1].equals("1") ? " (view)" : "")
          .append("\n\n")
          .append(fields[2]);
      String same = SAME_COLUMNS.get(fields[0]);
      if (same != null) {
        page.append(" Columns as in [").append(same).append("](#").append(same).append(").\n");
        continue;
      }
      page.append("\n\n| column | type | meaning |\n| --- | --- | --- |\n");
      columns(client, fields[0], page);
    }
    return page.toString();
  }

  private static void columns(ClickHouseClient client, String table, StringBuilder page)
      throws IOException, InterruptedException {
    String columns =
        client.query(
            "SELECT name, type, comment FROM system.columns WHERE database = currentDatabase() AND table = '"
                + table
                + "' ORDER BY position FORMAT TSVRaw");
    for (String column : columns.split("\n")) {
      String[] fields = column.split("\t", -1);
      page.append("| `")
          .append(fields[0])
          .append("` | ")
          .append(type(fields[0], fields[1]))
          .append(" | ")
          .append(fields[2].isEmpty() ? VIEW_COLUMNS.getOrDefault(fields[0], "") : fields[2])
          .append(" |\n");
    }
  }

  private static String type(String column, String type) {
    if (!type.startsWith("Enum")) {
      return "`" + type + "`";
    }
    String registry = REGISTRY_PAGES.get(column);
    if (registry != null) {
      return "[names](" + registry + ")";
    }
    String names =
        type.substring(type.indexOf('(') + 1, type.length() - 1)
            .replaceAll("'(\\w+)' = -?\\d+", "`$1`");
    assertThat(names.split(", ")).hasSizeLessThanOrEqualTo(LISTED_NAMES + 1);
    return names;
  }
}
