package io.dyetrace.analytics.detect;

import io.dyetrace.common.registry.Tier;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * A probe and what became of it.
 *
 * @param hops the nodes on its way, in the order of its way; one in a topology of one tier
 * @param at the hop where its fate was decided; the last tier's when it passed them all
 */
record JudgedProbe(ProbeTrace trace, Fate fate, List<Hop> hops, int at) {
  JudgedProbe as(Fate other) {
    return new JudgedProbe(trace, other, hops, at);
  }

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

  /** The node where its fate was decided; empty when unknown. */
  String node() {
    return hops.get(at).node();
  }

  /** The tier where its fate was decided. */
  Tier tier() {
    return hops.get(at).leg().tier();
  }

  /** Some node stamped it. */
  boolean stamped() {
    return hops.stream().anyMatch(Hop::stamped);
  }

  /** The node stamped it. */
  boolean stampedAt(String node) {
    return hops.stream().anyMatch(h -> h.stamped() && h.node().equals(node));
  }

  /** The node that dropped or lost it, or any on its way when all of them passed it on. */
  boolean met(String node) {
    return fate.isFailed() ? node().equals(node) : passes(node);
  }

  /** The node is on its way. */
  boolean passes(String node) {
    for (Hop h : hops) {
      if (h.node().equals(node)) {
        return true;
      }
    }
    return false;
  }

  /** The nodes on its way that are known. */
  Set<String> nodes() {
    Set<String> nodes = new TreeSet<>();
    for (Hop h : hops) {
      if (!h.node().isEmpty()) {
        nodes.add(h.node());
      }
    }
    return nodes;
  }

  boolean isBad() {
    return fate.isFailed() || fate == Fate.DELAYED;
  }
}
