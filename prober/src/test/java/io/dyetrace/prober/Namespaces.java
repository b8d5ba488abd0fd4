package io.dyetrace.prober;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A prober's namespace and a server's, joined by a cable. The server is the router too: it holds
 * 198.19.0.1, refuses to reach 198.19.0.9 and swallows what goes to 198.19.0.8.
 */
final class Namespaces implements AutoCloseable {
  static final String PROBER_ADDRESS = "198.18.11.2";
  static final String ROUTER_ADDRESS = "198.18.11.1";

  final String prober;
  final String server;

  Namespaces() throws IOException, InterruptedException {
    String id = Long.toString(ProcessHandle.current().pid());
    prober = "dt-prober-p-" + id;
    server = "dt-prober-s-" + id;
    try {
      sh("ip netns add " + prober);
      sh("ip netns add " + server);
      sh("ip link add eth0 netns " + prober + " type veth peer name eth0 netns " + server);
      for (String ns : List.of(prober, server)) {
        sh("ip -n " + ns + " link set lo up");
        sh("ip netns exec " + ns + " sysctl -qw net.ipv6.conf.all.disable_ipv6=1");
        sh("ip -n " + ns + " link set eth0 up");
        sh("ip netns exec " + ns + " ethtool -K eth0 tx off");
      }
      sh("ip -n " + prober + " addr add " + PROBER_ADDRESS + "/24 dev eth0");
      sh("ip -n " + prober + " route add default via " + ROUTER_ADDRESS);
      sh("ip -n " + server + " addr add " + ROUTER_ADDRESS + "/24 dev eth0");
      sh("ip -n " + server + " addr add 198.19.0.1/32 dev lo");
      sh("ip -n " + server + " route add unreachable 198.19.0.9");
      sh("ip -n " + server + " route add blackhole 198.19.0.8");
      sh("ip netns exec " + server + " sysctl -qw net.ipv4.ip_forward=1");
      sh("ip netns exec " + server + " sysctl -qw net.ipv4.icmp_ratelimit=0");
      sh("ip netns exec " + server + " sysctl -qw net.ipv4.icmp_errors_use_inbound_ifaddr=1");
    } catch (IOException e) {
      close();
      throw e;
    }
  }

  /** Runs a command to its end, and returns what it said. */
  static String sh(String command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder("sh", "-c", command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (!process.waitFor(20, TimeUnit.SECONDS) || process.exitValue() != 0) {
      throw new IOException(command + ": " + said);
    }
    return said;
  }

  static String in(String namespace, String command) throws IOException, InterruptedException {
    return sh("ip netns exec " + namespace + " " + command);
  }

  /** Starts a command in a namespace. */
  static ProcessBuilder command(String namespace, String... command) {
    List<String> all = new ArrayList<>(List.of("ip", "netns", "exec", namespace));
    all.addAll(List.of(command));
    return new ProcessBuilder(all)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .redirectError(ProcessBuilder.Redirect.INHERIT);
  }

  /** Starts a main class of this class path in a namespace. */
  static ProcessBuilder java(String namespace, Class<?> main, String... arguments) {
    List<String> all =
        new ArrayList<>(
            List.of(
                System.getProperty("java.home") + "/bin/java",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                main.getName()));
    all.addAll(List.of(arguments));
    return command(namespace, all.toArray(String[]::new));
  }

  @Override
  public void close() {
    for (String ns : List.of(prober, server)) {
      try {
        sh("ip netns del " + ns);
      } catch (IOException e) {
        System.err.println(e.getMessage());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
