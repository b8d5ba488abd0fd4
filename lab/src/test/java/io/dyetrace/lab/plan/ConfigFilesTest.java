package io.dyetrace.lab.plan;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.dyetrace.common.colour.ColourKey;
import io.dyetrace.common.topology.Topology;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ConfigFilesTest {
  private final LabPlan plan = new LabPlan();
  private final Map<String, String> files =
      new ConfigFiles(
              plan,
              new LabPaths(Path.of("/home"), Path.of("/state"), Path.of("/shm"), Path.of("/data")))
          .render();

  private JsonNode yaml(String file) throws IOException {
    return new YAMLMapper().readTree(files.get(file));
  }

  @Test
  void shouldDescribeATopologyThatTheCommonLoaderAccepts() {
    Topology topology = Topology.parse(files.getOrDefault("topology.yaml", ""), "topology.yaml");

    assertThat(topology.component("gw-4")).isPresent();
    assertThat(topology.prober(2)).isPresent();
  }

  @Test
  void shouldGiveEachProberTheKeyDerivedForIt() throws IOException {
    JsonNode prober = yaml("prober-2.yaml");

    assertThat(prober.at("/colour/key").asText())
        .isEqualTo(ColourKey.ofHex(ConfigFiles.COLOUR_KEY_HEX).derive(2).toHex());
    assertThat(prober.at("/source_address").asText()).isEqualTo("198.18.12.2");
  }

  @Test
  void shouldKeepKeysAndVersionNumbersInTheRightType() throws IOException {
    JsonNode gateway = yaml("gw-1.yaml");

    assertThat(gateway.at("/version").isInt()).isTrue();
    assertThat(gateway.at("/colour/keys/0/hex").isTextual()).isTrue();
    assertThat(gateway.at("/vips/1/new_connection_limit").asInt())
        .isEqualTo(LabPlan.API_NEW_CONNECTION_LIMIT);
  }

  @Test
  void shouldGiveEveryNodeTheSameVips() throws IOException {
    for (Host node : plan.nodes()) {
      assertThat(yaml(node.name() + ".yaml").at("/vips")).isEqualTo(yaml("gw-1.yaml").at("/vips"));
    }
  }

  @Test
  void shouldNamePrometheusRulesThatExist() throws IOException {
    String rules = yaml("prometheus.yaml").at("/rule_files/0").asText();
    Path directory = Path.of("..").resolve(Path.of("/home").relativize(Path.of(rules).getParent()));

    try (var files =
        Files.newDirectoryStream(directory, String.valueOf(Path.of(rules).getFileName()))) {
      assertThat(files).isNotEmpty();
    }
  }

  @Test
  void shouldSendAVipOverTheControlSocketAsTheConfigurationHasIt() throws IOException {
    assertThat(new ObjectMapper().readTree(ConfigFiles.gatewayVipJson(plan.vip("vip-web"))))
        .isEqualTo(yaml("gw-2.yaml").at("/vips/0"));
  }
}
