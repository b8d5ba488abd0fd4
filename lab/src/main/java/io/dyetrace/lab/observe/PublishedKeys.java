package io.dyetrace.lab.observe;

import com.google.protobuf.InvalidProtocolBufferException;
import io.dyetrace.common.record.Point;
import io.dyetrace.common.record.PointBatch;
import io.dyetrace.common.record.ProbeBatch;
import io.dyetrace.common.record.ProbeResult;
import io.dyetrace.common.record.Schema;
import io.dyetrace.lab.LabException;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * Keys of everything that was ever published to Kafka, as texts: {@code
 * probe/prober-1/SYN_ACK/4711}, {@code point/gw-2/BOOT/0/17}.
 *
 * @param all every key
 * @param settled those that Kafka took before a given time
 * @param probesSent prober and boot id → how many probes it said to have sent, before that time
 */
record PublishedKeys(
    Set<String> all, Set<String> settled, Map<String, TreeMap<Long, Long>> probesSent) {

  static PublishedKeys read(long settledMs) {
    PublishedKeys keys = new PublishedKeys(new HashSet<>(), new HashSet<>(), new TreeMap<>());
    try {
      keys.readProbes(settledMs);
      keys.readPoints(settledMs);
      return keys;
    } catch (InvalidProtocolBufferException e) {
      throw LabException.failed("a record does not parse: " + e.getMessage());
    }
  }

  private void readProbes(long settledMs) throws InvalidProtocolBufferException {
    try (Topic topic = Topic.fromStart(Schema.TOPIC_PROBES)) {
      for (ConsumerRecord<String, byte[]> record : topic.readToEnd()) {
        ProbeBatch batch = ProbeBatch.parseFrom(record.value());
        String prober = batch.getLocation().getNode();
        boolean isSettled = record.timestamp() < settledMs;
        for (ProbeResult result : batch.getResultsList()) {
          add(
              probe(
                  prober,
                  result.getOutcome().name(),
                  Integer.toUnsignedLong(result.getProbeSequence())),
              isSettled);
        }
        if (batch.hasHeartbeat() && isSettled) {
          probesSent
              .computeIfAbsent(prober, p -> new TreeMap<>())
              .merge(batch.getBootId(), batch.getHeartbeat().getProbesSent(), Math::max);
        }
      }
    }
  }

  private void readPoints(long settledMs) throws InvalidProtocolBufferException {
    try (Topic topic = Topic.fromStart(Schema.TOPIC_POINTS)) {
      for (ConsumerRecord<String, byte[]> record : topic.readToEnd()) {
        PointBatch batch = PointBatch.parseFrom(record.value());
        String ring = ring(batch.getLocation().getNode(), batch.getBootId(), 0);
        for (Point point : batch.getPointsList()) {
          String key =
              point.getWorker() == 0
                  ? ring
                  : ring(batch.getLocation().getNode(), batch.getBootId(), point.getWorker());
          add(key + "/" + point.getRingSequence(), record.timestamp() < settledMs);
        }
      }
    }
  }

  private void add(String key, boolean isSettled) {
    all.add(key);
    if (isSettled) {
      settled.add(key);
    }
  }

  /**
   * A killed prober's results may be published by its successor: the boot is not part of the key.
   */
  static String probe(String prober, String outcome, long sequence) {
    return "probe/" + prober + "/" + outcome + "/" + sequence;
  }

  static String ring(String node, long bootId, int worker) {
    return "point/" + node + "/" + Long.toUnsignedString(bootId) + "/" + worker;
  }
}
