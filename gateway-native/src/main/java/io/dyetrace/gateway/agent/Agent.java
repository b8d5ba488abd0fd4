package io.dyetrace.gateway.agent;

import io.dyetrace.gateway.telemetry.RecordBurst;
import io.dyetrace.gateway.telemetry.TelemetryFile;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Drains the telemetry files of its nodes into Kafka.
 *
 * <pre>{@code
 * try (Agent agent = new Agent(config, publisher, metrics, clock, System::nanoTime)) {
 *   agent.start();
 *   …
 * }
 * }</pre>
 *
 * One thread does everything; it never waits for Kafka, so that the metrics go on during an outage.
 */
final class Agent implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Agent.class);

  /** What may be on its way to Kafka, all nodes together. The rings hold the rest. */
  static final long IN_FLIGHT_BYTES = 16L << 20;

  /** The producer's own buffer: it never fills up, so that handing over never waits. */
  static final long PRODUCER_BUFFER_BYTES = 2 * IN_FLIGHT_BYTES;

  private static final int BURST_RECORDS = 512;
  private static final long STALLED_NS = Duration.ofSeconds(5).toNanos();
  private static final long CLOSE_TIMEOUT_NS = Duration.ofSeconds(5).toNanos();

  private final AgentConfig config;
  private final Publisher publisher;
  private final AgentMetrics metrics;
  private final LongSupplier realtimeNs;
  private final LongSupplier monotonicNs;
  private final TelemetryDirectory directory;
  private final List<NodeDrain> nodes = new ArrayList<>();
  private final List<String> names = new ArrayList<>();
  private final Thread thread = new Thread(this::run, "agent");
  private volatile boolean stopping;
  private volatile String notReadyReason = "starting";
  private @Nullable String listFailure;

  /** Times come from the two clocks given; nothing happens before {@link #start}. */
  Agent(
      AgentConfig config,
      Publisher publisher,
      AgentMetrics metrics,
      LongSupplier realtimeNs,
      LongSupplier monotonicNs) {
    this.config = config;
    this.publisher = publisher;
    this.metrics = metrics;
    this.realtimeNs = realtimeNs;
    this.monotonicNs = monotonicNs;
    this.directory = new TelemetryDirectory(config.telemetryDirectory());
    RecordBurst burst = new RecordBurst(BURST_RECORDS);
    long budget = Math.max(1 << 20, IN_FLIGHT_BYTES / config.nodes().size());
    for (AgentConfig.Node node : config.nodes()) {
      String name = node.location().node();
      names.add(name);
      nodes.add(
          new NodeDrain(
              node.location().toProto(), metrics.view(name), publisher, metrics, burst, budget));
    }
  }

  /** Starts the thread. */
  void start() {
    Throwable cause = TelemetryFile.unavailabilityCause();
    if (cause != null) {
      throw new IllegalStateException(
          "the native library is not available (is gateway-native built?): " + cause.getMessage(),
          cause);
    }
    thread.start();
  }

  /** Why the agent does not do its work at the moment; empty when it does. */
  String notReadyReason() {
    return notReadyReason;
  }

  private void run() {
    while (!stopping) {
      boolean more;
      try {
        more = poll();
      } catch (RuntimeException e) {
        if (stopping) {
          break;
        }
        // A defect of ours. The place in the rings is safe; a process that pretends to work would
        // not be.
        LOG.error("the agent's thread failed", e);
        Runtime.getRuntime().halt(1);
        return;
      }
      if (!more) {
        sleep(config.pollInterval());
      }
    }
  }

  /** One turn over all nodes. Returns whether there is more to read at once. */
  boolean poll() {
    long startNs = monotonicNs.getAsLong();
    Publisher.State state = publisher.poll(startNs);
    if (state == Publisher.State.RESTARTED) {
      nodes.forEach(NodeDrain::rewind);
    }
    boolean connected = state == Publisher.State.CONNECTED;
    boolean more = false;
    long nowNs = realtimeNs.getAsLong();
    Map<String, NavigableMap<Long, Path>> files = list();
    if (files != null) {
      for (int i = 0; i < nodes.size(); i++) {
        NavigableMap<Long, Path> listed =
            files.getOrDefault(names.get(i), Collections.emptyNavigableMap());
        more |= nodes.get(i).poll(nowNs, monotonicNs.getAsLong(), listed, connected);
      }
    }
    long oldestNs = publisher.oldestInFlightNs();
    boolean stalled = oldestNs != 0 && startNs - oldestNs > STALLED_NS;
    notReadyReason =
        !connected
            ? "no connection to Kafka at " + config.kafka().bootstrapServers()
            : stalled ? "Kafka acknowledges nothing" : listFailure != null ? listFailure : "";
    metrics.polled(nowNs, publisher.inFlightBytes(), connected && !stalled);
    return more;
  }

  private @Nullable Map<String, NavigableMap<Long, Path>> list() {
    try {
      Map<String, NavigableMap<Long, Path>> files = directory.list();
      listFailure = null;
      return files;
    } catch (IOException e) {
      String failure = config.telemetryDirectory() + " cannot be read: " + e;
      if (!failure.equals(listFailure)) {
        LOG.error("{}", failure);
      }
      listFailure = failure;
      return null;
    }
  }

  private static void sleep(Duration time) {
    try {
      Thread.sleep(time.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Publishes what is there, waits for Kafka for a few seconds, and lets the files go. */
  @Override
  public void close() {
    stopping = true;
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    long deadlineNs = monotonicNs.getAsLong() + CLOSE_TIMEOUT_NS;
    try {
      poll();
      while (publisher.inFlightBytes() > 0 && monotonicNs.getAsLong() < deadlineNs) {
        sleep(Duration.ofMillis(5));
        if (publisher.poll(monotonicNs.getAsLong()) != Publisher.State.CONNECTED) {
          break;
        }
      }
    } finally {
      nodes.forEach(NodeDrain::close);
      publisher.close();
    }
  }
}
