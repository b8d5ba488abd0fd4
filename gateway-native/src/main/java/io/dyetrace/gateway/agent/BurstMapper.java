package io.dyetrace.gateway.agent;

import io.dyetrace.common.record.CounterBatch;
import io.dyetrace.common.record.DropCounters;
import io.dyetrace.common.record.Location;
import io.dyetrace.common.record.NodeActions;
import io.dyetrace.common.record.NodeCounters;
import io.dyetrace.common.record.PointBatch;
import io.dyetrace.common.record.Schema;
import io.dyetrace.common.record.VipCounters;
import io.dyetrace.common.record.WorkerCounters;
import io.dyetrace.gateway.telemetry.RecordBurst;
import io.dyetrace.gateway.telemetry.TelemetryFile;
import io.dyetrace.gateway.telemetry.TelemetryFileException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Turns a burst of ring records into the messages of Kafka. */
final class BurstMapper {
  private final Location location;
  private final NodeView view;
  private final AgentMetrics metrics;

  /** The newest: the counters they belong to follow, perhaps in the next burst. */
  private @Nullable TimedActions actions;

  private record TimedActions(long bootId, long timeNs, NodeActions actions) {}

  /** A message, and how many points and counters it carries. */
  record Message(String topic, byte[] value, int points, int counters) {}

  BurstMapper(Location location, NodeView view, AgentMetrics metrics) {
    this.location = location;
    this.view = view;
    this.metrics = metrics;
  }

  /**
   * Translates the burst read from a ring; none, one or two messages. Records that contradict
   * themselves are counted and left out.
   *
   * @param from the number the burst was read from
   */
  List<Message> map(TelemetryFile file, RecordBurst burst, long from)
      throws TelemetryFileException {
    PointBatch.Builder points =
        PointBatch.newBuilder()
            .setSchemaVersion(Schema.VERSION)
            .setLocation(location)
            .setBootId(file.bootId());
    CounterBatch.Builder counters = counterBatch(file.bootId());
    boolean shown = view.shows(file.bootId());
    int counterRecords = 0;
    for (int i = 0; i < burst.size(); i++) {
      RecordBurst.Type type = burst.type(i);
      if (burst.sequence(i) != from + i + 1 || type == RecordBurst.Type.UNKNOWN) {
        metrics.malformedRecord(view.node());
        continue;
      }
      if (type == RecordBurst.Type.NODE_ACTIONS) {
        actions = new TimedActions(file.bootId(), burst.timeNs(i), burst.actions(i));
        continue;
      }
      if (type == RecordBurst.Type.POINT) {
        points.addPoints(burst.point(i, file));
        continue;
      }
      counterRecords++;
      addCounters(type, file, burst, i, counters, shown);
    }
    List<Message> messages = new ArrayList<>(2);
    if (points.getPointsCount() > 0) {
      messages.add(
          new Message(
              Schema.TOPIC_POINTS, points.build().toByteArray(), points.getPointsCount(), 0));
    }
    if (counterRecords > 0) {
      messages.add(
          new Message(Schema.TOPIC_COUNTERS, counters.build().toByteArray(), 0, counterRecords));
    }
    return messages;
  }

  /** An empty batch of counters of a gateway process. */
  CounterBatch.Builder counterBatch(long bootId) {
    return CounterBatch.newBuilder()
        .setSchemaVersion(Schema.VERSION)
        .setLocation(location)
        .setBootId(bootId);
  }

  private NodeCounters withActions(NodeCounters node, long bootId) {
    TimedActions newest = actions;
    if (newest == null || newest.bootId() != bootId || newest.timeNs() != node.getTimeNs()) {
      return node;
    }
    return node.toBuilder().setActions(newest.actions()).build();
  }

  private void addCounters(
      RecordBurst.Type type,
      TelemetryFile file,
      RecordBurst burst,
      int index,
      CounterBatch.Builder to,
      boolean shown)
      throws TelemetryFileException {
    switch (type) {
      case NODE_COUNTERS -> {
        NodeCounters node = withActions(burst.node(index), file.bootId());
        to.addNode(node);
        if (shown) {
          view.update(node);
        }
      }
      case VIP_COUNTERS -> {
        VipCounters vip = burst.vip(index, file);
        to.addVips(vip);
        if (shown) {
          view.update(vip);
        }
      }
      case DROP_COUNTERS -> {
        DropCounters drop = burst.drop(index, file);
        to.addDrops(drop);
        if (shown) {
          view.update(drop);
        }
      }
      case WORKER_COUNTERS -> {
        WorkerCounters worker = burst.worker(index);
        to.addWorkers(worker);
        if (shown) {
          view.update(worker);
        }
      }
      case POINT, NODE_ACTIONS, UNKNOWN ->
          throw new IllegalArgumentException(type + " is not a counter");
    }
  }
}
