package io.dyetrace.common.record;

/** What every record's producer and consumer agree on beside the protobuf messages. */
public final class Schema {
  /** Written into every record; a consumer refuses a record of a later version. */
  public static final int VERSION = 1;

  public static final String TOPIC_PROBES = "dyetrace.probes";
  public static final String TOPIC_POINTS = "dyetrace.points";
  public static final String TOPIC_COUNTERS = "dyetrace.counters";
  public static final String TOPIC_MESH = "dyetrace.mesh";
  public static final String TOPIC_VERDICTS = "dyetrace.verdicts";

  /**
   * Thresholds of the detection changed at run time. Compacted; the key is {@code region/cluster}
   * or {@link #ALL_CLUSTERS}, the value a YAML document with keys of the analytics' block {@code
   * detection}; without a value the key's change is taken back.
   */
  public static final String TOPIC_PARAMETERS = "dyetrace.parameters";

  /** The key of a change that every cluster has. */
  public static final String ALL_CLUSTERS = "*";

  /**
   * Records that did not parse: the value as it came, topic, partition, offset and reason in the
   * headers.
   */
  public static final String TOPIC_DEAD_LETTER = "dyetrace.dead-letter";

  private Schema() {}
}
