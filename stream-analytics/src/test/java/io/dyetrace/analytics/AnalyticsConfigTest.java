package io.dyetrace.analytics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dyetrace.analytics.sim.SimTopology;
import io.dyetrace.common.config.StrictYaml;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class AnalyticsConfigTest {
  private static final String LEAST =
      """
      kafka: {bootstrap_servers: "127.0.0.1:9092"}
      clickhouse: {url: "http://127.0.0.1:8123"}
      topology: topology.yaml
      checkpoints: {directory: /tmp/checkpoints}
      """;

  private static AnalyticsConfig parse(String text) {
    return StrictYaml.parse(text, "analytics.yaml", AnalyticsConfig.class);
  }

  @Test
  void shouldFillInDefaults() {
    AnalyticsConfig config = parse(LEAST);
    assertThat(config.topology()).isEqualTo(Path.of("topology.yaml"));
    assertThat(config.checkpoints().interval()).isEqualTo(Duration.ofSeconds(1));
    assertThat(config.checkpoints().retained()).isEqualTo(3);
    assertThat(config.parallelism()).isEqualTo(1);
    assertThat(config.deduplicationTtl()).isEqualTo(Duration.ofMinutes(10));
    assertThat(config.embedded()).isTrue();
    assertThat(config.webPort()).isZero();
    assertThat(config.metrics()).isNull();
  }

  @Test
  void shouldReadTheExampleConfiguration() {
    AnalyticsConfig config =
        StrictYaml.read(Path.of("../config/analytics.yaml"), AnalyticsConfig.class);
    assertThat(config.embedded()).isTrue();
  }

  @Test
  void shouldTakeTheCheckpointDirectoryAsAPathOrAFileUri() {
    assertThat(parse(LEAST).checkpoints().localDirectory()).contains(Path.of("/tmp/checkpoints"));
    for (String uri : List.of("file:///tmp/checkpoints", "file:/tmp/checkpoints")) {
      String text = LEAST.replace("/tmp/checkpoints", "\"" + uri + "\"");
      assertThat(parse(text).checkpoints().localDirectory()).contains(Path.of("/tmp/checkpoints"));
    }
    String remote = LEAST.replace("/tmp/checkpoints", "\"s3://bucket/checkpoints\"");
    assertThat(
            parse(remote + "embedded: false\njobmanager: 127.0.0.1:8081\n")
                .checkpoints()
                .localDirectory())
        .isEmpty();
    assertThatThrownBy(() -> parse(remote))
        .hasMessageContaining(
            "checkpoints.directory: 's3://bucket/checkpoints' is not local, and embedded is true");
    assertThatThrownBy(
            () -> parse(LEAST.replace("/tmp/checkpoints", "\"file://host/checkpoints\"")))
        .hasMessageContaining("directory: 'file://host/checkpoints' is not a path");
  }

  @Test
  void shouldRefuseToRestoreAnEmbeddedJobFromAGivenCheckpoint(@TempDir Path directory)
      throws Exception {
    Path topology = directory.resolve("lab.yaml");
    Files.writeString(topology, SimTopology.labYaml());
    Path file = directory.resolve("analytics.yaml");
    Files.writeString(file, LEAST.replace("topology: topology.yaml", "topology: " + topology));
    CommandLine main = new CommandLine(new AnalyticsMain());
    assertThat(main.execute("--config", file.toString(), "--check-config")).isZero();
    assertThat(
            main.execute(
                "--config", file.toString(), "--check-config", "--restore-from", "file:/tmp/x"))
        .isEqualTo(2);
  }

  @Test
  void shouldRefuseWhatCannotWork() {
    assertThatThrownBy(() -> parse("topology: t.yaml\n")).hasMessageContaining("kafka: missing");
    assertThatThrownBy(() -> parse(LEAST + "parallelism: 0\n"))
        .hasMessageContaining("parallelism: 0 is not within 1 and 128");
    assertThatThrownBy(() -> parse(LEAST.replace("checkpoints}", "checkpoints, interval: 3s}")))
        .hasMessageContaining("interval: PT3S is not within PT0.1S and PT2S");
    assertThatThrownBy(() -> parse(LEAST + "embedded: false\n"))
        .hasMessageContaining("jobmanager: missing, and embedded is false");
    assertThatThrownBy(() -> parse(LEAST + "paralelism: 1\n")).hasMessageContaining("unknown key");
  }
}
