package io.dyetrace.analytics.detect;

import com.google.protobuf.ByteString;
import io.dyetrace.analytics.flow.Flows;
import io.dyetrace.common.record.Verdict;
import io.dyetrace.common.registry.Tier;
import io.dyetrace.common.topology.Component;
import io.dyetrace.common.topology.Topology;
import io.dyetrace.common.topology.Vip;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/** The topology as detection asks it: by name, sorted, nothing copied per question. */
final class Network {
  private record Service(ByteString address, int port) {}

  /** Siblings that tell what is usual. */
  private static final int CONTROLS = 16;

  private static final List<Leg> ONE_TIER = List.of(Leg.CLB_FORWARD, Leg.CLB_REPLY);

  private final Topology topology;
  private final List<String> nodes;
  private final List<String> probers;
  private final List<String> vips;
  private final Map<String, Tier> tiers = new HashMap<>();
  private final Map<String, List<String>> nodesByVip = new HashMap<>();
  private final Map<String, Map<Tier, List<String>>> tiersByVip = new HashMap<>();
  private final Map<String, List<String>> vipsByNode = new HashMap<>();
  private final Map<String, List<Leg>> waysByVip = new HashMap<>();
  private final Map<String, Set<String>> hostsByVip = new HashMap<>();
  private final Map<Service, String> vipsByService = new HashMap<>();
  private final Map<ByteString, String> vipsByAddress = new HashMap<>();
  private final Map<String, String> names = new HashMap<>();
  private final Map<String, List<String>> controls = new HashMap<>();
  private final Map<String, String> hosts = new HashMap<>();
  private final Flows flows;
  private final Places places;

  Network(Topology topology) {
    this.topology = topology;
    this.nodes = names(Component.Kind.GATEWAY);
    this.probers = names(Component.Kind.PROBER);
    this.flows = Flows.of(topology);
    this.places = new Places(topology);
    for (Component c : topology.components(Component.Kind.GATEWAY)) {
      tiers.put(c.name(), Objects.requireNonNull(c.tier()));
    }
    List<String> all = new ArrayList<>();
    for (Vip vip : topology.vips()) {
      all.add(vip.name());
      nodesByVip.put(vip.name(), vip.nodes().stream().sorted().toList());
      vip.nodes()
          .forEach(n -> vipsByNode.computeIfAbsent(n, k -> new ArrayList<>()).add(vip.name()));
      Set<String> hosts = new TreeSet<>();
      vip.backends().forEach(b -> hosts.add(topology.hostOf(b.name())));
      hostsByVip.put(vip.name(), hosts);
      Map<Tier, List<String>> byTier = new EnumMap<>(Tier.class);
      for (String node : nodesOf(vip.name())) {
        byTier.computeIfAbsent(tierOf(node), k -> new ArrayList<>()).add(node);
      }
      tiersByVip.put(vip.name(), byTier);
      List<Leg> way =
          Arrays.stream(Leg.values()).filter(l -> byTier.containsKey(l.tier())).toList();
      waysByVip.put(vip.name(), way.isEmpty() ? ONE_TIER : way);
      addServices(vip, vip.address());
      InetAddress privateAddress = vip.privateAddress();
      if (privateAddress != null) {
        addServices(vip, privateAddress);
      }
    }
    this.vips = all.stream().sorted().toList();
    nodes.forEach(n -> names.put(n, n));
    for (Vip vip : topology.vips()) {
      vip.backends().forEach(b -> names.put(b.name(), b.name()));
      vip.backends().forEach(b -> hosts.put(b.name(), topology.hostOf(b.name())));
    }
    vipsByNode.values().forEach(list -> list.sort(null));
  }

  private void addServices(Vip vip, InetAddress address) {
    ByteString bytes = ByteString.copyFrom(address.getAddress());
    vipsByService.put(new Service(bytes, vip.port()), vip.name());
    vipsByService.put(new Service(bytes, vip.probePort()), vip.name());
    // Two VIPs of one address cannot be told apart by it.
    vipsByAddress.merge(bytes, vip.name(), (a, b) -> a.equals(b) ? a : "");
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

  /** A gateway of the topology. */
  boolean isNode(String name) {
    return tiers.containsKey(name);
  }

  /** The topology's own copy of a name, so that millions of records share one. */
  String canonical(String name) {
    return names.getOrDefault(name, name);
  }

  boolean isProber(String name) {
    return Collections.binarySearch(probers, name) >= 0;
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

  /** The VIP's nodes of one tier. */
  List<String> nodesOf(String vip, Tier tier) {
    return tiersByVip.getOrDefault(vip, Map.of()).getOrDefault(tier, List.of());
  }

  /** The tiers a VIP's packets pass, in that order. */
  Set<Tier> tiersOf(String vip) {
    return tiersByVip.getOrDefault(vip, Map.of()).keySet();
  }

  /** Where a VIP's packets are stamped, there and back; one tier's for a VIP that is not known. */
  List<Leg> way(String vip) {
    return waysByVip.getOrDefault(vip, ONE_TIER);
  }

  /** The leg from which packets go on to backends. */
  Leg lastForward(String vip) {
    return tiersOf(vip).equals(Set.of(Tier.EIP)) ? Leg.EIP_FORWARD : Leg.CLB_FORWARD;
  }

  /** A gateway's tier; CLB for one that is not in the topology. */
  Tier tierOf(String node) {
    return tiers.getOrDefault(node, Tier.CLB);
  }

  /** Gateways of one tier, sorted. */
  List<String> nodesIn(Tier tier) {
    return nodes.stream().filter(n -> tierOf(n) == tier).toList();
  }

  /** Gateways stand in more than one tier. */
  boolean hasTiers() {
    return new HashSet<>(tiers.values()).size() > 1;
  }

  Flows flows() {
    return flows;
  }

  Places places() {
    return places;
  }

  /** The VIP that a packet nobody could read further was addressed to; empty when unknown. */
  String vipOf(ByteString address, int port) {
    String vip = vipsByService.get(new Service(address, port));
    return vip != null ? vip : vipsByAddress.getOrDefault(address, "");
  }

  List<String> vipsOf(String node) {
    return vipsByNode.getOrDefault(node, List.of());
  }

  Set<String> hostsOf(String vip) {
    return hostsByVip.getOrDefault(vip, Set.of());
  }

  /** The host of a backend; empty for an empty name. */
  String hostOf(String backend) {
    if (backend.isEmpty()) {
      return "";
    }
    String host = hosts.get(backend);
    return host != null ? host : topology.hostOf(backend);
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

  /** Gateways of the same tier that serve a VIP together with this one. */
  List<String> siblings(String node) {
    Set<String> all = new TreeSet<>();
    vipsOf(node).forEach(v -> all.addAll(nodesOf(v, tierOf(node))));
    all.remove(node);
    return List.copyOf(all);
  }

  /**
   * The siblings that a node is compared with: all, or the {@value #CONTROLS} that follow it when
   * there are more.
   */
  List<String> controls(String node) {
    return controls.computeIfAbsent(
        node,
        k -> {
          List<String> siblings = siblings(k);
          if (siblings.size() <= CONTROLS) {
            return siblings;
          }
          int after = 0;
          while (after < siblings.size() && siblings.get(after).compareTo(k) < 0) {
            after++;
          }
          List<String> some = new ArrayList<>();
          for (int i = 0; i < CONTROLS; i++) {
            some.add(siblings.get((after + i) % siblings.size()));
          }
          return some.stream().sorted().toList();
        });
  }

  /** The VIP's packets may meet the node. */
  boolean serves(String node, String vip) {
    return Collections.binarySearch(nodesOf(vip), node) >= 0;
  }

  /** What it accuses is in the topology. */
  boolean has(Hypothesis h) {
    String name = h.component();
    return switch (h.kind()) {
      case NODE -> isNode(name);
      case PROBER -> probers.contains(name);
      case BACKEND -> hosts().contains(name);
      case VIP -> nodesByVip.containsKey(name);
      case LINK -> Stretch.is(name) || !namedEnd(name).isEmpty();
      case VIP_ON_NODE -> {
        int at = name.lastIndexOf('@');
        yield nodesOf(name.substring(0, Math.max(0, at))).contains(name.substring(at + 1));
      }
      case RACK, ZONE -> places.of(h) != null;
      // A node, a prober, or all nodes of a cluster.
      case TELEMETRY ->
          topology.component(name).isPresent()
              || nodes.stream().anyMatch(n -> clusterOf(n).equals(name));
      default -> true;
    };
  }

  /** The verdict is on something that is, or was, of this installation. */
  boolean concerns(Verdict v) {
    return v.getRegion().equals(topology.region())
        && Stream.concat(nodes.stream(), probers.stream())
            .anyMatch(n -> clusterOf(n).equals(v.getCluster()));
  }

  /** The end of a link that the topology names: the other is everybody. */
  String namedEnd(String link) {
    return LossSide.ends(link).stream().filter(this::names).findFirst().orElse("");
  }

  private boolean names(String end) {
    return isNode(end)
        || probers.contains(end)
        || nodesByVip.containsKey(end)
        || hosts().contains(end);
  }

  /** The backends on a host, sorted. */
  List<String> backendsOf(String host) {
    return hosts.entrySet().stream()
        .filter(e -> e.getValue().equals(host))
        .map(Map.Entry::getKey)
        .sorted()
        .toList();
  }

  String proberName(int proberId, String fallback) {
    return topology.prober(proberId).map(Component::name).orElse(fallback);
  }

  String clusterOf(String component) {
    return topology.component(component).map(Component::cluster).orElse("");
  }
}
