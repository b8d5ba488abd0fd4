package io.dyetrace.gateway.agent;

import io.dyetrace.common.record.AgentStatus;
import io.dyetrace.common.record.Location;
import io.dyetrace.common.record.Schema;
import io.dyetrace.gateway.agent.BurstMapper.Message;
import io.dyetrace.gateway.telemetry.RecordBurst;
import io.dyetrace.gateway.telemetry.TelemetryFile;
import io.dyetrace.gateway.telemetry.TelemetryFileBusyException;
import io.dyetrace.gateway.telemetry.TelemetryFileException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Drains all telemetry files of one node, oldest first, and says each second how far it came. */
final class NodeDrain implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(NodeDrain.class);

  private static final long STATUS_INTERVAL_NS = Duration.ofSeconds(1).toNanos();
  private static final long RETRY_INTERVAL_NS = Duration.ofSeconds(5).toNanos();

  /** During an outage of Kafka no more statuses than this wait for it. */
  private static final int MAX_STATUSES_IN_FLIGHT = 5;

  private final String node;
  private final Publisher publisher;
  private final AgentMetrics metrics;
  private final NodeView view;
  private final BurstMapper mapper;
  private final RecordBurst burst;
  private final long budgetBytes;
  private final NavigableMap<Long, FileDrain> files = new TreeMap<>(Long::compareUnsigned);
  private final Map<Path, Long> retryAtNs = new HashMap<>();
  private final Set<Path> finished = new HashSet<>();
  private long inFlightBytes;
  private long newestBootId;
  private long drainedUntilNs;
  private long statusDueNs;
  private int statusesInFlight;
  private int generation;

  /**
   * Drains a node's files.
   *
   * @param budgetBytes how much may be on its way to Kafka
   */
  NodeDrain(
      Location location,
      NodeView view,
      Publisher publisher,
      AgentMetrics metrics,
      RecordBurst burst,
      long budgetBytes) {
    this.node = location.getNode();
    this.view = view;
    this.publisher = publisher;
    this.metrics = metrics;
    this.mapper = new BurstMapper(location, view, metrics);
    this.burst = burst;
    this.budgetBytes = budgetBytes;
    this.statusDueNs = Long.MIN_VALUE;
  }

  /** The reading ahead within the budget, and what an acknowledgement means. */
  private final class ToKafka implements FileDrain.Outlet {
    @Override
    public boolean hasRoom() {
      return inFlightBytes < budgetBytes;
    }

    @Override
    public void publish(Message message, RingDrain.Segment segment) {
      int bytes = message.value().length;
      int sentIn = generation;
      inFlightBytes += bytes;
      publisher.publish(
          message.topic(),
          node,
          message.value(),
          () -> {
            if (sentIn != generation) {
              return;
            }
            inFlightBytes -= bytes;
            segment.acknowledged();
            metrics.published(node, message.points(), message.counters());
          });
    }
  }

  /**
   * One turn.
   *
   * @param realtimeNs CLOCK_REALTIME, read before the directory was listed
   * @param monotonicNs the time that intervals are measured with
   * @param listed the node's files
   * @param publishing whether messages can be published
   * @return whether more could be read at once
   */
  boolean poll(
      long realtimeNs, long monotonicNs, NavigableMap<Long, Path> listed, boolean publishing) {
    listed.forEach((bootId, path) -> open(bootId, path, monotonicNs));
    retryAtNs.keySet().retainAll(listed.values());
    finished.retainAll(listed.values());
    boolean more = false;
    boolean olderOnesRead = true;
    for (FileDrain drain : List.copyOf(files.values())) {
      try {
        drain.refresh();
        if (publishing && olderOnesRead) {
          more |= drain.read(burst, mapper, new ToKafka());
          olderOnesRead = drain.alive() || drain.readAll();
        }
        if (drain.finished()) {
          finish(drain);
        }
      } catch (TelemetryFileException e) {
        setAside(drain.file().path(), e, monotonicNs);
        files.remove(drain.file().bootId());
        drain.close();
      }
    }
    advanceDrainedUntil(realtimeNs, listed);
    updateView();
    if (publishing && monotonicNs >= statusDueNs) {
      publishStatus(realtimeNs, monotonicNs, listed);
    }
    return more;
  }

  private void open(long bootId, Path path, long monotonicNs) {
    if (files.containsKey(bootId)
        || finished.contains(path)
        || retryAtNs.getOrDefault(path, Long.MIN_VALUE) > monotonicNs) {
      return;
    }
    try {
      TelemetryFile file = TelemetryFile.open(path);
      if (file.bootId() != bootId) {
        file.close();
        throw new TelemetryFileException(path + ": the header tells another boot id");
      }
      files.put(bootId, new FileDrain(file));
      retryAtNs.remove(path);
      LOG.info("{}: draining {}", node, path);
    } catch (NoSuchFileException e) {
      LOG.debug("{}: {} went away", node, path);
    } catch (IOException e) {
      setAside(path, e, monotonicNs);
    }
  }

  private void setAside(Path path, IOException why, long monotonicNs) {
    if (!retryAtNs.containsKey(path)) {
      LOG.error("{}: cannot drain a file, trying again later: {}", node, why.getMessage());
    }
    if (!(why instanceof TelemetryFileBusyException)) {
      metrics.badFile(node);
    }
    retryAtNs.put(path, monotonicNs + RETRY_INTERVAL_NS);
  }

  private void finish(FileDrain drain) {
    Path path = drain.file().path();
    files.remove(drain.file().bootId());
    finished.add(path);
    try {
      Files.deleteIfExists(path);
      LOG.info("{}: the gateway is gone and {} is drained: removed", node, path);
    } catch (IOException e) {
      LOG.error("{}: {} is drained but cannot be removed", node, path, e);
    }
    drain.close();
  }

  /** The newest gateway's file cannot be read: nothing is known about the node. */
  private boolean blind(NavigableMap<Long, Path> listed) {
    return !listed.isEmpty() && retryAtNs.containsKey(listed.lastEntry().getValue());
  }

  private void advanceDrainedUntil(long realtimeNs, NavigableMap<Long, Path> listed) {
    if (!files.isEmpty()) {
      newestBootId = files.lastKey();
    }
    if (blind(listed)) {
      return;
    }
    long until =
        files.values().stream().mapToLong(FileDrain::drainedUntilNs).min().orElse(realtimeNs);
    drainedUntilNs = Math.max(drainedUntilNs, until);
  }

  private boolean gatewayAlive() {
    return !files.isEmpty() && files.lastEntry().getValue().alive();
  }

  private void updateView() {
    if (newestBootId != 0) {
      view.shows(newestBootId);
    }
    List<NodeView.Ring> rings =
        files.isEmpty() ? List.of() : files.lastEntry().getValue().ringViews();
    view.update(rings, files.size(), gatewayAlive(), drainedUntilNs);
  }

  private void publishStatus(long realtimeNs, long monotonicNs, NavigableMap<Long, Path> listed) {
    boolean first = statusDueNs == Long.MIN_VALUE;
    statusDueNs =
        first || monotonicNs - statusDueNs > STATUS_INTERVAL_NS
            ? monotonicNs + STATUS_INTERVAL_NS
            : statusDueNs + STATUS_INTERVAL_NS;
    // Not at once: an agent that has just started has not yet published what waits in the rings.
    if (first) {
      return;
    }
    if (blind(listed) || statusesInFlight >= MAX_STATUSES_IN_FLIGHT) {
      return;
    }
    byte[] value =
        mapper
            .counterBatch(newestBootId)
            .setAgent(
                AgentStatus.newBuilder()
                    .setTimeNs(realtimeNs)
                    .setDrainedUntilNs(drainedUntilNs)
                    .setGatewayAlive(gatewayAlive()))
            .build()
            .toByteArray();
    int sentIn = generation;
    statusesInFlight++;
    publisher.publish(
        Schema.TOPIC_COUNTERS,
        node,
        value,
        () -> {
          if (sentIn == generation) {
            statusesInFlight--;
          }
        });
  }

  /** What Kafka did not acknowledge is read and published again. */
  void rewind() {
    generation++;
    inFlightBytes = 0;
    statusesInFlight = 0;
    files.values().forEach(FileDrain::rewind);
  }

  /** Gives the acknowledged records back and lets the files go. */
  @Override
  public void close() {
    for (FileDrain drain : files.values()) {
      try {
        drain.refresh();
      } catch (TelemetryFileException e) {
        LOG.error("{}: {}", node, e.getMessage());
      }
      drain.close();
    }
    files.clear();
  }
}
