package io.dyetrace.analytics.localize.bench;

import io.dyetrace.analytics.localize.Topology;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Flock's simulations (PACMNET 2023): a k = 10 fat tree with 250 hosts and 1,500 directed links;
 * flows between random hosts with Pareto sizes; healthy links lose up to 10⁻⁴, failed ones 0.2 to
 * 1.8 %.
 */
final class FatTreeTraces {
  /** How the path of a flow is seen. */
  enum View {
    /** Every flow tells its path. */
    KNOWN,
    /** Only probes between hosts and core switches, which tell their path. */
    ACTIVE,
    /** The path is one of those that ECMP may choose. */
    SETS
  }

  private static final int PODS = 10;
  private static final int HOSTS_PER_TOR = 5;
  private static final double LOWEST_LOSS = 0.002;
  private static final double HIGHEST_LOSS = 0.018;
  private static final double HIGHEST_BACKGROUND = 1e-4;
  private static final int PACKET_BYTES = 1500;
  private static final double MEAN_FLOW_BYTES = 200 * 1024;
  private static final double SHAPE = 1.05;

  private FatTreeTraces() {}

  /** One to eight failed links. */
  static LabelledTrace links(long seed, View view, int flows, int failures) {
    SplittableRandom random = new SplittableRandom(seed);
    FatTree tree = new FatTree(PODS, HOSTS_PER_TOR, false);
    Topology topology = tree.network.topology();
    LabelledTrace trace = new LabelledTrace("flock-links-" + seed, view.name(), topology);
    Loss loss = new Loss(topology, 0, HIGHEST_BACKGROUND, random);
    int count = failures == 0 ? 0 : 1 + random.nextInt(failures);
    while (trace.failedLinks.size() < count) {
      trace.failedLinks.add(random.nextInt(topology.links()));
    }
    for (int link : trace.failedLinks) {
      loss.link[link] = rate(random);
    }
    traffic(trace, tree, loss, view, flows, 0, random);
    return trace;
  }

  /**
   * One to eight failed links in a network that differs from trace to trace: 6 to 14 ports, 2 to 8
   * hosts a rack, loss rates from 0.1 to 5 % and beyond, backgrounds over two decades, more or less
   * traffic, part of it to one rack. Nothing that was chosen for one setting helps in the others.
   */
  static LabelledTrace varied(long seed, View view) {
    SplittableRandom random = new SplittableRandom(seed);
    FatTree tree = new FatTree(6 + 2 * random.nextInt(5), 2 + random.nextInt(7), false);
    Topology topology = tree.network.topology();
    LabelledTrace trace = new LabelledTrace("varied-links-" + seed, view.name(), topology);
    Loss loss = new Loss(topology, 0, Math.pow(10, -5.5 + 2 * random.nextDouble()), random);
    int count = 1 + random.nextInt(8);
    while (trace.failedLinks.size() < count) {
      trace.failedLinks.add(random.nextInt(topology.links()));
    }
    double lowest = Math.pow(10, -3 + random.nextDouble());
    double ratio = 2 + 18 * random.nextDouble();
    for (int link : trace.failedLinks) {
      loss.link[link] = lowest * Math.pow(ratio, random.nextDouble());
    }
    int size = view == View.ACTIVE ? 20 + random.nextInt(80) : 4000 + random.nextInt(16_000);
    double hot = 0.3 * random.nextDouble();
    traffic(trace, tree, loss, view, size, hot, random);
    return trace;
  }

  /**
   * One or two failed switches. Half of the traces lose packets in the switch, half on each of its
   * links with a rate of its own.
   */
  static LabelledTrace devices(long seed, View view, int flows) {
    SplittableRandom random = new SplittableRandom(seed);
    FatTree tree = new FatTree(PODS, HOSTS_PER_TOR, false);
    Topology topology = tree.network.topology();
    LabelledTrace trace = new LabelledTrace("flock-devices-" + seed, view.name(), topology);
    Loss loss = new Loss(topology, 0, HIGHEST_BACKGROUND, random);
    int switches = topology.nodes() - tree.hosts.length;
    int count = 1 + random.nextInt(2);
    while (trace.failedDevices.size() < count) {
      trace.failedDevices.add(random.nextInt(switches));
    }
    boolean inside = seed % 2 == 0;
    for (int device : trace.failedDevices) {
      if (inside) {
        loss.node[device] = rate(random);
      }
      for (int link = 0; link < topology.links() && !inside; link++) {
        if (topology.from(link) == device || topology.to(link) == device) {
          loss.link[link] = rate(random);
        }
      }
    }
    traffic(trace, tree, loss, view, flows, 0, random);
    return trace;
  }

  private static double rate(SplittableRandom random) {
    return LOWEST_LOSS + (HIGHEST_LOSS - LOWEST_LOSS) * random.nextDouble();
  }

  /** Flows between random hosts, this share of them to hosts of the first rack. */
  private static void traffic(
      LabelledTrace trace,
      FatTree tree,
      Loss loss,
      View view,
      int flows,
      double hot,
      SplittableRandom random) {
    int rack = tree.hosts.length / (tree.pods * tree.half);
    if (view == View.ACTIVE) {
      probes(trace, tree, loss, flows, random);
      return;
    }
    for (int f = 0; f < flows; f++) {
      int from = random.nextInt(tree.hosts.length);
      boolean toFirst = hot > 0 && from >= rack && random.nextDouble() < hot;
      int to = random.nextInt(toFirst ? rack : tree.hosts.length - 1);
      to += to >= from ? 1 : 0;
      List<int[]> paths = tree.paths(from, to);
      int[] taken = paths.get(random.nextInt(paths.size()));
      long packets = packets(random);
      long lost = loss.lost(taken, packets);
      trace.add(view == View.SETS ? Network.join(paths) : taken, packets, lost);
    }
  }

  private static void probes(
      LabelledTrace trace, FatTree tree, Loss loss, int packets, SplittableRandom random) {
    for (int h = 0; h < tree.hosts.length; h++) {
      int tor = tree.torOfHost[h];
      for (int c = 0; c < tree.core.length; c++) {
        int agg = tree.agg[tree.podOfTor[tor]][c / tree.half];
        int[] up = tree.network.path(tree.hosts[h], tor, agg, tree.core[c]);
        int[] down = tree.network.path(tree.core[c], agg, tor, tree.hosts[h]);
        boolean upwards = random.nextBoolean();
        int[] path = upwards ? up : down;
        trace.add(path, packets, loss.lost(path, packets));
      }
    }
  }

  /** Pareto with a mean of 200 KiB, at most 100 MiB, in packets of 1,500 bytes. */
  static long packets(SplittableRandom random) {
    double scale = MEAN_FLOW_BYTES * (SHAPE - 1) / SHAPE;
    double bytes;
    do {
      bytes = scale * Math.pow(1 - random.nextDouble(), -1 / SHAPE);
    } while (bytes > 100 << 20);
    return (long) Math.ceil(bytes / PACKET_BYTES);
  }

  /** 007 (NSDI 2018): two pods, 4,160 directed links, paths known by traceroute. */
  static LabelledTrace votes(long seed, boolean hotRack, int failures) {
    SplittableRandom random = new SplittableRandom(seed);
    int tors = 20;
    int aggs = 16;
    int cores = 20;
    int hostsPerTor = 20;
    Network network = new Network(false);
    int[] core = new int[cores];
    for (int i = 0; i < cores; i++) {
      core[i] = network.node("t2");
    }
    int[][] agg = new int[2][aggs];
    int[][] tor = new int[2][tors];
    int[] host = new int[2 * tors * hostsPerTor];
    for (int p = 0; p < 2; p++) {
      for (int i = 0; i < aggs; i++) {
        agg[p][i] = network.node("t1");
        for (int c : core) {
          network.connect(agg[p][i], c);
        }
      }
      for (int i = 0; i < tors; i++) {
        tor[p][i] = network.node("tor");
        for (int a : agg[p]) {
          network.connect(tor[p][i], a);
        }
        for (int n = 0; n < hostsPerTor; n++) {
          int h = (p * tors + i) * hostsPerTor + n;
          host[h] = network.node("host");
          network.connect(host[h], tor[p][i]);
        }
      }
    }
    Topology topology = network.topology();
    LabelledTrace trace = new LabelledTrace("votes-" + seed, "known", topology);
    Loss loss = new Loss(topology, 0, 1e-6, random);
    int count = failures == 0 ? 0 : 1 + random.nextInt(failures);
    while (trace.failedLinks.size() < count) {
      trace.failedLinks.add(random.nextInt(topology.links()));
    }
    for (int link : trace.failedLinks) {
      loss.link[link] = 5e-4 + 9.5e-3 * random.nextDouble();
    }
    int hot = random.nextInt(2 * tors);
    for (int from = 0; from < host.length; from++) {
      for (int f = 0; f < 60; f++) {
        int toTor = random.nextInt(2 * tors);
        if (hotRack && random.nextDouble() < 0.3) {
          toTor = hot;
        }
        int fromTor = from / hostsPerTor;
        if (toTor == fromTor) {
          continue;
        }
        int to = toTor * hostsPerTor + random.nextInt(hostsPerTor);
        int a = tor[fromTor / tors][fromTor % tors];
        int b = tor[toTor / tors][toTor % tors];
        int up = agg[fromTor / tors][random.nextInt(aggs)];
        int[] path;
        if (fromTor / tors == toTor / tors) {
          path = network.path(host[from], a, up, b, host[to]);
        } else {
          int down = agg[toTor / tors][random.nextInt(aggs)];
          path = network.path(host[from], a, up, core[random.nextInt(cores)], down, b, host[to]);
        }
        long sent = 1L + random.nextInt(100);
        trace.add(path, sent, loss.lost(path, sent));
      }
    }
    return trace;
  }

  /**
   * deTector (ATC 2017): switch links of a k = 18 fat tree, undirected, probed along a matrix of
   * rack-to-rack paths: {@link ProbeMatrix}. A failed link loses everything, a share of all
   * packets, or all packets of a share of the flows.
   */
  static LabelledTrace matrix(long seed, int coverage, boolean identifiable, int failures) {
    SplittableRandom random = new SplittableRandom(seed);
    FatTree tree = new FatTree(18, 0, true);
    Topology topology = tree.network.topology();
    LabelledTrace trace = new LabelledTrace("matrix-" + seed, "known", topology);
    Loss loss = new Loss(topology, 0, 2e-5, random);
    int count = failures == 0 ? 0 : 1 + random.nextInt(failures);
    while (trace.failedLinks.size() < count) {
      trace.failedLinks.add(random.nextInt(topology.links()));
    }
    for (int link : trace.failedLinks) {
      switch (random.nextInt(3)) {
        case 0 -> loss.link[link] = 1;
        case 1 -> loss.link[link] = Math.pow(10, -3 + 3 * random.nextDouble());
        default -> loss.blackholed[link] = 0.1 + 0.8 * random.nextDouble();
      }
    }
    List<int[]> matrix = new ProbeMatrix(tree, coverage, identifiable, random).paths();
    for (int[] path : matrix) {
      for (int flow = 0; flow < 10; flow++) {
        trace.add(path, 30, loss.lost(path, 30));
      }
    }
    return trace;
  }
}
