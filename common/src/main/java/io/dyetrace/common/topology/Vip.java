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
 * @param nodes names of the gateways that serve it
 * @param backends where its connections go
 */
public record Vip(
    String name,
    InetAddress address,
    int port,
    Protocol protocol,
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

  /** Checks what the document alone can tell. */
  public Vip {
    Check.name("name", name);
    Check.required("address", address);
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
}
