package io.dyetrace.analytics.detect;

/**
 * A probe and what became of it.
 *
 * @param node the node it met, or that its port leads to; empty when unknown
 * @param stamped the node is known by a stamp, not by the port map
 */
record JudgedProbe(ProbeTrace trace, Fate fate, String node, boolean stamped) {
  long key() {
    return trace.key();
  }

  long sentNs() {
    return trace.timeNs();
  }

  String vip() {
    return trace.vip;
  }

  String prober() {
    return trace.prober;
  }

  boolean isBad() {
    return fate.isFailed() || fate == Fate.DELAYED;
  }
}
