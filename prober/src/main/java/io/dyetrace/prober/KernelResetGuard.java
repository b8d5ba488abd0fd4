package io.dyetrace.prober;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the kernel from answering for the prober: it knows no socket behind the probes' ports and
 * would reset every SYN-ACK by itself, without a colour. An nftables table of the prober's own
 * drops those resets on their way out; frames from the capture interface do not pass it.
 */
final class KernelResetGuard implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(KernelResetGuard.class);
  private static final Path LOCAL_PORTS = Path.of("/proc/sys/net/ipv4/ip_local_port_range");

  private final String table;

  private KernelResetGuard(String table) {
    this.table = table;
  }

  /**
   * Refuses ports that the kernel gives to ordinary connections, whose resets would be dropped.
   *
   * @throws IOException when they overlap, or the kernel's range cannot be read
   */
  static void requireNoLocalPorts(int first, int last) throws IOException {
    String[] range = readSetting(LOCAL_PORTS).trim().split("\\s+");
    int localFirst = Integer.parseInt(range[0]);
    int localLast = Integer.parseInt(range[1]);
    if (first <= localLast && last >= localFirst) {
      throw new IOException(
          "source_ports: "
              + first
              + "-"
              + last
              + " overlap the kernel's own "
              + localFirst
              + "-"
              + localLast
              + " (net.ipv4.ip_local_port_range)");
    }
  }

  /** The kernel answers the first read of a setting only, so that it has to take everything. */
  private static String readSetting(Path path) throws IOException {
    try (InputStream in = Files.newInputStream(path)) {
      byte[] bytes = new byte[256];
      int length = in.read(bytes);
      return new String(bytes, 0, Math.max(0, length), StandardCharsets.UTF_8);
    }
  }

  /** Puts the rule in place, in the stead of one that a killed prober left behind. */
  static KernelResetGuard install(int proberId, String address, int firstPort, int lastPort)
      throws IOException {
    String table = "inet dyetrace_prober_" + proberId;
    nft(
        "add table "
            + table
            + "\n"
            + "delete table "
            + table
            + "\n"
            + "table "
            + table
            + " {\n"
            + "  chain output {\n"
            + "    type filter hook output priority 0; policy accept;\n"
            + "    ip saddr "
            + address
            + " tcp sport "
            + firstPort
            + "-"
            + lastPort
            + " tcp flags & rst == rst counter drop\n"
            + "  }\n"
            + "}\n");
    return new KernelResetGuard(table);
  }

  @Override
  public void close() {
    try {
      nft("add table " + table + "\ndelete table " + table + "\n");
    } catch (IOException e) {
      LOG.warn("the nftables table {} stays behind: {}", table, e.getMessage());
    }
  }

  private static void nft(String script) throws IOException {
    Process process = new ProcessBuilder("nft", "-f", "-").redirectErrorStream(true).start();
    try {
      process.getOutputStream().write(script.getBytes(StandardCharsets.UTF_8));
      process.getOutputStream().close();
      String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new IOException("nft does not end");
      }
      if (process.exitValue() != 0) {
        throw new IOException("nft: " + said.trim().replace('\n', ' '));
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while nft ran", e);
    }
  }
}
