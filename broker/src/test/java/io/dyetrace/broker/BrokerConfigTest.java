package io.dyetrace.broker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dyetrace.common.config.ConfigException;
import io.dyetrace.common.config.StrictYaml;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class BrokerConfigTest {
  private static BrokerConfig parse(String yaml) {
    return StrictYaml.parse(yaml, "broker.yaml", BrokerConfig.class);
  }

  @Test
  void shouldFillInDefaults() {
    BrokerConfig config = parse("data_directory: /tmp/kafka\n");
    assertThat(config.listeners()).containsExactly("127.0.0.1:9092");
    assertThat(config.controllerPort()).isZero();
    assertThat(config.retention()).isEqualTo(Duration.ofHours(1));
    assertThat(config.segmentBytes()).isEqualTo(32 << 20);
    assertThat(config.topics())
        .extracting(BrokerConfig.Topic::name)
        .containsExactly(
            "dyetrace.probes",
            "dyetrace.points",
            "dyetrace.counters",
            "dyetrace.mesh",
            "dyetrace.verdicts",
            "dyetrace.dead-letter",
            "dyetrace.parameters");
    assertThat(config.topics())
        .filteredOn(BrokerConfig.Topic::compacted)
        .extracting(BrokerConfig.Topic::name)
        .containsExactly("dyetrace.parameters");
    assertThat(config.metrics()).isNull();
  }

  @Test
  void shouldReadEveryKey() {
    BrokerConfig config =
        parse(
            """
            listeners: ["127.0.0.1:9092", "198.18.255.1:9092"]
            data_directory: /tmp/kafka
            controller_port: 9093
            retention: 2h
            segment_bytes: 1048576
            topics:
              - {name: dyetrace.points, partitions: 4, retention: 30m}
            metrics: {listen: "127.0.0.1:9469"}
            """);
    assertThat(config.listeners()).hasSize(2);
    assertThat(config.topics().get(0).partitions()).isEqualTo(4);
    assertThat(config.topics().get(0).retention()).isEqualTo(Duration.ofMinutes(30));
  }

  @Test
  void shouldRefuseWhatCannotWork() {
    assertThatThrownBy(() -> parse("listeners: ['127.0.0.1:9092']\n"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("data_directory: missing");
    assertThatThrownBy(() -> parse("{data_directory: /x, listeners: ['0.0.0.0:9092']}"))
        .hasMessageContaining("cannot be advertised");
    assertThatThrownBy(() -> parse("{data_directory: /x, listeners: ['127.0.0.1:99999']}"))
        .hasMessageContaining("99999 is not within 0 and 65535");
    assertThatThrownBy(() -> parse("{data_directory: /x, retention: 1s}"))
        .hasMessageContaining("retention");
    assertThatThrownBy(
            () ->
                parse("{data_directory: /x, topics: [{name: t, retention: 1h, compacted: true}]}"))
        .hasMessageContaining("t is compacted");
    assertThatThrownBy(() -> parse("{data_directory: /x, retentoin: 1h}"))
        .hasMessageContaining("unknown key");
  }
}
