package io.dyetrace.broker;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.prometheus.metrics.core.metrics.CounterWithCallback;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.exporter.httpserver.MetricsHandler;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.BiConsumer;
import javax.management.JMException;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves {@code /metrics}, {@code /-/healthy} and {@code /-/ready}. The numbers are Kafka's own,
 * read at each scrape.
 */
final class BrokerMetrics implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(BrokerMetrics.class);

  private final HttpServer http;
  private final ExecutorService executor = Executors.newFixedThreadPool(2, BrokerMetrics::daemon);
  private volatile boolean ready;

  BrokerMetrics(BrokerConfig.Listener listen) throws IOException {
    PrometheusRegistry registry = new PrometheusRegistry();
    register(registry);
    http = HttpServer.create(new InetSocketAddress(listen.host(), listen.port()), 16);
    http.setExecutor(executor);
    http.createContext("/metrics", new MetricsHandler(registry));
    http.createContext("/-/healthy", exchange -> answer(exchange, 200, "healthy\n"));
    http.createContext(
        "/-/ready",
        exchange -> answer(exchange, ready ? 200 : 503, ready ? "ready\n" : "starting\n"));
  }

  void start() {
    http.start();
  }

  int port() {
    return http.getAddress().getPort();
  }

  void ready(boolean value) {
    ready = value;
  }

  @Override
  public void close() {
    http.stop(0);
    executor.shutdownNow();
  }

  private void register(PrometheusRegistry registry) {
    GaugeWithCallback.builder()
        .name("dyetrace_broker_ready")
        .help("1 when the broker serves and every topic is there.")
        .callback(callback -> callback.call(ready ? 1 : 0))
        .register(registry);
    CounterWithCallback.builder()
        .name("dyetrace_broker_records_in_total")
        .help("Records appended since the process started.")
        .labelNames("topic")
        .callback(
            callback ->
                read(
                    "kafka.server:type=BrokerTopicMetrics,name=MessagesInPerSec,topic=*",
                    "Count",
                    (name, value) -> callback.call(value, name.getKeyProperty("topic"))))
        .register(registry);
    CounterWithCallback.builder()
        .name("dyetrace_broker_bytes_in_total")
        .help("Bytes appended since the process started.")
        .labelNames("topic")
        .callback(
            callback ->
                read(
                    "kafka.server:type=BrokerTopicMetrics,name=BytesInPerSec,topic=*",
                    "Count",
                    (name, value) -> callback.call(value, name.getKeyProperty("topic"))))
        .register(registry);
    CounterWithCallback.builder()
        .name("dyetrace_broker_bytes_out_total")
        .help("Bytes read by consumers since the process started.")
        .labelNames("topic")
        .callback(
            callback ->
                read(
                    "kafka.server:type=BrokerTopicMetrics,name=BytesOutPerSec,topic=*",
                    "Count",
                    (name, value) -> callback.call(value, name.getKeyProperty("topic"))))
        .register(registry);
    GaugeWithCallback.builder()
        .name("dyetrace_broker_log_end_offset")
        .help("Offset of the next record.")
        .labelNames("topic", "partition")
        .callback(callback -> perPartition("LogEndOffset", callback))
        .register(registry);
    GaugeWithCallback.builder()
        .name("dyetrace_broker_log_start_offset")
        .help("Offset of the oldest record that is kept.")
        .labelNames("topic", "partition")
        .callback(callback -> perPartition("LogStartOffset", callback))
        .register(registry);
    GaugeWithCallback.builder()
        .name("dyetrace_broker_log_size_bytes")
        .help("Bytes on disk.")
        .labelNames("topic", "partition")
        .callback(callback -> perPartition("Size", callback))
        .register(registry);
  }

  private static void perPartition(String measure, GaugeWithCallback.Callback callback) {
    read(
        "kafka.log:type=Log,name=" + measure + ",topic=*,partition=*",
        "Value",
        (name, value) ->
            callback.call(value, name.getKeyProperty("topic"), name.getKeyProperty("partition")));
  }

  private static void read(String pattern, String attribute, BiConsumer<ObjectName, Double> sink) {
    MBeanServer server = ManagementFactory.getPlatformMBeanServer();
    try {
      for (ObjectName name : server.queryNames(new ObjectName(pattern), null)) {
        sink.accept(name, ((Number) server.getAttribute(name, attribute)).doubleValue());
      }
    } catch (JMException e) {
      LOG.debug("a Kafka metric went away while it was read: {}", e.toString());
    }
  }

  private static void answer(HttpExchange exchange, int status, String text) throws IOException {
    byte[] body = text.getBytes(StandardCharsets.UTF_8);
    try (exchange) {
      exchange.sendResponseHeaders(status, body.length);
      exchange.getResponseBody().write(body);
    }
  }

  private static Thread daemon(Runnable task) {
    Thread thread = new Thread(task, "metrics");
    thread.setDaemon(true);
    return thread;
  }
}
