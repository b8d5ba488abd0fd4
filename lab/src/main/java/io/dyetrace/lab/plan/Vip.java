package io.dyetrace.lab.plan;

import java.util.List;

/**
 * A service address and the servers behind it.
 *
 * @param address as clients send to it
 * @param privateAddress what the elastic IP tier makes of it, or empty where there is none
 * @param protocol {@code tcp} or {@code udp}
 * @param probePort the TCP port that is probed in its place, 0: its own
 * @param newConnectionLimit connections a second on one node, 0: none
 * @param hosts real servers behind it
 */
public record Vip(
    String name,
    String address,
    String privateAddress,
    int port,
    String protocol,
    int probePort,
    int newConnectionLimit,
    List<Host> hosts) {

  /** The backend's name on a host: {@code rs-1-web}. */
  public String backendName(Host host) {
    return host.name() + "-" + name.substring("vip-".length());
  }

  /** The address that load balancers serve. */
  public String servedAddress() {
    return privateAddress.isEmpty() ? address : privateAddress;
  }

  /** The TCP port that probes go to. */
  public int probedPort() {
    return probePort == 0 ? port : probePort;
  }

  /** What is to be known of a VIP that is not probed itself; empty for others. */
  public String coverage() {
    return probePort == 0
        ? ""
        : "%s %d/%s is covered by TCP probe on port %d".formatted(name, port, protocol, probePort);
  }
}
