package io.dyetrace.storage;

import static org.assertj.core.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.dyetrace.storage.client.ClickHouseClient;
import io.dyetrace.storage.embedded.EmbeddedClickHouse;
import io.dyetrace.storage.schema.Migrations;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** One embedded engine for all tests of the module; a test class takes a database of its own. */
public final class TestClickHouse {
  private static @Nullable EmbeddedClickHouse shared;

  private TestClickHouse() {}

  /** Skips the test where the engine is not available, and fails it where it must be. */
  public static void requireAvailable() {
    String cause = EmbeddedClickHouse.unavailabilityCause();
    if (cause != null && "1".equals(System.getenv("REQUIRE_ALL"))) {
      fail("REQUIRE_ALL=1, and the embedded ClickHouse is not available: " + cause);
    }
    assumeTrue(cause == null, cause);
  }

  /** The engine all tests share; it ends with the JVM. */
  public static synchronized EmbeddedClickHouse shared() throws IOException, InterruptedException {
    requireAvailable();
    EmbeddedClickHouse now = shared;
    if (now == null) {
      Path directory = Files.createTempDirectory("dyetrace-clickhouse-");
      EmbeddedClickHouse started = EmbeddedClickHouse.start(directory);
      shared = started;
      now = started;
      Runtime.getRuntime()
          .addShutdownHook(
              new Thread(
                  () -> {
                    started.close();
                    delete(directory);
                  }));
    }
    return now;
  }

  /** An empty database with all tables, in the shared engine. */
  public static ClickHouseClient migrated(String database)
      throws IOException, InterruptedException {
    return migrated(shared(), database);
  }

  /** An empty database with all tables. */
  public static ClickHouseClient migrated(EmbeddedClickHouse clickHouse, String database)
      throws IOException, InterruptedException {
    ClickHouseClient client = new ClickHouseClient(clickHouse.url(), database, "default", "");
    client.inDatabase("").query("DROP DATABASE IF EXISTS " + database + " SYNC");
    // Test rows have fixed times: no retention may take them.
    new Migrations(client, database, 3_650).run();
    return client;
  }

  private static void delete(Path directory) {
    try (Stream<Path> paths = Files.walk(directory)) {
      paths.sorted(Comparator.reverseOrder()).forEach(path -> path.toFile().delete());
    } catch (IOException e) {
      System.err.println("left behind: " + directory);
    }
  }
}
