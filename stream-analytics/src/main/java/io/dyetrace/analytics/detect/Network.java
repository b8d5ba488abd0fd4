package io.dyetrace.analytics.detect;

import com.google.protobuf.ByteString;
import io.dyetrace.common.topology.Component;
import io.dyetrace.common.topology.Topology;
import io.dyetrace.common.topology.Vip;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** The topology as detection asks it: by name, sorted, nothing copied per question. */
final class Network {
  private record Service(ByteString address, int port) {}

  private final Topology topology;
  private final List<String> nodes;
  private final List<String> probers;
  private final List<String> vips;
  private final Map<String, List<String>> nodesByVip = new TreeMap<>();
  private final Map<String, List<String>> vipsByNode = new TreeMap<>();
  private final Map<String, Set<String>> hostsByVip = new TreeMap<>();
  private final Map<Service, String> vipsByService = new java.util.HashMap<>();

  Network(Topology topology) {
    this.topology = topology;
    this.nodes = names(Component.Kind.GATEWAY);
    this.probers = names(Component.Kind.PROBER);
    List<String> all = new ArrayList<>();
    for (Vip vip : topology.vips()) {
      all.add(vip.name());
      nodesByVip.put(vip.name(), vip.nodes().stream().sorted().toList());
      vip.nodes()
          .forEach(n -> vipsByNode.computeIfAbsent(n, k -> new ArrayList<>()).add(vip.name()));
      Set<String> hosts = new TreeSet<>();
      vip.backends().forEach(b -> hosts.add(topology.hostOf(b.name())));
      hostsByVip.put(vip.name(), hosts);
      vipsByService.put(
          new Service(ByteString.copyFrom(vip.address().getAddress()), vip.port()), vip.name());
    }
    this.vips = all.stream().sorted().toList();
    vipsByNode.values().forEach(list -> list.sort(null));
  }

  private List<String> names(Component.Kind kind) {
    return topology.components(kind).stream().map(Component::name).sorted().toList();
  }

  Topology topology() {
    return topology;
  }

  List<String> nodes() {
    return nodes;
  }

  List<String> probers() {
    return probers;
  }

  List<String> vips() {
    return vips;
  }

  List<String> nodesOf(String vip) {
    return nodesByVip.getOrDefault(vip, List.of());
  }

  List<String> vipsOf(String node) {
    return vipsByNode.getOrDefault(node, List.of());
  }

  Set<String> hostsOf(String vip) {
    return hostsByVip.getOrDefault(vip, Set.of());
  }

  /** The host of a backend; empty for an empty name. */
  String hostOf(String backend) {
    return backend.isEmpty() ? "" : topology.hostOf(backend);
  }

  /** Every backend host, sorted. */
  Set<String> hosts() {
    Set<String> all = new TreeSet<>();
    hostsByVip.values().forEach(all::addAll);
    return all;
  }

  /** The VIP with the name, else the one at the address; empty when there is none. */
  String vipName(String name, ByteString address, int port) {
    if (nodesByVip.containsKey(name)) {
      return name;
    }
    return vipsByService.getOrDefault(new Service(address, port), "");
  }

  /** Gateways that serve a VIP together with this one. */
  List<String> siblings(String node) {
    Set<String> all = new TreeSet<>();
    vipsOf(node).forEach(v -> all.addAll(nodesOf(v)));
    all.remove(node);
    return List.copyOf(all);
  }

  /** What it accuses is in the topology. */
  boolean has(Hypothesis h) {
    String name = h.component();
    return switch (h.kind()) {
      case NODE -> nodes.contains(name);
      case PROBER -> probers.contains(name);
      case BACKEND -> hosts().contains(name);
      case VIP -> nodesByVip.containsKey(name);
      case VIP_ON_NODE -> {
        int at = name.lastIndexOf('@');
        yield nodesOf(name.substring(0, Math.max(0, at))).contains(name.substring(at + 1));
      }
      // A node, a prober, or all nodes of a cluster.
      case TELEMETRY ->
          topology.component(name).isPresent()
              || nodes.stream().anyMatch(n -> clusterOf(n).equals(name));
      default -> true;
    };
  }

  String proberName(int proberId, String fallback) {
    return topology.prober(proberId).map(Component::name).orElse(fallback);
  }

  String clusterOf(String component) {
    return topology.component(component).map(Component::cluster).orElse("");
  }
}
