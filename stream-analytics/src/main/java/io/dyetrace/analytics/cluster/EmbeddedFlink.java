package io.dyetrace.analytics.cluster;

import io.dyetrace.analytics.AnalyticsConfig;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.apache.flink.api.common.JobID;
import org.apache.flink.api.common.JobStatus;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.core.execution.SavepointFormatType;
import org.apache.flink.runtime.checkpoint.AbstractCheckpointStats;
import org.apache.flink.runtime.checkpoint.CheckpointStatsSnapshot;
import org.apache.flink.runtime.execution.ExecutionState;
import org.apache.flink.runtime.executiongraph.AccessExecutionGraph;
import org.apache.flink.runtime.executiongraph.AccessExecutionJobVertex;
import org.apache.flink.runtime.executiongraph.AccessExecutionVertex;
import org.apache.flink.runtime.executiongraph.ErrorInfo;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.minicluster.MiniClusterConfiguration;
import org.apache.flink.streaming.api.graph.StreamGraph;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Flink in this process, with the one job.
 *
 * <p>A mini cluster does not restore by itself, so {@link #start} submits the job with the newest
 * checkpoint that an earlier run left; when that one cannot be restored, with the one before it;
 * when none can, without a state, from the beginning of the topics.
 */
public final class EmbeddedFlink implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(EmbeddedFlink.class);
  private static final Duration LAST_CHECKPOINT_TIMEOUT = Duration.ofSeconds(5);
  private static final Duration RESTORE_TIMEOUT = Duration.ofSeconds(90);
  private static final long POLL_MS = 50;

  private final AnalyticsConfig config;
  private final Function<Configuration, StreamGraph> job;
  private final MiniCluster cluster;
  private @Nullable JobID running;
  private @Nullable Path restoredFrom;

  /** How the job is. */
  public record Health(JobStatus status, int tasks, int tasksRunning, long checkpointMs) {
    /** Every task runs. */
    public boolean isRunning() {
      return status == JobStatus.RUNNING && tasks > 0 && tasks == tasksRunning;
    }
  }

  /**
   * Starts nothing yet.
   *
   * @param job builds the job for a configuration
   */
  public EmbeddedFlink(AnalyticsConfig config, Function<Configuration, StreamGraph> job) {
    this.config = config;
    this.job = job;
    this.cluster =
        new MiniCluster(
            new MiniClusterConfiguration.Builder()
                .setConfiguration(FlinkSettings.embeddedCluster(config))
                .setNumTaskManagers(1)
                .setNumSlotsPerTaskManager(config.parallelism())
                .build());
  }

  /**
   * Returns when every task has run once, when the job waits for something outside, or soon after
   * it shall stop.
   */
  public void start(BooleanSupplier shallStop) throws Exception {
    cluster.start();
    RetainedCheckpoints retained =
        new RetainedCheckpoints(config.checkpoints().localDirectory().orElseThrow());
    List<Path> candidates = retained.newestFirst();
    List<Path> tried =
        candidates.subList(0, Math.min(candidates.size(), config.checkpoints().retained()));
    retained.deleteAllBut(tried);
    List<Optional<Path>> attempts = new ArrayList<>();
    tried.forEach(path -> attempts.add(Optional.of(path)));
    attempts.add(Optional.empty());
    for (Optional<Path> attempt : attempts) {
      if (shallStop.getAsBoolean()) {
        return;
      }
      if (submit(attempt, shallStop)) {
        restoredFrom = attempt.orElse(null);
        return;
      }
      LOG.error("checkpoint {} cannot be restored; trying what was before it", attempt.get());
    }
  }

  /** The checkpoint that the job was restored from; empty after a start without a state. */
  public Optional<Path> restoredFrom() {
    return Optional.ofNullable(restoredFrom);
  }

  private boolean submit(Optional<Path> checkpoint, BooleanSupplier shallStop) throws Exception {
    if (checkpoint.isPresent()) {
      LOG.info("restoring from {}", checkpoint.get());
    } else {
      LOG.warn("starting without a state, from the beginning of the topics");
    }
    StreamGraph graph =
        job.apply(FlinkSettings.job(config, checkpoint.map(path -> path.toUri().toString())));
    JobID id = graph.getJobID();
    cluster.submitJob(graph).get();
    running = id;
    long deadlineNs = System.nanoTime() + RESTORE_TIMEOUT.toNanos();
    while (true) {
      AccessExecutionGraph state;
      try {
        state = cluster.getExecutionGraph(id).get();
      } catch (ExecutionException e) {
        if (checkpoint.isEmpty()) {
          throw e;
        }
        LOG.error("the job is not there", e);
        return false;
      }
      Health health = health(state);
      ErrorInfo failure = state.getFailureInfo();
      if (shallStop.getAsBoolean() || health.isRunning()) {
        return true;
      }
      if (health.status().isGloballyTerminalState() || isRestoreFailure(failure)) {
        if (checkpoint.isEmpty()) {
          throw new IllegalStateException(
              "the job does not start", failure == null ? null : failure.getException());
        }
        LOG.error(
            "the job does not start: {}",
            failure == null ? health.status() : failure.getExceptionAsString());
        cancel(id);
        running = null;
        return false;
      }
      if (System.nanoTime() > deadlineNs) {
        LOG.warn(
            "{} of {} tasks run; the others are tried again and again",
            health.tasksRunning(),
            health.tasks());
        return true;
      }
      Thread.sleep(POLL_MS);
    }
  }

  /** Restoring failed inside a task: trying again would fail for ever. */
  private static boolean isRestoreFailure(@Nullable ErrorInfo failure) {
    if (failure == null) {
      return false;
    }
    String text = failure.getExceptionAsString();
    return text.contains("Exception while creating StreamOperatorStateContext")
        || text.contains("StateMigrationException")
        || text.contains("Failed to rollback to checkpoint/savepoint");
  }

  /** How the job is now. */
  public Health health() throws Exception {
    JobID id = running;
    if (id == null) {
      throw new IllegalStateException("not started");
    }
    return health(cluster.getExecutionGraph(id).get(10, TimeUnit.SECONDS));
  }

  private static Health health(AccessExecutionGraph graph) {
    int tasks = 0;
    int runningTasks = 0;
    for (AccessExecutionJobVertex vertex : graph.getVerticesTopologically()) {
      for (AccessExecutionVertex task : vertex.getTaskVertices()) {
        tasks++;
        if (task.getExecutionState() == ExecutionState.RUNNING) {
          runningTasks++;
        }
      }
    }
    CheckpointStatsSnapshot checkpoints = graph.getCheckpointStatsSnapshot();
    AbstractCheckpointStats latest =
        checkpoints == null ? null : checkpoints.getHistory().getLatestCompletedCheckpoint();
    return new Health(
        graph.getState(), tasks, runningTasks, latest == null ? 0 : latest.getTriggerTimestamp());
  }

  /** Writes a last checkpoint, so that the next start has little to read again, and stops. */
  @Override
  public void close() throws Exception {
    JobID id = running;
    running = null;
    if (id != null) {
      try {
        cluster
            .triggerCheckpoint(id)
            .get(LAST_CHECKPOINT_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
      } catch (ExecutionException | TimeoutException e) {
        LOG.warn("no last checkpoint: {}", e.toString());
      }
      cancel(id);
    }
    cluster.closeAsync().get(30, TimeUnit.SECONDS);
  }

  /** Writes a savepoint and goes on; returns its directory's URI. For tests of an upgrade. */
  public String savepoint(Path target) throws Exception {
    JobID id = running;
    if (id == null) {
      throw new IllegalStateException("not started");
    }
    return cluster
        .triggerSavepoint(id, target.toUri().toString(), false, SavepointFormatType.CANONICAL)
        .get(30, TimeUnit.SECONDS);
  }

  /** Stops as if the power went: no last checkpoint. For tests of the restore. */
  void kill() throws Exception {
    JobID id = running;
    running = null;
    if (id != null) {
      cancel(id);
    }
    cluster.closeAsync().get(30, TimeUnit.SECONDS);
  }

  private void cancel(JobID id) throws Exception {
    try {
      cluster.cancelJob(id).get(10, TimeUnit.SECONDS);
      cluster.requestJobResult(id).get(20, TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      LOG.debug("cancelled job {}: {}", id, e.toString());
    }
  }
}
