package io.dyetrace.common.metrics;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.dyetrace.common.config.HostPort;
import io.prometheus.metrics.exporter.httpserver.MetricsHandler;
import io.prometheus.metrics.instrumentation.jvm.JvmMetrics;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/**
 * Serves a process's {@code /metrics}, {@code /-/healthy} and {@code /-/ready}.
 *
 * <pre>{@code
 * PrometheusRegistry registry = new PrometheusRegistry();
 * try (MetricsServer metrics = new MetricsServer(config.metrics().listen(), registry)) {
 *   metrics.start();
 *   connect();
 *   metrics.setReady();
 *   run();
 * }
 * }</pre>
 *
 * <p>Until {@link #setReady} the process is not ready, because it is starting. It is healthy for as
 * long as it answers.
 */
public final class MetricsServer implements AutoCloseable {
  private static final String READY = "";
  private static final int THREADS = 2;

  private final HostPort listen;
  private final PrometheusRegistry registry;
  private volatile String notReadyReason = "starting";
  private volatile @Nullable Running running;

  private record Running(HttpServer http, ExecutorService executor) {}

  /** Registers the JVM's own metrics beside what the registry holds. */
  public MetricsServer(HostPort listen, PrometheusRegistry registry) {
    this.listen = listen;
    this.registry = registry;
    JvmMetrics.builder().register(registry);
  }

  /**
   * Binds the address and answers from now on.
   *
   * @throws IOException when the address cannot be bound; the message names it
   */
  public void start() throws IOException {
    if (running != null) {
      throw new IllegalStateException("started already");
    }
    HttpServer http;
    try {
      http = HttpServer.create(listen.toSocketAddress(), 16);
    } catch (IOException e) {
      throw new IOException("metrics.listen: cannot bind " + listen + ": " + e.getMessage(), e);
    }
    ExecutorService executor = Executors.newFixedThreadPool(THREADS, MetricsServer::daemon);
    http.setExecutor(executor);
    http.createContext("/metrics", new MetricsHandler(registry));
    http.createContext("/-/healthy", exchange -> answer(exchange, 200, "healthy"));
    http.createContext("/-/ready", this::answerReady);
    http.start();
    running = new Running(http, executor);
  }

  /** The process does its work. */
  public void setReady() {
    notReadyReason = READY;
  }

  /** The process does not do its work at the moment, for a reason an operator can read. */
  public void setNotReady(String reason) {
    if (reason.isBlank()) {
      throw new IllegalArgumentException("a reason must be given");
    }
    notReadyReason = reason;
  }

  /** The port it listens on: the one the system chose when 0 was configured. */
  public int port() {
    Running now = running;
    if (now == null) {
      throw new IllegalStateException("not started");
    }
    return now.http().getAddress().getPort();
  }

  @Override
  public void close() {
    Running stopping = running;
    running = null;
    if (stopping != null) {
      stopping.http().stop(0);
      stopping.executor().shutdownNow();
    }
  }

  private void answerReady(HttpExchange exchange) throws IOException {
    String reason = notReadyReason;
    if (reason.equals(READY)) {
      answer(exchange, 200, "ready");
    } else {
      answer(exchange, 503, "not ready: " + reason);
    }
  }

  private static void answer(HttpExchange exchange, int status, String text) throws IOException {
    byte[] body = (text + "\n").getBytes(StandardCharsets.UTF_8);
    try (exchange) {
      exchange.getResponseHeaders().set("Content-Type", "text/plain; charset=utf-8");
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
