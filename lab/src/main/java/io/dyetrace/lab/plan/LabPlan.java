package io.dyetrace.lab.plan;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The lab's machines, addresses and VIPs, as {@code docs/reference/interfaces.md} gives them.
 * Everything is inside 198.18.0.0/15, the range reserved for benchmarks, so that nothing real is
 * ever met.
 */
public final class LabPlan {
  public static final String NAMESPACE_PREFIX = "dyetrace-";
  public static final String REGION = "lab";
  public static final String ZONE = "lab-a";
  public static final String RACK = "rack-1";
  public static final String CLUSTER = "lab";
  public static final String BRIDGE = "dyetrace-mgmt";
  public static final String MANAGEMENT_ADDRESS = "198.18.255.1";
  public static final String VIP_PREFIX = "198.19.0.0/24";

  public static final int FIRST_PROBE_PORT = 20000;
  public static final int PROBE_PORTS = 512;

  /**
   * Connections a second that one node lets through to vip-api. Small, so that two cores can exceed
   * it.
   */
  public static final int API_NEW_CONNECTION_LIMIT = 150;

  private static final int NODES = 4;
  private static final int PROBERS = 2;
  private static final int SERVERS = 3;

  private final List<Host> nodes = hosts("gw-", NODES, "198.18.2", "");
  private final List<Host> probers = hosts("prober-", PROBERS, "198.18.1", "198.18.255.1");
  private final List<Host> servers = hosts("rs-", SERVERS, "198.18.3", "198.18.255.3");
  private final Host client = new Host("client", 1, "198.18.41", "198.18.255.41");
  private final List<Vip> vips =
      List.of(
          new Vip("vip-web", "198.19.0.1", 80, 0, servers),
          new Vip("vip-api", "198.19.0.2", 8080, API_NEW_CONNECTION_LIMIT, servers),
          // The two example services: "orders" on a real server, "frontend" on the client.
          new Vip("vip-mesh", "198.19.0.3", 9000, 0, servers.subList(0, 1)),
          new Vip("vip-front", "198.19.0.4", 9001, 0, List.of(client)));

  private static List<Host> hosts(String prefix, int count, String subnet, String management) {
    return IntStream.rangeClosed(1, count)
        .mapToObj(
            i -> new Host(prefix + i, i, subnet + i, management.isEmpty() ? "" : management + i))
        .toList();
  }

  public List<Host> nodes() {
    return nodes;
  }

  public List<Host> probers() {
    return probers;
  }

  public List<Host> servers() {
    return servers;
  }

  public Host client() {
    return client;
  }

  public List<Vip> vips() {
    return vips;
  }

  /** The VIPs that probers probe: those with several servers. */
  public List<Vip> probedVips() {
    return vips.stream().filter(v -> v.hosts().size() > 1).toList();
  }

  /** Hosts that serve behind a VIP. */
  public List<Host> backendHosts() {
    return vips.stream().flatMap(v -> v.hosts().stream()).distinct().toList();
  }

  /** Every host with a link to the router. */
  public List<Host> hosts() {
    List<Host> all = new ArrayList<>(probers);
    all.addAll(nodes);
    all.addAll(servers);
    all.add(client);
    return List.copyOf(all);
  }

  public String routerNamespace() {
    return NAMESPACE_PREFIX + "router";
  }

  /** All namespaces of the lab. */
  public List<String> namespaces() {
    List<String> all = new ArrayList<>(List.of(routerNamespace()));
    hosts().forEach(h -> all.add(h.namespace()));
    return List.copyOf(all);
  }

  /** The client's address whose packets the router sends to this node only, ECMP set aside. */
  public String pinnedClientAddress(Host node) {
    return client.subnet() + "." + (10 + node.index());
  }

  /** The router's table with this node as the only next hop. */
  public int pinnedTable(Host node) {
    return 100 + node.index();
  }

  /** The host of this name. */
  public Host host(String name) {
    return find(hosts(), name);
  }

  /** The node of this name. */
  public Host node(String name) {
    return find(nodes, name);
  }

  /** The prober of this name. */
  public Host prober(String name) {
    return find(probers, name);
  }

  /** The real server of this name. */
  public Host server(String name) {
    return find(servers, name);
  }

  /** The VIP of this name. */
  public Vip vip(String name) {
    return vips.stream()
        .filter(v -> v.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "no '" + name + "' here; known: " + vips.stream().map(Vip::name).toList()));
  }

  private static Host find(List<Host> hosts, String name) {
    return hosts.stream()
        .filter(h -> h.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "no '" + name + "' here; known: " + hosts.stream().map(Host::name).toList()));
  }
}
