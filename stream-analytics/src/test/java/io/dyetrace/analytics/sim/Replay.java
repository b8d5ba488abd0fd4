package io.dyetrace.analytics.sim;

import static io.dyetrace.analytics.sim.Simulation.EPOCH_NS;
import static io.dyetrace.analytics.sim.Simulation.MS;
import static io.dyetrace.analytics.sim.Simulation.SECOND;

import com.google.protobuf.Message;
import io.dyetrace.analytics.detect.DetectorConfig;
import io.dyetrace.analytics.detect.FaultDetector;
import io.dyetrace.common.record.CounterBatch;
import io.dyetrace.common.record.PointBatch;
import io.dyetrace.common.record.ProbeBatch;
import io.dyetrace.common.record.Verdict;
import io.dyetrace.common.topology.Topology;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Feeds a detector with a simulation's deliveries the way the Flink job does: time, lag and
 * restores included.
 */
public final class Replay {
  private static final long TICK_NS = 200 * MS;

  /** A verdict and the simulated time it came at. */
  public record Given(long atNs, Verdict verdict) {}

  private Topology topology;
  private final List<Simulation.Delivery> deliveries;
  private final List<Given> verdicts = new ArrayList<>();
  private final Map<String, Long> newestBySource = new HashMap<>();
  private FaultDetector detector;
  private int next;
  private long nowNs;
  private long lastLaggingNs = Long.MIN_VALUE / 2;
  private long restoredNs;

  public Replay(Topology topology, List<Simulation.Delivery> deliveries) {
    this.topology = topology;
    this.deliveries = deliveries;
    this.detector = new FaultDetector(topology, DetectorConfig.defaults());
  }

  /** Reads all that there is until a simulated time as a backlog, never caught up. */
  public Replay behindUntil(long untilNs) {
    restoredNs = untilNs;
    return until(untilNs);
  }

  /** Runs until a simulated time. */
  public Replay until(long untilNs) {
    while (nowNs < untilNs) {
      nowNs += TICK_NS;
      int before = next;
      while (next < deliveries.size() && deliveries.get(next).atNs() <= nowNs) {
        feed(deliveries.get(next++));
      }
      if (next - before > 400) {
        lastLaggingNs = nowNs; // a backlog came at once
      }
      tick();
    }
    return this;
  }

  private void feed(Simulation.Delivery d) {
    newestBySource.merge(d.source(), d.eventNs(), Math::max);
    accept(detector, d.batch());
  }

  private void tick() {
    long newest = newestBySource.values().stream().mapToLong(Long::longValue).max().orElse(0);
    boolean caughtUp =
        newest > EPOCH_NS + nowNs - 2 * SECOND
            && nowNs - lastLaggingNs >= TICK_NS
            && nowNs - restoredNs >= 10 * SECOND;
    long watermark = newestBySource.values().stream().mapToLong(Long::longValue).min().orElse(0);
    long eventTime = caughtUp ? Math.max(watermark, EPOCH_NS + nowNs - 300 * MS) : watermark;
    if (eventTime > 0) {
      detector.advance(eventTime, caughtUp).forEach(v -> verdicts.add(new Given(nowNs, v)));
    }
  }

  /**
   * Writes a snapshot and goes on with a detector restored from it, nothing lost and no time
   * passed.
   */
  public Replay handOver() {
    detector = FaultDetector.restore(topology, DetectorConfig.defaults(), detector.snapshot());
    return this;
  }

  /**
   * The job was killed at an earlier time and starts again now, from a snapshot of two seconds
   * before.
   */
  public Replay killedFor(long downNs) {
    byte[] snapshot = detector.snapshot();
    until(
        nowNs
            + 2 * SECOND); // what it says now is lost with it only if the broker did not get it: it
    // did
    long untilNs = nowNs + downNs;
    int replayFrom = next;
    while (replayFrom > 0 && deliveries.get(replayFrom - 1).atNs() > nowNs - 2 * SECOND) {
      replayFrom--;
    }
    detector = FaultDetector.restore(topology, DetectorConfig.defaults(), snapshot);
    adoptWhatWasTold();
    next = replayFrom;
    nowNs = untilNs;
    restoredNs = untilNs;
    return this;
  }

  /** The same with another topology: the job was restarted after somebody edited the file. */
  public Replay handOver(Topology edited) {
    topology = edited;
    return handOver();
  }

  /** It starts with nothing saved, in the middle of everything. */
  public Replay startAnew() {
    detector = new FaultDetector(topology, DetectorConfig.defaults());
    adoptWhatWasTold();
    restoredNs = nowNs;
    return this;
  }

  private void adoptWhatWasTold() {
    detector.adopt(verdicts.stream().map(Given::verdict).toList());
  }

  public List<Given> verdicts() {
    return verdicts;
  }

  public FaultDetector detector() {
    return detector;
  }

  private static void accept(FaultDetector detector, Message batch) {
    if (batch instanceof ProbeBatch probes) {
      detector.accept(probes);
    } else if (batch instanceof PointBatch points) {
      detector.accept(points);
    } else if (batch instanceof CounterBatch counters) {
      detector.accept(counters);
    }
  }
}
