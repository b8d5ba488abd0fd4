package io.dyetrace.storage.schema;

import static org.assertj.core.api.Assertions.assertThat;

import io.dyetrace.common.record.CounterBatch;
import io.dyetrace.common.record.NodeCounters;
import io.dyetrace.common.record.Point;
import io.dyetrace.common.record.ProbeOutcome;
import io.dyetrace.common.record.VerdictState;
import io.dyetrace.common.registry.DropReason;
import io.dyetrace.storage.TestClickHouse;
import io.dyetrace.storage.TestRows;
import io.dyetrace.storage.client.ClickHouseClient;
import io.dyetrace.storage.row.StorageRow;
import io.dyetrace.storage.row.StorageRows;
import io.dyetrace.storage.wire.Lz4Frames;
import io.dyetrace.storage.wire.RowBinary;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class StorageTableIT {
  private static final long NOON_NS = TestRows.NOON_NS;

  private ClickHouseClient client;

  @BeforeEach
  void migrate() throws IOException, InterruptedException {
    client = TestClickHouse.migrated("it_tables");
  }

  private static RowBinary encode(StorageTable table, List<StorageRow> rows) {
    RowBinary out = new RowBinary(64);
    rows.forEach(row -> table.write(row, out));
    return out;
  }

  private void insert(StorageRow... rows) throws IOException, InterruptedException {
    StorageTable table = StorageTable.of(rows[0]);
    RowBinary out = encode(table, Arrays.asList(rows));
    client.insert(table.insertSql(), Lz4Frames.pack(out.array(), out.length()), Map.of());
  }

  private void insertMissing(StorageRow row) throws IOException, InterruptedException {
    StorageTable table = StorageTable.of(row);
    RowBinary out = encode(table, List.of(row));
    client.execute(
        table.insertMissingSql(
            Arrays.copyOf(out.array(), out.length()), row.timeNs(), row.timeNs()),
        Map.of("insert_deduplicate", "0"));
  }

  private String query(String sql) throws IOException, InterruptedException {
    return client.query(sql + " FORMAT TSVRaw").strip();
  }

  @Test
  void shouldInsertEveryKindOfRowIntoEveryStoredColumn() throws IOException, InterruptedException {
    for (StorageRow row : TestRows.oneOfEach()) {
      insert(row);
    }
    for (StorageTable table : StorageTable.values()) {
      assertThat(query("SELECT count() FROM " + table.tableName()))
          .as(table.tableName())
          .isEqualTo("1");
      String stored =
          query(
              "SELECT name FROM system.columns"
                  + " WHERE database = currentDatabase() AND default_kind = '' AND table = '"
                  + table.tableName()
                  + "'");
      String insert = table.insertSql();
      String written = insert.substring(insert.indexOf('(') + 1, insert.indexOf(')'));
      assertThat(written.split(", "))
          .as("columns of %s", table.tableName())
          .containsExactlyInAnyOrder(stored.split("\n"));
    }
  }

  @Test
  void shouldReadAsNamesAndUnits() throws IOException, InterruptedException {
    insert(TestRows.probe(7, NOON_NS), TestRows.probe(8, NOON_NS, ProbeOutcome.TIMEOUT));
    assertThat(
            query(
                "SELECT time, prober, target, target_address, source_port, outcome, rtt_ns, received_time, reset_sent"
                    + " FROM probes WHERE probe_sequence = 7"))
        .isEqualTo(
            "2026-08-01 12:00:00.000000000\tprober-1\tvip-web\t::ffff:198.19.0.1\t20007\tSYN_ACK\t150000"
                + "\t2026-08-01 12:00:00.000150000\ttrue");
    assertThat(query("SELECT outcome, received_time FROM probes WHERE probe_sequence = 8"))
        .isEqualTo("TIMEOUT\t1970-01-01 00:00:00.000000000");
    insert(TestRows.point(1, NOON_NS), TestRows.drop(2, NOON_NS, DropReason.NO_BACKEND, 100));
    assertThat(query("SELECT point, count() FROM trace_points GROUP BY point ORDER BY point"))
        .isEqualTo("RX\t1\nVIP_LOOKUP\t1");
    assertThat(query("SELECT reason, count() FROM drop_points GROUP BY reason"))
        .isEqualTo("NO_BACKEND\t1");
    assertThat(query("SELECT tier, direction, vip, key_state FROM trace_points WHERE point = 'RX'"))
        .isEqualTo("CLB\tFORWARD\tvip-web\tKEY_VERIFIED");
  }

  @Test
  void shouldStoreACodeThisVersionDoesNotKnowAsUnknown() throws IOException, InterruptedException {
    insert(
        TestRows.point(
            Point.newBuilder().setTimeNs(NOON_NS).setPoint(99).setReason(999).setTier(77).build()));
    assertThat(query("SELECT point, tier, reason FROM drop_points"))
        .isEqualTo("UNKNOWN\tUNKNOWN\tUNKNOWN");
  }

  @Test
  void shouldTellWhatANodeDidAndThatItIsNotKnown() throws IOException, InterruptedException {
    NodeCounters untold = NodeCounters.newBuilder().setTimeNs(NOON_NS).setRingSequence(1).build();
    insert(TestRows.counters(2, NOON_NS).get(0));
    insert(
        StorageRows.of(
                CounterBatch.newBuilder()
                    .setLocation(TestRows.GW_2)
                    .setBootId(NOON_NS)
                    .addNode(untold)
                    .build())
            .get(0));
    assertThat(
            query(
                "SELECT colour_recognised, handed_over, icmp_errors_sent, packets_made, packets_consumed, toa_told,"
                    + " toa_late, toa_untold FROM node_counters ORDER BY ring_sequence"))
        .isEqualTo("\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\n0\t0\t0\t40\t0\t60\t7\t0");
  }

  @Test
  void shouldShowTheLatestRevisionOfAVerdict() throws IOException, InterruptedException {
    insert(TestRows.verdict(2, VerdictState.RESOLVED), TestRows.verdict(1, VerdictState.OPEN));
    assertThat(
            query(
                "SELECT class, component_kind, component, state, revision, resolved_time, evidence.summary[1],"
                    + " sample_probes.probe_sequence[1], healthy_siblings, alternatives.class[1] FROM verdicts_current"))
        .isEqualTo(
            "NODE_CRASH\tNODE\tgw-2\tRESOLVED\t2\t2026-08-01 12:01:00.000000000"
                + "\t12 of 12 probes through gw-2 were lost\t77\t['gw-1','gw-3']\tNO_DATA");
    assertThat(query("SELECT resolved_time IS NULL FROM verdicts WHERE revision = 1"))
        .isEqualTo("1");
  }

  @Test
  void shouldLeaveOutAnUnresolvedVerdictThatALaterOccurrenceSuperseded()
      throws IOException, InterruptedException {
    long laterNs = NOON_NS + 600 * TestRows.SECOND_NS;
    long latestNs = NOON_NS + 900 * TestRows.SECOND_NS;
    String shown = "SELECT first_bad_time, revision, state FROM verdicts_current ORDER BY ALL";
    insert(TestRows.verdict(NOON_NS, 1, VerdictState.OPEN));
    assertThat(query(shown)).isEqualTo("2026-08-01 12:00:00.000000000\t1\tOPEN");
    insert(
        TestRows.verdict(laterNs, 2, VerdictState.RESOLVED),
        TestRows.verdict(laterNs, 1, VerdictState.OPEN));
    assertThat(query(shown)).isEqualTo("2026-08-01 12:10:00.000000000\t2\tRESOLVED");
    insert(TestRows.verdict(latestNs, 1, VerdictState.OPEN));
    assertThat(query(shown))
        .isEqualTo(
            "2026-08-01 12:10:00.000000000\t2\tRESOLVED\n2026-08-01 12:15:00.000000000\t1\tOPEN");
    // It was resolved after all: it is shown again, and so is the one still open.
    insert(TestRows.verdict(NOON_NS, 2, VerdictState.RESOLVED));
    assertThat(query("SELECT state, count() FROM (" + shown + ") GROUP BY state ORDER BY state"))
        .isEqualTo("OPEN\t1\nRESOLVED\t2");
  }

  @Test
  void shouldInsertOnlyRowsWhoseKeyIsMissing() throws IOException, InterruptedException {
    for (StorageRow row : TestRows.oneOfEach()) {
      StorageTable table = StorageTable.of(row);
      insert(row);
      insertMissing(row);
      assertThat(query("SELECT count() FROM " + table.tableName()))
          .as(table.tableName())
          .isEqualTo("1");
      client.query("TRUNCATE TABLE " + table.tableName());
      insertMissing(row);
      assertThat(query("SELECT count() FROM " + table.tableName()))
          .as(table.tableName())
          .isEqualTo("1");
    }
  }

  @Test
  void shouldKeepALateAnswerBesideItsTimeout() throws IOException, InterruptedException {
    insert(TestRows.probe(1, NOON_NS, ProbeOutcome.TIMEOUT));
    StorageRow late = TestRows.probe(1, NOON_NS, ProbeOutcome.LATE_SYN_ACK);
    insertMissing(late);
    assertThat(query("SELECT count() FROM probes")).isEqualTo("2");
  }

  @Test
  void shouldAnswerDropsByHourFromTheRollUp() throws IOException, InterruptedException {
    StorageRow[] drops = new StorageRow[200];
    for (int i = 0; i < drops.length; i++) {
      drops[i] = TestRows.drop(i, NOON_NS + 60L * i * TestRows.SECOND_NS, DropReason.NO_VIP, 10);
    }
    insert(drops);
    String sql =
        "SELECT hour, reason, node, points, packets FROM drops_hourly"
            + " WHERE vip = 'vip-web' AND hour >= '2026-08-01 12:00:00' ORDER BY hour LIMIT 2";
    assertThat(query(sql))
        .isEqualTo(
            "2026-08-01 12:00:00\tNO_VIP\tgw-2\t60\t600\n2026-08-01 13:00:00\tNO_VIP\tgw-2\t60\t600");
    assertThat(query("EXPLAIN projections = 1 " + sql)).contains("drops_by_hour");
  }
}
