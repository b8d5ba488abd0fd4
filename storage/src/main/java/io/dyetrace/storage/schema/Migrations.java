package io.dyetrace.storage.schema;

import io.dyetrace.common.config.Check;
import io.dyetrace.storage.client.ClickHouseClient;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings a database up to date: runs the numbered migrations that it has not seen, in order, and
 * remembers each with its checksum.
 *
 * <p>Every statement of a migration may be run again, so a runner that died half way is repaired by
 * the next, and two at a time do no harm. A migration that was run is never edited: a changed one
 * is refused by name.
 */
public final class Migrations {
  /** ClickHouse's TTL wraps in 2106, and what has wrapped is removed at once. */
  public static final int MAX_RETENTION_DAYS = 3_650;

  private static final Logger LOG = LoggerFactory.getLogger(Migrations.class);
  private static final String DIRECTORY = "/dyetrace/storage/migrations/";
  private static final Pattern NAME = Pattern.compile("V(\\d{4})__([a-z0-9_]+)\\.sql");
  private static final Pattern PLACEHOLDER = Pattern.compile("\\$\\{([a-zA-Z_:]+)}");
  private static final String HISTORY =
      "CREATE TABLE IF NOT EXISTS schema_migrations"
          + " (version UInt32, name String, checksum String, applied_time DateTime64(3, 'UTC'))"
          + " ENGINE = MergeTree ORDER BY version SETTINGS non_replicated_deduplication_window = 1000"
          + " COMMENT 'The migrations that this database has seen.'";

  /** The migrations of this version, in order; a test holds the list against the directory. */
  private static final List<String> FILES = List.of("V0001__tables.sql", "V0002__node_actions.sql");

  private final ClickHouseClient client;
  private final String database;
  private final int retentionDays;

  /**
   * Migrates a database.
   *
   * @param retentionDays after so many days raw rows may go
   */
  public Migrations(ClickHouseClient client, String database, int retentionDays) {
    this.client = client;
    this.database = database;
    this.retentionDays = Check.range("retention days", retentionDays, 1, MAX_RETENTION_DAYS);
  }

  /** One numbered file. */
  public record Migration(int version, String name, String template) {
    /** Of the file as it stands, before anything is filled in. */
    String checksum() {
      try {
        byte[] hash =
            MessageDigest.getInstance("SHA-256").digest(template.getBytes(StandardCharsets.UTF_8));
        return HexFormat.of().formatHex(hash);
      } catch (NoSuchAlgorithmException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  /** The migrations of this version. */
  public static List<Migration> bundled() {
    List<Migration> all = new ArrayList<>();
    for (String file : FILES) {
      Matcher m = NAME.matcher(file);
      if (!m.matches()) {
        throw new IllegalStateException("not a migration's name: " + file);
      }
      try (InputStream in = Migrations.class.getResourceAsStream(DIRECTORY + file)) {
        if (in == null) {
          throw new IllegalStateException("migration " + file + " is missing");
        }
        String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        all.add(new Migration(Integer.parseInt(m.group(1)), file, text));
      } catch (IOException e) {
        throw new IllegalStateException("migration " + file + " cannot be read", e);
      }
    }
    return all;
  }

  /**
   * Runs what is missing. Returns how many migrations were run.
   *
   * @throws MigrationException when a migration was changed after it was run, or the database is
   *     from a later version
   */
  public int run() throws IOException, InterruptedException {
    return run(bundled());
  }

  int run(List<Migration> migrations) throws IOException, InterruptedException {
    client.inDatabase("").query("CREATE DATABASE IF NOT EXISTS `" + database + "`");
    ClickHouseClient db = client.inDatabase(database);
    db.query(HISTORY);
    Map<Integer, String[]> seen = new TreeMap<>();
    for (String line :
        db.query("SELECT version, name, checksum FROM schema_migrations").split("\n")) {
      String[] fields = line.split("\t");
      if (fields.length == 3) {
        seen.put(Integer.parseInt(fields[0]), fields);
      }
    }
    int run = 0;
    for (Migration migration : migrations) {
      String[] before = seen.remove(migration.version());
      if (before == null) {
        apply(db, migration);
        run++;
      } else if (!before[2].equals(migration.checksum())) {
        throw new MigrationException(
            "migration "
                + migration.name()
                + " was changed after it was run on database "
                + database
                + " (then "
                + before[2].substring(0, 12)
                + ", now "
                + migration.checksum().substring(0, 12)
                + "); put it back and write a new one");
      }
    }
    if (!seen.isEmpty()) {
      throw new MigrationException(
          "database "
              + database
              + " is from a later version: it has seen "
              + seen.values().iterator().next()[1]
              + ", which this version does not know");
    }
    extendEnumerations(db);
    adjustRetention(db);
    return run;
  }

  private void apply(ClickHouseClient db, Migration migration)
      throws IOException, InterruptedException {
    LOG.info("running migration {} on {}", migration.name(), database);
    for (String statement : SqlScript.statements(fill(migration.template()))) {
      try {
        db.query(statement);
      } catch (IOException e) {
        throw new MigrationException(
            "migration " + migration.name() + ": " + firstLine(statement) + ": " + e.getMessage(),
            e);
      }
    }
    db.query(
        "INSERT INTO schema_migrations VALUES ("
            + migration.version()
            + ", '"
            + migration.name()
            + "', '"
            + migration.checksum()
            + "', now64(3))",
        Map.of("insert_deduplication_token", migration.name(), "async_insert", "0"));
  }

  private String fill(String template) {
    StringBuilder out = new StringBuilder();
    Matcher m = PLACEHOLDER.matcher(template);
    while (m.find()) {
      m.appendReplacement(out, Matcher.quoteReplacement(value(m.group(1))));
    }
    m.appendTail(out);
    return out.toString();
  }

  private String value(String placeholder) {
    if (placeholder.startsWith("enum:")) {
      return Enumerations.named(placeholder.substring("enum:".length())).type();
    }
    return switch (placeholder) {
      case "retention_days" -> Integer.toString(retentionDays);
      // 10,000 inserts: at seven tables' batches every two seconds more than five hours of one
      // table's.
      case "deduplication_window" -> "10000";
      default ->
          throw new IllegalArgumentException("migration: no value for ${" + placeholder + "}");
    };
  }

  /**
   * A name that joined the registry after a table was made is added to its columns; that touches no
   * data.
   */
  private void extendEnumerations(ClickHouseClient db) throws IOException, InterruptedException {
    for (StorageTable table : StorageTable.values()) {
      for (var wanted : table.enumerations().entrySet()) {
        String now =
            db.query(
                    "SELECT type FROM system.columns WHERE database = currentDatabase() AND table = '"
                        + table.tableName()
                        + "' AND name = '"
                        + wanted.getKey()
                        + "' FORMAT TSVRaw")
                .strip();
        if (!now.isEmpty()
            && !now.equals(wanted.getValue().type())
            && isExtension(now, wanted.getValue().type())) {
          LOG.info("adding new names to {}.{}", table.tableName(), wanted.getKey());
          db.query(
              "ALTER TABLE "
                  + table.tableName()
                  + " MODIFY COLUMN "
                  + wanted.getKey()
                  + " "
                  + wanted.getValue().type());
        }
      }
    }
  }

  private static boolean isExtension(String now, String wanted) {
    for (String value : now.substring(now.indexOf('(') + 1, now.length() - 1).split(", ")) {
      if (!wanted.contains(value + ",") && !wanted.contains(value + ")")) {
        return false;
      }
    }
    return true;
  }

  private void adjustRetention(ClickHouseClient db) throws IOException, InterruptedException {
    for (StorageTable table : StorageTable.values()) {
      String engine =
          db.query(
              "SELECT engine_full FROM system.tables WHERE database = currentDatabase() AND name = '"
                  + table.tableName()
                  + "' FORMAT TSVRaw");
      boolean hasTtl = engine.contains(" TTL ");
      if (hasTtl && !engine.contains("toIntervalDay(" + retentionDays + ")")) {
        LOG.info("keeping {} for {} days from now on", table.tableName(), retentionDays);
        db.query(
            "ALTER TABLE "
                + table.tableName()
                + " MODIFY TTL toDateTime(time) + INTERVAL "
                + retentionDays
                + " DAY",
            Map.of("materialize_ttl_after_modify", "0"));
      }
    }
  }

  private static String firstLine(String statement) {
    int newline = statement.indexOf('\n');
    return newline < 0 ? statement : statement.substring(0, newline);
  }
}
