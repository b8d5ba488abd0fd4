package io.dyetrace.gateway.agent;

import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.util.Collection;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.LongSupplier;

/** The agent's own metrics, and the nodes' through {@link GatewayMetrics}. */
final class AgentMetrics {
  private static final double NS = 1e-9;

  private final Map<String, NodeView> views = new ConcurrentSkipListMap<>();
  private final Counter points;
  private final Counter counters;
  private final Counter malformedRecords;
  private final Counter badFiles;
  private final Counter connectFailures;
  private final Counter restarts;
  private volatile long lastPollNs;
  private volatile long inFlightBytes;
  private volatile boolean kafkaConnected;

  AgentMetrics(PrometheusRegistry registry, LongSupplier realtimeNs) {
    points = counter(registry, "points_published", "Points that Kafka acknowledged.", "node");
    counters =
        counter(registry, "counters_published", "Counter records that Kafka acknowledged.", "node");
    malformedRecords =
        counter(registry, "malformed_records", "Ring records that contradict themselves.", "node");
    badFiles = counter(registry, "bad_files", "Telemetry files that could not be read.", "node");
    connectFailures = counter(registry, "kafka_connect_failures", "Vain attempts to reach Kafka.");
    restarts =
        counter(
            registry,
            "producer_restarts",
            "Times the producer gave a message up and was replaced.");
    gauge(registry, "in_flight_bytes", "On their way to Kafka.", () -> inFlightBytes);
    gauge(registry, "kafka_connected", "1 while Kafka acknowledges.", () -> kafkaConnected ? 1 : 0);
    gauge(
        registry,
        "last_poll_age_seconds",
        "Since the last look at the rings.",
        () -> (realtimeNs.getAsLong() - lastPollNs) * NS);
    perNode(
        registry,
        "drained_age_seconds",
        "How far behind the node's points are in Kafka.",
        view -> (realtimeNs.getAsLong() - view.drainedUntilNs()) * NS);
    perNode(registry, "telemetry_files", "Telemetry files being drained.", NodeView::files);
    registry.register(new GatewayMetrics(views.values(), realtimeNs));
  }

  /** A node's view, made at the first mention. */
  NodeView view(String node) {
    points.initLabelValues(node);
    counters.initLabelValues(node);
    malformedRecords.initLabelValues(node);
    badFiles.initLabelValues(node);
    return views.computeIfAbsent(node, NodeView::new);
  }

  Collection<NodeView> views() {
    return views.values();
  }

  void published(String node, int pointCount, int counterCount) {
    points.labelValues(node).inc(pointCount);
    counters.labelValues(node).inc(counterCount);
  }

  void malformedRecord(String node) {
    malformedRecords.labelValues(node).inc();
  }

  void badFile(String node) {
    badFiles.labelValues(node).inc();
  }

  void connectFailed() {
    connectFailures.inc();
  }

  void restarted() {
    restarts.inc();
  }

  void polled(long nowNs, long bytesInFlight, boolean connected) {
    lastPollNs = nowNs;
    inFlightBytes = bytesInFlight;
    kafkaConnected = connected;
  }

  private interface OfNode {
    double value(NodeView view);
  }

  private interface Value {
    double value();
  }

  private static Counter counter(
      PrometheusRegistry registry, String name, String help, String... labels) {
    return Counter.builder()
        .name("dyetrace_agent_" + name + "_total")
        .help(help)
        .labelNames(labels)
        .register(registry);
  }

  private static void gauge(PrometheusRegistry registry, String name, String help, Value value) {
    GaugeWithCallback.builder()
        .name("dyetrace_agent_" + name)
        .help(help)
        .callback(to -> to.call(value.value()))
        .register(registry);
  }

  private void perNode(PrometheusRegistry registry, String name, String help, OfNode value) {
    GaugeWithCallback.builder()
        .name("dyetrace_agent_" + name)
        .help(help)
        .labelNames("node")
        .callback(to -> views.values().forEach(view -> to.call(value.value(view), view.node())))
        .register(registry);
  }
}
