package io.dyetrace.analytics.localize.bench;

import io.dyetrace.analytics.localize.Topology;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A cloud gateway: probers, ECMP routers, gateway nodes, load balancers and backends. Seen is the
 * way there of each probe. With stamps its path is known, of a lost probe perhaps only up to the
 * link that was to take it from the last stamp on; without, a lost probe may have taken any path
 * that ECMP allows it.
 */
final class GatewayTraces {
  /** What is known of the path of a lost probe. */
  enum Lost {
    /** All of it. */
    KNOWN,
    /** As far as it came. */
    LAST_STAMP,
    /** What ECMP allows. */
    UNSTAMPED
  }

  private static final int PROBERS = 8;
  private static final int ROUTERS = 4;
  private static final int CLUSTERS = 4;
  private static final int GATEWAYS = 6;
  private static final int BALANCERS = 3;
  private static final int VIPS = 4;
  private static final int BACKENDS = 4;
  private static final double HIGHEST_BACKGROUND = 5e-5;

  private GatewayTraces() {}

  static LabelledTrace trace(long seed, Lost view, int probesPerVip, int failures) {
    SplittableRandom random = new SplittableRandom(seed);
    Network network = new Network(false);
    int[] prober = nodes(network, "prober", PROBERS);
    int[] router = nodes(network, "router", ROUTERS);
    int[][] gateway = new int[CLUSTERS][];
    int[][] balancer = new int[CLUSTERS][];
    int[][][] backend = new int[CLUSTERS][VIPS][];
    for (int p : prober) {
      for (int r : router) {
        network.connect(p, r);
      }
    }
    for (int c = 0; c < CLUSTERS; c++) {
      gateway[c] = nodes(network, "gateway", GATEWAYS);
      balancer[c] = nodes(network, "lb", BALANCERS);
      for (int g : gateway[c]) {
        for (int r : router) {
          network.connect(r, g);
        }
        for (int b : balancer[c]) {
          network.connect(g, b);
        }
      }
      for (int v = 0; v < VIPS; v++) {
        backend[c][v] = nodes(network, "backend", BACKENDS);
        for (int b : backend[c][v]) {
          for (int l : balancer[c]) {
            network.connect(l, b);
          }
        }
      }
    }
    Topology topology = network.topology();
    LabelledTrace trace = new LabelledTrace("gateway-" + seed, view.name(), topology);
    Loss loss = new Loss(topology, 1e-6, HIGHEST_BACKGROUND, random);
    fail(trace, loss, random, failures, PROBERS);
    for (int p : prober) {
      for (int c = 0; c < CLUSTERS; c++) {
        for (int v = 0; v < VIPS; v++) {
          List<int[]> all = new ArrayList<>();
          for (int r : router) {
            for (int g : gateway[c]) {
              for (int l : balancer[c]) {
                for (int b : backend[c][v]) {
                  all.add(network.path(p, r, g, l, b));
                }
              }
            }
          }
          int[] candidates = Network.join(all);
          for (int i = 0; i < probesPerVip; i++) {
            int[] path = all.get(random.nextInt(all.size()));
            int hops = loss.hops(path);
            boolean lost = path[hops] >= 0;
            int[] seen =
                switch (view) {
                  case KNOWN -> path;
                  case LAST_STAMP -> lost ? Network.begin(path, hops + 1) : path;
                  case UNSTAMPED -> lost ? candidates : path;
                };
            trace.add(seen, 1, lost ? 1 : 0);
          }
        }
      }
    }
    return trace;
  }

  private static void fail(
      LabelledTrace trace, Loss loss, SplittableRandom random, int failures, int probers) {
    int count = failures == 0 ? 0 : 1 + random.nextInt(failures);
    Topology topology = trace.topology;
    while (trace.failedLinks.size() + trace.failedDevices.size() < count) {
      if (random.nextBoolean()) {
        int device = probers + random.nextInt(topology.nodes() - probers);
        trace.failedDevices.add(device);
        loss.node[device] = random.nextBoolean() ? 1 : 0.05 + 0.5 * random.nextDouble();
      } else {
        // Links there are even, those back odd and not seen.
        int link = random.nextInt(topology.links()) & ~1;
        trace.failedLinks.add(link);
        loss.link[link] = Math.pow(10, -1.5 + 1.5 * random.nextDouble());
      }
    }
  }

  private static int[] nodes(Network network, String kind, int count) {
    int[] nodes = new int[count];
    for (int i = 0; i < count; i++) {
      nodes[i] = network.node(kind);
    }
    return nodes;
  }
}
