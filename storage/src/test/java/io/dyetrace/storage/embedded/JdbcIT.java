package io.dyetrace.storage.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dyetrace.storage.TestClickHouse;
import java.io.IOException;
import java.math.BigInteger;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Timestamp;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The official driver, with its defaults. */
class JdbcIT {
  private Connection connection;

  @BeforeEach
  void connect() throws SQLException, IOException, InterruptedException {
    TestClickHouse.migrated("it_jdbc");
    connection =
        DriverManager.getConnection(
            TestClickHouse.shared().url().replace("http://", "jdbc:clickhouse://") + "/it_jdbc");
    try (Statement statement = connection.createStatement()) {
      statement.execute(
          "CREATE TABLE things (id UInt64, name String, at DateTime64(9, 'UTC'), kind Enum8('a' = 1, 'b' = 2),"
              + " tags Array(String), address IPv6, ratio Float64, maybe Nullable(Int32)) ENGINE = MergeTree ORDER BY id");
    }
  }

  @Test
  void shouldSelectEveryType() throws SQLException {
    try (Statement statement = connection.createStatement()) {
      assertThat(
              statement.executeUpdate(
                  "INSERT INTO things VALUES (18446744073709551615, 'it''s', '2026-08-01 12:00:00.123456789', 'b',"
                      + " ['x', 'y'], '::ffff:198.19.0.1', 0.25, NULL)"))
          .isEqualTo(1);
      try (ResultSet rows = statement.executeQuery("SELECT * FROM things")) {
        assertThat(rows.next()).isTrue();
        assertThat(rows.getObject("id")).isEqualTo(new BigInteger("18446744073709551615"));
        assertThat(rows.getString("name")).isEqualTo("it's");
        assertThat(rows.getObject("at", LocalDateTime.class))
            .isEqualTo(LocalDateTime.of(2026, 8, 1, 12, 0, 0, 123_456_789));
        assertThat(rows.getString("kind")).isEqualTo("b");
        assertThat((Object[]) rows.getArray("tags").getArray()).containsExactly("x", "y");
        assertThat(rows.getDouble("ratio")).isEqualTo(0.25);
        assertThat(rows.getObject("maybe")).isNull();
        assertThat(rows.next()).isFalse();
      }
    }
  }

  @Test
  void shouldInsertInBatches() throws SQLException {
    try (PreparedStatement insert =
        connection.prepareStatement(
            "INSERT INTO things (id, name, at, kind, tags) VALUES (?, ?, ?, ?, ?)")) {
      for (int i = 0; i < 1_000; i++) {
        insert.setLong(1, i);
        insert.setString(2, "n;\n\n" + i);
        insert.setTimestamp(3, Timestamp.valueOf("2026-08-01 12:00:00"));
        insert.setString(4, "a");
        insert.setArray(5, connection.createArrayOf("String", new Object[] {"t"}));
        insert.addBatch();
      }
      assertThat(insert.executeBatch()).hasSize(1_000);
    }
    try (PreparedStatement select =
        connection.prepareStatement(
            "SELECT count(), uniqExact(name) FROM things WHERE id < ? AND name LIKE ?")) {
      select.setLong(1, 500);
      select.setString(2, "n;%");
      try (ResultSet rows = select.executeQuery()) {
        assertThat(rows.next()).isTrue();
        assertThat(rows.getLong(1)).isEqualTo(500);
        assertThat(rows.getLong(2)).isEqualTo(500);
      }
    }
  }

  @Test
  void shouldReadALargeResult() throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet rows =
            statement.executeQuery("SELECT number, toString(number) FROM numbers(300000)")) {
      long count = 0;
      long sum = 0;
      while (rows.next()) {
        count++;
        sum += rows.getLong(1);
        assertThat(rows.getString(2)).hasSizeLessThan(7);
      }
      assertThat(count).isEqualTo(300_000);
      assertThat(sum).isEqualTo(299_999L * 300_000 / 2);
    }
  }

  @Test
  void shouldGiveTheErrorsCode() {
    assertThatThrownBy(() -> connection.createStatement().executeQuery("SELECT * FROM nowhere"))
        .isInstanceOfSatisfying(
            SQLException.class, e -> assertThat(e.getErrorCode()).isEqualTo(60));
    assertThatThrownBy(() -> connection.createStatement().executeQuery("SELEKT 1"))
        .isInstanceOfSatisfying(
            SQLException.class, e -> assertThat(e.getErrorCode()).isEqualTo(62));
  }

  @Test
  void shouldDescribeTheSchema() throws SQLException {
    assertThat(connection.isValid(5)).isTrue();
    assertThat(connection.getMetaData().getDatabaseProductVersion()).startsWith("26.7");
    List<String> tables = new ArrayList<>();
    try (ResultSet rows = connection.getMetaData().getTables(null, "it_jdbc", "%", null)) {
      while (rows.next()) {
        tables.add(rows.getString("TABLE_NAME"));
      }
    }
    assertThat(tables).contains("probes", "trace_points", "verdicts_current");
    try (ResultSet rows =
        connection.getMetaData().getColumns(null, "it_jdbc", "probes", "rtt_ns")) {
      assertThat(rows.next()).isTrue();
      assertThat(rows.getString("REMARKS")).contains("nanoseconds");
    }
    try (ResultSet rows =
        connection.createStatement().executeQuery("SELECT reason, point FROM trace_points")) {
      assertThat(rows.getMetaData().getColumnTypeName(1)).startsWith("Enum16(");
      assertThat(rows.next()).isFalse();
    }
  }
}
