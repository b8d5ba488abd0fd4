package io.dyetrace.mesh;

import io.dyetrace.common.config.ConfigException;
import io.dyetrace.common.config.StrictYaml;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Starts the OTLP/gRPC receiver. */
@Command(
    name = "dyetrace mesh",
    mixinStandardHelpOptions = true,
    description = "Takes request-duration histograms over OTLP/gRPC and hands them to Kafka.")
public final class MeshMain implements Callable<Integer> {
  @Option(names = "--config", required = true, description = "configuration file (YAML)")
  private Path config = Path.of("mesh.yaml");

  @Option(
      names = "--check-config",
      description = "read the configuration, say whether it is right, and exit")
  private boolean checkConfig;

  public static void main(String[] args) {
    System.exit(new CommandLine(new MeshMain()).execute(args));
  }

  @Override
  public Integer call() throws Exception {
    MeshConfig parsed;
    try {
      parsed = StrictYaml.read(config, MeshConfig.class);
    } catch (ConfigException e) {
      System.err.println("mesh: " + e.getMessage());
      return 2;
    }
    if (checkConfig) {
      System.err.println("mesh: " + config + " is right");
      return 0;
    }
    MeshReceiver receiver = MeshReceiver.create(parsed);
    CountDownLatch stopped = new CountDownLatch(1);
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  receiver.close();
                  stopped.countDown();
                }));
    receiver.start();
    System.err.println("mesh ready: OTLP/gRPC on " + parsed.listen());
    stopped.await();
    return 0;
  }
}
