package io.dyetrace.analytics.telemetry;

import com.google.protobuf.Message;
import io.dyetrace.common.record.AgentStatus;
import io.dyetrace.common.record.CounterBatch;
import io.dyetrace.common.record.DropCounters;
import io.dyetrace.common.record.NodeCounters;
import io.dyetrace.common.record.Point;
import io.dyetrace.common.record.PointBatch;
import io.dyetrace.common.record.ProbeBatch;
import io.dyetrace.common.record.ProbeResult;
import io.dyetrace.common.record.ProberHeartbeat;
import io.dyetrace.common.record.VipCounters;
import io.dyetrace.common.record.WorkerCounters;

/**
 * Brings times that are ahead of the broker's clock back to it. The detection keeps the newest time
 * of everything; a clock that was ahead once would blind it until the time has really come.
 */
final class ClockLimit {
  /** Clocks may differ so much without being wrong. */
  private static final long TOLERANCE_MS = 2_000;

  private ClockLimit() {}

  /** The same message when none of its times is ahead. */
  static Message apply(Message message, long appendTimeMs) {
    long latestNs = (appendTimeMs + TOLERANCE_MS) * 1_000_000;
    if (message instanceof ProbeBatch batch) {
      return probes(batch, latestNs);
    } else if (message instanceof PointBatch batch) {
      return points(batch, latestNs);
    } else if (message instanceof CounterBatch batch) {
      return counters(batch, latestNs);
    }
    return message;
  }

  private static Message probes(ProbeBatch batch, long latestNs) {
    ProberHeartbeat heartbeat = batch.getHeartbeat();
    boolean ahead =
        Math.max(heartbeat.getTimeNs(), heartbeat.getCompleteUntilNs()) > latestNs
            || batch.getResultsList().stream()
                .anyMatch(r -> Math.max(r.getSentTimeNs(), r.getReceivedTimeNs()) > latestNs);
    if (!ahead) {
      return batch;
    }
    ProbeBatch.Builder limited = batch.toBuilder();
    if (batch.hasHeartbeat()) {
      ProberHeartbeat.Builder h = limited.getHeartbeatBuilder();
      h.setTimeNs(Math.min(h.getTimeNs(), latestNs))
          .setCompleteUntilNs(Math.min(h.getCompleteUntilNs(), latestNs));
    }
    for (ProbeResult.Builder r : limited.getResultsBuilderList()) {
      r.setSentTimeNs(Math.min(r.getSentTimeNs(), latestNs))
          .setReceivedTimeNs(Math.min(r.getReceivedTimeNs(), latestNs));
    }
    return limited.build();
  }

  private static Message points(PointBatch batch, long latestNs) {
    if (batch.getPointsList().stream().noneMatch(p -> p.getTimeNs() > latestNs)) {
      return batch;
    }
    PointBatch.Builder limited = batch.toBuilder();
    for (Point.Builder p : limited.getPointsBuilderList()) {
      p.setTimeNs(Math.min(p.getTimeNs(), latestNs));
    }
    return limited.build();
  }

  private static Message counters(CounterBatch batch, long latestNs) {
    AgentStatus agent = batch.getAgent();
    boolean ahead =
        Math.max(agent.getTimeNs(), agent.getDrainedUntilNs()) > latestNs
            || batch.getNodeList().stream().anyMatch(r -> r.getTimeNs() > latestNs)
            || batch.getVipsList().stream().anyMatch(r -> r.getTimeNs() > latestNs)
            || batch.getDropsList().stream().anyMatch(r -> r.getTimeNs() > latestNs)
            || batch.getWorkersList().stream().anyMatch(r -> r.getTimeNs() > latestNs);
    if (!ahead) {
      return batch;
    }
    CounterBatch.Builder limited = batch.toBuilder();
    if (batch.hasAgent()) {
      AgentStatus.Builder a = limited.getAgentBuilder();
      a.setTimeNs(Math.min(a.getTimeNs(), latestNs))
          .setDrainedUntilNs(Math.min(a.getDrainedUntilNs(), latestNs));
    }
    for (NodeCounters.Builder r : limited.getNodeBuilderList()) {
      r.setTimeNs(Math.min(r.getTimeNs(), latestNs));
    }
    for (VipCounters.Builder r : limited.getVipsBuilderList()) {
      r.setTimeNs(Math.min(r.getTimeNs(), latestNs));
    }
    for (DropCounters.Builder r : limited.getDropsBuilderList()) {
      r.setTimeNs(Math.min(r.getTimeNs(), latestNs));
    }
    for (WorkerCounters.Builder r : limited.getWorkersBuilderList()) {
      r.setTimeNs(Math.min(r.getTimeNs(), latestNs));
    }
    return limited.build();
  }
}
