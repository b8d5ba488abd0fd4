package io.dyetrace.common.topology;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.dyetrace.common.config.Check;
import io.dyetrace.common.config.ConfigException;
import java.net.InetAddress;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A virtual address.
 *
 * @param address as clients and probers send to it
 * @param privateAddress what an EIP tier makes of it, when there is one: the address that the CLB
 *     tier serves
 * @param probe how it is probed when it cannot be probed itself; null: by its own port
 * @param nodes names of the gateways that serve it, of every tier
 * @param backends where its connections go
 */
public record Vip(
    String name,
    InetAddress address,
    @Nullable InetAddress privateAddress,
    int port,
    Protocol protocol,
    @Nullable Probe probe,
    List<String> nodes,
    List<Backend> backends) {
  /** What it forwards. */
  public enum Protocol {
    /** TCP. */
    @JsonProperty("tcp")
    TCP(6),
    /** UDP. */
    @JsonProperty("udp")
    UDP(17);

    private final int number;

    Protocol(int number) {
      this.number = number;
    }

    /** IANA's number, as records carry it. */
    public int number() {
      return number;
    }
  }

  /**
   * One server process behind the VIP.
   *
   * @param weight 1 when left out; 0 takes no new connections
   * @param host the backend host it runs on; when left out, the one whose name the backend's name
   *     begins with: {@code rs-1-web} runs on {@code rs-1}
   */
  public record Backend(
      String name, InetAddress address, int port, @Nullable Integer weight, @Nullable String host) {
    /** Sets the default and checks. */
    public Backend {
      Check.name("name", name);
      Check.required("address", address);
      Check.range("port", port, 1, 65_535);
      weight = Check.range("weight", Check.orDefault(weight, 1).intValue(), 0, 65_535);
    }
  }

  /**
   * The TCP port on the VIP's own address that is probed in its place: the way to the nodes, and
   * through them, is the same.
   *
   * @param protocol TCP when left out, and nothing else
   */
  public record Probe(int port, @Nullable Protocol protocol) {
    /** Sets the default and checks. */
    public Probe {
      Check.range("probe.port", port, 1, 65_535);
      protocol = Check.orDefault(protocol, Protocol.TCP);
      if (protocol != Protocol.TCP) {
        throw new ConfigException("probe.protocol: only tcp can be probed");
      }
    }
  }

  /** The TCP port that probes of this VIP go to. */
  public int probePort() {
    return probe == null ? port : probe.port();
  }

  /** Whether another port's probes stand for it. */
  public boolean isCoveredByProbe() {
    return probe != null;
  }

  /** What an on-call engineer must know of a VIP that is not probed itself; empty for others. */
  public String coverage() {
    return probe == null
        ? ""
        : "%s (%s %d) is covered by TCP probe on port %d over the same nodes"
            .formatted(name, protocol.name(), port, probe.port());
  }

  /** Checks what the document alone can tell. */
  public Vip {
    Check.name("name", name);
    Check.required("address", address);
    if (privateAddress != null
        && privateAddress.getAddress().length != address.getAddress().length) {
      throw new ConfigException("private_address: not of the family of address");
    }
    Check.range("port", port, 1, 65_535);
    Check.required("protocol", protocol);
    nodes = List.copyOf(Check.required("nodes", nodes));
    backends = List.copyOf(Check.required("backends", backends));
    Set<String> seen = new HashSet<>();
    for (String node : nodes) {
      if (!seen.add(node)) {
        throw new ConfigException("nodes: " + node + " is there twice");
      }
    }
  }

  /** The same on some of its nodes. */
  Vip servedBy(List<String> some) {
    return new Vip(name, address, privateAddress, port, protocol, probe, some, backends);
  }
}
