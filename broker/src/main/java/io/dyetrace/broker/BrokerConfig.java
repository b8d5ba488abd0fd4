package io.dyetrace.broker;

import io.dyetrace.common.config.Check;
import io.dyetrace.common.config.ConfigException;
import io.dyetrace.common.config.HostPort;
import io.dyetrace.common.config.MetricsConfig;
import io.dyetrace.common.record.Schema;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The broker's configuration.
 *
 * @param listeners addresses to listen on, each advertised as it stands; two IPv4 addresses may
 *     share a port. Port 0 takes a free one
 * @param dataDirectory where the logs and KRaft's metadata live; formatted at the first start
 * @param controllerPort the controller's port on 127.0.0.1; 0 takes a free one at every start
 * @param retention how long a topic without its own retention keeps its records
 * @param segmentBytes size at which a log begins a new file; the last file is never deleted by
 *     retention
 * @param topics made at start when missing
 * @param metrics where {@code /metrics} and the health pages are served; none when left out
 */
public record BrokerConfig(
    List<String> listeners,
    Path dataDirectory,
    Integer controllerPort,
    Duration retention,
    Integer segmentBytes,
    List<Topic> topics,
    @Nullable MetricsConfig metrics) {

  /** The topics of the project; points are the bulk of the records. */
  public static final List<Topic> DEFAULT_TOPICS =
      List.of(
          new Topic(Schema.TOPIC_PROBES, 1, null, false),
          new Topic(Schema.TOPIC_POINTS, 2, null, false),
          new Topic(Schema.TOPIC_COUNTERS, 1, null, false),
          new Topic(Schema.TOPIC_MESH, 1, null, false),
          new Topic(Schema.TOPIC_VERDICTS, 1, Duration.ofDays(7), false),
          new Topic(Schema.TOPIC_DEAD_LETTER, 1, Duration.ofDays(7), false),
          new Topic(Schema.TOPIC_PARAMETERS, 1, null, true));

  /**
   * One topic.
   *
   * @param retention without one of its own it has the broker's
   * @param compacted it keeps the newest record of each key, however old it is
   */
  public record Topic(
      String name, Integer partitions, @Nullable Duration retention, Boolean compacted) {
    /** Checks the values. */
    public Topic {
      Check.required("topics.name", name);
      if (!name.matches("[a-zA-Z0-9._-]{1,200}")) {
        throw new ConfigException("topics.name: '" + name + "' is not a topic's name");
      }
      partitions = Check.range("topics.partitions", Check.orDefault(partitions, 1), 1, 256);
      if (retention != null) {
        Check.range("topics.retention", retention, Duration.ofSeconds(10), Duration.ofDays(3650));
      }
      compacted = Check.orDefault(compacted, false);
      if (compacted && retention != null) {
        throw new ConfigException("topics.retention: given, but " + name + " is compacted");
      }
    }
  }

  /** Fills in defaults and checks the values. */
  public BrokerConfig {
    listeners = List.copyOf(Check.orDefault(listeners, List.of("127.0.0.1:9092")));
    if (listeners.isEmpty()) {
      throw new ConfigException("listeners: at least one is needed");
    }
    Set<String> seen = new HashSet<>();
    Map<Integer, Integer> sharing = new HashMap<>();
    for (String text : listeners) {
      HostPort listener = HostPort.parse(text);
      if (listener.host().equals("0.0.0.0") || listener.host().equals("[::]")) {
        throw new ConfigException(
            "listeners: " + text + " cannot be advertised to clients; name each address");
      }
      if (listener.port() != 0 && !seen.add(text)) {
        throw new ConfigException("listeners: " + text + " stands there twice");
      }
      if (listener.port() != 0 && sharing.merge(listener.port(), 1, Integer::sum) > 2) {
        throw new ConfigException(
            "listeners: port " + listener.port() + " is shared by more than 2 addresses");
      }
    }
    Check.required("data_directory", dataDirectory);
    controllerPort = Check.range("controller_port", Check.orDefault(controllerPort, 0), 0, 65535);
    retention =
        Check.range(
            "retention",
            Check.orDefault(retention, Duration.ofHours(1)),
            Duration.ofSeconds(10),
            Duration.ofDays(3650));
    segmentBytes =
        Check.range("segment_bytes", Check.orDefault(segmentBytes, 32 << 20), 1 << 20, 1 << 30);
    topics = List.copyOf(Check.orDefault(topics, DEFAULT_TOPICS));
    Set<String> names = new HashSet<>();
    for (Topic topic : topics) {
      if (!names.add(topic.name())) {
        throw new ConfigException("topics: " + topic.name() + " stands there twice");
      }
    }
  }

  /** A broker for tests: free ports on 127.0.0.1, the project's topics, no metrics. */
  public static BrokerConfig forTest(Path dataDirectory) {
    return forTest(dataDirectory, "127.0.0.1:0");
  }

  /** A broker for tests that listens on a given address, to stand up again where it was. */
  public static BrokerConfig forTest(Path dataDirectory, String listener) {
    return new BrokerConfig(
        List.of(listener), dataDirectory, 0, Duration.ofHours(1), 32 << 20, DEFAULT_TOPICS, null);
  }
}
