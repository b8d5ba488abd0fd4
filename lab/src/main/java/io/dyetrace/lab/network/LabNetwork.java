package io.dyetrace.lab.network;

import io.dyetrace.lab.LabException;
import io.dyetrace.lab.plan.Host;
import io.dyetrace.lab.plan.LabPlan;
import io.dyetrace.lab.plan.Vip;
import io.dyetrace.lab.system.Command;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Namespaces, links and routes. Every host hangs on the router by one veth pair: {@code eth0}
 * inside the host, the host's name inside the router. Offloads are off on both ends, because what a
 * veth hands to a DPDK or capture port with an unfinished checksum or as a 64 KiB frame is broken
 * there.
 */
public final class LabNetwork {
  private final LabPlan plan;

  public LabNetwork(LabPlan plan) {
    this.plan = plan;
  }

  /** What of the lab's network exists. */
  public Set<String> existingNamespaces() {
    Set<String> wanted = new TreeSet<>(plan.namespaces());
    return Command.of("ip", "netns", "list")
        .check()
        .output()
        .lines()
        .map(line -> line.split(" ", 2)[0])
        .filter(wanted::contains)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  public boolean bridgeExists() {
    return Command.of("ip", "link", "show", LabPlan.BRIDGE).run().ok();
  }

  /** Whether everything of the network exists. */
  public boolean complete() {
    return existingNamespaces().size() == plan.namespaces().size() && bridgeExists();
  }

  /** Builds it. */
  public void up() {
    batch(null, links());
    for (String namespace : plan.namespaces()) {
      configureKernel(namespace);
    }
    batch(plan.routerNamespace(), router());
    for (Host host : plan.hosts()) {
      batch(host.namespace(), insideHost(host));
    }
  }

  private void configureKernel(String namespace) {
    StringBuilder script = new StringBuilder("set -e\n");
    script.append("[ ! -d /proc/sys/net/ipv6 ] || sysctl -q -w");
    script.append(" net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1\n");
    script.append("sysctl -q -w net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0");
    script.append(" net.ipv4.ip_local_port_range='32768 60999'");
    if (namespace.equals(plan.routerNamespace())) {
      // Ports count in the choice of the next hop, and a next hop that does not answer stays
      // chosen: that is how routers behave
      // whose next hop died with its link up.
      script.append(" net.ipv4.ip_forward=1 net.ipv4.fib_multipath_hash_policy=1");
      script.append(" net.ipv4.fib_multipath_use_neigh=0 net.ipv4.conf.all.send_redirects=0");
      script.append(" net.ipv4.conf.default.send_redirects=0");
    }
    script.append("\nip link set lo up\n");
    script.append(
        "for d in /sys/class/net/*; do d=${d##*/}; case $d in lo|mgmt0) continue ;; esac; ");
    script.append("[ ! -e /proc/sys/net/ipv4/conf/$d/rp_filter ] || ");
    script.append("echo 0 > /proc/sys/net/ipv4/conf/$d/rp_filter; ");
    script.append("ethtool -K $d tx off gso off tso off gro off >/dev/null; done\n");
    Command.of("bash", "-s").in(namespace).input(script.toString()).check();
  }

  private String links() {
    StringBuilder b = new StringBuilder();
    for (String namespace : plan.namespaces()) {
      line(b, "netns add %s", namespace);
    }
    line(b, "link add %s type bridge", LabPlan.BRIDGE);
    line(b, "addr add %s/24 dev %s", LabPlan.MANAGEMENT_ADDRESS, LabPlan.BRIDGE);
    line(b, "link set %s up", LabPlan.BRIDGE);
    for (Host host : plan.hosts()) {
      line(
          b,
          "link add eth0 netns %s type veth peer name %s netns %s",
          host.namespace(),
          host.name(),
          plan.routerNamespace());
      if (!host.managementAddress().isEmpty()) {
        line(
            b,
            "link add %s type veth peer name mgmt0 netns %s",
            host.managementLink(),
            host.namespace());
        line(b, "link set %s master %s up", host.managementLink(), LabPlan.BRIDGE);
      }
    }
    return b.toString();
  }

  private String router() {
    StringBuilder b = new StringBuilder();
    for (Host host : plan.hosts()) {
      line(b, "link set %s up", host.name());
      line(b, "addr add %s/24 dev %s", host.routerAddress(), host.name());
    }
    line(b, "route add %s%s", LabPlan.VIP_PREFIX, nextHops(plan.firstTier()));
    if (!plan.edges().isEmpty()) {
      // The hash sees the tunnel's UDP ports, and its source port stands for the flow inside.
      line(b, "route add %s/32%s", LabPlan.EIP_TUNNEL_ADDRESS, nextHops(plan.edges()));
      line(b, "route add %s/32%s", LabPlan.CLB_TUNNEL_ADDRESS, nextHops(plan.balancers()));
    }
    for (Host node : plan.nodes()) {
      boolean behindEdges = !plan.edges().isEmpty() && !plan.isEdge(node);
      line(
          b,
          "route add %s via %s dev %s table %d",
          behindEdges ? LabPlan.PRIVATE_PREFIX : LabPlan.VIP_PREFIX,
          node.address(),
          node.name(),
          plan.pinnedTable(node));
      line(b, "rule add from %s lookup %d", plan.pinnedClientAddress(node), plan.pinnedTable(node));
    }
    return b.toString();
  }

  private static String nextHops(List<Host> nodes) {
    return nodes.stream()
        .map(n -> " nexthop via %s dev %s".formatted(n.address(), n.name()))
        .collect(Collectors.joining());
  }

  private String insideHost(Host host) {
    StringBuilder b = new StringBuilder();
    line(b, "link set eth0 up");
    if (!plan.nodes().contains(host)) {
      line(b, "addr add %s/24 dev eth0", host.address());
      if (host.equals(plan.client())) {
        plan.nodes().forEach(n -> line(b, "addr add %s/24 dev eth0", plan.pinnedClientAddress(n)));
      }
      line(b, "route add default via %s", host.routerAddress());
    }
    if (!host.managementAddress().isEmpty()) {
      line(b, "addr add %s/24 dev mgmt0", host.managementAddress());
      line(b, "link set mgmt0 up");
    }
    return b.toString();
  }

  private static void line(StringBuilder b, String format, Object... arguments) {
    b.append(String.format(format, arguments)).append('\n');
  }

  private static void batch(@org.jspecify.annotations.Nullable String namespace, String commands) {
    Command command =
        namespace == null
            ? Command.of("ip", "-batch", "-")
            : Command.of("ip", "-n", namespace, "-batch", "-");
    Command.Result result = command.input(commands).run();
    if (!result.ok()) {
      throw LabException.failed(
          "ip -batch%s failed: %s"
              .formatted(
                  namespace == null ? "" : " in " + namespace,
                  result.error().strip().replace("\n", "; ")));
    }
  }

  /** Pids of everything that runs inside the lab's namespaces. */
  public List<Long> processesInside() {
    return existingNamespaces().stream()
        .flatMap(n -> Command.of("ip", "netns", "pids", n).run().output().lines())
        .map(String::strip)
        .filter(p -> !p.isEmpty())
        .map(Long::parseLong)
        .toList();
  }

  /** Removes all of it, whatever is there. */
  public void down() {
    StringBuilder b = new StringBuilder();
    String links = Command.of("ip", "-brief", "link").run().output();
    for (Host host : plan.hosts()) {
      if (links.contains(host.managementLink() + "@")) {
        line(b, "link del %s", host.managementLink());
      }
    }
    // The links between hosts and router would go with their namespaces, but later: the kernel
    // destroys those in its own time.
    Set<String> existing = existingNamespaces();
    if (existing.contains(plan.routerNamespace())) {
      String inRouter =
          Command.of("ip", "-n", plan.routerNamespace(), "-brief", "link").run().output();
      StringBuilder r = new StringBuilder();
      for (Host host : plan.hosts()) {
        if (inRouter.contains(host.name() + "@")) {
          line(r, "link del %s", host.name());
        }
      }
      Command.of("ip", "-n", plan.routerNamespace(), "-force", "-batch", "-")
          .input(r.toString())
          .run();
    }
    if (bridgeExists()) {
      line(b, "link del %s", LabPlan.BRIDGE);
    }
    for (String namespace : existing) {
      line(b, "netns del %s", namespace);
    }
    Command.of("ip", "-force", "-batch", "-").input(b.toString()).check();
  }

  /** The VIPs' addresses, for messages. */
  public static String describe(Vip vip) {
    return vip.name() + " " + vip.address() + ":" + vip.port();
  }
}
