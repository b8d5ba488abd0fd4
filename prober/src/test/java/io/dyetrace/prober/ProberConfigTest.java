package io.dyetrace.prober;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dyetrace.common.config.ConfigException;
import io.dyetrace.common.config.StrictYaml;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class ProberConfigTest {
  private static final String PROBE =
      """
      probe:
        - name: web
          targets: {host_names: [{address: 198.19.0.1}]}
          port: 80
      """;

  @Test
  void shouldReadTheExampleWhoseDefaultsAreTheDefaults() {
    ProberConfig example = StrictYaml.read(Path.of("../config/prober.yaml"), ProberConfig.class);
    ProberConfig bare = TestConfigs.parse(TestConfigs.HEAD + PROBE);

    assertThat(example.location().node()).isEqualTo("prober-1");
    assertThat(example.version()).isEqualTo(bare.version()).isEqualTo(1);
    assertThat(example.sourcePorts()).isEqualTo(bare.sourcePorts());
    assertThat(bare.sourcePorts().first()).isEqualTo(20_000);
    assertThat(bare.sourcePorts().count()).isEqualTo(512);
    assertThat(example.colour().keyId()).isEqualTo(bare.colour().keyId()).isZero();
    assertThat(example.metrics()).isEqualTo(bare.metrics());
    assertThat(bare.metrics().listen()).hasToString("127.0.0.1:9464");
    assertThat(example.publish()).isEqualTo(bare.publish());
    assertThat(bare.publish().linger()).isEqualTo(Duration.ofMillis(20));
    assertThat(bare.publish().buffer()).isEqualTo(Duration.ofMinutes(10));
    assertThat(example.stateDirectory())
        .isEqualTo(bare.stateDirectory())
        .isEqualTo("/var/lib/dyetrace/prober/prober-1");

    ProberConfig.ProbeConfig shown = example.probe().get(0);
    ProberConfig.ProbeConfig probe = bare.probe().get(0);
    assertThat(shown.type()).isEqualTo(probe.type());
    assertThat(probe.type()).isEqualTo(ProberConfig.ProbeType.TCP_HALF_OPEN);
    assertThat(shown.interval()).isEqualTo(probe.interval()).isEqualTo(Duration.ofSeconds(5));
    assertThat(shown.timeout()).isEqualTo(probe.timeout()).isEqualTo(Duration.ofSeconds(1));
    assertThat(shown.probesPerRound()).isEqualTo(probe.probesPerRound()).isEqualTo(16);
    assertThat(shown.paddingBytes()).isEqualTo(probe.paddingBytes()).isEqualTo(List.of(0));
    assertThat(shown.stampEveryStage()).isEqualTo(probe.stampEveryStage()).isFalse();
    assertThat(probe.additionalLabel()).isEmpty();
    assertThat(probe.targets().hostNames().get(0).name()).isEqualTo("198.19.0.1");
    assertThat(shown.additionalLabel()).containsExactly(new ProberConfig.Label("tenant", "lab"));
  }

  @Test
  void shouldSayHowManySourcePortsAreNeededForTwoMinutesOfRest() {
    assertThatThrownBy(
            () -> TestConfigs.parse(TestConfigs.HEAD + "source_ports: {count: 385}\n" + PROBE))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("probe[0].probes_per_round: 16 every 5s")
        .hasMessageContaining("within 120 s")
        .hasMessageContaining("source_ports.count is 385 and must be at least 386");
    TestConfigs.parse(TestConfigs.HEAD + "source_ports: {count: 386}\n" + PROBE);
  }

  @Test
  void shouldRefuseMoreThanAThousandProbesASecond() {
    assertThatThrownBy(
            () ->
                TestConfigs.parse(
                    TestConfigs.HEAD
                        + "source_ports: {first: 1024, count: 31000}\n"
                        + PROBE
                        + "    ports: []\n    probes_per_round: 1001\n    interval: 1s\n"))
        .hasMessageContaining("must be at least");
    StringBuilder many = new StringBuilder(TestConfigs.HEAD).append("probe:\n");
    for (int i = 0; i < 3; i++) {
      many.append("  - name: p").append(i).append("\n    port: ").append(i + 1);
      many.append("\n    targets: {host_names: [{address: 198.19.0.1}]}\n");
      many.append("    interval: 100ms\n    probes_per_round: 50\n");
    }
    many.append("source_ports: {first: 1024, count: 64000}\n");
    assertThatThrownBy(() -> TestConfigs.parse(many.toString()))
        .hasMessageContaining("1500.0 probes a second together, more than 1000");
  }

  @Test
  void shouldNameWhatIsWrong() {
    refuses(PROBE.replace("port: 80", "port: 0"), "port: 0 is not within 1 and 65535");
    refuses(PROBE.replace("port: 80", "stamp_every_stage: true"), "either port or ports");
    refuses(PROBE.replace("198.19.0.1", "vip.example"), "'vip.example' is not an IPv4 address");
    refuses(PROBE + "    colour: red\n", "unknown key");
    refuses(PROBE + "    padding_bytes: [70000]\n", "70000 is not within 0 and 8936");
    refuses(PROBE + "    timeout: 2m\n", "timeout");
    refuses("probe: []\n", "probe: empty");
    refuses(PROBE + "source_ports: {first: 65000, count: 1000}\n", "65999 is not within");
    refuses(
        PROBE + PROBE.replace("probe:\n", "").replace("web", "again"),
        "198.19.0.1:80 is probed by 'web' already");
    refuses(PROBE + "    additional_label: [{key: outcome, value: x}]\n", "'outcome' is one of");
    refuses("", "probe: missing");
  }

  private static void refuses(String rest, String message) {
    assertThatThrownBy(() -> TestConfigs.parse(TestConfigs.HEAD + rest))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(message);
  }

  @Test
  void shouldNeverShowTheKey() {
    assertThat(TestConfigs.parse(TestConfigs.HEAD + PROBE).toString()).doesNotContain("0a0b0c");
  }
}
