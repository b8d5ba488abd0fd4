package io.dyetrace.storage;

import io.dyetrace.common.config.ClickHouseConfig;
import io.dyetrace.common.config.ConfigException;
import io.dyetrace.common.config.StrictYaml;
import io.dyetrace.storage.client.ClickHouseClient;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/**
 * Which ClickHouse a command talks to: {@code --url}, else the {@code clickhouse} block of {@code
 * --config}, else the environment ({@code DYETRACE_CLICKHOUSE_URL}, {@code _DATABASE}, {@code
 * _USER}, {@code _PASSWORD}), else the lab's.
 */
final class ConnectionOptions {
  static final String DEFAULT_URL = "http://127.0.0.1:8123";
  private static final String ENVIRONMENT = "DYETRACE_CLICKHOUSE_";

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "a YAML file with a clickhouse block (url, database, user, password)")
  private @Nullable Path configFile;

  @Option(
      names = "--url",
      paramLabel = "URL",
      description =
          "ClickHouse's HTTP interface (default: $DYETRACE_CLICKHOUSE_URL, else "
              + DEFAULT_URL
              + ")")
  private @Nullable String url;

  @Option(
      names = "--database",
      paramLabel = "NAME",
      description = "the database of unqualified table names (default: dyetrace)")
  private @Nullable String database;

  /** A file that holds nothing but the block. */
  record File(ClickHouseConfig clickhouse) {}

  /** What was chosen. */
  record Connection(String url, String database, String user, String password) {
    ClickHouseClient client() {
      return new ClickHouseClient(url, database, user, password, Duration.ofMinutes(10));
    }
  }

  /**
   * Resolves the options.
   *
   * @throws ConfigException when the file or a value cannot be used
   */
  Connection connection() {
    return connection(System.getenv());
  }

  Connection connection(Map<String, String> environment) {
    ClickHouseConfig config;
    if (configFile != null) {
      ClickHouseConfig read = StrictYaml.read(configFile, File.class).clickhouse();
      if (read == null) {
        throw new ConfigException(configFile + ": clickhouse: missing");
      }
      config = read;
    } else {
      config =
          new ClickHouseConfig(
              environment.getOrDefault(ENVIRONMENT + "URL", DEFAULT_URL),
              environment.get(ENVIRONMENT + "DATABASE"),
              environment.get(ENVIRONMENT + "USER"),
              environment.get(ENVIRONMENT + "PASSWORD"));
    }
    ClickHouseConfig chosen =
        new ClickHouseConfig(
            url == null ? config.url() : url,
            database == null ? config.database() : database,
            config.user(),
            config.password());
    return new Connection(chosen.url(), chosen.database(), chosen.user(), chosen.password());
  }
}
