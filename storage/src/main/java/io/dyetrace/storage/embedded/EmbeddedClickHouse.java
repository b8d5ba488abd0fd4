package io.dyetrace.storage.embedded;

import io.dyetrace.common.config.ConfigException;
import java.io.File;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The embedded engine as a child process, for tests and for programs that bring their own
 * ClickHouse.
 *
 * <pre>{@code
 * try (EmbeddedClickHouse clickHouse = EmbeddedClickHouse.start(directory)) {
 *   ask(clickHouse.url());
 * }
 * }</pre>
 *
 * The engine must have a process of its own: it takes one data directory a process and cannot be
 * started twice in one.
 */
public final class EmbeddedClickHouse implements AutoCloseable {
  private static final Duration START_TIMEOUT = Duration.ofSeconds(60);
  private static final Duration STOP_TIMEOUT = Duration.ofSeconds(20);
  private static final long POLL_MS = 50;

  private final Path directory;
  private final int port;
  private final List<String> extraConfiguration;
  private Process process;

  private EmbeddedClickHouse(
      Path directory, int port, List<String> extraConfiguration, Process process) {
    this.directory = directory;
    this.port = port;
    this.extraConfiguration = extraConfiguration;
    this.process = process;
  }

  /** Why it cannot be started here, or null when it can. */
  public static @Nullable String unavailabilityCause() {
    try {
      Path library = EmbeddedConfig.defaultLibrary();
      return Files.isReadable(library) ? null : library + " is missing; scripts/setup fetches it";
    } catch (ConfigException e) {
      return e.getMessage();
    }
  }

  /** Starts it on a directory and a free port of 127.0.0.1, and waits until it answers. */
  public static EmbeddedClickHouse start(Path directory) throws IOException, InterruptedException {
    return start(directory, 0);
  }

  /**
   * Starts it on a directory and a port of 127.0.0.1 (0: a free one), and waits until it answers.
   */
  public static EmbeddedClickHouse start(Path directory, int port)
      throws IOException, InterruptedException {
    return start(directory, port, List.of());
  }

  /**
   * The same with more lines of configuration.
   *
   * @param extraConfiguration lines of YAML, see {@link EmbeddedConfig}
   */
  public static EmbeddedClickHouse start(Path directory, int port, List<String> extraConfiguration)
      throws IOException, InterruptedException {
    Files.createDirectories(directory);
    int chosen = port == 0 ? freePort() : port;
    return new EmbeddedClickHouse(
        directory, chosen, extraConfiguration, launch(directory, chosen, extraConfiguration));
  }

  /** Where it answers. */
  public String url() {
    return "http://127.0.0.1:" + port;
  }

  /** The child process. */
  public Process process() {
    return process;
  }

  /** Kills it as {@code kill -9} does. */
  public void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  /** Starts it again on the same directory and port; it must be dead. */
  public void restart() throws IOException, InterruptedException {
    if (process.isAlive()) {
      throw new IllegalStateException("it still runs");
    }
    process = launch(directory, port, extraConfiguration);
  }

  /** Stops it as SIGTERM does. Returns its exit status. */
  public int stop() throws InterruptedException {
    process.destroy();
    if (!process.waitFor(STOP_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)) {
      process.destroyForcibly().waitFor();
    }
    return process.exitValue();
  }

  @Override
  public void close() {
    try {
      stop();
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private static Process launch(Path directory, int port, List<String> extraConfiguration)
      throws IOException, InterruptedException {
    List<String> yaml = new ArrayList<>();
    yaml.add("listen: 127.0.0.1:" + port);
    yaml.add("data_directory: " + directory.resolve("data").toAbsolutePath());
    yaml.add("library: " + EmbeddedConfig.defaultLibrary());
    yaml.addAll(extraConfiguration);
    Path configuration = directory.resolve("clickhouse.yaml");
    Files.write(configuration, yaml);
    Path log = directory.resolve("clickhouse.log");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:+UseSerialGC",
                "-cp",
                classPath(),
                EmbeddedClickHouseMain.class.getName(),
                "--config",
                configuration.toString())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
            .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
            .start();
    long deadlineNs = System.nanoTime() + START_TIMEOUT.toNanos();
    while (!answers(port)) {
      if (!process.isAlive() || System.nanoTime() - deadlineNs > 0) {
        process.destroyForcibly();
        throw new IOException("the embedded ClickHouse did not start:\n" + Files.readString(log));
      }
      Thread.sleep(POLL_MS);
    }
    return process;
  }

  private static String classPath() {
    // Surefire's own class path is a jar that is gone when it ends.
    String surefire = System.getProperty("surefire.test.class.path");
    return surefire == null ? System.getProperty("java.class.path") : surefire;
  }

  private static boolean answers(int port) {
    try {
      HttpURLConnection connection =
          (HttpURLConnection)
              URI.create("http://127.0.0.1:" + port + "/ping").toURL().openConnection();
      connection.setConnectTimeout(1_000);
      connection.setReadTimeout(1_000);
      return connection.getResponseCode() == 200;
    } catch (IOException e) {
      return false;
    }
  }
}
