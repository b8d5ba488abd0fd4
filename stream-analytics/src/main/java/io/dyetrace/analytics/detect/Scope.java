package io.dyetrace.analytics.detect;

import io.dyetrace.analytics.detect.Watch.Kind;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * What one look covers: the components that may be accused, and the probes that tell about them and
 * about their control group. A small installation is looked at as a whole; in a large one the cost
 * of a look follows the trouble, not the size.
 *
 * @param nodes suspicious gateways, sorted, as all the others
 * @param probes oldest first
 */
record Scope(
    List<String> nodes,
    List<String> probers,
    List<String> vips,
    List<String> hosts,
    List<ProbeTrace> probes) {
  /** As many probes in a window are looked at all together: the lab has some 250. */
  static final int SMALL = 4096;

  /** So many suspicious nodes are trouble everywhere. */
  private static final int WIDESPREAD = 512;

  /** Probes that speak for a healthy prober, VIP or host. */
  private static final int SAMPLE = 128;

  /** Probers that speak for the whole installation. */
  private static final int CONTROLS = 16;

  /** Everything there is. */
  static Scope everything(Network network, ProbeJoiner joiner, long sinceNs) {
    return new Scope(
        network.nodes(),
        network.probers(),
        network.vips(),
        List.copyOf(network.hosts()),
        joiner.since(sinceNs));
  }

  /** What the watch asks for; everything when there are not more probes than that. */
  static Scope of(Watch watch, Network network, ProbeJoiner joiner, long sinceNs, int small) {
    Set<String> nodes = watch.suspects(Kind.NODE);
    if (watch.everything() || joiner.young() <= small || nodes.size() > WIDESPREAD) {
      return everything(network, joiner, sinceNs);
    }
    Set<String> probers = watch.suspects(Kind.PROBER);
    Set<String> vips = watch.suspects(Kind.VIP);
    Set<String> hosts = watch.suspects(Kind.HOST);
    Set<ProbeTrace> probes = Collections.newSetFromMap(new IdentityHashMap<>());
    watch.strays(sinceNs, probes);
    for (String node : nodes) {
      watch.probes(Kind.NODE, node, sinceNs, probes);
      for (String sibling : network.controls(node)) {
        watch.probes(Kind.NODE, sibling, sinceNs, probes);
      }
    }
    hosts.forEach(h -> watch.probes(Kind.HOST, h, sinceNs, probes));
    probers.forEach(p -> watch.probes(Kind.PROBER, p, sinceNs, probes));
    vips.forEach(v -> watch.probes(Kind.VIP, v, sinceNs, probes));
    Set<String> metProbers = new TreeSet<>();
    Set<String> metVips = new TreeSet<>();
    for (ProbeTrace t : probes) {
      metProbers.add(t.prober);
      metVips.add(t.vip);
    }
    // Whether the network as a whole is well, also when who is suspicious is silent.
    every(network.probers(), metProbers);
    metProbers.forEach(p -> watch.sample(Kind.PROBER, p, sinceNs, SAMPLE, probes));
    metVips.forEach(v -> watch.sample(Kind.VIP, v, sinceNs, SAMPLE, probes));
    return new Scope(
        known(nodes, network.nodes()),
        known(probers, network.probers()),
        known(vips, network.vips()),
        known(hosts, List.copyOf(network.hosts())),
        ProbeJoiner.sorted(probes));
  }

  /** Adds some of the names, evenly spread. */
  private static void every(List<String> names, Set<String> into) {
    int step = Math.max(1, names.size() / CONTROLS);
    for (int i = 0; i < names.size(); i += step) {
      into.add(names.get(i));
    }
  }

  private static List<String> known(Set<String> suspects, List<String> sorted) {
    List<String> known = new ArrayList<>();
    for (String s : suspects) {
      if (Collections.binarySearch(sorted, s) >= 0) {
        known.add(s);
      }
    }
    return known;
  }
}
