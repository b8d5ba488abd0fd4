package io.dyetrace.lab.plan;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

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

  /** What elastic IP nodes make of the VIPs' addresses. */
  public static final String PRIVATE_PREFIX = "198.19.1.0/24";

  /** Where tunnels end: the address of all elastic IP nodes, and that of all load balancers. */
  public static final String EIP_TUNNEL_ADDRESS = "198.19.2.1";

  public static final String CLB_TUNNEL_ADDRESS = "198.19.2.2";

  public static final int FIRST_PROBE_PORT = 20000;
  public static final int PROBE_PORTS = 512;

  /**
   * Connections a second that one node lets through to vip-api. Small, so that two cores can exceed
   * it.
   */
  public static final int API_NEW_CONNECTION_LIMIT = 150;

  /** The TCP port that stands for vip-quic's 443/udp. */
  public static final int QUIC_PROBE_PORT = 8443;

  private static final int NODES = 4;
  private static final int EDGES = 2;
  private static final int BALANCERS = 3;
  private static final int PROBERS = 2;
  private static final int SERVERS = 3;

  private final LabTopology topology;
  private final List<Host> edges;
  private final List<Host> balancers;
  private final List<Host> nodes;
  private final List<Host> probers = hosts("prober-", PROBERS, "198.18.1", "198.18.255.1");
  private final List<Host> servers = hosts("rs-", SERVERS, "198.18.3", "198.18.255.3");
  private final Host client = new Host("client", 1, "198.18.41", "198.18.255.41");
  private final List<Vip> vips = new ArrayList<>();

  /** The default: one tier. */
  public LabPlan() {
    this(LabTopology.ONE_TIER);
  }

  public LabPlan(LabTopology topology) {
    this.topology = topology;
    boolean twoTier = topology == LabTopology.TWO_TIER;
    this.edges = twoTier ? hosts("eip-", EDGES, "198.18.5", "") : List.of();
    this.balancers =
        twoTier ? hosts("clb-", BALANCERS, "198.18.2", "") : hosts("gw-", NODES, "198.18.2", "");
    this.nodes = Stream.concat(edges.stream(), balancers.stream()).toList();
    vips.add(vip("vip-web", 1, 80, 0, servers));
    vips.add(vip("vip-api", 2, 8080, API_NEW_CONNECTION_LIMIT, servers));
    // The two example services: "orders" on a real server, "frontend" on the client.
    vips.add(vip("vip-mesh", 3, 9000, 0, servers.subList(0, 1)));
    vips.add(vip("vip-front", 4, 9001, 0, List.of(client)));
    if (twoTier) {
      // Nobody can probe QUIC half open: a TCP port on its address leads over the same nodes.
      vips.add(
          new Vip("vip-quic", "198.19.0.5", "198.19.1.5", 443, "udp", QUIC_PROBE_PORT, 0, servers));
    }
  }

  private Vip vip(String name, int number, int port, int newConnectionLimit, List<Host> hosts) {
    String privateAddress = edges.isEmpty() ? "" : "198.19.1." + number;
    return new Vip(
        name, "198.19.0." + number, privateAddress, port, "tcp", 0, newConnectionLimit, hosts);
  }

  /** Every lab there can be: one that is taken down may be any. */
  public static List<LabPlan> all() {
    return Arrays.stream(LabTopology.values()).map(LabPlan::new).toList();
  }

  public LabTopology topology() {
    return topology;
  }

  private static List<Host> hosts(String prefix, int count, String subnet, String management) {
    return IntStream.rangeClosed(1, count)
        .mapToObj(
            i -> new Host(prefix + i, i, subnet + i, management.isEmpty() ? "" : management + i))
        .toList();
  }

  /** Gateway nodes of every tier, in the order in which packets pass the tiers. */
  public List<Host> nodes() {
    return nodes;
  }

  /** Elastic IP nodes; none in a lab of one tier. */
  public List<Host> edges() {
    return edges;
  }

  /** Load balancers. */
  public List<Host> balancers() {
    return balancers;
  }

  /** The nodes that clients' packets come to first. */
  public List<Host> firstTier() {
    return edges.isEmpty() ? balancers : edges;
  }

  public boolean isEdge(Host node) {
    return edges.contains(node);
  }

  /** The nodes of the same tier, itself included. */
  public List<Host> tierOf(Host node) {
    return isEdge(node) ? edges : balancers;
  }

  /**
   * The VIP's address for a client that goes through this node: past the elastic IP nodes a load
   * balancer is met at the address it serves.
   */
  public String addressThrough(Host node, Vip vip) {
    return isEdge(node) ? vip.address() : vip.servedAddress();
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
    return List.copyOf(vips);
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
    return client.subnet() + "." + (10 + number(node));
  }

  private int number(Host node) {
    return nodes.indexOf(node) + 1;
  }

  /** The router's table with this node as the only next hop. */
  public int pinnedTable(Host node) {
    return 100 + number(node);
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
