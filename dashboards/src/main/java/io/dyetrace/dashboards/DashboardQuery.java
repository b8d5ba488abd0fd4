package io.dyetrace.dashboards;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * One query of a dashboard, with Grafana's macros and variables still in it.
 *
 * @param dashboard its uid
 * @param place the panel's title and the target's letter, or "variable NAME", or "annotation NAME"
 * @param source which data source it is for
 * @param table whether it fills a table or a single value, not a time series
 */
public record DashboardQuery(
    String dashboard, String place, Source source, String text, boolean table) {
  /** What a query is put to. */
  public enum Source {
    CLICKHOUSE,
    PROMETHEUS
  }

  private static final Pattern TIME_FILTER = Pattern.compile("\\$__timeFilter\\((\\w+)\\)");
  private static final Pattern TIME_INTERVAL = Pattern.compile("\\$__timeInterval\\((\\w+)\\)");
  private static final Pattern LEFT_OVER = Pattern.compile("\\$(__|\\{)?\\w+");

  /**
   * The query as Grafana's data source plugin sends it.
   *
   * @param intervalSeconds the width of a point on the time axis, at least 1
   * @param variables the chosen values of each dashboard variable
   * @throws IllegalArgumentException when a macro or a variable is left over
   */
  public String expand(
      Instant from, Instant to, int intervalSeconds, Map<String, List<String>> variables) {
    String sql = text;
    sql =
        TIME_FILTER
            .matcher(sql)
            .replaceAll(
                m ->
                    String.format(
                        "%s >= toDateTime(%d) AND %s <= toDateTime(%d)",
                        m.group(1), from.getEpochSecond(), m.group(1), to.getEpochSecond()));
    sql =
        TIME_INTERVAL
            .matcher(sql)
            .replaceAll(
                m ->
                    String.format(
                        "toStartOfInterval(toDateTime(%s), INTERVAL %d second)",
                        m.group(1), intervalSeconds));
    sql = sql.replace("$__interval_s", Integer.toString(intervalSeconds));
    sql = sql.replace("$__rate_interval", Math.max(15, 4 * intervalSeconds) + "s");
    for (Map.Entry<String, List<String>> variable : variables.entrySet()) {
      String quoted =
          variable.getValue().stream().map(v -> "'" + v + "'").collect(Collectors.joining(","));
      String regex =
          variable.getValue().stream()
              .map(v -> v.replace(".", "\\\\."))
              .collect(Collectors.joining("|", "(", ")"));
      sql = sql.replace("${" + variable.getKey() + ":singlequote}", quoted);
      sql = sql.replace("$" + variable.getKey(), regex);
    }
    Matcher left = LEFT_OVER.matcher(sql);
    if (left.find()) {
      throw new IllegalArgumentException(
          dashboard
              + ", "
              + place
              + ": "
              + left.group()
              + " is neither a known macro nor a variable");
    }
    return sql;
  }
}
