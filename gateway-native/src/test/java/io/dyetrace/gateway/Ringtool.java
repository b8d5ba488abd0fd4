package io.dyetrace.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.dyetrace.gateway.telemetry.TelemetryFile;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Stands in for a gateway: dyetrace-ringtool writes a telemetry file from its own process. */
public final class Ringtool implements AutoCloseable {
  private final Process process;
  private final BufferedReader output;
  private final Path file;

  private Ringtool(Process process) throws IOException {
    this.process = process;
    this.output = process.inputReader();
    String line = output.readLine();
    assertThat(line).as("ringtool's first line").isNotNull();
    this.file = Path.of(line);
  }

  /** Skips the test when the C part is not built, or fails it with REQUIRE_ALL=1. */
  public static void assumeBuilt() {
    Throwable cause = TelemetryFile.unavailabilityCause();
    boolean built = cause == null && Files.isExecutable(binary());
    String reason = "gateway-native/build lacks libdyetrace_jni.so or dyetrace-ringtool: " + cause;
    if ("1".equals(System.getenv("REQUIRE_ALL"))) {
      assertThat(built).as(reason).isTrue();
    }
    assumeTrue(built, reason);
  }

  /** Starts a producer that holds its file until it is closed or killed. */
  public static Ringtool produce(Path directory, String node, String... options) {
    List<String> command = new ArrayList<>();
    command.add(binary().toString());
    command.addAll(
        List.of("produce", "--hold", "--directory", directory.toString(), "--node", node));
    command.addAll(List.of(options));
    try {
      return new Ringtool(
          new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The telemetry file. */
  public Path file() {
    return file;
  }

  /** Waits until --count points have been written to each ring. */
  public Ringtool awaitWritten() {
    try {
      assertThat(output.readLine()).contains("\"lost\":0");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return this;
  }

  /** kill -9. */
  public void kill() {
    process.destroyForcibly();
    join();
  }

  @Override
  public void close() {
    process.destroy();
    join();
  }

  private void join() {
    try {
      process.waitFor();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static Path binary() {
    return Path.of(
        System.getProperty("dyetrace.home", ".."), "gateway-native/build/dyetrace-ringtool");
  }
}
