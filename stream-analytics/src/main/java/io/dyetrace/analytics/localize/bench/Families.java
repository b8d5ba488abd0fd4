package io.dyetrace.analytics.localize.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.function.LongFunction;

/** What is measured: the protocols, their parameters, and what was published for them. */
final class Families {
  private static final String VARIED =
      "fat trees of 6 to 14 ports, 2 to 8 hosts a rack, 1 to 8 links lose from 0.1 to 20 % in ranges of their own, background up to 3e-6 to 3e-4, ";

  private Families() {}

  /**
   * A kind of trace.
   *
   * @param parameters what the generator was told
   * @param published the published row
   * @param unknownPaths whether observations name sets of paths
   */
  record Family(
      String name,
      String parameters,
      String published,
      boolean unknownPaths,
      LongFunction<LabelledTrace> generator) {}

  static List<Family> all() {
    FatTreeTraces.View known = FatTreeTraces.View.KNOWN;
    FatTreeTraces.View active = FatTreeTraces.View.ACTIVE;
    FatTreeTraces.View sets = FatTreeTraces.View.SETS;
    String soft =
        "k = 10 fat tree, 250 hosts, 1 to 8 directed links lose 0.2 to 1.8 %, background up to 1e-4, ";
    String device =
        "the same tree, 1 or 2 switches lose 0.2 to 1.8 %, inside or on each of their links, ";
    String matrix =
        "k = 18 fat tree, 2,916 undirected links, rack-to-rack paths, 10 flows of 30 packets each, 1 to 50 links lose all, 0.1 to 100 % of packets, or 10 to 90 % of flows, ";
    return List.of(
        family(
            "links, known paths",
            soft + "8,000 flows",
            "Flock .852",
            s -> FatTreeTraces.links(s, known, 8000, 8)),
        family(
            "links, known paths, 5 x traffic",
            soft + "40,000 flows",
            "Flock .989",
            s -> FatTreeTraces.links(s, known, 40_000, 8)),
        family(
            "links, active probes",
            soft + "6,250 probe paths of 40 packets",
            "Flock .785",
            s -> FatTreeTraces.links(s, active, 40, 8)),
        family(
            "links, path sets",
            soft + "25,000 flows",
            "Flock .481",
            s -> FatTreeTraces.links(s, sets, 25_000, 8)),
        family(
            "devices, known paths",
            device + "8,000 flows",
            "Flock .996",
            s -> FatTreeTraces.devices(s, known, 8000)),
        family(
            "devices, active probes",
            device + "6,250 probe paths of 40 packets",
            "Flock .976",
            s -> FatTreeTraces.devices(s, active, 40)),
        family(
            "devices, path sets",
            device + "25,000 flows",
            "Flock .351",
            s -> FatTreeTraces.devices(s, sets, 25_000)),
        family(
            "links, known paths, varied",
            VARIED + "4,000 to 20,000 flows, up to 30 % of them to one rack",
            "",
            s -> FatTreeTraces.varied(s, known)),
        family(
            "links, active probes, varied",
            VARIED + "20 to 99 packets a probe path",
            "",
            s -> FatTreeTraces.varied(s, active)),
        family(
            "007, uniform",
            "2 pods, 40 racks, 800 hosts, 4,160 directed links, 60 flows a host of 1 to 100 packets, 1 to 10 links lose 0.05 to 1 %, background up to 1e-6",
            "best .971",
            s -> FatTreeTraces.votes(s, false, 10)),
        family(
            "007, hot rack",
            "the same, 30 % of flows to one rack",
            "best .994",
            s -> FatTreeTraces.votes(s, true, 10)),
        family(
            "deTector, coverage 1, identifiability 1",
            matrix + "every link on 1 path or more, no two on the same",
            "PLL .878",
            s -> FatTreeTraces.matrix(s, 1, true, 50)),
        family(
            "deTector, coverage 3, identifiability 1",
            matrix + "every link on 3 paths or more, no two on the same",
            "PLL .940",
            s -> FatTreeTraces.matrix(s, 3, true, 50)),
        family(
            "deTector, coverage 1, identifiability 0",
            matrix + "every link on 1 path or more, most share it with others",
            "",
            s -> FatTreeTraces.matrix(s, 1, false, 50)),
        family(
            "gateway, stamped",
            "8 probers, 4 routers, 4 clusters of 6 gateways, 3 balancers and 16 backends, 25,600 probes, 1 to 3 of dead nodes, nodes losing 5 to 55 %, links losing 3 to 100 %",
            "Flock .80",
            s -> GatewayTraces.trace(s, GatewayTraces.Lost.KNOWN, 200, 3)),
        family(
            "gateway, stamped until lost",
            "the same; the path of a lost probe ends where it was lost",
            "Flock .80",
            s -> GatewayTraces.trace(s, GatewayTraces.Lost.LAST_STAMP, 200, 3)),
        family(
            "gateway, lost probes unstamped",
            "the same; a lost probe is a set of 288 paths",
            "Flock .75",
            s -> GatewayTraces.trace(s, GatewayTraces.Lost.UNSTAMPED, 200, 3)),
        family(
            "quiet, links known",
            soft.replace("1 to 8", "no") + "25,000 flows",
            "",
            s -> FatTreeTraces.links(s, known, 25_000, 0)),
        family(
            "quiet, path sets",
            "the same, paths unknown, 8,000 flows",
            "",
            s -> FatTreeTraces.links(s, sets, 8000, 0)),
        family("quiet, 007", "as above, no failure", "", s -> FatTreeTraces.votes(s, true, 0)),
        family(
            "quiet, deTector",
            "as above, no failure",
            "",
            s -> FatTreeTraces.matrix(s, 3, true, 0)),
        family(
            "quiet, gateway",
            "as above, no failure",
            "",
            s -> GatewayTraces.trace(s, GatewayTraces.Lost.values()[(int) (s % 3)], 200, 0)));
  }

  private static Family family(
      String name, String parameters, String published, LongFunction<LabelledTrace> generator) {
    boolean unknown = name.contains("sets") || name.contains("unstamped");
    return new Family(name, parameters, published, unknown, generator);
  }

  /** The parameters that each baseline is tuned over. */
  static List<List<Baseline>> baselines(boolean unknownPaths) {
    List<Baseline> voting = new ArrayList<>();
    for (double share : new double[] {0.001, 0.003, 0.01, 0.02, 0.05, 0.1}) {
      voting.add(new Voting(share));
    }
    List<Baseline> cover = new ArrayList<>();
    for (double hitRatio : new double[] {0.2, 0.4, 0.6, 0.8, 1}) {
      for (int lost = 1; lost <= 3; lost++) {
        cover.add(new GreedyCover(1e-4, hitRatio, lost));
        cover.add(new GreedyCover(1e-3, hitRatio, lost));
      }
    }
    List<Baseline> flock = new ArrayList<>();
    for (double bad : new double[] {1e-3, 2e-3, 4e-3, 1e-2, 0.05, 0.3}) {
      for (double prior : new double[] {5, 10, 15}) {
        for (double good : new double[] {5e-5, 1e-4, 2e-4, 5e-4}) {
          boolean tried = !unknownPaths || (good == 1e-4 && prior < 15);
          if (tried) {
            flock.add(new FlockGreedy(good, bad, prior, true));
            flock.add(new FlockGreedy(good, bad, prior, false));
          }
        }
      }
    }
    if (unknownPaths) {
      // NetBouncer has nothing to say without paths.
      return List.of(flock, voting, cover);
    }
    List<Baseline> bouncer = new ArrayList<>();
    for (double lambda : new double[] {0.01, 0.1, 1}) {
      for (double threshold : new double[] {5e-4, 1e-3, 2e-3, 5e-3, 0.05}) {
        bouncer.add(new NetBouncer(lambda, threshold, 0.6));
      }
    }
    return List.of(flock, bouncer, voting, cover);
  }
}
