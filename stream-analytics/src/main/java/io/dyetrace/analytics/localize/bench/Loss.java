package io.dyetrace.analytics.localize.bench;

import io.dyetrace.analytics.localize.Topology;
import java.util.SplittableRandom;

/** Loss rates of links and nodes, and packets that meet them. */
final class Loss {
  final double[] link;
  final double[] node;

  /** The share of flows that a link with a deterministic failure drops entirely. */
  final double[] blackholed;

  private final Topology topology;
  private final SplittableRandom random;

  /** Healthy links lose a rate drawn evenly between these two bounds. */
  Loss(Topology topology, double low, double high, SplittableRandom random) {
    this.topology = topology;
    this.random = random;
    link = new double[topology.links()];
    node = new double[topology.nodes()];
    blackholed = new double[topology.links()];
    for (int l = 0; l < link.length; l++) {
      link[l] = low + (high - low) * random.nextDouble();
    }
  }

  /** How many of these packets one path loses; the path is ended by -1. */
  long lost(int[] path, long sent) {
    double arrives = 1;
    int entered = topology.from(path[0]);
    arrives *= 1 - node[entered];
    int last = -1;
    for (int i = 0; path[i] >= 0; i++) {
      arrives *= 1 - link[path[i]];
      if (blackholed[path[i]] > 0 && random.nextDouble() < blackholed[path[i]]) {
        return sent;
      }
      int next = topology.to(path[i]);
      if (topology.undirected() && next == (i == 0 ? entered : last)) {
        next = topology.from(path[i]);
      }
      arrives *= 1 - node[next];
      last = next;
    }
    return binomial(sent, 1 - arrives);
  }

  /** How many links one packet gets over in one piece, the node behind each included. */
  int hops(int[] path) {
    if (random.nextDouble() < node[topology.from(path[0])]) {
      return 0;
    }
    int hops = 0;
    while (path[hops] >= 0) {
      double arrives = (1 - link[path[hops]]) * (1 - node[topology.to(path[hops])]);
      if (random.nextDouble() >= arrives) {
        break;
      }
      hops++;
    }
    return hops;
  }

  /** Skips from one lost packet to the next. */
  private long binomial(long n, double p) {
    if (p <= 0) {
      return 0;
    }
    if (p >= 1) {
      return n;
    }
    if (p > 0.5) {
      return n - binomial(n, 1 - p);
    }
    double scale = Math.log1p(-p);
    long lost = 0;
    double at = Math.floor(Math.log(1 - random.nextDouble()) / scale);
    while (at < n) {
      lost++;
      at += 1 + Math.floor(Math.log(1 - random.nextDouble()) / scale);
    }
    return lost;
  }
}
