package io.dyetrace.storage.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dyetrace.storage.TestClickHouse;
import io.dyetrace.storage.client.ClickHouseClient;
import io.dyetrace.storage.schema.Migrations.Migration;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class MigrationsIT {
  private static final String DATABASE = "it_migrations";

  private ClickHouseClient client;

  @BeforeEach
  void freshDatabase() throws IOException, InterruptedException {
    client = new ClickHouseClient(TestClickHouse.shared().url(), DATABASE, "default", "");
    client.inDatabase("").query("DROP DATABASE IF EXISTS " + DATABASE + " SYNC");
  }

  private int run(List<Migration> migrations) throws IOException, InterruptedException {
    return new Migrations(client, DATABASE, 90).run(migrations);
  }

  @Test
  void shouldKnowEveryFileOfTheDirectory() throws IOException {
    try (Stream<Path> files =
        Files.list(Path.of("src/main/resources/dyetrace/storage/migrations"))) {
      assertThat(files.map(f -> f.getFileName().toString()).sorted().toList())
          .isEqualTo(Migrations.bundled().stream().map(Migration::name).toList());
    }
  }

  @Test
  void shouldRunEachMigrationOnce() throws IOException, InterruptedException {
    assertThat(new Migrations(client, DATABASE, 90).run()).isEqualTo(Migrations.bundled().size());
    assertThat(new Migrations(client, DATABASE, 90).run()).isZero();
    assertThat(client.query("SELECT count() FROM schema_migrations").strip())
        .isEqualTo(Integer.toString(Migrations.bundled().size()));
  }

  @Test
  void shouldRunEveryStatementTwice() throws IOException, InterruptedException {
    run(Migrations.bundled());
    client.query("TRUNCATE TABLE schema_migrations");
    assertThat(run(Migrations.bundled())).isEqualTo(Migrations.bundled().size());
  }

  @Test
  void shouldStandTwoRunnersAtATime() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(3);
    List<Future<Integer>> runs = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      runs.add(threads.submit(() -> new Migrations(client, DATABASE, 90).run()));
    }
    for (Future<Integer> run : runs) {
      run.get();
    }
    threads.shutdown();
    assertThat(client.query("SELECT count(), uniqExact(version) FROM schema_migrations").strip())
        .isEqualTo(Migrations.bundled().size() + "\t" + Migrations.bundled().size());
  }

  @Test
  void shouldRefuseAMigrationThatWasChangedByName() throws IOException, InterruptedException {
    run(
        List.of(
            new Migration(
                1, "V0001__a.sql", "CREATE TABLE IF NOT EXISTS a (x Int8) ENGINE = Log")));
    assertThatThrownBy(() -> run(List.of(new Migration(1, "V0001__a.sql", "SELECT 1"))))
        .isInstanceOf(MigrationException.class)
        .hasMessageContaining("V0001__a.sql was changed after it was run");
  }

  @Test
  void shouldRefuseADatabaseOfALaterVersion() throws IOException, InterruptedException {
    Migration first = new Migration(1, "V0001__a.sql", "SELECT 1");
    run(List.of(first, new Migration(2, "V0002__b.sql", "SELECT 2")));
    assertThatThrownBy(() -> run(List.of(first)))
        .hasMessageContaining("is from a later version: it has seen V0002__b.sql");
  }

  @Test
  void shouldNameTheStatementThatFails() {
    assertThatThrownBy(
            () -> run(List.of(new Migration(1, "V0001__a.sql", "SELECT 1; SELEKT 2\nFROM t"))))
        .hasMessageContaining("V0001__a.sql: SELEKT 2")
        .hasMessageContaining("SYNTAX_ERROR");
  }

  @Test
  void shouldAddNamesThatJoinedTheRegistry() throws IOException, InterruptedException {
    run(
        List.of(
            new Migration(
                1,
                "V0001__a.sql",
                "CREATE TABLE IF NOT EXISTS drop_counters"
                    + " (vip String, reason Enum16('NONE' = 0, 'MALFORMED_ETHERNET' = 1)) ENGINE = MergeTree ORDER BY vip")));
    client.query("INSERT INTO drop_counters VALUES ('v', 'NO_VIP')");
    assertThat(client.query("SELECT reason FROM drop_counters").strip()).isEqualTo("NO_VIP");
  }

  @Test
  void shouldChangeTheRetention() throws IOException, InterruptedException {
    new Migrations(client, DATABASE, 90).run();
    new Migrations(client, DATABASE, 7).run();
    assertThat(
            client.query(
                "SELECT engine_full FROM system.tables WHERE name = 'probes' AND database = '"
                    + DATABASE
                    + "'"))
        .contains("toIntervalDay(7)");
  }
}
