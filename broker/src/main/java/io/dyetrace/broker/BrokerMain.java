package io.dyetrace.broker;

import io.dyetrace.common.config.ConfigException;
import io.dyetrace.common.config.HostPort;
import io.dyetrace.common.config.StrictYaml;
import io.dyetrace.common.metrics.MetricsServer;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicReference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Starts the broker: {@code ./dyetrace broker --config broker.yaml}. */
@Command(
    name = "broker",
    mixinStandardHelpOptions = true,
    description = "One Kafka broker (KRaft) from its own jars; makes the topics.")
public final class BrokerMain implements Callable<Integer> {
  private static final Logger LOG = LoggerFactory.getLogger(BrokerMain.class);

  @Option(
      names = "--config",
      required = true,
      paramLabel = "FILE",
      description = "Configuration (YAML).")
  private Path configFile = Path.of("");

  @Option(
      names = "--check-config",
      description = "Read the configuration, say whether it is right, and end.")
  private boolean checkOnly;

  /** Who ended the broker first decides the exit code: a signal 0, a broker that died 1. */
  private final AtomicReference<Ending> ending = new AtomicReference<>(Ending.NONE);

  private enum Ending {
    NONE,
    SIGNAL,
    FAILURE
  }

  /** Entry point. */
  public static void main(String[] arguments) {
    System.exit(new CommandLine(new BrokerMain()).execute(arguments));
  }

  @Override
  public Integer call() throws Exception {
    BrokerConfig config;
    try {
      config = StrictYaml.read(configFile, BrokerConfig.class);
    } catch (ConfigException e) {
      System.err.println("dyetrace broker: " + e.getMessage());
      return 2;
    }
    if (checkOnly) {
      System.err.println(configFile + ": right");
      return 0;
    }
    EmbeddedBroker broker = new EmbeddedBroker(config);
    PrometheusRegistry registry = new PrometheusRegistry();
    BrokerMetrics.register(registry);
    HostPort listen =
        config.metrics() == null ? new HostPort("127.0.0.1", 0) : config.metrics().listen();
    try (MetricsServer metrics = new MetricsServer(listen, registry)) {
      metrics.start();
      Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(broker), "shutdown"));
      broker.start();
      metrics.setReady();
      LOG.info("broker ready on {}", String.join(", ", broker.listeners()));
      broker.awaitShutdown();
    }
    // Closing the broker in the hook wakes this thread as well: only the first word counts.
    ending.compareAndSet(Ending.NONE, Ending.FAILURE);
    return 1;
  }

  /** The process ends with 0 after a signal, not with the signal's number. */
  private void stop(EmbeddedBroker broker) {
    ending.compareAndSet(Ending.NONE, Ending.SIGNAL);
    broker.close();
    Runtime.getRuntime().halt(ending.get() == Ending.FAILURE ? 1 : 0);
  }
}
