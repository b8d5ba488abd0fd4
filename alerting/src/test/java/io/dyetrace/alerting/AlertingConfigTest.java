package io.dyetrace.alerting;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dyetrace.common.config.ConfigException;
import io.dyetrace.common.config.StrictYaml;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class AlertingConfigTest {
  private static final String LEAST =
      "kafka: {bootstrap_servers: 'k:9092'}\nmetrics: {listen: '127.0.0.1:1'}\nalertmanager: {urls: ['http://a:9093']%s}\n";

  private static AlertingConfig parse(String more) {
    return StrictYaml.parse(String.format(LEAST, more), "test", AlertingConfig.class);
  }

  @Test
  void shouldUseTheDocumentedDefaultsWhichTheExampleShows() {
    var defaults = parse("").alertmanager();
    var example =
        StrictYaml.read(Path.of("../config/alerting.yaml"), AlertingConfig.class).alertmanager();
    assertThat(defaults.timeout()).isEqualTo(Duration.ofSeconds(5)).isEqualTo(example.timeout());
    assertThat(defaults.resendInterval())
        .isEqualTo(Duration.ofSeconds(30))
        .isEqualTo(example.resendInterval());
    assertThat(defaults.retryInterval())
        .isEqualTo(Duration.ofSeconds(2))
        .isEqualTo(example.retryInterval());
    assertThat(defaults.keepResolved())
        .isEqualTo(Duration.ofMinutes(15))
        .isEqualTo(example.keepResolved());
    assertThat(defaults.generatorUrl()).isNull();
  }

  @Test
  void shouldNameTheKeyThatIsOutOfRange() {
    assertThatThrownBy(() -> parse(", resend_interval: 100ms"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("alertmanager.resend_interval");
    assertThatThrownBy(() -> parse(", resend: 1s")).hasMessageContaining("unknown key");
  }
}
