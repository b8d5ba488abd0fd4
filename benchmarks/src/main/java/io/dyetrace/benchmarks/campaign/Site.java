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

  String zone() {
    return zoneOf(node());
  }

  private String zoneOf(String node) {
    return topology.location(node).orElseThrow().zone();
  }

  List<String> nodesOfZone(String zone) {
    return gateways().stream().map(Component::name).filter(n -> zoneOf(n).equals(zone)).toList();
  }

  Label label(Scenario scenario, String severity, String component) {
    return label(scenario, severity, List.of(component));
  }

  /**
   * What is right to say when all is lost between the gateways and the probers: the stretch; the
   * probers' zone where the gateways stand in several.
   */
  List<String> ofPath(String stretch) {
    long zones = gateways().stream().map(c -> zoneOf(c.name())).distinct().count();
    return List.of(zones == 1 ? stretch : zoneOf(prober()));
  }

  /** Of several components, each of which is rightly accused. */
  Label label(Scenario scenario, String severity, List<String> components) {
    return new Label(scenario.faultClass(), components, fromNs, toNs, severity, 1);
  }

  /** Of a rack or zone, whose only node is as good a name for it. */
  Label ofPlace(Scenario scenario, String severity, String place, List<String> nodes) {
    return nodes.size() == 1
        ? label(scenario, severity, List.of(place, nodes.get(0)))
        : label(scenario, severity, place);
  }
}
