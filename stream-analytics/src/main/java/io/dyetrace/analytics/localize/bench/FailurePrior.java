package io.dyetrace.analytics.localize.bench;

import io.dyetrace.analytics.localize.Topology;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What a generator does, as probabilities: what no localizer knows, and {@link InformationBound} is
 * told.
 *
 * @param weights per component the weights {@code -ln(1 - rate)} that it may have if it failed;
 *     none if it never fails
 * @param logPrior how probable component and weight are together, for one failure
 * @param background mean loss of healthy links
 * @param backgrounds equally probable values of it for single links; none if it does not matter
 * @param most how many fail at most; 1 to so many are equally probable
 */
record FailurePrior(
    double[][] weights, double[][] logPrior, double background, double[] backgrounds, int most) {
  /** The weight of a component that loses everything. */
  private static final double DEAD = 30;

  private static final double[] NONE = {};
  private static final int RATES = 12;

  /** The prior of a family's generator, or null where it has not been written down. */
  static @Nullable FailurePrior of(String family, Topology topology) {
    double[] spread = even(0, 1e-4, 5);
    return switch (family) {
      case "links, known paths", "links, known paths, 5 x traffic", "links, active probes" ->
          links(topology, even(0.002, 0.018, RATES), 5e-5, spread, 8);
      case "007, uniform", "007, hot rack" ->
          links(topology, even(5e-4, 0.01, RATES), 5e-7, NONE, 10);
      case "gateway, stamped", "gateway, lost probes unstamped" -> gateway(topology);
      default -> null;
    };
  }

  private static FailurePrior links(
      Topology topology, double[] rates, double background, double[] spread, int most) {
    FailurePrior prior = empty(topology, background, spread, most);
    for (int link = 0; link < topology.links(); link++) {
      prior.give(link, rates, 1.0 / topology.links());
    }
    return prior;
  }

  /** {@link GatewayTraces}: half of the failures are links on the way there, half are nodes. */
  private static FailurePrior gateway(Topology topology) {
    FailurePrior prior = empty(topology, 2.5e-5, NONE, 3);
    double[] rates = even(-1.5, 0, RATES);
    for (int j = 0; j < RATES; j++) {
      rates[j] = Math.pow(10, rates[j]);
    }
    for (int link = 0; link < topology.links(); link += 2) {
      prior.give(link, rates, 1.0 / topology.links());
    }
    int first = 0;
    while (topology.nodeKind(first).equals("prober")) {
      first++;
    }
    // Half of the failed nodes are dead.
    double[] soft = even(0.05, 0.55, RATES - 1);
    double[] node = Arrays.copyOf(soft, RATES);
    node[RATES - 1] = 1;
    for (int v = first; v < topology.nodes(); v++) {
      int c = topology.links() + v;
      double share = 0.5 / (topology.nodes() - first);
      prior.give(c, node, share);
      Arrays.fill(prior.logPrior[c], 0, soft.length, Math.log(share / 2 / soft.length));
      prior.logPrior[c][RATES - 1] = Math.log(share / 2);
    }
    return prior;
  }

  private static FailurePrior empty(
      Topology topology, double background, double[] spread, int most) {
    double[][] none = new double[topology.components()][0];
    return new FailurePrior(none.clone(), none.clone(), background, spread, most);
  }

  /** This component fails with this probability, every rate as probable as the others. */
  private void give(int component, double[] rates, double probability) {
    weights[component] = new double[rates.length];
    logPrior[component] = new double[rates.length];
    for (int j = 0; j < rates.length; j++) {
      weights[component][j] = rates[j] >= 1 ? DEAD : -Math.log1p(-rates[j]);
      logPrior[component][j] = Math.log(probability / rates.length);
    }
  }

  /** The middles of so many equal parts. */
  private static double[] even(double low, double high, int parts) {
    double[] values = new double[parts];
    for (int i = 0; i < parts; i++) {
      values[i] = low + (high - low) * (i + 0.5) / parts;
    }
    return values;
  }
}
