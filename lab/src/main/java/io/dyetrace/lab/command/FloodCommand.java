package io.dyetrace.lab.command;

import io.dyetrace.lab.fault.Flood;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * {@code lab flood}: the helper process of {@code inject vip-overload}, run in the client's
 * namespace.
 */
@Command(name = "flood", hidden = true, mixinStandardHelpOptions = true)
public final class FloodCommand implements Callable<Integer> {
  @Option(names = "--to", required = true, description = "ADDRESS:PORT")
  private String to = "";

  @Option(names = "--from", description = "an address of this host")
  private @Nullable InetAddress from;

  @Option(names = "--rate", required = true, description = "connections a second")
  private int rate;

  @Option(names = "--seconds", required = true)
  private int seconds;

  @Override
  public Integer call() throws IOException {
    String[] parts = to.split(":", 2);
    Flood.Count count =
        new Flood(
                new InetSocketAddress(parts[0], Integer.parseInt(parts[1])),
                from,
                rate,
                Duration.ofSeconds(seconds))
            .run();
    System.err.println(count);
    return 0;
  }
}
