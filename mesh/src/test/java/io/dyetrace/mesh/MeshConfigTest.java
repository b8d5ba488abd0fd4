package io.dyetrace.mesh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dyetrace.common.config.StrictYaml;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class MeshConfigTest {
  private static final String LEAST =
      "kafka: {bootstrap_servers: 'k:9092'}\nmetrics: {listen: '127.0.0.1:1'}\n";

  @Test
  void shouldUseTheDocumentedDefaultsWhichTheExampleShows() {
    MeshConfig defaults = StrictYaml.parse(LEAST, "test", MeshConfig.class);
    MeshConfig example = StrictYaml.read(Path.of("../config/mesh.yaml"), MeshConfig.class);
    assertThat(defaults.listen()).isEqualTo(example.listen()).hasToString("0.0.0.0:4317");
    assertThat(defaults.mostSeries()).isEqualTo(example.mostSeries()).isEqualTo(100_000);
    assertThat(defaults.mostMessageBytes())
        .isEqualTo(example.mostMessageBytes())
        .isEqualTo(4_194_304);
  }

  @Test
  void shouldNameTheKeyThatIsOutOfRange() {
    assertThatThrownBy(() -> StrictYaml.parse(LEAST + "most_series: 1\n", "test", MeshConfig.class))
        .hasMessageContaining("most_series: 1 is not within 100 and 10000000");
  }
}
