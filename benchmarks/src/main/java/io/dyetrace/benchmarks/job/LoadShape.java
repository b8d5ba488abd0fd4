package io.dyetrace.benchmarks.job;

import java.util.ArrayList;
import java.util.List;

/**
 * How much telemetry of what network: stateless EIP nodes in front of as many stateful CLB nodes,
 * one cluster, so one detector.
 *
 * @param nodes gateway nodes, half of each tier
 * @param probers probers
 * @param vips VIPs, each on every node
 * @param recordsPerSecond results, points and counter rows together
 * @param seconds of telemetry
 */
record LoadShape(int nodes, int probers, int vips, int recordsPerSecond, int seconds) {
  static final int BACKENDS_PER_VIP = 2;

  /** A probe gives its result and two stamps in each of two tiers, there and back. */
  static final int RECORDS_PER_PROBE = 9;

  /** A node's counter rows each second: the node's, one worker's and one of each direction. */
  static final int COUNTERS_PER_NODE = 4;

  int nodesPerTier() {
    return nodes / 2;
  }

  int probesPerSecond() {
    return Math.max(probers, (recordsPerSecond - nodes * COUNTERS_PER_NODE) / RECORDS_PER_PROBE);
  }

  /** Nodes, probers, VIPs and backends. */
  int components() {
    return nodes + probers + vips + vips * BACKENDS_PER_VIP;
  }

  /** Probes that one CLB node meets in a round of 5 s. */
  double probesPerNodeAndRound() {
    return 5.0 * probesPerSecond() / nodesPerTier();
  }

  static String eip(int n) {
    return "eip-" + (n + 1);
  }

  static String clb(int n) {
    return "clb-" + (n + 1);
  }

  static String vip(int n) {
    return "vip-" + (n + 1);
  }

  /** The topology document. */
  String topology() {
    StringBuilder yaml = new StringBuilder("version: 1\nregion: bench\nzones:\n");
    int perRack = 20;
    List<String> all = new ArrayList<>();
    for (int i = 0; i < nodesPerTier(); i++) {
      all.add("{name: %s, kind: gateway, cluster: c, tier: EIP}".formatted(eip(i)));
      all.add("{name: %s, kind: gateway, cluster: c, tier: CLB}".formatted(clb(i)));
    }
    for (int i = 1; i <= probers; i++) {
      all.add("{name: prober-%d, kind: prober, cluster: c, prober_id: %d}".formatted(i, i));
    }
    for (int i = 0; i < vips * BACKENDS_PER_VIP; i++) {
      all.add("{name: rs-%d, kind: backend_host, cluster: c}".formatted(i));
    }
    yaml.append("  - name: a\n    racks:\n");
    for (int i = 0; i < all.size(); i++) {
      if (i % perRack == 0) {
        yaml.append("      - name: rack-").append(i / perRack).append("\n        components:\n");
      }
      yaml.append("          - ").append(all.get(i)).append('\n');
    }
    List<String> names = new ArrayList<>();
    for (int i = 0; i < nodesPerTier(); i++) {
      names.add(eip(i));
      names.add(clb(i));
    }
    yaml.append("vips:\n");
    for (int v = 0; v < vips; v++) {
      yaml.append(
          """
            - name: %s
              address: 198.19.0.%d
              private_address: 198.19.1.%d
              port: 80
              protocol: tcp
              nodes: [%s]
              backends:
          """
              .formatted(vip(v), v + 1, v + 1, String.join(", ", names)));
      for (int b = 0; b < BACKENDS_PER_VIP; b++) {
        int host = v * BACKENDS_PER_VIP + b;
        yaml.append(
            "      - {name: rs-%d-%s, address: 198.18.%d.%d, port: 80}\n"
                .formatted(host, vip(v), 100 + host / 250, 1 + host % 250));
      }
    }
    return yaml.toString();
  }
}
