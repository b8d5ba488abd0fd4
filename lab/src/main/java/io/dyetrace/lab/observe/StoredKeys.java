package io.dyetrace.lab.observe;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Keys of what stands in ClickHouse, as {@link PublishedKeys} writes them.
 *
 * @param rows key → how many rows have it
 * @param rings ring → the sequence numbers stored of it
 * @param probes prober → the probe sequences stored of it
 */
record StoredKeys(
    Map<String, Long> rows,
    Map<String, TreeSet<Long>> rings,
    Map<String, TreeSet<Long>> probes,
    long probeRows,
    long pointRows,
    long strayProbes) {

  static StoredKeys read(ClickHouse clickhouse, int graceSeconds) {
    Map<String, Long> rows = new HashMap<>();
    Map<String, TreeSet<Long>> probes = new TreeMap<>();
    long probeRows = 0;
    for (JsonNode row :
        clickhouse.rows(
            "SELECT prober, probe_sequence AS s, toString(outcome) AS o, count() AS n"
                + " FROM probes GROUP BY prober, probe_sequence, outcome")) {
      String prober = row.path("prober").asText();
      long sequence = row.path("s").asLong();
      rows.put(
          PublishedKeys.probe(prober, row.path("o").asText(), sequence), row.path("n").asLong());
      probes.computeIfAbsent(prober, p -> new TreeSet<>()).add(sequence);
      probeRows += row.path("n").asLong();
    }
    Map<String, TreeSet<Long>> rings = new TreeMap<>();
    long pointRows = 0;
    for (JsonNode row :
        clickhouse.rows(
            "SELECT node, boot_id, worker, ring_sequence AS s, count() AS n"
                + " FROM trace_points GROUP BY node, boot_id, worker, ring_sequence")) {
      String ring =
          PublishedKeys.ring(
              row.path("node").asText(), row.path("boot_id").asLong(), row.path("worker").asInt());
      long sequence = row.path("s").asLong();
      rows.put(ring + "/" + sequence, row.path("n").asLong());
      rings.computeIfAbsent(ring, r -> new TreeSet<>()).add(sequence);
      pointRows += row.path("n").asLong();
    }
    long strays =
        clickhouse.number(
            """
            SELECT count() FROM
              (SELECT DISTINCT prober_id, probe_sequence FROM trace_points
               WHERE key_state = 'KEY_VERIFIED' AND time < now64(9) - INTERVAL %d SECOND)
            WHERE (prober_id, probe_sequence) NOT IN (SELECT prober_id, probe_sequence FROM probes)
            """
                .formatted(graceSeconds));
    return new StoredKeys(rows, rings, probes, probeRows, pointRows, strays);
  }
}
