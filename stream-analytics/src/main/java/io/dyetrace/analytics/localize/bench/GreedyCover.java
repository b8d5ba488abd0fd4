package io.dyetrace.analytics.localize.bench;

/**
 * Tomo (CoNEXT 2007) and deTector's PLL (ATC 2017): paths that lose more than a rate are bad; the
 * link that covers most bad paths not yet covered is accused, then the next, until all are covered.
 * Only links count of whose paths a share (the hit ratio) is bad: all of them in Tomo.
 *
 * @param rate the loss from which a path is bad
 * @param hitRatio the least share of bad paths among those of a link
 * @param leastLost the fewest packets a path must have lost to be bad
 */
record GreedyCover(double rate, double hitRatio, int leastLost) implements Baseline {
  @Override
  public String name() {
    return (hitRatio >= 1 ? "Tomo" : "PLL, hit ratio " + hitRatio)
        + ", rate "
        + rate
        + ", lost "
        + leastLost;
  }

  @Override
  public Accused accuse(LabelledTrace trace) {
    Flows flows = Flows.of(trace);
    int links = trace.topology.links();
    double[] met = new double[links];
    double[] bad = new double[links];
    boolean[] open = new boolean[flows.paths.size()];
    for (int i = 0; i < open.length; i++) {
      double[] sum = flows.sums.get(i);
      double lost = sum[Flows.LOST];
      open[i] = lost >= leastLost && lost > rate * sum[Flows.SENT];
      double weight = 1.0 / Flows.count(flows.paths.get(i));
      for (int link : flows.paths.get(i)) {
        if (link >= 0) {
          met[link] += weight;
          bad[link] += open[i] ? weight : 0;
        }
      }
    }
    Accused accused = Accused.none();
    while (true) {
      double[] covers = new double[links];
      for (int i = 0; i < open.length; i++) {
        double weight = flows.sums.get(i)[Flows.LOST] / Flows.count(flows.paths.get(i));
        for (int link : flows.paths.get(i)) {
          if (link >= 0 && open[i] && bad[link] >= hitRatio * met[link] - 1e-9) {
            covers[link] += weight;
          }
        }
      }
      int best = 0;
      for (int l = 0; l < links; l++) {
        best = covers[l] > covers[best] ? l : best;
      }
      if (covers[best] == 0) {
        return accused;
      }
      accused.links().add(best);
      for (int i = 0; i < open.length; i++) {
        for (int link : flows.paths.get(i)) {
          open[i] &= link != best;
        }
      }
    }
  }
}
