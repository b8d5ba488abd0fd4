package io.dyetrace.analytics.sim;

import io.dyetrace.common.topology.Topology;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** The lab's topologies: gateway nodes, 2 probers, 3 backend hosts, 3 VIPs. */
public final class SimTopology {
  private static final List<String> NODES = List.of("gw-1", "gw-2", "gw-3", "gw-4");

  /** A VIP; its number is in its addresses, and {@code keys} are what only some have. */
  private record Vip(String service, int number, int port, String protocol, String keys) {
    static Vip tcp(String service, int number, int port) {
      return new Vip(service, number, port, "tcp", "");
    }

    Vip with(String more) {
      return new Vip(service, number, port, protocol, keys + more);
    }

    Vip behindEip() {
      return with("    private_address: 198.19.1.%d\n".formatted(number));
    }

    String yaml(List<String> nodes) {
      String backends =
          IntStream.rangeClosed(1, 3)
              .mapToObj(
                  i ->
                      "      - {name: rs-%1$d-%2$s, address: 198.18.3%1$d.2, port: %3$d}\n"
                          .formatted(i, service, port))
              .collect(Collectors.joining());
      return """
        - name: vip-%s
          address: 198.19.0.%d
          port: %d
          protocol: %s
      %s    nodes: %s
          backends:
      %s"""
          .formatted(service, number, port, protocol, keys, nodes, backends);
    }
  }

  private static final Vip WEB = Vip.tcp("web", 1, 80);
  private static final Vip API = Vip.tcp("api", 2, 8080);
  private static final Vip MESH = Vip.tcp("mesh", 3, 9000);
  private static final Vip QUIC = new Vip("quic", 5, 443, "udp", "    probe: {port: 8443}\n");

  private SimTopology() {}

  /** 4 CLB nodes. */
  public static Topology lab() {
    return Topology.parse(labYaml(), "simulated topology");
  }

  public static String labYaml() {
    return yaml(NODES, List.of(WEB, API, MESH));
  }

  /** The lab without gw-4 and vip-mesh. */
  public static Topology smaller() {
    return Topology.parse(yaml(NODES.subList(0, 3), List.of(WEB, API)), "smaller topology");
  }

  /** 2 EIP nodes in front of 3 CLB nodes; vip-quic is UDP, and covered by a TCP probe port. */
  public static Topology twoTier() {
    return Topology.parse(
        yaml(
            List.of("eip-1", "eip-2", "clb-1", "clb-2", "clb-3"),
            List.of(WEB.behindEip(), API.behindEip(), QUIC.behindEip())),
        "simulated topology of two tiers");
  }

  private static String yaml(List<String> nodes, List<Vip> vips) {
    String gateways =
        nodes.stream()
            .map(n -> component(n, "kind: gateway, tier: " + (n.startsWith("eip") ? "EIP" : "CLB")))
            .collect(Collectors.joining());
    String probers =
        IntStream.rangeClosed(1, 2)
            .mapToObj(i -> component("prober-" + i, "kind: prober, prober_id: " + i))
            .collect(Collectors.joining());
    String hosts =
        IntStream.rangeClosed(1, 3)
            .mapToObj(i -> component("rs-" + i, "kind: backend_host"))
            .collect(Collectors.joining());
    return """
      version: 1
      region: lab
      zones:
        - name: lab-a
          racks:
            - name: rack-1
              components:
      %s%s%svips:
      %s"""
        .formatted(
            gateways,
            probers,
            hosts,
            vips.stream().map(v -> v.yaml(nodes)).collect(Collectors.joining()));
  }

  private static String component(String name, String keys) {
    return "          - {name: %s, cluster: lab, %s}\n".formatted(name, keys);
  }
}
