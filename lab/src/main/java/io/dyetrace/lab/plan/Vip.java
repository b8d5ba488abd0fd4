package io.dyetrace.lab.plan;

import java.util.List;

/**
 * A service address and the servers behind it.
 *
 * @param newConnectionLimit connections a second on one node, 0: none
 * @param hosts real servers behind it
 */
public record Vip(String name, String address, int port, int newConnectionLimit, List<Host> hosts) {

  /** The backend's name on a host: {@code rs-1-web}. */
  public String backendName(Host host) {
    return host.name() + "-" + name.substring("vip-".length());
  }
}
