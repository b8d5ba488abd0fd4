package io.dyetrace.analytics.dedup;

import com.google.protobuf.Message;
import io.dyetrace.analytics.telemetry.OpaqueType;
import io.dyetrace.analytics.telemetry.Telemetry.Batch;
import io.dyetrace.common.record.CounterBatch;
import io.dyetrace.common.record.DropCounters;
import io.dyetrace.common.record.MeshBatch;
import io.dyetrace.common.record.MeshLatency;
import io.dyetrace.common.record.NodeCounters;
import io.dyetrace.common.record.Point;
import io.dyetrace.common.record.PointBatch;
import io.dyetrace.common.record.ProbeBatch;
import io.dyetrace.common.record.ProbeOutcome;
import io.dyetrace.common.record.ProbeResult;
import io.dyetrace.common.record.Verdict;
import io.dyetrace.common.record.VipCounters;
import io.dyetrace.common.record.WorkerCounters;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToLongFunction;
import org.apache.flink.api.common.state.MapState;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.jspecify.annotations.Nullable;

/**
 * Takes out of a batch what came before.
 *
 * <p>A point is known by (node, boot id, worker, ring sequence), a counter by (node, boot id, ring
 * sequence of the control ring), a probe result by (prober, sequence, whether it is the late
 * answer), a mesh histogram by (series, end of its interval), a verdict by (occurrence, revision).
 * Heartbeats and the agent's status always pass: they say the same twice without harm.
 */
public final class Deduplication {
  private final MapState<String, SequenceWindow> windows;
  private long duplicates;

  /**
   * Works on the windows of the current key.
   *
   * @param windows state as {@link #descriptor} describes it
   */
  public Deduplication(MapState<String, SequenceWindow> windows) {
    this.windows = windows;
  }

  /** The state it needs. */
  public static MapStateDescriptor<String, SequenceWindow> descriptor() {
    return new MapStateDescriptor<>(
        "seen",
        Types.STRING,
        new OpaqueType<>(SequenceWindow.class, SequenceWindowSerializer.INSTANCE));
  }

  /** How many items were taken out so far. */
  public long duplicates() {
    return duplicates;
  }

  /** The batch without what came before; empty when nothing is left of it. */
  public Optional<Batch> filter(Batch batch, long nowMs) throws Exception {
    Seen seen = new Seen(nowMs);
    Message message = batch.message();
    Message rest;
    if (message instanceof ProbeBatch probes) {
      rest = probes(probes, seen);
    } else if (message instanceof PointBatch points) {
      rest = points(points, seen);
    } else if (message instanceof CounterBatch counters) {
      rest = counters(counters, seen);
    } else if (message instanceof MeshBatch mesh) {
      rest = mesh(mesh, seen);
    } else {
      Verdict verdict = (Verdict) message;
      rest =
          seen.isNew("v/" + verdict.getOccurrenceId(), verdict.getRevision())
              ? verdict
              : Verdict.getDefaultInstance();
    }
    seen.save();
    if (seen.repeated == 0) {
      return Optional.of(batch);
    }
    duplicates += seen.repeated;
    return hasContents(rest) ? Optional.of(batch.with(rest)) : Optional.empty();
  }

  /**
   * Forgets what was last touched at this time or before.
   *
   * @return whether nothing is left of the current key
   */
  public boolean expire(long untilMs) throws Exception {
    boolean empty = true;
    List<String> gone = new ArrayList<>();
    for (Iterator<Map.Entry<String, SequenceWindow>> i = windows.iterator(); i.hasNext(); ) {
      Map.Entry<String, SequenceWindow> entry = i.next();
      SequenceWindow window = entry.getValue();
      window.expire(untilMs);
      if (window.isEmpty()) {
        gone.add(entry.getKey());
      } else {
        empty = false;
        entry.setValue(window);
      }
    }
    for (String stream : gone) {
      windows.remove(stream);
    }
    return empty;
  }

  private static ProbeBatch probes(ProbeBatch batch, Seen seen) throws Exception {
    String stream = "p/" + batch.getProberId();
    String late = stream + "/late";
    List<ProbeResult> kept = new ArrayList<>(batch.getResultsCount());
    for (ProbeResult result : batch.getResultsList()) {
      boolean isLate = result.getOutcome() == ProbeOutcome.LATE_SYN_ACK;
      if (seen.isNew(isLate ? late : stream, Integer.toUnsignedLong(result.getProbeSequence()))) {
        kept.add(result);
      }
    }
    return kept.size() == batch.getResultsCount()
        ? batch
        : batch.toBuilder().clearResults().addAllResults(kept).build();
  }

  private static PointBatch points(PointBatch batch, Seen seen) throws Exception {
    String prefix = "n/" + batch.getLocation().getNode() + "/" + batch.getBootId() + "/";
    List<Point> kept = new ArrayList<>(batch.getPointsCount());
    String stream = "";
    int worker = -1;
    for (Point point : batch.getPointsList()) {
      if (stream.isEmpty() || point.getWorker() != worker) {
        worker = point.getWorker();
        stream = prefix + worker;
      }
      if (seen.isNew(stream, point.getRingSequence())) {
        kept.add(point);
      }
    }
    return kept.size() == batch.getPointsCount()
        ? batch
        : batch.toBuilder().clearPoints().addAllPoints(kept).build();
  }

  private static CounterBatch counters(CounterBatch batch, Seen seen) throws Exception {
    String stream = "c/" + batch.getLocation().getNode() + "/" + batch.getBootId();
    var node = seen.fresh(stream, batch.getNodeList(), NodeCounters::getRingSequence);
    var vips = seen.fresh(stream, batch.getVipsList(), VipCounters::getRingSequence);
    var drops = seen.fresh(stream, batch.getDropsList(), DropCounters::getRingSequence);
    var workers = seen.fresh(stream, batch.getWorkersList(), WorkerCounters::getRingSequence);
    if (seen.repeated == 0) {
      return batch;
    }
    CounterBatch.Builder rest = batch.toBuilder();
    rest.clearNode().addAllNode(node);
    rest.clearVips().addAllVips(vips);
    rest.clearDrops().addAllDrops(drops);
    rest.clearWorkers().addAllWorkers(workers);
    return rest.build();
  }

  private static MeshBatch mesh(MeshBatch batch, Seen seen) throws Exception {
    List<MeshLatency> kept = new ArrayList<>(batch.getLatenciesCount());
    for (MeshLatency latency : batch.getLatenciesList()) {
      if (seen.isNew("m/" + Long.toHexString(latency.getSeriesId()), latency.getEndTimeNs())) {
        kept.add(latency);
      }
    }
    return kept.size() == batch.getLatenciesCount()
        ? batch
        : batch.toBuilder().clearLatencies().addAllLatencies(kept).build();
  }

  private static boolean hasContents(Message message) {
    if (message instanceof ProbeBatch batch) {
      return batch.getResultsCount() > 0 || batch.hasHeartbeat();
    } else if (message instanceof PointBatch batch) {
      return batch.getPointsCount() > 0;
    } else if (message instanceof CounterBatch batch) {
      return batch.hasAgent()
          || batch.getNodeCount() + batch.getVipsCount() > 0
          || batch.getDropsCount() + batch.getWorkersCount() > 0;
    } else if (message instanceof MeshBatch batch) {
      return batch.getLatenciesCount() > 0;
    }
    return !((Verdict) message).getOccurrenceId().isEmpty();
  }

  /** The windows that one batch touches: each is read and written once. */
  private final class Seen {
    private final long nowMs;
    private final Map<String, SequenceWindow> touched = new HashMap<>();
    private String lastStream = "";
    private @Nullable SequenceWindow lastWindow;
    private int repeated;

    Seen(long nowMs) {
      this.nowMs = nowMs;
    }

    boolean isNew(String stream, long sequence) throws Exception {
      if (window(stream).addToBatch(sequence, nowMs)) {
        return true;
      }
      repeated++;
      return false;
    }

    private SequenceWindow window(String stream) throws Exception {
      SequenceWindow last = lastWindow;
      if (last != null && stream.equals(lastStream)) {
        return last;
      }
      SequenceWindow window = touched.get(stream);
      if (window == null) {
        window = windows.get(stream);
        if (window == null) {
          window = new SequenceWindow();
        }
        touched.put(stream, window);
      }
      lastStream = stream;
      lastWindow = window;
      return window;
    }

    <T> List<T> fresh(String stream, List<T> rows, ToLongFunction<T> sequence) throws Exception {
      List<T> kept = new ArrayList<>(rows.size());
      for (T row : rows) {
        if (isNew(stream, sequence.applyAsLong(row))) {
          kept.add(row);
        }
      }
      return kept;
    }

    void save() throws Exception {
      touched.values().forEach(SequenceWindow::endBatch);
      windows.putAll(touched);
    }
  }
}
