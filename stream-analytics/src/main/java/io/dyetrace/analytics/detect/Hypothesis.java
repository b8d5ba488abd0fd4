package io.dyetrace.analytics.detect;

import io.dyetrace.common.record.ComponentKind;
import io.dyetrace.common.registry.FaultClass;
import io.dyetrace.common.registry.Tier;

/** One component having one fault. */
record Hypothesis(FaultClass faultClass, ComponentKind kind, String component)
    implements Comparable<Hypothesis> {
  /** Class and component, no time: the verdict's fault id. */
  String faultId() {
    return faultClass.name() + "/" + component;
  }

  /**
   * How probable it is that the probe met the component: 1 when a stamp or the port map says so, a
   * share when unknown.
   */
  double meets(JudgedProbe p, Network network) {
    return switch (kind) {
      case NODE -> meetsNode(p, component, network);
      case VIP_ON_NODE -> {
        int at = component.lastIndexOf('@');
        yield p.vip().equals(component.substring(0, at))
            ? meetsNode(p, component.substring(at + 1), network)
            : 0;
      }
      case PROBER -> p.prober().equals(component) ? 1 : 0;
      case VIP -> p.vip().equals(component) ? 1 : 0;
      case BACKEND -> {
        String host = network.hostOf(p.trace().backend);
        if (!host.isEmpty()) {
          yield host.equals(component) ? 1 : 0;
        }
        var hosts = network.hostsOf(p.vip());
        yield hosts.contains(component) ? 1.0 / hosts.size() : 0;
      }
      case RACK, ZONE -> {
        Place place = network.places().of(this);
        yield place == null ? 0 : meetsPlace(p, place, network);
      }
      default -> 0;
    };
  }

  private static double meetsPlace(JudgedProbe p, Place place, Network network) {
    boolean failed = p.fate().isFailed();
    double missed = 1;
    for (int i = 0; i < p.hops().size(); i++) {
      // A failed one may have met somebody only where it failed.
      if (failed && i != p.at()) {
        continue;
      }
      Hop hop = p.hops().get(i);
      var nodes = network.nodesOf(p.vip(), hop.leg().tier());
      if (place.nodes.contains(hop.node())) {
        return 1;
      }
      if (hop.node().isEmpty() && !nodes.isEmpty()) {
        missed *= 1 - (double) place.count(nodes) / nodes.size();
      }
    }
    return 1 - missed;
  }

  private static double meetsNode(JudgedProbe p, String node, Network network) {
    if (p.met(node)) {
      return 1;
    }
    // A failed one may have met it only where it failed; another may have on any hop of its tier.
    Tier tier = network.tierOf(node);
    boolean open =
        p.fate().isFailed()
            ? p.tier() == tier && p.node().isEmpty()
            : p.hops().stream().anyMatch(h -> h.leg().tier() == tier && h.node().isEmpty());
    var nodes = network.nodesOf(p.vip(), tier);
    return open && nodes.contains(node) ? 1.0 / nodes.size() : 0;
  }

  @Override
  public int compareTo(Hypothesis other) {
    int byClass = faultClass.compareTo(other.faultClass);
    return byClass != 0 ? byClass : component.compareTo(other.component);
  }
}
