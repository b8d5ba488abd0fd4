package io.dyetrace.analytics.sim;

import io.dyetrace.common.topology.Topology;

/**
 * An installation of any size. Nodes stand in groups; each group has VIPs of its own, as ECMP sets
 * have: every VIP is on all nodes of its group. Racks hold a quarter of the nodes, at most eight,
 * and mix the groups; zones hold up to eight racks. With two tiers a third of a group's nodes are
 * EIPs in front of the others.
 *
 * @param nodes gateway nodes in all, 2 or more
 * @param groupSize at most so many nodes a group
 * @param vipsPerGroup VIPs of each group
 * @param probers probers, each of which probes every VIP
 * @param twoTiers whether EIPs stand in front
 */
public record FleetTopology(
    int nodes, int groupSize, int vipsPerGroup, int probers, boolean twoTiers) {
  private static final int MOST_IN_RACK = 8;
  private static final int RACKS_PER_ZONE = 8;
  private static final int HOSTS_PER_GROUP = 4;
  private static final int BACKENDS_PER_VIP = 3;
  private static final String CLUSTER = "fleet";

  /** Checks that it can be built. */
  public FleetTopology {
    if (nodes < 2 || groupSize < 2 || vipsPerGroup < 1 || probers < 1 || probers > 200) {
      throw new IllegalArgumentException(
          "nodes %d, group size %d, VIPs %d or probers %d (1 to 200) are out of range"
              .formatted(nodes, groupSize, vipsPerGroup, probers));
    }
    if (twoTiers && nodes < 4) {
      throw new IllegalArgumentException("two tiers need 4 nodes, not " + nodes);
    }
  }

  public int groups() {
    return (nodes + groupSize - 1) / groupSize;
  }

  private int inRack() {
    return Math.max(1, Math.min(MOST_IN_RACK, nodes / 4));
  }

  /** Groups are dealt out in turn, so that racks mix them; a third of each stands in front. */
  private boolean isEdge(int node) {
    return twoTiers && (node / groups()) % 3 == 0;
  }

  private String name(int node) {
    return (isEdge(node) ? "eip-" : "gw-") + (node + 1);
  }

  public Topology build() {
    return Topology.parse(yaml(), "fleet of " + nodes);
  }

  /** The document. */
  public String yaml() {
    StringBuilder y = new StringBuilder("version: 1\nregion: sim\nzones:\n");
    int racks = (nodes + inRack() - 1) / inRack();
    for (int zone = 0; zone * RACKS_PER_ZONE < racks; zone++) {
      y.append("  - name: zone-").append(zone + 1).append("\n    racks:\n");
      int last = Math.min(racks, (zone + 1) * RACKS_PER_ZONE);
      for (int rack = zone * RACKS_PER_ZONE; rack < last; rack++) {
        rack(y, rack);
      }
    }
    outside(y);
    vips(y);
    return y.toString();
  }

  private void rack(StringBuilder y, int rack) {
    y.append("      - name: rack-").append(rack + 1).append("\n        components:\n");
    for (int n = rack * inRack(); n < Math.min(nodes, (rack + 1) * inRack()); n++) {
      component(y, "%s, kind: gateway, tier: %s".formatted(name(n), isEdge(n) ? "EIP" : "CLB"));
    }
  }

  private static void component(StringBuilder y, String what) {
    y.append("          - {name: ")
        .append(what)
        .append(", cluster: ")
        .append(CLUSTER)
        .append("}\n");
  }

  /** Probers and servers stand in a zone of their own, each prober in its own rack. */
  private void outside(StringBuilder y) {
    y.append("  - name: zone-out\n    racks:\n");
    for (int p = 1; p <= probers; p++) {
      y.append("      - name: rack-p").append(p).append("\n        components:\n");
      component(y, "prober-%d, kind: prober, prober_id: %d".formatted(p, p));
    }
    y.append("      - name: rack-s\n        components:\n");
    for (int g = 0; g < groups(); g++) {
      for (int h = 0; h < HOSTS_PER_GROUP; h++) {
        component(y, host(g, h) + ", kind: backend_host");
      }
    }
  }

  private static String host(int group, int host) {
    return "rs-%d-%d".formatted(group + 1, host + 1);
  }

  private void vips(StringBuilder y) {
    y.append("vips:\n");
    for (int g = 0; g < groups(); g++) {
      StringBuilder members = new StringBuilder();
      for (int n = g; n < nodes; n += groups()) {
        members.append(members.isEmpty() ? "" : ", ").append(name(n));
      }
      for (int v = 0; v < vipsPerGroup; v++) {
        vip(y, g, v, members.toString());
      }
    }
  }

  private void vip(StringBuilder y, int group, int vip, String members) {
    int number = group * vipsPerGroup + vip;
    y.append("  - name: vip-").append(number + 1).append('\n');
    y.append("    address: 198.19.").append(address(number)).append('\n');
    if (twoTiers) {
      y.append("    private_address: 10.64.").append(address(number)).append('\n');
    }
    y.append("    port: 80\n    protocol: tcp\n    nodes: [").append(members).append("]\n");
    y.append("    backends:\n");
    for (int b = 0; b < BACKENDS_PER_VIP; b++) {
      int host = (vip + b) % HOSTS_PER_GROUP;
      String name = host(group, host);
      y.append(
          "      - {name: %s-v%d, address: 10.80.%s, port: 80, host: %s}%n"
              .formatted(name, vip + 1, address(group * HOSTS_PER_GROUP + host), name));
    }
  }

  private static String address(int number) {
    return number / 250 + "." + (number % 250 + 1);
  }
}
