package io.dyetrace.storage.embedded;

import com.sun.net.httpserver.HttpServer;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/** The engine and its HTTP interface, started and stopped together; once in a process. */
final class EmbeddedServer {
  private final EmbeddedConfig config;
  private final PrometheusRegistry registry;
  private @Nullable Engine engine;
  private @Nullable HttpServer http;
  private @Nullable ExecutorService executor;

  EmbeddedServer(EmbeddedConfig config, PrometheusRegistry registry) {
    this.config = config;
    this.registry = registry;
  }

  /**
   * Boots the engine and listens.
   *
   * @throws IOException when the data directory or the address cannot be used; the message names it
   */
  void start() throws IOException {
    configureHttpServer(config.maxRequestTime());
    HttpServer listening;
    try {
      listening = HttpServer.create(config.listen().toSocketAddress(), 64);
    } catch (IOException e) {
      throw new IOException("listen: cannot bind " + config.listen() + ": " + e.getMessage(), e);
    }
    Files.createDirectories(config.dataDirectory());
    Engine booted =
        Engine.start(
            config.library(),
            config.dataDirectory(),
            config.serverSettings(),
            config.maxConcurrentQueries());
    // Some may wait for a session while others run.
    ExecutorService threads = Executors.newFixedThreadPool(config.maxConcurrentQueries() * 2);
    listening.setExecutor(threads);
    listening.createContext(
        "/",
        new QueryHandler(booted, config, new EmbeddedMetrics(registry, booted), displayName()));
    listening.start();
    engine = booted;
    http = listening;
    executor = threads;
  }

  /** The JDK's server reads these once in a process, when its first one is made. */
  private static void configureHttpServer(Duration maxRequestTime) {
    // Without it every small answer waits for the client's delayed acknowledgement.
    System.setProperty("sun.net.httpserver.nodelay", "true");
    // A connection closed for being one idle too many breaks the request that its client is just
    // sending.
    System.setProperty("sun.net.httpserver.maxIdleConnections", "1000");
    System.setProperty("sun.net.httpserver.idleInterval", "600");
    System.setProperty("jdk.httpserver.maxConnections", "2000");
    // A request is read by one of the executor's threads: one that never ends must not keep it.
    System.setProperty(
        "sun.net.httpserver.maxReqTime", Long.toString(Math.max(1, maxRequestTime.toSeconds())));
    // A long result takes as long as it takes; the statement's own limit ends it.
    System.setProperty("sun.net.httpserver.maxRspTime", "-1");
  }

  int port() {
    HttpServer now = http;
    if (now == null) {
      throw new IllegalStateException("not started");
    }
    return now.getAddress().getPort();
  }

  /**
   * Lets running statements and their answers end, closes the engine, stops listening. Returns
   * false when a statement would not end.
   */
  boolean stop() throws InterruptedException {
    boolean ended = engine == null || engine.stop();
    if (http != null) {
      http.stop(0);
    }
    if (executor != null) {
      executor.shutdownNow();
    }
    return ended;
  }

  private static String displayName() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      return "dyetrace";
    }
  }
}
