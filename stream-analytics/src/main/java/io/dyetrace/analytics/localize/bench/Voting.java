package io.dyetrace.analytics.localize.bench;

/**
 * 007 (NSDI 2018): a flow that lost a packet votes 1/h for each of the h links of its path; the
 * link with most votes is accused and its flows taken out, as long as it has a share of all votes.
 * A flow of unknown path spreads its vote over its candidates.
 *
 * @param share the least share of all votes
 */
record Voting(double share) implements Baseline {
  @Override
  public String name() {
    return "007, share " + share;
  }

  @Override
  public Accused accuse(LabelledTrace trace) {
    Flows flows = Flows.of(trace);
    Accused accused = Accused.none();
    boolean[] explained = new boolean[flows.paths.size()];
    while (true) {
      double[] votes = new double[trace.topology.links()];
      double all = 0;
      for (int i = 0; i < explained.length; i++) {
        double lossy = flows.sums.get(i)[Flows.LOSSY_FLOWS];
        if (lossy == 0 || explained[i]) {
          continue;
        }
        int[] paths = flows.paths.get(i);
        double vote = lossy / (paths.length - Flows.count(paths));
        for (int link : paths) {
          if (link >= 0) {
            votes[link] += vote;
          }
        }
        all += lossy;
      }
      int best = 0;
      for (int l = 0; l < votes.length; l++) {
        best = votes[l] > votes[best] ? l : best;
      }
      if (votes[best] == 0 || votes[best] < share * all) {
        return accused;
      }
      accused.links().add(best);
      for (int i = 0; i < explained.length; i++) {
        for (int link : flows.paths.get(i)) {
          explained[i] |= link == best;
        }
      }
    }
  }
}
