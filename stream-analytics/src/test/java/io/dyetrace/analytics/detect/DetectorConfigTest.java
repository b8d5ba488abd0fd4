package io.dyetrace.analytics.detect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dyetrace.common.config.ConfigException;
import io.dyetrace.common.config.StrictYaml;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class DetectorConfigTest {
  @Test
  void shouldHaveTheDocumentedDefaults() {
    DetectorConfig config = DetectorConfig.defaults();

    assertThat(config.crash().consecutiveLosses()).isEqualTo(3);
    assertThat(config.jitter().delay()).isEqualTo(Duration.ofMillis(50));
    assertThat(config.jitter().delayFactor()).isEqualTo(5.0);
    assertThat(config.noData().silence()).isEqualTo(Duration.ofSeconds(15));
    assertThat(config.verdicts().healthyFor()).isEqualTo(Duration.ofSeconds(8));
    assertThat(config.verdicts().openNats()).isEqualTo(20.0);
  }

  @Test
  void shouldTakeSingleKeys() {
    DetectorConfig config = parse("crash: {consecutive_losses: 4}\nno_data: {silence: 30s}");

    assertThat(config.crash().consecutiveLosses()).isEqualTo(4);
    assertThat(config.crash().consecutiveLossesBlind()).isEqualTo(6);
    assertThat(config.noData().silence()).isEqualTo(Duration.ofSeconds(30));
  }

  @Test
  void shouldRefuseUnknownKeysAndBadRanges() {
    assertThatThrownBy(() -> parse("crash: {consecutive_loss: 4}"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("consecutive_loss");
    assertThatThrownBy(() -> parse("jitter: {delayed_share: 1.5}"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("delayed_share: 1.5");
  }

  private static DetectorConfig parse(String text) {
    return StrictYaml.parse(text, "test", DetectorConfig.class);
  }
}
