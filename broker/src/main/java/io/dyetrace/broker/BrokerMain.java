package io.dyetrace.broker;

import io.dyetrace.common.config.ConfigException;
import io.dyetrace.common.config.StrictYaml;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
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
    try (BrokerMetrics metrics = startMetrics(config.metrics())) {
      Runtime.getRuntime()
          .addShutdownHook(
              new Thread(
                  () -> {
                    broker.close();
                    // System.exit waits for the hooks; a clean stop answers with 0, not with the
                    // signal's 143.
                    Runtime.getRuntime().halt(0);
                  },
                  "shutdown"));
      broker.start();
      if (metrics != null) {
        metrics.ready(true);
      }
      LOG.info("broker ready on {}", String.join(", ", broker.listeners()));
      broker.awaitShutdown();
      return 0;
    }
  }

  private static @Nullable BrokerMetrics startMetrics(BrokerConfig.@Nullable Metrics config)
      throws Exception {
    if (config == null) {
      return null;
    }
    BrokerMetrics metrics =
        new BrokerMetrics(BrokerConfig.Listener.parse("metrics.listen", config.listen()));
    metrics.start();
    return metrics;
  }
}
