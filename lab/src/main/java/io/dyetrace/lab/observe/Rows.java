package io.dyetrace.lab.observe;

import com.google.protobuf.InvalidProtocolBufferException;
import io.dyetrace.common.record.CounterBatch;
import io.dyetrace.common.record.Schema;
import io.dyetrace.lab.LabException;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** Counts of what was stored and what was lost before it could be. */
public final class Rows {
  private Rows() {}

  /** Rows of all the project's tables. */
  public static long all(ClickHouse clickhouse) {
    long rows = 0;
    for (var table :
        clickhouse.rows(
            "SELECT name FROM system.tables WHERE database = 'dyetrace' AND engine LIKE"
                + " '%MergeTree'")) {
      rows += clickhouse.number("SELECT count() FROM `" + table.path("name").asText() + "`");
    }
    return rows;
  }

  /** Points that found their ring full, over all gateway processes there were. */
  public static long pointsLost() {
    Map<String, Long> lost = new HashMap<>();
    try (Topic counters = Topic.fromStart(Schema.TOPIC_COUNTERS)) {
      for (ConsumerRecord<String, byte[]> record : counters.readToEnd()) {
        CounterBatch batch = CounterBatch.parseFrom(record.value());
        batch
            .getNodeList()
            .forEach(
                n ->
                    lost.merge(
                        batch.getLocation().getNode() + "/" + batch.getBootId(),
                        n.getPointsLost(),
                        Math::max));
      }
    } catch (InvalidProtocolBufferException e) {
      throw LabException.failed("a record does not parse: " + e.getMessage());
    }
    return lost.values().stream().mapToLong(Long::longValue).sum();
  }
}
