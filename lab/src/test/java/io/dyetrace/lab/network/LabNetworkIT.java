package io.dyetrace.lab.network;

import static org.assertj.core.api.Assertions.assertThat;

import io.dyetrace.lab.Requirements;
import io.dyetrace.lab.plan.Host;
import io.dyetrace.lab.plan.LabPlan;
import io.dyetrace.lab.plan.LabTopology;
import io.dyetrace.lab.system.Command;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class LabNetworkIT {
  /** Whether the network is this test's: after-methods also run when a before-method gave up. */
  private boolean mine;

  private final LabPlan plan = new LabPlan();
  private final LabNetwork network = new LabNetwork(plan);

  @BeforeEach
  void setUp() {
    Requirements.root();
    Requirements.programs("ip", "ethtool", "nft", "ping", "sysctl");
    Requirements.noLab();
    mine = true;
  }

  @AfterEach
  void tearDown() {
    if (mine) {
      network.down();
    }
  }

  @Test
  void shouldConnectEveryHostAndLeaveNothingBehind() {
    network.up();

    assertThat(network.complete()).isTrue();
    Host client = plan.client();
    for (Host server : plan.servers()) {
      assertThat(ping(client.namespace(), server.address()).ok()).isTrue();
    }
    for (Host prober : plan.probers()) {
      assertThat(Command.of("ping", "-c1", "-W2", prober.managementAddress()).run().ok()).isTrue();
    }

    network.down();
    assertThat(network.existingNamespaces()).isEmpty();
    assertThat(network.bridgeExists()).isFalse();
    assertThat(Command.of("ip", "-brief", "link").run().output()).doesNotContain("dtm-");
  }

  @Test
  void shouldTurnOffloadsOffOnBothEndsOfEveryDataLink() {
    network.up();

    for (Host host : plan.hosts()) {
      assertThat(features(host.namespace(), "eth0"))
          .as(host.name())
          .allMatch(f -> f.contains(" off"));
      assertThat(features(plan.routerNamespace(), host.name()))
          .as("router's " + host.name())
          .allMatch(f -> f.contains(" off"));
    }
  }

  @Test
  void shouldSpreadConnectionsOverAllNodesByPortAndPinThoseOfTheClientsOwnAddresses() {
    network.up();

    List<String> nodes = plan.nodes().stream().map(Host::name).toList();
    assertThat(nodes.stream().map(n -> nextHopOf(plan.pinnedClientAddress(plan.node(n)), 40000)))
        .isEqualTo(nodes);
    assertThat(
            java.util.stream.IntStream.range(20000, 20064)
                .mapToObj(port -> nextHopOf(plan.prober("prober-1").address(), port))
                .distinct())
        .containsExactlyInAnyOrderElementsOf(nodes);
  }

  @Test
  void shouldSpreadTunnelsOverEachTierByTheirSourcePort() {
    LabPlan tiers = new LabPlan(LabTopology.TWO_TIER);
    LabNetwork twoTier = new LabNetwork(tiers);
    try {
      twoTier.up();
      assertThat(tunnelsTo(LabPlan.CLB_TUNNEL_ADDRESS, LabPlan.EIP_TUNNEL_ADDRESS, "eip-1"))
          .containsExactlyInAnyOrder("clb-1", "clb-2", "clb-3");
      assertThat(tunnelsTo(LabPlan.EIP_TUNNEL_ADDRESS, LabPlan.CLB_TUNNEL_ADDRESS, "clb-1"))
          .containsExactlyInAnyOrder("eip-1", "eip-2");
    } finally {
      twoTier.down();
    }
    assertThat(twoTier.existingNamespaces()).isEmpty();
  }

  private List<String> tunnelsTo(String address, String from, String through) {
    return java.util.stream.IntStream.range(50_000, 50_064)
        .mapToObj(
            port ->
                Command.of(
                        "ip",
                        "-n",
                        plan.routerNamespace(),
                        "route",
                        "get",
                        address,
                        "from",
                        from,
                        "iif",
                        through,
                        "ipproto",
                        "udp",
                        "sport",
                        Integer.toString(port),
                        "dport",
                        "4789")
                    .check()
                    .output()
                    .replaceAll("(?s).* dev (\\S+).*", "$1"))
        .distinct()
        .toList();
  }

  @Test
  void shouldHaveNoIpv6AndNoAddressOnTheGatewaysPorts() {
    network.up();

    for (Host node : plan.nodes()) {
      assertThat(
              Command.of("ip", "-n", node.namespace(), "addr", "show", "dev", "eth0")
                  .check()
                  .output())
          .doesNotContain("inet");
    }
  }

  @Test
  void shouldTakeDownAHalfMadeNetworkAndNothingTwice() {
    Command.of("ip", "netns", "add", plan.routerNamespace()).check();
    Command.of("ip", "link", "add", LabPlan.BRIDGE, "type", "bridge").check();

    network.down();
    network.down();

    assertThat(network.existingNamespaces()).isEmpty();
    assertThat(network.bridgeExists()).isFalse();
  }

  private String nextHopOf(String source, int sourcePort) {
    String route =
        Command.of(
                "ip",
                "-n",
                plan.routerNamespace(),
                "route",
                "get",
                "198.19.0.1",
                "from",
                source,
                "iif",
                source.startsWith("198.18.41.") ? "client" : "prober-1",
                "ipproto",
                "tcp",
                "sport",
                Integer.toString(sourcePort),
                "dport",
                "80")
            .check()
            .output();
    return route.replaceAll("(?s).* dev (\\S+).*", "$1");
  }

  private static List<String> features(String namespace, String device) {
    return Command.of("ethtool", "-k", device)
        .in(namespace)
        .check()
        .output()
        .lines()
        .filter(
            line ->
                line.startsWith("tcp-segmentation-offload:")
                    || line.startsWith("tx-checksumming:")
                    || line.startsWith("generic-segmentation-offload:")
                    || line.startsWith("generic-receive-offload:"))
        .toList();
  }

  private static Command.Result ping(String namespace, String address) {
    return Command.of("ping", "-c1", "-W2", address).in(namespace).run();
  }
}
