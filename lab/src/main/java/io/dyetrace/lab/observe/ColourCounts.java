package io.dyetrace.lab.observe;

import com.google.protobuf.InvalidProtocolBufferException;
import io.dyetrace.common.record.CounterBatch;
import io.dyetrace.common.record.NodeCounters;
import io.dyetrace.common.record.Schema;
import io.dyetrace.lab.LabException;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** What all nodes together counted of colours, from their newest counters. */
public record ColourCounts(long verified, long forged, long replayed, long capped) {
  private static final int RECORDS = 60;

  /** As of about a second ago. */
  public static ColourCounts now() {
    Map<String, NodeCounters> newest = new TreeMap<>();
    try (Topic topic = Topic.newest(Schema.TOPIC_COUNTERS, RECORDS)) {
      for (ConsumerRecord<String, byte[]> record : topic.readToEnd()) {
        CounterBatch batch = CounterBatch.parseFrom(record.value());
        for (NodeCounters counters : batch.getNodeList()) {
          newest.merge(
              batch.getLocation().getNode(),
              counters,
              (a, b) -> Long.compareUnsigned(a.getTimeNs(), b.getTimeNs()) > 0 ? a : b);
        }
      }
    } catch (InvalidProtocolBufferException e) {
      throw LabException.failed("a record does not parse: " + e.getMessage());
    }
    return new ColourCounts(
        newest.values().stream().mapToLong(NodeCounters::getColourVerified).sum(),
        newest.values().stream().mapToLong(NodeCounters::getColourForged).sum(),
        newest.values().stream().mapToLong(NodeCounters::getColourReplayed).sum(),
        newest.values().stream().mapToLong(NodeCounters::getColourCapped).sum());
  }
}
