package io.dyetrace.benchmarks.campaign;

import static io.dyetrace.analytics.sim.Simulation.MS;
import static io.dyetrace.analytics.sim.Simulation.SECOND;

import io.dyetrace.analytics.sim.Simulation;
import io.dyetrace.common.topology.Component;
import io.dyetrace.common.topology.Topology;
import java.util.Locale;
import java.util.Random;

/**
 * The healthy installation around a fault, drawn at random.
 *
 * @param lossShare each part of the way loses so much, each packet for itself: 1e-5 to 1e-3
 * @param skewed clocks differ by up to a second between hosts, not by some milliseconds
 * @param repeated some batches come late and some twice
 * @param learned it has run for so long that every source port's node is known
 */
record Setting(
    Installation installation,
    boolean twoTiers,
    double lossShare,
    boolean skewed,
    boolean repeated,
    boolean learned) {
  private static final double LATE = 1e-4;
  private static final double TWICE = 0.01;

  static Setting draw(int nodes, double density, Random random) {
    boolean twoTiers = random.nextInt(4) == 0 && nodes >= 6;
    return new Setting(
        Installation.of(nodes, density, twoTiers),
        twoTiers,
        Math.pow(10, -5 + 2 * random.nextDouble()),
        random.nextInt(4) == 0,
        random.nextBoolean(),
        random.nextBoolean());
  }

  Simulation simulation(Topology topology, Random random, long durationNs) {
    Simulation sim =
        new Simulation(topology, random.nextLong(), durationNs)
            .withFleetNoise(lossShare)
            .withProbesPerRound(installation.probesPerRound());
    if (repeated) {
      sim.withLateAndRepeatedBatches(LATE, TWICE);
    }
    for (Component c : topology.components()) {
      double offset = random.nextDouble() - 0.5;
      sim.clockOffset(c.name(), -SECOND, (long) (offset * (skewed ? SECOND : 10 * MS)));
    }
    return sim;
  }

  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "%d nodes in %d tier%s, %d VIPs, %d probers, %.1f probes/s, loss %.0e, clocks within %s%s%s",
        installation.fleet().nodes(),
        twoTiers ? 2 : 1,
        twoTiers ? "s" : "",
        installation.fleet().groups() * installation.fleet().vipsPerGroup(),
        installation.fleet().probers(),
        installation.probesPerSecond(),
        lossShare,
        skewed ? "1 s" : "10 ms",
        repeated ? ", batches late and repeated" : "",
        learned ? "" : ", just started");
  }
}
