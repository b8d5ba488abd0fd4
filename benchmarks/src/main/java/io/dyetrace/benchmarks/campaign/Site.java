package io.dyetrace.benchmarks.campaign;

import io.dyetrace.common.registry.Tier;
import io.dyetrace.common.topology.Component;
import io.dyetrace.common.topology.Topology;
import io.dyetrace.common.topology.Vip;
import java.util.List;
import java.util.Random;

/**
 * Where and when a fault is injected: picks whom it hits.
 *
 * @param share of the packets that a partial loss takes
 */
record Site(Topology topology, Random random, long fromNs, long toNs, double share) {
  <T> T pick(List<T> of) {
    return of.get(random.nextInt(of.size()));
  }

  private List<Component> gateways() {
    return topology.components(Component.Kind.GATEWAY);
  }

  String node() {
    return pick(gateways()).name();
  }

  /** A node of the tier that knows VIPs. */
  String balancer() {
    return pick(gateways().stream().filter(c -> c.tier() == Tier.CLB).toList()).name();
  }

  Vip vip() {
    return pick(topology.vips());
  }

  /** A host that some VIP has a backend on. */
  String host() {
    return topology.hostOf(pick(vip().backends()).name());
  }

  String prober() {
    return pick(topology.components(Component.Kind.PROBER)).name();
  }

  String cluster() {
    return gateways().get(0).cluster();
  }

  String rack() {
    return rackOf(node());
  }

  private String rackOf(String node) {
    return topology.location(node).orElseThrow().rack();
  }

  List<String> nodesOfRack(String rack) {
    return gateways().stream().map(Component::name).filter(n -> rackOf(n).equals(rack)).toList();
  }

  Label label(Scenario scenario, String severity, String component) {
    return new Label(scenario.faultClass(), List.of(component), fromNs, toNs, severity, 1);
  }
}
