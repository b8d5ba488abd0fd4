package io.dyetrace.lab.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.dyetrace.common.topology.Topology;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class TwoTierPlanTest {
  private final LabPlan plan = new LabPlan(LabTopology.TWO_TIER);
  private final Map<String, String> files =
      new ConfigFiles(
              plan,
              new LabPaths(Path.of("/home"), Path.of("/state"), Path.of("/shm"), Path.of("/data")))
          .render();

  private JsonNode yaml(String file) throws IOException {
    return new YAMLMapper().readTree(files.get(file));
  }

  @Test
  void shouldDescribeBothTiersToTheAnalytics() {
    Topology topology = Topology.parse(files.getOrDefault("topology.yaml", ""), "topology.yaml");

    assertThat(topology.vip("vip-web").orElseThrow().nodes())
        .containsExactly("eip-1", "eip-2", "clb-1", "clb-2", "clb-3");
    assertThat(topology.vip("vip-quic").orElseThrow().coverage())
        .contains("covered by TCP probe on port 8443");
    assertThat(topology.publicByPrivate()).hasSize(plan.vips().size());
  }

  @Test
  void shouldLetTheTiersMeetAtTheSameTunnel() throws IOException {
    JsonNode edge = yaml("eip-2.yaml").at("/tunnels/0");
    JsonNode balancer = yaml("clb-3.yaml").at("/tunnels/0");

    assertThat(edge.at("/local")).isEqualTo(balancer.at("/remote"));
    assertThat(edge.at("/remote")).isEqualTo(balancer.at("/local"));
    assertThat(edge.at("/id")).isEqualTo(balancer.at("/id"));
    assertThat(yaml("eip-1.yaml").at("/tunnels")).isEqualTo(yaml("eip-2.yaml").at("/tunnels"));
  }

  @Test
  void shouldTranslateEveryVipToTheAddressThatTheBalancersServe() throws IOException {
    TreeSet<String> translated = new TreeSet<>();
    for (JsonNode eip : yaml("eip-1.yaml").at("/eips")) {
      translated.add(eip.at("/private").asText());
      assertThat(eip.at("/public").asText())
          .isEqualTo(plan.vip(eip.at("/name").asText()).address());
    }
    TreeSet<String> served = new TreeSet<>();
    yaml("clb-1.yaml").at("/vips").forEach(v -> served.add(v.at("/address").asText()));
    assertThat(translated).isEqualTo(served);
    assertThat(yaml("eip-1.yaml").has("vips")).isFalse();
    assertThat(yaml("clb-1.yaml").has("eips")).isFalse();
  }

  @Test
  void shouldServeATcpPortOnTheAddressOfTheVipThatCannotBeProbed() throws IOException {
    JsonNode quic = null;
    JsonNode probe = null;
    for (JsonNode vip : yaml("clb-2.yaml").at("/vips")) {
      quic = vip.at("/name").asText().equals("vip-quic") ? vip : quic;
      probe = vip.at("/name").asText().equals("vip-quic-probe") ? vip : probe;
    }
    assertThat(quic).isNotNull();
    assertThat(probe).isNotNull();
    assertThat(quic.at("/protocol").asText()).isEqualTo("udp");
    assertThat(probe.at("/protocol").asText()).isEqualTo("tcp");
    assertThat(probe.at("/address")).isEqualTo(quic.at("/address"));
    assertThat(probe.at("/backends/0/name")).isEqualTo(quic.at("/backends/0/name"));
    assertThat(probe.at("/backends/0/port").asInt()).isEqualTo(LabPlan.QUIC_PROBE_PORT);
    assertThat(files.get("prober-1.yaml")).contains("name: vip-quic", "port: 8443");
    assertThat(files.get("rs-1-nginx.conf")).contains("listen 8443;").doesNotContain("listen 443;");
  }

  @Test
  void shouldPinAClientsAddressToEachNodeOfEachTier() {
    assertThat(plan.nodes().stream().map(plan::pinnedClientAddress)).doesNotHaveDuplicates();
    assertThat(plan.addressThrough(plan.node("eip-1"), plan.vip("vip-web")))
        .isEqualTo("198.19.0.1");
    assertThat(plan.addressThrough(plan.node("clb-1"), plan.vip("vip-web")))
        .isEqualTo("198.19.1.1");
    assertThat(plan.tierOf(plan.node("clb-2"))).isEqualTo(plan.balancers());
  }

  @Test
  void shouldKnowTheTopologiesByName() {
    assertThat(LabTopology.of("two-tier")).isEqualTo(LabTopology.TWO_TIER);
    assertThat(new LabPlan().topology()).isEqualTo(LabTopology.ONE_TIER);
    assertThatThrownBy(() -> LabTopology.of("three-tier")).hasMessageContaining("two-tier");
  }
}
