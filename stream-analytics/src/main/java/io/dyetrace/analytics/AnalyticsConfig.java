package io.dyetrace.analytics;

import io.dyetrace.analytics.detect.DetectorConfig;
import io.dyetrace.common.config.Check;
import io.dyetrace.common.config.ClickHouseConfig;
import io.dyetrace.common.config.ConfigException;
import io.dyetrace.common.config.HostPort;
import io.dyetrace.common.config.KafkaConfig;
import io.dyetrace.common.config.MetricsConfig;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The configuration of the analytics.
 *
 * @param kafka where the topics are
 * @param clickhouse where rows go
 * @param topology the topology document; a relative path is relative to the configuration file
 * @param checkpoints how often and where the job writes its state
 * @param parallelism subtasks of each operator
 * @param deduplicationTtl how long a repeat is recognised
 * @param detection thresholds of the detection
 * @param metrics where metrics and health are served; none when left out
 * @param embedded true: Flink runs in this process; false: the job is submitted to a cluster
 * @param jobmanager the cluster's REST address, with {@code embedded: false} only
 * @param webPort port of Flink's web interface on 127.0.0.1, with {@code embedded: true} only; 0 or
 *     left out: none that is known beforehand
 */
public record AnalyticsConfig(
    KafkaConfig kafka,
    ClickHouseConfig clickhouse,
    Path topology,
    Checkpoints checkpoints,
    Integer parallelism,
    Duration deduplicationTtl,
    DetectorConfig detection,
    @Nullable MetricsConfig metrics,
    Boolean embedded,
    @Nullable HostPort jobmanager,
    Integer webPort) {

  /**
   * The job's state.
   *
   * @param directory a directory, or a URI that every machine of a cluster reaches
   * @param interval between two checkpoints; verdicts and rows become visible in ClickHouse with
   *     them
   * @param retained how many are kept
   */
  public record Checkpoints(String directory, Duration interval, Integer retained) {
    /** Fills in defaults and checks the values. */
    public Checkpoints {
      Check.required("directory", directory);
      interval =
          Check.range(
              "interval",
              Check.orDefault(interval, Duration.ofSeconds(1)),
              Duration.ofMillis(100),
              Duration.ofSeconds(2));
      retained = Check.range("retained", Check.orDefault(retained, 3), 2, 100);
      local(directory);
    }

    /** The directory when it is local, given as a path or as a file URI. */
    public Optional<Path> localDirectory() {
      return local(directory);
    }

    private static Optional<Path> local(String directory) {
      try {
        if (directory.startsWith("file:")) {
          return Optional.of(Path.of(URI.create(directory)));
        }
        return directory.contains("://") ? Optional.empty() : Optional.of(Path.of(directory));
      } catch (IllegalArgumentException e) {
        throw new ConfigException(
            "directory: '" + directory + "' is not a path: " + e.getMessage(), e);
      }
    }
  }

  /** Fills in defaults and checks the values. */
  public AnalyticsConfig {
    Check.required("kafka", kafka);
    clickhouse = Check.required("clickhouse", clickhouse);
    Check.required("topology", topology);
    checkpoints = Check.required("checkpoints", checkpoints);
    parallelism = Check.range("parallelism", Check.orDefault(parallelism, 1), 1, 128);
    deduplicationTtl =
        Check.range(
            "deduplication_ttl",
            Check.orDefault(deduplicationTtl, Duration.ofMinutes(10)),
            Duration.ofSeconds(10),
            Duration.ofDays(1));
    detection = Check.orDefault(detection, DetectorConfig.defaults());
    embedded = Check.orDefault(embedded, true);
    webPort = Check.range("web_port", Check.orDefault(webPort, 0), 0, 65_535);
    if (!embedded && jobmanager == null) {
      throw new ConfigException("jobmanager: missing, and embedded is false");
    }
    if (embedded && checkpoints.localDirectory().isEmpty()) {
      throw new ConfigException(
          "checkpoints.directory: '"
              + checkpoints.directory()
              + "' is not local, and embedded is true");
    }
    if (embedded && jobmanager != null) {
      throw new ConfigException("jobmanager: given, but embedded is true");
    }
  }
}
