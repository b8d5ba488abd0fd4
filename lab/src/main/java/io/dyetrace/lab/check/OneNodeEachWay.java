package io.dyetrace.lab.check;

import com.fasterxml.jackson.databind.JsonNode;
import io.dyetrace.lab.Lab;
import io.dyetrace.lab.observe.ClickHouse;
import io.dyetrace.lab.system.Pause;

/** Stamps of successful probes, from ClickHouse. */
final class OneNodeEachWay implements Check {
  private static final double LEAST_SHARE = 0.999;
  private static final int WINDOW_SECONDS = 60;

  /** Probes of the last minute but the newest 15 s, whose rows may still be on their way. */
  private static final String SQL =
      """
      WITH now64(9) - INTERVAL %1$d SECOND AS since, now64(9) - INTERVAL 15 SECOND AS until
      SELECT count() AS probes,
             countIf(length(nodes) = 1 AND rx_forward > 0 AND tx_forward > 0 AND rx_reply > 0 AND tx_reply > 0)
               AS whole
      FROM
        (SELECT prober_id, probe_sequence FROM probes
         WHERE outcome = 'SYN_ACK' AND time >= since AND time < until) AS p
      LEFT JOIN
        (SELECT prober_id, probe_sequence,
                groupUniqArray(node) AS nodes,
                countIf(point = 'RX' AND direction = 'FORWARD') AS rx_forward,
                countIf(point = 'TX' AND direction = 'FORWARD') AS tx_forward,
                countIf(point = 'RX' AND direction = 'REPLY') AS rx_reply,
                countIf(point = 'TX' AND direction = 'REPLY') AS tx_reply
         FROM trace_points
         WHERE key_state = 'KEY_VERIFIED' AND NOT reset AND reason = 'NONE'
           AND time >= since - INTERVAL 5 SECOND
         GROUP BY prober_id, probe_sequence) AS t
      USING (prober_id, probe_sequence)
      """
          .formatted(WINDOW_SECONDS);

  @Override
  public String name() {
    return "one-node-each-way";
  }

  @Override
  public String claim() {
    return "at least 99.9 % of successful probes have RX and TX stamps of exactly one node in each"
        + " direction";
  }

  @Override
  public CheckResult run(Lab lab) {
    ClickHouse clickhouse = new ClickHouse();
    long deadlineNs = System.nanoTime() + WINDOW_SECONDS * 2_000_000_000L;
    // A lab that just came up has no minute of probes yet.
    while (clickhouse.number(
            "SELECT count() FROM probes WHERE time < now64(9) - INTERVAL %d SECOND"
                .formatted(WINDOW_SECONDS))
        == 0) {
      if (System.nanoTime() > deadlineNs) {
        return CheckResult.builder().require(false, "no probes in ClickHouse").build();
      }
      Pause.seconds(2);
    }
    JsonNode row = clickhouse.rows(SQL).get(0);
    long probes = row.path("probes").asLong();
    long whole = row.path("whole").asLong();
    double share = probes == 0 ? 0 : (double) whole / probes;
    return CheckResult.builder()
        .measured("successful_probes", probes)
        .measured("stamped_by_one_node_each_way", whole)
        .measured("share", share)
        .measured(
            "points",
            clickhouse
                .rows(
                    "SELECT toString(point) AS point, count() AS rows FROM trace_points GROUP BY"
                        + " point ORDER BY point")
                .toString())
        .require(probes >= 100, "only %d successful probes", probes)
        .require(share >= LEAST_SHARE, "only %.4f of them", share)
        .build();
  }
}
