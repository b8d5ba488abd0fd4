package io.dyetrace.alerting;

import io.dyetrace.common.config.ConfigException;
import io.dyetrace.common.config.StrictYaml;
import io.dyetrace.common.metrics.MetricsServer;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Starts the notifier: verdicts from Kafka to Alertmanager. */
@Command(
    name = "dyetrace alerting",
    mixinStandardHelpOptions = true,
    description = "Posts every open verdict to Alertmanager, again and again until it is resolved.")
public final class AlertingMain implements Callable<Integer> {
  private static final Logger log = LoggerFactory.getLogger(AlertingMain.class);

  @Option(names = "--config", required = true, description = "configuration file (YAML)")
  private Path config = Path.of("alerting.yaml");

  @Option(
      names = "--check-config",
      description = "read the configuration, say whether it is right, and exit")
  private boolean checkConfig;

  public static void main(String[] args) {
    System.exit(new CommandLine(new AlertingMain()).execute(args));
  }

  @Override
  public Integer call() throws Exception {
    AlertingConfig parsed;
    try {
      parsed = StrictYaml.read(config, AlertingConfig.class);
    } catch (ConfigException e) {
      System.err.println("alerting: " + e.getMessage());
      return 2;
    }
    if (checkConfig) {
      System.err.println("alerting: " + config + " is right");
      return 0;
    }
    run(parsed);
    return 0;
  }

  private static void run(AlertingConfig config) throws Exception {
    PrometheusRegistry registry = new PrometheusRegistry();
    AlertingMetrics metrics = new AlertingMetrics(registry);
    List<AlertmanagerClient> clients =
        config.alertmanager().urls().stream()
            .map(url -> new AlertmanagerClient(url, config.alertmanager().timeout()))
            .toList();
    CountDownLatch stopped = new CountDownLatch(1);
    try (MetricsServer server = new MetricsServer(config.metrics().listen(), registry);
        VerdictReader reader =
            new VerdictReader(VerdictReader.kafka(config.kafka().bootstrapServers()), metrics)) {
      Notifier notifier = new Notifier(reader, clients, config, metrics, AlertingMain::nowNs);
      Runtime.getRuntime().addShutdownHook(new Thread(() -> shutDown(notifier, stopped)));
      server.start();
      notifier.run(readiness(server));
    } finally {
      stopped.countDown();
    }
  }

  private static Notifier.Readiness readiness(MetricsServer server) {
    return (ready, reason) -> {
      if (ready) {
        server.setReady();
        log.info("alerting ready");
      } else {
        server.setNotReady(reason);
        log.warn("alerting is not ready: {}", reason);
      }
    };
  }

  private static void shutDown(Notifier notifier, CountDownLatch stopped) {
    notifier.stop();
    try {
      stopped.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static long nowNs() {
    Instant now = Instant.now();
    return now.getEpochSecond() * 1_000_000_000L + now.getNano();
  }
}
