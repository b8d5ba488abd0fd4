package io.dyetrace.gateway.agent;

import io.dyetrace.common.config.ConfigException;
import io.dyetrace.common.config.StrictYaml;
import io.dyetrace.common.metrics.MetricsServer;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Starts the gateway agent. */
@Command(
    name = "dyetrace agent",
    mixinStandardHelpOptions = true,
    description = "Drains the gateways' telemetry files into Kafka and serves their metrics.")
public final class AgentMain implements Callable<Integer> {
  private static final Logger LOG = LoggerFactory.getLogger(AgentMain.class);
  private static final long READINESS_INTERVAL_MS = 100;

  @Option(names = "--config", required = true, description = "configuration file (YAML)")
  private Path config = Path.of("agent.yaml");

  @Option(
      names = "--check-config",
      description = "read the configuration, say whether it is right, and exit")
  private boolean checkConfig;

  private volatile boolean running = true;

  /** Entry point. */
  public static void main(String[] args) {
    System.exit(new CommandLine(new AgentMain()).execute(args));
  }

  @Override
  public Integer call() throws Exception {
    AgentConfig parsed;
    try {
      parsed = StrictYaml.read(config, AgentConfig.class);
    } catch (ConfigException e) {
      System.err.println("agent: " + e.getMessage());
      return 2;
    }
    if (checkConfig) {
      System.err.println("agent: " + config + " is right");
      return 0;
    }
    PrometheusRegistry registry = new PrometheusRegistry();
    AgentMetrics metrics = new AgentMetrics(registry, AgentMain::realtimeNs);
    MetricsServer server = new MetricsServer(parsed.metrics().listen(), registry);
    KafkaPublisher publisher =
        new KafkaPublisher(
            () ->
                KafkaPublisher.newProducer(
                    parsed.kafka().bootstrapServers(), Agent.PRODUCER_BUFFER_BYTES),
            metrics);
    Agent agent = new Agent(parsed, publisher, metrics, AgentMain::realtimeNs, System::nanoTime);
    CountDownLatch stop = new CountDownLatch(1);
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  stop.countDown();
                  agent.close();
                  server.close();
                  LOG.info("agent stopped");
                  if (running) {
                    // Stopped by a signal: that is a clean end, not the JVM's 143.
                    Runtime.getRuntime().halt(0);
                  }
                },
                "shutdown"));
    try {
      server.start();
      agent.start();
    } catch (IOException | IllegalStateException e) {
      running = false;
      System.err.println("agent: " + e.getMessage());
      return 1;
    }
    reportReadiness(agent, server, stop);
    return 0;
  }

  private static void reportReadiness(Agent agent, MetricsServer server, CountDownLatch stop)
      throws InterruptedException {
    String last = "starting";
    do {
      String reason = agent.notReadyReason();
      if (!reason.equals(last)) {
        last = reason;
        if (reason.isEmpty()) {
          server.setReady();
          LOG.info("agent ready");
        } else {
          server.setNotReady(reason);
          LOG.warn("agent waits: {}", reason);
        }
      }
    } while (!stop.await(READINESS_INTERVAL_MS, TimeUnit.MILLISECONDS));
    // The shutdown hook ends the process.
    Thread.sleep(Long.MAX_VALUE);
  }

  private static long realtimeNs() {
    Instant now = Instant.now();
    return now.getEpochSecond() * 1_000_000_000L + now.getNano();
  }
}
