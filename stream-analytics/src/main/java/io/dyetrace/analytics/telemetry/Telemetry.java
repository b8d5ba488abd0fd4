package io.dyetrace.analytics.telemetry;

import com.google.protobuf.Message;
import java.util.Map;

/** An element of the job's streams. Immutable. */
public sealed interface Telemetry {
  /** Where it goes: a cluster in the detection, a sender in the storage pipeline. */
  String key();

  /** Where a record stood in Kafka. */
  record Position(String topic, int partition, long offset) {
    /** The partition's name as {@link Progress} uses it: {@code dyetrace.points-0}. */
    public String partitionName() {
      return topic + "-" + partition;
    }
  }

  /**
   * A record that was read and found possible.
   *
   * @param eventTimeMs the newest time in it, but never later than the broker's append time: a
   *     sender whose clock is ahead does not move event time for everybody
   * @param value the record as it came
   */
  record Batch(
      Kind kind, String key, Position position, long eventTimeMs, byte[] value, Message message)
      implements Telemetry {
    /** The same with other contents. */
    public Batch with(Message other) {
      return new Batch(kind, key, position, eventTimeMs, other.toByteArray(), other);
    }

    @Override
    public String toString() {
      return "Batch[" + position + "]";
    }
  }

  /** A record that was not: it goes to the dead-letter topic as it came. */
  record Unreadable(Position position, byte[] recordKey, byte[] value, Reason reason, String detail)
      implements Telemetry {
    @Override
    public String key() {
      return "unreadable";
    }

    @Override
    public String toString() {
      return "Unreadable[" + position + ", " + reason + ": " + detail + "]";
    }
  }

  /** Why a record is not readable; the name in lower case is the metric's label. */
  enum Reason {
    EMPTY,
    UNPARSABLE,
    SCHEMA_VERSION,
    IMPOSSIBLE_VALUE
  }

  /**
   * A change of the detection's parameters that was read and found right. Like {@link Progress} it
   * goes to every subtask.
   *
   * @param scope {@code region/cluster}, or {@code *} for all
   * @param document what is changed, in the form of the configuration's block {@code detection};
   *     empty when the scope's change is taken back
   */
  record ParameterChange(String key, Position position, String scope, String document)
      implements Telemetry {
    /** The same under another key. */
    public ParameterChange to(String other) {
      return new ParameterChange(other, position, scope, document);
    }
  }

  /**
   * How far the source has read: the next offset of each partition. Travels between the records, so
   * that whoever sees it has seen every record before it.
   */
  record Progress(String key, Map<String, Long> nextOffsets) implements Telemetry {
    /** Copies the map. */
    public Progress {
      nextOffsets = Map.copyOf(nextOffsets);
    }
  }
}
