package io.dyetrace.analytics.sim;

import io.dyetrace.common.topology.Topology;

/** The lab's topology: 2 probers, 4 gateway nodes, 3 backend hosts, 3 VIPs. */
public final class SimTopology {
  public static final String YAML =
      """
      version: 1
      region: lab
      zones:
        - name: lab-a
          racks:
            - name: rack-1
              components:
                - {name: gw-1, kind: gateway, cluster: lab, tier: CLB}
                - {name: gw-2, kind: gateway, cluster: lab, tier: CLB}
                - {name: gw-3, kind: gateway, cluster: lab, tier: CLB}
                - {name: gw-4, kind: gateway, cluster: lab, tier: CLB}
                - {name: prober-1, kind: prober, cluster: lab, prober_id: 1}
                - {name: prober-2, kind: prober, cluster: lab, prober_id: 2}
                - {name: rs-1, kind: backend_host, cluster: lab}
                - {name: rs-2, kind: backend_host, cluster: lab}
                - {name: rs-3, kind: backend_host, cluster: lab}
      vips:
        - name: vip-web
          address: 198.19.0.1
          port: 80
          protocol: tcp
          nodes: [gw-1, gw-2, gw-3, gw-4]
          backends:
            - {name: rs-1-web, address: 198.18.31.2, port: 80}
            - {name: rs-2-web, address: 198.18.32.2, port: 80}
            - {name: rs-3-web, address: 198.18.33.2, port: 80}
        - name: vip-api
          address: 198.19.0.2
          port: 8080
          protocol: tcp
          nodes: [gw-1, gw-2, gw-3, gw-4]
          backends:
            - {name: rs-1-api, address: 198.18.31.2, port: 8080}
            - {name: rs-2-api, address: 198.18.32.2, port: 8080}
            - {name: rs-3-api, address: 198.18.33.2, port: 8080}
        - name: vip-mesh
          address: 198.19.0.3
          port: 9000
          protocol: tcp
          nodes: [gw-1, gw-2, gw-3, gw-4]
          backends:
            - {name: rs-1-mesh, address: 198.18.31.2, port: 9000}
            - {name: rs-2-mesh, address: 198.18.32.2, port: 9000}
            - {name: rs-3-mesh, address: 198.18.33.2, port: 9000}
      """;

  /** 2 EIP nodes in front of 3 CLB nodes; vip-quic is UDP, and covered by a TCP probe port. */
  private static final String TWO_TIER =
      """
      version: 1
      region: lab
      zones:
        - name: lab-a
          racks:
            - name: rack-1
              components:
                - {name: eip-1, kind: gateway, cluster: lab, tier: EIP}
                - {name: eip-2, kind: gateway, cluster: lab, tier: EIP}
                - {name: clb-1, kind: gateway, cluster: lab, tier: CLB}
                - {name: clb-2, kind: gateway, cluster: lab, tier: CLB}
                - {name: clb-3, kind: gateway, cluster: lab, tier: CLB}
                - {name: prober-1, kind: prober, cluster: lab, prober_id: 1}
                - {name: prober-2, kind: prober, cluster: lab, prober_id: 2}
                - {name: rs-1, kind: backend_host, cluster: lab}
                - {name: rs-2, kind: backend_host, cluster: lab}
                - {name: rs-3, kind: backend_host, cluster: lab}
      vips:
        - name: vip-web
          address: 198.19.0.1
          private_address: 198.19.1.1
          port: 80
          protocol: tcp
          nodes: [eip-1, eip-2, clb-1, clb-2, clb-3]
          backends:
            - {name: rs-1-web, address: 198.18.31.2, port: 80}
            - {name: rs-2-web, address: 198.18.32.2, port: 80}
            - {name: rs-3-web, address: 198.18.33.2, port: 80}
        - name: vip-api
          address: 198.19.0.2
          private_address: 198.19.1.2
          port: 8080
          protocol: tcp
          nodes: [eip-1, eip-2, clb-1, clb-2, clb-3]
          backends:
            - {name: rs-1-api, address: 198.18.31.2, port: 8080}
            - {name: rs-2-api, address: 198.18.32.2, port: 8080}
            - {name: rs-3-api, address: 198.18.33.2, port: 8080}
        - name: vip-quic
          address: 198.19.0.5
          private_address: 198.19.1.5
          port: 443
          protocol: udp
          probe: {port: 8443}
          nodes: [eip-1, eip-2, clb-1, clb-2, clb-3]
          backends:
            - {name: rs-1-quic, address: 198.18.31.2, port: 443}
            - {name: rs-2-quic, address: 198.18.32.2, port: 443}
            - {name: rs-3-quic, address: 198.18.33.2, port: 443}
      """;

  private SimTopology() {}

  public static Topology twoTier() {
    return Topology.parse(TWO_TIER, "simulated topology of two tiers");
  }

  /** The lab without gw-4 and vip-mesh. */
  public static Topology smaller() {
    return Topology.parse(
        YAML.substring(0, YAML.indexOf("  - name: vip-mesh"))
            .replaceAll("(?m)^ *- [{]name: gw-4,.*\n", "")
            .replace(", gw-4]", "]"),
        "smaller topology");
  }

  public static Topology lab() {
    return Topology.parse(YAML, "simulated topology");
  }
}
