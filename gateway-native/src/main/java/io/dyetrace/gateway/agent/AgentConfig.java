package io.dyetrace.gateway.agent;

import io.dyetrace.common.config.Check;
import io.dyetrace.common.config.ConfigException;
import io.dyetrace.common.config.KafkaConfig;
import io.dyetrace.common.config.LocationConfig;
import io.dyetrace.common.config.MetricsConfig;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * {@code agent.yaml}.
 *
 * @param telemetryDirectory where the gateways put their telemetry files
 * @param nodes whose files are drained
 * @param pollInterval how long an idle agent sleeps between two looks at the rings
 */
public record AgentConfig(
    Path telemetryDirectory,
    List<Node> nodes,
    KafkaConfig kafka,
    MetricsConfig metrics,
    Duration pollInterval) {
  /** What {@code poll_interval} is when it is left out. */
  public static final Duration DEFAULT_POLL_INTERVAL = Duration.ofMillis(50);

  /** A gateway node. */
  public record Node(LocationConfig location) {
    /** Checks that the location is there. */
    public Node {
      Check.required("location", location);
    }
  }

  /** Checks the ranges and puts in the defaults. */
  public AgentConfig(
      @Nullable Path telemetryDirectory,
      @Nullable List<Node> nodes,
      @Nullable KafkaConfig kafka,
      @Nullable MetricsConfig metrics,
      @Nullable Duration pollInterval) {
    this.telemetryDirectory = Check.required("telemetry_directory", telemetryDirectory);
    this.nodes = List.copyOf(Check.required("nodes", nodes));
    this.kafka = Check.required("kafka", kafka);
    this.metrics = Check.required("metrics", metrics);
    this.pollInterval =
        Check.range(
            "poll_interval",
            Check.orDefault(pollInterval, DEFAULT_POLL_INTERVAL),
            Duration.ofMillis(1),
            Duration.ofSeconds(1));
    if (this.nodes.isEmpty()) {
      throw new ConfigException("nodes: at least one is needed");
    }
    Set<String> names = new HashSet<>();
    for (Node node : this.nodes) {
      if (!names.add(node.location().node())) {
        throw new ConfigException("nodes: '" + node.location().node() + "' stands twice");
      }
    }
  }
}
