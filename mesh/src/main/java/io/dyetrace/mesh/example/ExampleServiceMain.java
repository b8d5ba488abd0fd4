package io.dyetrace.mesh.example;

import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Starts one example service. */
@Command(
    name = "dyetrace mesh-example",
    mixinStandardHelpOptions = true,
    description =
        "A small HTTP service on the OpenTelemetry SDK that answers and, given a peer, calls it.")
public final class ExampleServiceMain implements Callable<Integer> {
  @Option(names = "--name", required = true, description = "the service's name (service.name)")
  private String name = "";

  @Option(names = "--listen", required = true, description = "ADDRESS:PORT to answer on")
  private String listen = "";

  @Option(names = "--peer", description = "URL of the service to call")
  private @Nullable URI peer;

  @Option(
      names = "--calls-per-second",
      defaultValue = "5",
      description = "how often to call the peer, 1 to 100 (default 5)")
  private int callsPerSecond;

  @Option(
      names = "--work-ms",
      defaultValue = "2",
      description = "how long an answer takes, 0 to 1000 ms (default 2)")
  private int workMs;

  @Option(names = "--otlp", required = true, description = "URL of the OTLP/gRPC receiver")
  private URI otlp = URI.create("http://127.0.0.1:4317");

  @Option(
      names = "--export-interval-ms",
      defaultValue = "5000",
      description = "how often metrics leave (default 5000)")
  private int exportIntervalMs;

  public static void main(String[] args) {
    System.exit(new CommandLine(new ExampleServiceMain()).execute(args));
  }

  @Override
  public Integer call() throws Exception {
    int colon = listen.lastIndexOf(':');
    if (colon < 1
        || callsPerSecond < 1
        || callsPerSecond > 100
        || workMs < 0
        || workMs > 1000
        || exportIntervalMs < 100) {
      System.err.println(
          "mesh-example: --listen is ADDRESS:PORT, --calls-per-second 1 to 100, --work-ms 0 to 1000, --export-interval-ms at least 100");
      return 2;
    }
    InetSocketAddress address =
        new InetSocketAddress(
            listen.substring(0, colon), Integer.parseInt(listen.substring(colon + 1)));
    ExampleService service =
        new ExampleService(
            name,
            address,
            peer,
            Duration.ofNanos(1_000_000_000L / callsPerSecond),
            Duration.ofMillis(workMs),
            otlp,
            Duration.ofMillis(exportIntervalMs));
    CountDownLatch stopped = new CountDownLatch(1);
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  service.close();
                  stopped.countDown();
                }));
    service.start();
    System.err.println("mesh-example " + name + " ready on " + listen);
    stopped.await();
    return 0;
  }
}
