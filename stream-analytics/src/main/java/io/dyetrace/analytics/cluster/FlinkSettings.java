package io.dyetrace.analytics.cluster;

import io.dyetrace.analytics.AnalyticsConfig;
import java.time.Duration;
import java.util.Optional;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.CoreOptions;
import org.apache.flink.configuration.ExecutionOptions;
import org.apache.flink.configuration.ExternalizedCheckpointRetention;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.configuration.PipelineOptions;
import org.apache.flink.configuration.RestOptions;
import org.apache.flink.configuration.RestartStrategyOptions;
import org.apache.flink.configuration.SecurityOptions;
import org.apache.flink.configuration.StateBackendOptions;
import org.apache.flink.configuration.StateRecoveryOptions;
import org.apache.flink.configuration.TaskManagerOptions;
import org.apache.flink.configuration.WebOptions;
import org.apache.flink.core.execution.CheckpointingMode;
import org.apache.flink.core.execution.RecoveryClaimMode;

/** What the job and the embedded cluster need of Flink. */
public final class FlinkSettings {
  private FlinkSettings() {}

  /** The job's own settings, in any cluster. */
  public static Configuration job(AnalyticsConfig config, Optional<String> restoreFrom) {
    Configuration c = new Configuration();
    c.set(PipelineOptions.NAME, "dyetrace-analytics");
    c.set(PipelineOptions.OBJECT_REUSE, true);
    c.set(PipelineOptions.GENERIC_TYPES, false);
    c.set(PipelineOptions.AUTO_GENERATE_UIDS, false);
    c.set(PipelineOptions.MAX_PARALLELISM, 128);
    c.set(CoreOptions.DEFAULT_PARALLELISM, config.parallelism());
    c.set(ExecutionOptions.BUFFER_TIMEOUT, Duration.ofMillis(10));

    c.set(CheckpointingOptions.CHECKPOINTING_INTERVAL, config.checkpoints().interval());
    c.set(CheckpointingOptions.CHECKPOINTING_CONSISTENCY_MODE, CheckpointingMode.EXACTLY_ONCE);
    c.set(CheckpointingOptions.CHECKPOINTING_TIMEOUT, Duration.ofMinutes(10));
    c.set(CheckpointingOptions.TOLERABLE_FAILURE_NUMBER, Integer.MAX_VALUE);
    c.set(
        CheckpointingOptions.EXTERNALIZED_CHECKPOINT_RETENTION,
        ExternalizedCheckpointRetention.RETAIN_ON_CANCELLATION);
    c.set(CheckpointingOptions.CHECKPOINT_STORAGE, "filesystem");
    c.set(CheckpointingOptions.CHECKPOINTS_DIRECTORY, uri(config.checkpoints()));
    c.set(CheckpointingOptions.MAX_RETAINED_CHECKPOINTS, config.checkpoints().retained());
    // One file per checkpoint, as far as possible: fast, and whole or not there.
    c.set(CheckpointingOptions.FS_SMALL_FILE_THRESHOLD, MemorySize.ofMebiBytes(1));
    c.set(StateBackendOptions.STATE_BACKEND, "hashmap");

    // For ever: ClickHouse or Kafka may be away for long.
    c.set(RestartStrategyOptions.RESTART_STRATEGY, "exponential-delay");
    c.set(
        RestartStrategyOptions.RESTART_STRATEGY_EXPONENTIAL_DELAY_INITIAL_BACKOFF,
        Duration.ofMillis(500));
    c.set(
        RestartStrategyOptions.RESTART_STRATEGY_EXPONENTIAL_DELAY_MAX_BACKOFF,
        Duration.ofSeconds(10));
    c.set(
        RestartStrategyOptions.RESTART_STRATEGY_EXPONENTIAL_DELAY_RESET_BACKOFF_THRESHOLD,
        Duration.ofMinutes(1));

    if (restoreFrom.isPresent()) {
      c.set(StateRecoveryOptions.SAVEPOINT_PATH, restoreFrom.get());
      c.set(StateRecoveryOptions.RESTORE_MODE, RecoveryClaimMode.NO_CLAIM);
      c.set(StateRecoveryOptions.SAVEPOINT_IGNORE_UNCLAIMED_STATE, false);
    }
    return c;
  }

  /** The embedded cluster's: small. */
  public static Configuration embeddedCluster(AnalyticsConfig config) {
    Configuration c = new Configuration();
    // Flink takes the number from the cluster's settings, not from the job's.
    c.set(CheckpointingOptions.MAX_RETAINED_CHECKPOINTS, config.checkpoints().retained());
    c.set(RestOptions.BIND_ADDRESS, "127.0.0.1");
    c.set(RestOptions.ADDRESS, "127.0.0.1");
    c.set(RestOptions.BIND_PORT, Integer.toString(config.webPort()));
    c.set(WebOptions.SUBMIT_ENABLE, false);
    c.set(WebOptions.CANCEL_ENABLE, false);
    c.set(TaskManagerOptions.NETWORK_MEMORY_MIN, MemorySize.ofMebiBytes(16));
    c.set(TaskManagerOptions.NETWORK_MEMORY_MAX, MemorySize.ofMebiBytes(16));
    c.set(TaskManagerOptions.MANAGED_MEMORY_SIZE, MemorySize.ofMebiBytes(1));
    c.set(TaskManagerOptions.TASK_OFF_HEAP_MEMORY, MemorySize.ofMebiBytes(16));
    c.setString("metrics.reporter.dyetrace.factory.class", FlinkMetrics.class.getName());
    c.set(SecurityOptions.DELEGATION_TOKENS_ENABLED, false);
    return c;
  }

  /** A local directory as a URI; any other URI as it is. */
  private static String uri(AnalyticsConfig.Checkpoints checkpoints) {
    return checkpoints
        .localDirectory()
        .map(path -> path.toAbsolutePath().toUri().toString())
        .orElse(checkpoints.directory());
  }
}
