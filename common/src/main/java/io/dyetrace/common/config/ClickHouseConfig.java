package io.dyetrace.common.config;

import java.net.URI;
import java.net.URISyntaxException;
import org.jspecify.annotations.Nullable;

/**
 * The {@code clickhouse} block: the embedded engine or any ClickHouse server.
 *
 * @param url of the HTTP interface, {@code http://127.0.0.1:8123}
 * @param database {@code dyetrace} when left out
 * @param user {@code default} when left out
 * @param password empty when left out
 */
public record ClickHouseConfig(String url, String database, String user, String password) {
  /** Sets defaults and checks. */
  public ClickHouseConfig(
      String url, @Nullable String database, @Nullable String user, @Nullable String password) {
    this.url = requireHttp(Check.required("url", url));
    this.database = requireIdentifier(Check.orDefault(database, "dyetrace"));
    this.user = Check.orDefault(user, "default");
    this.password = Check.orDefault(password, "");
  }

  /** Shows everything but the password. */
  @Override
  public String toString() {
    return "ClickHouseConfig[url=" + url + ", database=" + database + ", user=" + user + "]";
  }

  private static String requireHttp(String url) {
    try {
      URI uri = new URI(url);
      boolean http = "http".equals(uri.getScheme()) || "https".equals(uri.getScheme());
      if (http && uri.getHost() != null) {
        return url.endsWith("/") ? url.substring(0, url.length() - 1) : url;
      }
    } catch (URISyntaxException e) {
      throw new ConfigException("url: '" + url + "' is not a URL: " + e.getReason(), e);
    }
    throw new ConfigException("url: '" + url + "' is not of the form http://host:port");
  }

  private static String requireIdentifier(String database) {
    if (!database.matches("[A-Za-z_][A-Za-z0-9_]{0,63}")) {
      throw new ConfigException("database: '" + database + "' is not a plain identifier");
    }
    return database;
  }
}
