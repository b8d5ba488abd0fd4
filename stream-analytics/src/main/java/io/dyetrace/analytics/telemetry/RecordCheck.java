package io.dyetrace.analytics.telemetry;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import io.dyetrace.common.record.CounterBatch;
import io.dyetrace.common.record.DropCounters;
import io.dyetrace.common.record.Location;
import io.dyetrace.common.record.MeshBatch;
import io.dyetrace.common.record.MeshLatency;
import io.dyetrace.common.record.NodeCounters;
import io.dyetrace.common.record.Point;
import io.dyetrace.common.record.PointBatch;
import io.dyetrace.common.record.ProbeBatch;
import io.dyetrace.common.record.ProbeOutcome;
import io.dyetrace.common.record.ProbeResult;
import io.dyetrace.common.record.Schema;
import io.dyetrace.common.record.Verdict;
import io.dyetrace.common.record.VerdictState;
import io.dyetrace.common.record.VipCounters;
import io.dyetrace.common.record.WorkerCounters;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Tells what is impossible about a record. It says no only to what no working sender can write: a
 * code that is not known yet or a clock that is off is data.
 */
final class RecordCheck {
  /** 2020-01-01: before it a sender had no clock at all. */
  private static final long EARLIEST_NS = 1_577_836_800_000_000_000L;

  private static final long MOST_AHEAD_MS = 86_400_000L;

  /** A prober has long forgotten a probe that old. */
  private static final long LONGEST_RTT_NS = 600_000_000_000L;

  /** The longest name in bytes of UTF-8: the topology's are shorter by far. */
  private static final int LONGEST_NAME = 256;

  private RecordCheck() {}

  /** The schema version that the record claims. */
  static int schemaVersion(Message message) {
    if (message instanceof ProbeBatch batch) {
      return batch.getSchemaVersion();
    } else if (message instanceof PointBatch batch) {
      return batch.getSchemaVersion();
    } else if (message instanceof CounterBatch batch) {
      return batch.getSchemaVersion();
    } else if (message instanceof MeshBatch batch) {
      return batch.getSchemaVersion();
    }
    return ((Verdict) message).getSchemaVersion();
  }

  static boolean knowsVersion(int version) {
    return version >= 1 && version <= Schema.VERSION;
  }

  /** The first impossible thing, or null. */
  static @Nullable String impossible(Message message, long appendTimeMs) {
    long latestNs = (appendTimeMs + MOST_AHEAD_MS) * 1_000_000;
    if (message instanceof ProbeBatch batch) {
      return probes(batch, latestNs);
    } else if (message instanceof PointBatch batch) {
      return points(batch, latestNs);
    } else if (message instanceof CounterBatch batch) {
      return counters(batch, latestNs);
    } else if (message instanceof MeshBatch batch) {
      return mesh(batch, latestNs);
    }
    return verdict((Verdict) message, latestNs);
  }

  private static @Nullable String probes(ProbeBatch batch, long latestNs) {
    if (noPlace(batch.getLocation())) {
      return "location: region, cluster or node is missing";
    }
    String longPlace = longPlace(batch.getLocation());
    if (longPlace != null) {
      return longPlace;
    }
    if (batch.getProberId() > 0xffff || batch.getProberId() < 0) {
      return "prober_id: " + Integer.toUnsignedString(batch.getProberId());
    }
    if (batch.hasHeartbeat() && badTime(batch.getHeartbeat().getTimeNs(), latestNs)) {
      return "heartbeat.time_ns: " + batch.getHeartbeat().getTimeNs();
    }
    for (ProbeResult result : batch.getResultsList()) {
      if (badTime(result.getSentTimeNs(), latestNs)) {
        return "sent_time_ns: " + result.getSentTimeNs();
      }
      if (result.getReceivedTimeNs() != 0 && badTime(result.getReceivedTimeNs(), latestNs)) {
        return "received_time_ns: " + result.getReceivedTimeNs();
      }
      if (result.getOutcome() == ProbeOutcome.PROBE_OUTCOME_UNSPECIFIED) {
        return "outcome: missing";
      }
      if (result.getRttNs() < 0 || result.getRttNs() > LONGEST_RTT_NS) {
        return "rtt_ns: " + Long.toUnsignedString(result.getRttNs());
      }
      if (badPort(result.getTargetPort()) || badPort(result.getSourcePort())) {
        return "port: " + result.getTargetPort() + ", " + result.getSourcePort();
      }
      if (badAddress(result.getTargetAddress()) || badAddress(result.getSourceAddress())) {
        return "address: neither 4 nor 16 bytes";
      }
      if (tooLong(result.getTarget())) {
        return tooLong("target", result.getTarget());
      }
    }
    return null;
  }

  private static @Nullable String points(PointBatch batch, long latestNs) {
    if (noPlace(batch.getLocation())) {
      return "location: region, cluster or node is missing";
    }
    String longPlace = longPlace(batch.getLocation());
    if (longPlace != null) {
      return longPlace;
    }
    for (Point point : batch.getPointsList()) {
      if (badTime(point.getTimeNs(), latestNs)) {
        return "time_ns: " + point.getTimeNs();
      }
      if (point.getRingSequence() == 0) {
        return "ring_sequence: 0";
      }
      if (point.getPoint() == 0) {
        return "point: 0";
      }
      if (badAddress(point.getSourceAddress()) || badAddress(point.getDestinationAddress())) {
        return "address: neither 4 nor 16 bytes";
      }
      if (badPort(point.getSourcePort()) || badPort(point.getDestinationPort())) {
        return "port: " + point.getSourcePort() + ", " + point.getDestinationPort();
      }
      if (tooLong(point.getVip())) {
        return tooLong("vip", point.getVip());
      }
      if (tooLong(point.getBackend())) {
        return tooLong("backend", point.getBackend());
      }
    }
    return null;
  }

  private static @Nullable String counters(CounterBatch batch, long latestNs) {
    if (noPlace(batch.getLocation())) {
      return "location: region, cluster or node is missing";
    }
    String longPlace = longPlace(batch.getLocation());
    if (longPlace != null) {
      return longPlace;
    }
    if (batch.hasAgent() && badTime(batch.getAgent().getTimeNs(), latestNs)) {
      return "agent.time_ns: " + batch.getAgent().getTimeNs();
    }
    for (NodeCounters row : batch.getNodeList()) {
      if (badTime(row.getTimeNs(), latestNs) || row.getRingSequence() == 0) {
        return "node: time_ns " + row.getTimeNs() + ", ring_sequence " + row.getRingSequence();
      }
    }
    for (VipCounters row : batch.getVipsList()) {
      if (badTime(row.getTimeNs(), latestNs) || row.getRingSequence() == 0) {
        return "vips: time_ns " + row.getTimeNs() + ", ring_sequence " + row.getRingSequence();
      }
      if (tooLong(row.getVip())) {
        return tooLong("vip", row.getVip());
      }
    }
    for (DropCounters row : batch.getDropsList()) {
      if (badTime(row.getTimeNs(), latestNs) || row.getRingSequence() == 0) {
        return "drops: time_ns " + row.getTimeNs() + ", ring_sequence " + row.getRingSequence();
      }
      if (tooLong(row.getVip())) {
        return tooLong("vip", row.getVip());
      }
    }
    for (WorkerCounters row : batch.getWorkersList()) {
      if (badTime(row.getTimeNs(), latestNs) || row.getRingSequence() == 0) {
        return "workers: time_ns " + row.getTimeNs() + ", ring_sequence " + row.getRingSequence();
      }
    }
    return null;
  }

  private static @Nullable String mesh(MeshBatch batch, long latestNs) {
    for (MeshLatency row : batch.getLatenciesList()) {
      if (badTime(row.getEndTimeNs(), latestNs)) {
        return "end_time_ns: " + row.getEndTimeNs();
      }
      if (row.getBucketCountsCount() != 0
          && row.getBucketCountsCount() != row.getBucketBoundsNsCount() + 1) {
        return "bucket_counts: "
            + row.getBucketCountsCount()
            + " for "
            + row.getBucketBoundsNsCount()
            + " bounds";
      }
    }
    return null;
  }

  private static @Nullable String verdict(Verdict verdict, long latestNs) {
    if (verdict.getOccurrenceId().isEmpty() || verdict.getFaultId().isEmpty()) {
      return "occurrence_id or fault_id: missing";
    }
    if (verdict.getState() == VerdictState.VERDICT_STATE_UNSPECIFIED) {
      return "state: missing";
    }
    Map<String, String> names =
        Map.of(
            "fault_id", verdict.getFaultId(),
            "occurrence_id", verdict.getOccurrenceId(),
            "component", verdict.getComponent(),
            "region", verdict.getRegion(),
            "zone", verdict.getZone(),
            "rack", verdict.getRack(),
            "cluster", verdict.getCluster());
    for (Map.Entry<String, String> name : names.entrySet()) {
      if (tooLong(name.getValue())) {
        return tooLong(name.getKey(), name.getValue());
      }
    }
    if (badTime(verdict.getDetectedNs(), latestNs)) {
      return "detected_ns: " + verdict.getDetectedNs();
    }
    return null;
  }

  private static boolean noPlace(Location location) {
    return location.getRegion().isEmpty()
        || location.getCluster().isEmpty()
        || location.getNode().isEmpty();
  }

  private static @Nullable String longPlace(Location location) {
    for (String name :
        List.of(
            location.getRegion(),
            location.getZone(),
            location.getRack(),
            location.getCluster(),
            location.getNode())) {
      if (tooLong(name)) {
        return tooLong("location", name);
      }
    }
    return null;
  }

  /** A character is three bytes at most: nearly every name is known to be short by that. */
  private static boolean tooLong(String name) {
    return 3 * name.length() > LONGEST_NAME && bytes(name) > LONGEST_NAME;
  }

  private static int bytes(String name) {
    return name.getBytes(StandardCharsets.UTF_8).length;
  }

  private static String tooLong(String field, String name) {
    return field + ": " + bytes(name) + " bytes long, at most " + LONGEST_NAME + " are possible";
  }

  private static boolean badTime(long timeNs, long latestNs) {
    return timeNs < EARLIEST_NS || timeNs > latestNs;
  }

  private static boolean badPort(int port) {
    return port < 0 || port > 65_535;
  }

  private static boolean badAddress(ByteString address) {
    return address.size() != 4 && address.size() != 16;
  }
}
