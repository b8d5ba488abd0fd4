package io.dyetrace.storage.embedded;

import com.sun.jna.Native;
import io.dyetrace.common.config.ConfigException;
import io.dyetrace.common.config.HostPort;
import io.dyetrace.common.config.StrictYaml;
import io.dyetrace.common.metrics.MetricsServer;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code ./dyetrace clickhouse}: ClickHouse's engine behind ClickHouse's HTTP interface. */
@Command(
    name = "dyetrace clickhouse",
    mixinStandardHelpOptions = true,
    description = "ClickHouse's engine behind ClickHouse's HTTP interface, on one data directory.")
public final class EmbeddedClickHouseMain implements Callable<Integer> {
  private static final Logger LOG = LoggerFactory.getLogger(EmbeddedClickHouseMain.class);

  @Option(names = "--config", paramLabel = "FILE", description = "configuration in YAML")
  private @Nullable Path configFile;

  @Option(
      names = "--data",
      paramLabel = "DIRECTORY",
      description = "without --config: the data directory")
  private @Nullable Path data;

  @Option(
      names = "--listen",
      paramLabel = "HOST:PORT",
      description = "without --config: where to answer (default: 127.0.0.1:8123)")
  private @Nullable String listen;

  private EmbeddedClickHouseMain() {}

  /** Starts it. */
  public static void main(String[] args) {
    System.exit(new CommandLine(new EmbeddedClickHouseMain()).execute(args));
  }

  @Override
  public Integer call() throws InterruptedException {
    EmbeddedConfig config;
    try {
      config = config();
    } catch (ConfigException e) {
      System.err.println("dyetrace clickhouse: " + e.getMessage());
      return 2;
    }
    closeStandardInput();
    PrometheusRegistry registry = new PrometheusRegistry();
    EmbeddedServer server = new EmbeddedServer(config, registry);
    try {
      server.start();
      if (config.metrics() != null) {
        // Closed by the process's end.
        MetricsServer metrics = new MetricsServer(config.metrics().listen(), registry);
        metrics.start();
        metrics.setReady();
      }
    } catch (IOException | IllegalStateException e) {
      System.err.println("dyetrace clickhouse: " + e.getMessage());
      return 1;
    }
    CountDownLatch never = new CountDownLatch(1);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(server), "stop"));
    LOG.info(
        "clickhouse ready on http://{}:{}, data in {}",
        config.listen().host(),
        server.port(),
        config.dataDirectory());
    never.await();
    return 0;
  }

  private EmbeddedConfig config() {
    if (configFile != null) {
      if (data != null || listen != null) {
        throw new ConfigException("--data and --listen have no place beside --config");
      }
      return StrictYaml.read(configFile, EmbeddedConfig.class);
    }
    if (data == null) {
      throw new ConfigException("--config FILE or --data DIRECTORY is needed");
    }
    return EmbeddedConfig.on(data, HostPort.parse(listen == null ? "127.0.0.1:8123" : listen));
  }

  private static void stop(EmbeddedServer server) {
    int status = 0;
    try {
      if (!server.stop()) {
        LOG.warn("a statement would not end; what it acknowledged is stored, the rest is not");
      }
      LOG.info("clickhouse stopped");
    } catch (InterruptedException | RuntimeException e) {
      LOG.error("stopping failed", e);
      status = 1;
    }
    // Not exit: the engine's global destructors must not race with what is left of its threads.
    Runtime.getRuntime().halt(status);
  }

  /** The engine would read an INSERT's missing data from there. */
  private static void closeStandardInput() {
    Native.register(C.class, "c");
    int devNull = C.open("/dev/null", 0);
    if (devNull < 0 || C.dup2(devNull, 0) < 0) {
      throw new IllegalStateException("standard input cannot be closed");
    }
  }

  private static final class C {
    private C() {}

    static native int open(String path, int flags);

    static native int dup2(int from, int to);
  }
}
