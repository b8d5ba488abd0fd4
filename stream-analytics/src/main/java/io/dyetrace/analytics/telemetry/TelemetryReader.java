package io.dyetrace.analytics.telemetry;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import io.dyetrace.analytics.telemetry.Telemetry.Batch;
import io.dyetrace.analytics.telemetry.Telemetry.Position;
import io.dyetrace.analytics.telemetry.Telemetry.Reason;
import io.dyetrace.analytics.telemetry.Telemetry.Unreadable;
import io.dyetrace.common.record.CounterBatch;
import io.dyetrace.common.record.Location;
import io.dyetrace.common.record.MeshBatch;
import io.dyetrace.common.record.MeshLatency;
import io.dyetrace.common.record.NodeCounters;
import io.dyetrace.common.record.Point;
import io.dyetrace.common.record.PointBatch;
import io.dyetrace.common.record.ProbeBatch;
import io.dyetrace.common.record.ProbeResult;
import io.dyetrace.common.record.Schema;
import io.dyetrace.common.record.Verdict;
import org.jspecify.annotations.Nullable;

/** Turns a record's bytes into an element, whatever they are. */
public final class TelemetryReader {
  private static final byte[] NOTHING = {};

  /** What the element's key is. */
  public enum Keyed {
    /**
     * Region and cluster: one detector has a cluster. Times that are ahead of the broker's clock
     * are brought back to it.
     */
    BY_CLUSTER,
    /** Whoever numbers the rows: a node, a prober, a fault; all mesh services together. */
    BY_SENDER
  }

  private final Keyed keyed;

  public TelemetryReader(Keyed keyed) {
    this.keyed = keyed;
  }

  /** Never throws: what cannot be read is an {@link Unreadable}. */
  public Telemetry read(
      Position position, long appendTimeMs, byte @Nullable [] recordKey, byte @Nullable [] value) {
    byte[] key = recordKey == null ? NOTHING : recordKey;
    Kind kind = Kind.of(position.topic()).orElseThrow();
    if (kind == Kind.PARAMETERS) {
      return ParameterReader.read(position, key, value == null ? NOTHING : value);
    }
    if (value == null || value.length == 0) {
      return new Unreadable(position, key, NOTHING, Reason.EMPTY, "the record has no value");
    }
    Message message;
    try {
      message = kind.parser().parseFrom(value);
    } catch (InvalidProtocolBufferException e) {
      return new Unreadable(
          position, key, value, Reason.UNPARSABLE, String.valueOf(e.getMessage()));
    }
    int version = RecordCheck.schemaVersion(message);
    if (!RecordCheck.knowsVersion(version)) {
      return new Unreadable(
          position,
          key,
          value,
          Reason.SCHEMA_VERSION,
          "version " + Integer.toUnsignedString(version) + ", known is up to " + Schema.VERSION);
    }
    String impossible = RecordCheck.impossible(message, appendTimeMs);
    if (impossible != null) {
      return new Unreadable(position, key, value, Reason.IMPOSSIBLE_VALUE, impossible);
    }
    long eventTimeMs = Math.min(newestNs(message) / 1_000_000, appendTimeMs);
    Batch batch =
        new Batch(
            kind,
            keyOf(message),
            position,
            eventTimeMs > 0 ? eventTimeMs : appendTimeMs,
            value,
            message);
    Message limited = keyed == Keyed.BY_CLUSTER ? ClockLimit.apply(message, appendTimeMs) : message;
    return limited == message ? batch : batch.with(limited);
  }

  private String keyOf(Message message) {
    if (message instanceof ProbeBatch batch) {
      return keyed == Keyed.BY_CLUSTER ? cluster(batch.getLocation()) : "p/" + batch.getProberId();
    } else if (message instanceof PointBatch batch) {
      return keyed == Keyed.BY_CLUSTER ? cluster(batch.getLocation()) : node(batch.getLocation());
    } else if (message instanceof CounterBatch batch) {
      return keyed == Keyed.BY_CLUSTER ? cluster(batch.getLocation()) : node(batch.getLocation());
    } else if (message instanceof MeshBatch) {
      // A batch mixes services, and a repeat may mix them otherwise.
      return "m/";
    }
    return "v/" + ((Verdict) message).getFaultId();
  }

  private static String cluster(Location location) {
    return location.getRegion() + "/" + location.getCluster();
  }

  private static String node(Location location) {
    return "n/" + location.getNode();
  }

  private static long newestNs(Message message) {
    long newest = 0;
    if (message instanceof ProbeBatch batch) {
      newest = batch.getHeartbeat().getTimeNs();
      for (ProbeResult result : batch.getResultsList()) {
        newest = Math.max(newest, Math.max(result.getSentTimeNs(), result.getReceivedTimeNs()));
      }
    } else if (message instanceof PointBatch batch) {
      for (Point point : batch.getPointsList()) {
        newest = Math.max(newest, point.getTimeNs());
      }
    } else if (message instanceof CounterBatch batch) {
      newest = batch.getAgent().getTimeNs();
      for (NodeCounters row : batch.getNodeList()) {
        newest = Math.max(newest, row.getTimeNs());
      }
    } else if (message instanceof MeshBatch batch) {
      for (MeshLatency row : batch.getLatenciesList()) {
        newest = Math.max(newest, row.getEndTimeNs());
      }
    } else if (message instanceof Verdict verdict) {
      newest = verdict.getDetectedNs();
    }
    return newest;
  }
}
