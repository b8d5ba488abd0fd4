package io.dyetrace.prober;

import io.dyetrace.common.config.ConfigException;
import io.dyetrace.common.config.StrictYaml;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code ./dyetrace prober --config prober.yaml}. */
@Command(
    name = "prober",
    mixinStandardHelpOptions = true,
    version = "0.1.0",
    description = "Sends coloured half-open TCP probes and accounts for every one of them.")
public final class ProberMain implements Callable<Integer> {
  private static final Logger LOG = LoggerFactory.getLogger(ProberMain.class);
  private static final int FAILED = 1;
  private static final int MISUSED = 2;

  @Option(names = "--config", required = true, paramLabel = "FILE", description = "prober.yaml")
  private @Nullable Path configFile;

  @Option(
      names = "--check-config",
      description = "Check the configuration and exit: 0 right, 2 wrong. Looks at the file only.")
  private boolean checkConfig;

  private ProberMain() {}

  /** Runs the command and exits with its status. */
  public static void main(String[] arguments) {
    System.exit(new CommandLine(new ProberMain()).execute(arguments));
  }

  @Override
  public Integer call() throws InterruptedException {
    Path file = configFile;
    if (file == null) {
      return MISUSED;
    }
    ProberConfig config;
    try {
      config = StrictYaml.read(file, ProberConfig.class);
    } catch (ConfigException e) {
      System.err.println("prober: " + e.getMessage());
      return MISUSED;
    }
    if (checkConfig) {
      System.out.println(file + ": right");
      return 0;
    }
    return run(new Prober(config), config);
  }

  /** Runs a prober until the process is told to stop. */
  static int run(Prober prober, ProberConfig config) throws InterruptedException {
    try {
      prober.start();
    } catch (IOException e) {
      System.err.println("prober: " + e.getMessage());
      prober.close();
      return FAILED;
    }
    // A JVM ended by a signal has a status of its own; a clean stop has 0.
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  prober.close();
                  LOG.info("{} stopped", config.location().node());
                  Runtime.getRuntime().halt(prober.failure() == null ? 0 : FAILED);
                },
                "shutdown"));
    prober.awaitEnd();
    return FAILED;
  }
}
