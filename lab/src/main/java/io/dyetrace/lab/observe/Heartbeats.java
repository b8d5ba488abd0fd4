package io.dyetrace.lab.observe;

import com.google.protobuf.InvalidProtocolBufferException;
import io.dyetrace.common.record.CounterBatch;
import io.dyetrace.common.record.ProbeBatch;
import io.dyetrace.common.record.Schema;
import io.dyetrace.lab.LabException;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** When each node and prober was last heard of, from the records themselves. */
public final class Heartbeats {
  private static final int RECORDS = 60;

  private Heartbeats() {}

  /** Component → Unix nanoseconds of its newest heartbeat; one that is not heard of is missing. */
  public static Map<String, Long> newestNs() {
    Map<String, Long> newest = new TreeMap<>();
    try (Topic counters = Topic.newest(Schema.TOPIC_COUNTERS, RECORDS);
        Topic probes = Topic.newest(Schema.TOPIC_PROBES, RECORDS)) {
      for (ConsumerRecord<String, byte[]> record : counters.readToEnd()) {
        CounterBatch batch = CounterBatch.parseFrom(record.value());
        batch
            .getNodeList()
            .forEach(n -> newest.merge(batch.getLocation().getNode(), n.getTimeNs(), Math::max));
      }
      for (ConsumerRecord<String, byte[]> record : probes.readToEnd()) {
        ProbeBatch batch = ProbeBatch.parseFrom(record.value());
        if (batch.hasHeartbeat()) {
          newest.merge(batch.getLocation().getNode(), batch.getHeartbeat().getTimeNs(), Math::max);
        }
      }
    } catch (InvalidProtocolBufferException e) {
      throw LabException.failed("a record does not parse: " + e.getMessage());
    }
    return newest;
  }
}
