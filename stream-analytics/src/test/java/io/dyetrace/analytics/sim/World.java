package io.dyetrace.analytics.sim;

import io.dyetrace.common.config.LocationConfig;
import io.dyetrace.common.record.Location;
import io.dyetrace.common.registry.Tier;
import io.dyetrace.common.topology.Component;
import io.dyetrace.common.topology.Topology;
import io.dyetrace.common.topology.Vip;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;

/** What stands still while a simulation runs: who there is, and where routers send which flow. */
final class World {
  private static final long EDGE_THERE = 7;
  private static final long EDGE_BACK = 11;

  final Topology topology;
  final List<Vip> vips;
  final List<String> nodes;
  final List<String> edges;
  final List<String> balancers;
  final List<Component> probers;
  private final Map<String, Tier> tiers = new HashMap<>();
  private final Map<String, Location> locations = new HashMap<>();
  private final Map<String, List<String>> edgesByVip = new HashMap<>();
  private final Map<String, List<String>> balancersByVip = new HashMap<>();
  private final Map<String, List<Vip>> vipsByNode = new HashMap<>();
  private final Map<String, Long> vipHashes = new HashMap<>();
  private final long hashSeed;

  World(Topology topology, Random random) {
    this.topology = topology;
    this.hashSeed = random.nextLong();
    this.vips = topology.vips();
    this.nodes = new ArrayList<>();
    for (Component c : topology.components(Component.Kind.GATEWAY)) {
      nodes.add(c.name());
      tiers.put(c.name(), Objects.requireNonNull(c.tier()));
    }
    this.edges = nodes.stream().filter(n -> tiers.get(n) == Tier.EIP).toList();
    this.balancers = nodes.stream().filter(n -> tiers.get(n) == Tier.CLB).toList();
    this.probers = topology.components(Component.Kind.PROBER);
    topology
        .components()
        .forEach(
            c ->
                locations.put(
                    c.name(),
                    topology.location(c.name()).map(LocationConfig::toProto).orElseThrow()));
    for (Vip vip : vips) {
      edgesByVip.put(vip.name(), vip.nodes().stream().filter(this::isEdge).toList());
      balancersByVip.put(vip.name(), vip.nodes().stream().filter(n -> !isEdge(n)).toList());
      vip.nodes().forEach(n -> vipsByNode.computeIfAbsent(n, k -> new ArrayList<>()).add(vip));
      vipHashes.put(vip.name(), (long) vip.name().hashCode());
    }
  }

  boolean isEdge(String node) {
    return tiers.get(node) == Tier.EIP;
  }

  boolean hasTiers() {
    return !edges.isEmpty();
  }

  Location location(String component) {
    return Objects.requireNonNull(locations.get(component), component);
  }

  List<Vip> vipsOf(String node) {
    return vipsByNode.getOrDefault(node, List.of());
  }

  /** The nodes that a VIP's packets meet first. */
  List<String> firstTierOf(Vip vip) {
    return hasTiers() ? edgesOf(vip) : balancersOf(vip);
  }

  private List<String> edgesOf(Vip vip) {
    return edgesByVip.getOrDefault(vip.name(), List.of());
  }

  private List<String> balancersOf(Vip vip) {
    return balancersByVip.getOrDefault(vip.name(), List.of());
  }

  String balancer(TierPoints.Probe p, Conditions conditions, long atNs) {
    return pick(conditions.inService(balancersOf(p.vip()), atNs), 0, p);
  }

  String edge(TierPoints.Probe p, Conditions conditions, long atNs) {
    return pick(conditions.inService(edgesOf(p.vip()), atNs), EDGE_THERE, p);
  }

  String edgeBack(TierPoints.Probe p, Conditions conditions, long atNs) {
    return pick(conditions.inService(edgesOf(p.vip()), atNs), EDGE_BACK, p);
  }

  /** The router in front of a tier hashes the flow, or the tunnel's source port, a hash of it. */
  private String pick(List<String> of, long salt, TierPoints.Probe p) {
    long vip = Objects.requireNonNull(vipHashes.get(p.vip().name()));
    long flow = mix(hashSeed ^ mix(p.proberId() * 31L + vip) ^ p.port());
    return of.get((int) Math.floorMod(salt == 0 ? flow : mix(flow ^ salt), (long) of.size()));
  }

  static long mix(long x) {
    long z = x + 0x9e3779b97f4a7c15L;
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }
}
