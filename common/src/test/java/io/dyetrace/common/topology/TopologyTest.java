package io.dyetrace.common.topology;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dyetrace.common.config.ConfigException;
import io.dyetrace.common.config.DocumentedYaml;
import io.dyetrace.common.config.IpAddresses;
import io.dyetrace.common.config.LocationConfig;
import io.dyetrace.common.registry.Tier;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TopologyTest {
  private static final String YAML =
      """
      version: 1
      region: lab
      zones:
        - name: lab-a
          racks:
            - name: rack-1
              components:
                - {name: gw-1, kind: gateway, cluster: lab, tier: CLB}
                - {name: gw-2, kind: gateway, cluster: lab, tier: CLB}
                - {name: prober-1, kind: prober, cluster: lab, prober_id: 1}
        - name: lab-b
          racks:
            - name: rack-2
              components:
                - {name: prober-2, kind: prober, cluster: lab, prober_id: 2}
                - {name: rs-1, kind: backend_host, cluster: lab}
                - {name: rs-10, kind: backend_host, cluster: lab}
      vips:
        - name: vip-web
          address: 198.19.0.1
          port: 80
          protocol: tcp
          nodes: [gw-1, gw-2]
          backends:
            - {name: rs-1-web, address: 198.18.31.2, port: 80, weight: 3}
            - {name: rs-10-web, address: 198.18.40.2, port: 80}
            - {name: web-c, address: 198.18.40.2, port: 81, host: rs-10}
        - name: vip-dns
          address: 198.19.0.1
          port: 80
          protocol: udp
          nodes: [gw-1]
          backends: []
      """;

  @TempDir Path directory;

  private final Topology topology = Topology.parse(YAML, "x.yaml");

  @Test
  void shouldFindAComponentByName() {
    assertThat(topology.component("gw-2"))
        .contains(new Component("gw-2", Component.Kind.GATEWAY, "lab", Tier.CLB, null));
    assertThat(topology.component("gw-9")).isEmpty();
    assertThat(topology.components(Component.Kind.GATEWAY))
        .extracting(Component::name)
        .containsExactly("gw-1", "gw-2");
    assertThat(topology.components()).hasSize(6);
  }

  @Test
  void shouldGiveAClusterByItselfWithTheHostsOfItsBackends() {
    Topology two =
        Topology.parse(
            """
            version: 1
            region: eu
            zones:
              - name: a
                racks:
                  - name: r1
                    components:
                      - {name: gw-1, kind: gateway, cluster: one, tier: CLB}
                      - {name: gw-2, kind: gateway, cluster: two, tier: CLB}
                      - {name: prober-1, kind: prober, cluster: one, prober_id: 1}
                      - {name: prober-2, kind: prober, cluster: two, prober_id: 2}
                      - {name: rs-1, kind: backend_host, cluster: shared}
                      - {name: rs-2, kind: backend_host, cluster: shared}
            vips:
              - name: vip-a
                address: 198.19.0.1
                port: 80
                protocol: tcp
                nodes: [gw-1]
                backends: [{name: rs-1-a, address: 198.18.31.2, port: 80}]
              - name: vip-b
                address: 198.19.0.2
                port: 80
                protocol: tcp
                nodes: [gw-1, gw-2]
                backends: [{name: web-b, address: 198.18.32.2, port: 80, host: rs-2}]
            """,
            "x.yaml");

    Topology part = two.part("two");
    assertThat(part.components())
        .extracting(Component::name)
        .containsExactly("gw-2", "prober-2", "rs-2");
    assertThat(part.vips()).extracting(Vip::name).containsExactly("vip-b");
    assertThat(part.vips().get(0).nodes()).containsExactly("gw-2");
    assertThat(part.hostOf("web-b")).isEqualTo("rs-2");
    assertThat(part.location("gw-2")).isEqualTo(two.location("gw-2"));
    assertThat(two.part("one").components())
        .extracting(Component::name)
        .containsExactly("gw-1", "prober-1", "rs-1", "rs-2");
    assertThat(two.part("three").components()).isEmpty();
    assertThat(two.part("three").vips()).isEmpty();
  }

  @Test
  void shouldFindAProberById() {
    assertThat(topology.prober(2)).map(Component::name).contains("prober-2");
    assertThat(topology.prober(3)).isEmpty();
  }

  @Test
  void shouldKnowWhereAComponentStands() {
    assertThat(topology.location("prober-2"))
        .contains(new LocationConfig("lab", "lab-b", "rack-2", "lab", "prober-2"));
    assertThat(topology.region()).isEqualTo("lab");
  }

  @Test
  void shouldFindAVipByNameAndByAddressPortAndProtocol() {
    assertThat(topology.vip("vip-web"))
        .map(Vip::nodes)
        .hasValueSatisfying(n -> assertThat(n).containsExactly("gw-1", "gw-2"));
    assertThat(topology.vip(IpAddresses.parse("198.19.0.1"), 80, 6))
        .map(Vip::name)
        .contains("vip-web");
    assertThat(topology.vip(IpAddresses.parse("198.19.0.1"), 80, 17))
        .map(Vip::name)
        .contains("vip-dns");
    assertThat(topology.vip(IpAddresses.parse("198.19.0.1"), 81, 6)).isEmpty();
    assertThat(topology.vipsOf("gw-2")).extracting(Vip::name).containsExactly("vip-web");
  }

  @Test
  void shouldKnowTheHostABackendRunsOn() {
    assertThat(topology.hostOf("rs-1-web")).isEqualTo("rs-1");
    assertThat(topology.hostOf("rs-10-web")).isEqualTo("rs-10");
    assertThat(topology.hostOf("web-c")).isEqualTo("rs-10");
    assertThat(topology.hostOf("elsewhere")).isEqualTo("elsewhere");
    assertThat(topology.backend("rs-1-web")).map(Vip.Backend::weight).contains(3);
    assertThat(topology.backend("rs-10-web")).map(Vip.Backend::weight).contains(1);
  }

  @Test
  void shouldReadTheDocumentedExample() {
    Topology example = Topology.parse(DocumentedYaml.under("### Topology"), "interfaces.md");

    assertThat(example.components()).hasSize(3);
    assertThat(example.hostOf("rs-1-web")).isEqualTo("rs-1");
  }

  @Test
  void shouldFindAVipOfTwoTiersByEachOfItsServices() throws Exception {
    Topology twoTier =
        Topology.parse(
            YAML.replace(
                "  protocol: udp",
                "  private_address: 10.0.0.1\n    protocol: udp\n    probe: {port: 8443}"),
            "x.yaml");
    Vip vip = twoTier.vip("vip-dns").orElseThrow();
    InetAddress outside = InetAddress.getByName("198.19.0.1");
    InetAddress inside = InetAddress.getByName("10.0.0.1");

    assertThat(vip.probePort()).isEqualTo(8443);
    assertThat(vip.coverage())
        .isEqualTo("vip-dns (UDP 80) is covered by TCP probe on port 8443 over the same nodes");
    for (InetAddress address : List.of(outside, inside)) {
      assertThat(twoTier.vip(address, 80, 17)).contains(vip);
      assertThat(twoTier.vip(address, 8443, 6)).contains(vip);
    }
    assertThat(twoTier.publicByPrivate()).containsExactly(Map.entry(inside, outside));
    assertThat(twoTier.vip("vip-web").map(Vip::coverage)).contains("");
  }

  @Test
  void shouldReadAFile() throws Exception {
    Path file = Files.writeString(directory.resolve("topology.yaml"), YAML);
    assertThat(Topology.read(file).vips()).isEqualTo(topology.vips());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          version: 1 | version: 2 | version: 2 is not 1
          name: gw-2 | name: gw-1 | the name gw-1 is there twice
          name: lab-b | name: lab-a | zones: the name lab-a is there twice
          name: rack-2 | name: rack-1 | racks: the name rack-1 is there twice
          prober_id: 2 | prober_id: 1 | prober-1 and prober-2 have the prober_id 1
          prober_id: 2 | prober_id: 65536 | prober_id: 65536 is not within 0 and 65535
          , prober_id: 2 | | prober_id: a prober has one
          , tier: CLB | | tier: a gateway has one
          kind: prober | kind: probe | kind
          nodes: [gw-1, gw-2] | nodes: [gw-1, gw-3] | there is no gateway gw-3
          nodes: [gw-1, gw-2] | nodes: [rs-1] | there is no gateway rs-1
          nodes: [gw-1, gw-2] | nodes: [gw-1, gw-1] | nodes: gw-1 is there twice
          name: vip-dns | name: vip-web | vips: the name vip-web is there twice
          protocol: udp | protocol: tcp | vip-dns: vip-web has the same address, port and protocol
          protocol: udp | protocol: sctp | protocol
          name: rs-10-web | name: rs-1-web | the name rs-1-web is there twice
          host: rs-10 | host: gw-1 | there is no backend host gw-1
          address: 198.18.31.2 | address: 198.18.31 | '198.18.31' is not an IP address
          port: 81 | port: 0 | port: 0 is not within 1 and 65535
          weight: 3 | weight: -1 | weight: -1 is not within 0 and 65535
          region: lab | | region: missing
          """)
  void shouldRefuseADocumentThatContradictsItself(String good, String bad, String message) {
    String yaml = YAML.replace(good, bad == null ? "" : bad);
    assertThat(yaml).isNotEqualTo(YAML);
    assertThatThrownBy(() -> Topology.parse(yaml, "x.yaml"))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith("x.yaml")
        .hasMessageContaining(message);
  }
}
