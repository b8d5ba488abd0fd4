package io.dyetrace.lab.packet;

import io.dyetrace.lab.LabException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A tcpdump in a namespace.
 *
 * <pre>{@code
 * try (Capture capture = Capture.start("dyetrace-rs-1", "eth0", "tcp")) {
 *   ...
 *   List<byte[]> frames = capture.stop();
 * }
 * }</pre>
 */
public final class Capture implements AutoCloseable {
  private final Process process;
  private final Path file;

  private Capture(Process process, Path file) {
    this.process = process;
    this.file = file;
  }

  /** Returns when it captures. */
  public static Capture start(String namespace, String device, String filter) {
    try {
      Path file = Files.createTempFile("dyetrace-lab-", ".pcap");
      Process process =
          new ProcessBuilder(
                  "ip",
                  "netns",
                  "exec",
                  namespace,
                  "tcpdump",
                  "--immediate-mode",
                  "-U",
                  "-n",
                  "-s",
                  "0",
                  "-Z",
                  "root",
                  "-i",
                  device,
                  "-w",
                  file.toString(),
                  filter)
              .redirectErrorStream(true)
              .start();
      BufferedReader messages =
          new BufferedReader(
              new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
      for (String line = messages.readLine(); line != null; line = messages.readLine()) {
        if (line.contains("listening on")) {
          return new Capture(process, file);
        }
      }
      throw LabException.failed("tcpdump on " + device + " in " + namespace + " does not start");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What was captured so far. */
  public List<byte[]> soFar() {
    try {
      return PcapFile.read(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Ends it; returns what was captured. */
  public List<byte[]> stop() {
    end();
    return soFar();
  }

  private void end() {
    process.destroy();
    try {
      if (!process.waitFor(5, TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    end();
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
