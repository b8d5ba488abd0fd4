package io.dyetrace.common.config;

import io.dyetrace.common.record.Location;

/**
 * The {@code location} block: where the reporting component stands. Every record carries it.
 *
 * @param node the component's own name
 */
public record LocationConfig(String region, String zone, String rack, String cluster, String node) {
  /** Checks that everything is there. */
  public LocationConfig {
    Check.name("region", region);
    Check.name("zone", zone);
    Check.name("rack", rack);
    Check.name("cluster", cluster);
    Check.name("node", node);
  }

  /** The same as records carry it. */
  public Location toProto() {
    return Location.newBuilder()
        .setRegion(region)
        .setZone(zone)
        .setRack(rack)
        .setCluster(cluster)
        .setNode(node)
        .build();
  }
}
