package io.dyetrace.benchmarks.campaign;

import io.dyetrace.analytics.sim.FleetTopology;

/**
 * An installation of so many nodes, with as many VIPs, probers and probes as the density needs.
 *
 * @param fleet who stands where
 * @param probesPerRound each prober's probes to each VIP in 5 s
 */
record Installation(FleetTopology fleet, int probesPerRound) {
  /** As wide as an ECMP set usually is. */
  private static final int GROUP = 16;

  private static final double ROUND_SECONDS = 5;

  /**
   * Scales.
   *
   * @param density probes that each node of the larger tier meets in a round, on the average
   */
  static Installation of(int nodes, double density, boolean twoTiers) {
    int vips = nodes <= GROUP ? 3 : 2;
    int probers = nodes <= GROUP ? 2 : nodes <= 1000 ? 4 : 6;
    FleetTopology fleet = new FleetTopology(nodes, GROUP, vips, probers, twoTiers);
    double inGroup = (double) nodes / fleet.groups();
    double inTier = twoTiers ? inGroup * 2 / 3 : inGroup;
    int perRound = (int) Math.max(1, Math.ceil(density * inTier / (vips * probers) - 1e-9));
    return new Installation(fleet, perRound);
  }

  double probesPerSecond() {
    return fleet.probers()
        * (double) fleet.vipsPerGroup()
        * fleet.groups()
        * probesPerRound
        / ROUND_SECONDS;
  }
}
