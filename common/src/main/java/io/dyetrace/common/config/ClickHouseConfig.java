package io.dyetrace.common.config;

import java.io.Serializable;
import java.net.URI;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Where ClickHouse is: the embedded engine or any ClickHouse server, over its HTTP interface.
 *
 * <pre>
 * clickhouse:
 *   url: http://127.0.0.1:8123
 *   database: dyetrace
 *   user: default
 *   password: ""
 * </pre>
 *
 * Every key has the default shown here.
 */
public record ClickHouseConfig(
    @Nullable String url,
    @Nullable String database,
    @Nullable String user,
    @Nullable String password)
    implements Serializable {
  private static final long serialVersionUID = 1L;
  private static final Pattern NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_]{0,63}");

  /** The defaults. */
  public static final ClickHouseConfig DEFAULT = new ClickHouseConfig(null, null, null, null);

  public ClickHouseConfig {
    url = Check.orDefault(url, "http://127.0.0.1:8123");
    database = Check.orDefault(database, "dyetrace");
    user = Check.orDefault(user, "default");
    password = Check.orDefault(password, "");
    URI uri;
    try {
      uri = URI.create(url);
    } catch (IllegalArgumentException e) {
      throw new ConfigException("clickhouse.url: '" + url + "' is not a URL: " + e.getMessage(), e);
    }
    if (uri.getHost() == null
        || !("http".equals(uri.getScheme()) || "https".equals(uri.getScheme()))) {
      throw new ConfigException(
          "clickhouse.url: '" + url + "' is not http://HOST:PORT or https://HOST:PORT");
    }
    if (!NAME.matcher(database).matches()) {
      throw new ConfigException(
          "clickhouse.database: '" + database + "' is not a name of letters, digits and '_'");
    }
  }
}
