package io.dyetrace.gateway.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dyetrace.common.config.ConfigException;
import io.dyetrace.common.config.StrictYaml;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class AgentConfigTest {
  private static final String NODE =
      "{location: {region: lab, zone: lab-a, rack: rack-1, cluster: lab, node: gw-1}}";
  private static final String REST =
      "kafka: {bootstrap_servers: \"127.0.0.1:9092\"}\nmetrics: {listen: \"127.0.0.1:0\"}\n";

  @Test
  void shouldReadTheExample() {
    AgentConfig config = StrictYaml.read(Path.of("../config/agent.yaml"), AgentConfig.class);

    assertThat(config.telemetryDirectory()).isEqualTo(Path.of("/run/dyetrace/telemetry"));
    assertThat(config.nodes()).extracting(n -> n.location().node()).containsExactly("gw-1");
    assertThat(config.kafka().bootstrapServers()).isEqualTo("127.0.0.1:9092");
    assertThat(config.metrics().listen().port()).isEqualTo(9465);
    assertThat(config.pollInterval()).isEqualTo(Duration.ofMillis(50));
  }

  @Test
  void shouldPollTwentyTimesASecondByDefault() {
    assertThat(parse("telemetry_directory: /x\nnodes: [" + NODE + "]\n" + REST).pollInterval())
        .isEqualTo(Duration.ofMillis(50));
  }

  @Test
  void shouldRefuseWhatItCannotUse() {
    refuses("nodes: [" + NODE + "]\n" + REST, "telemetry_directory: missing");
    refuses("telemetry_directory: /x\n" + REST, "nodes: missing");
    refuses("telemetry_directory: /x\nnodes: []\n" + REST, "at least one");
    refuses("telemetry_directory: /x\nnodes: [" + NODE + "," + NODE + "]\n" + REST, "stands twice");
    refuses(
        "telemetry_directory: /x\nnodes: [" + NODE + "]\npoll_interval: 2s\n" + REST,
        "poll_interval");
    refuses("telemetry_directory: /x\nnodes: [" + NODE + "]\npoll: 2s\n" + REST, "unknown key");
  }

  private static void refuses(String yaml, String because) {
    assertThatThrownBy(() -> parse(yaml))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(because);
  }

  private static AgentConfig parse(String yaml) {
    return StrictYaml.parse(yaml, "test", AgentConfig.class);
  }
}
