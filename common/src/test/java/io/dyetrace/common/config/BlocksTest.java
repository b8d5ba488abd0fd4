package io.dyetrace.common.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dyetrace.common.record.Location;
import java.net.Inet4Address;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The blocks that several configurations share, and what they are made of. */
class BlocksTest {
  record Shared(
      KafkaConfig kafka,
      ClickHouseConfig clickhouse,
      MetricsConfig metrics,
      LocationConfig location) {}

  private static final String YAML = DocumentedYaml.under("## Configuration");

  @Test
  void shouldReadTheSharedBlocks() {
    Shared shared = parse(YAML);

    assertThat(shared.kafka().bootstrapServers()).isEqualTo("127.0.0.1:9092");
    assertThat(shared.clickhouse())
        .isEqualTo(new ClickHouseConfig("http://127.0.0.1:8123", "dyetrace", "default", ""));
    assertThat(shared.metrics().listen()).isEqualTo(new HostPort("127.0.0.1", 9464));
    assertThat(shared.location().toProto())
        .isEqualTo(
            Location.newBuilder()
                .setRegion("lab")
                .setZone("lab-a")
                .setRack("rack-1")
                .setCluster("lab")
                .setNode("gw-1")
                .build());
  }

  @Test
  void shouldFillInClickHouseDefaults() {
    ClickHouseConfig config = new ClickHouseConfig("http://ch:8123/", null, null, null);

    assertThat(config.url()).isEqualTo("http://ch:8123");
    assertThat(config.database()).isEqualTo("dyetrace");
    assertThat(config.user()).isEqualTo("default");
    assertThat(config.password()).isEmpty();
  }

  @Test
  void shouldNotShowThePassword() {
    assertThat(new ClickHouseConfig("http://ch:8123", null, null, "hush").toString())
        .doesNotContain("hush");
  }

  @ParameterizedTest
  @CsvSource({
    "127.0.0.1:9092, '127.0.0.1:9092,nonsense', is not an address",
    "http://127.0.0.1:8123, ftp://127.0.0.1, is not of the form http",
    "database: dyetrace, database: dye-trace, is not a plain identifier",
    "listen: 127.0.0.1:9464, listen: 9464, is not an address with a port",
    "listen: 127.0.0.1:9464, listen: 127.0.0.1:70000, port: 70000 is not within",
    "node: gw-1, node: gw 1, 'node: ''gw 1'' is not a name'",
    "'  node: gw-1', '', node: missing",
  })
  void shouldRefuseAWrongValue(String good, String bad, String message) {
    assertThatThrownBy(() -> parse(YAML.replace(good, bad)))
        .isInstanceOf(ConfigException.class)
        .hasMessageMatching("(?s)x.yaml.*(" + message + ").*");
  }

  @ParameterizedTest
  @ValueSource(strings = {"127.0.0.1:0", "[::1]:9464", "broker.example:65535"})
  void shouldWriteAnAddressAsItWasRead(String text) {
    assertThat(HostPort.parse(text)).hasToString(text);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ":1", "host", "host:", "host:x", "::1:80", "host:123456"})
  void shouldRefuseWhatIsNoAddressWithPort(String text) {
    assertThatThrownBy(() -> HostPort.parse(text)).isInstanceOf(ConfigException.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "1.2.3", "1.2.3.256", "01.2.3.4", "host", "1.2.3.4.5", ":::", "g::1"})
  void shouldRefuseWhatIsNoIpAddress(String text) {
    assertThatThrownBy(() -> IpAddresses.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("is not an IP address");
  }

  @Test
  void shouldWriteAddressBytesAsText() {
    assertThat(IpAddresses.text(IpAddresses.parse("198.19.0.1").getAddress()))
        .isEqualTo("198.19.0.1");
    assertThat(IpAddresses.text(IpAddresses.parse("2001:db8::1").getAddress()))
        .isEqualTo("2001:db8:0:0:0:0:0:1");
    assertThat(IpAddresses.text(new byte[0])).isEmpty();
    assertThat(IpAddresses.toInt((Inet4Address) IpAddresses.parse("198.19.0.1")))
        .isEqualTo(0xc6130001);
    assertThatThrownBy(() -> IpAddresses.text(new byte[5])).hasMessageContaining("not 5");
  }

  @ParameterizedTest
  @CsvSource({
    "0ns, PT0S",
    "250us, PT0.00025S",
    "300ms, PT0.3S",
    "5s, PT5S",
    "10m, PT10M",
    "2h, PT2H",
    "7d, PT168H"
  })
  void shouldReadADuration(String text, Duration expected) {
    assertThat(Durations.parse(text)).isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "5", "s", "-5s", "5 s", "1.5s", "5S", "5w", "9999999999999s"})
  void shouldRefuseWhatIsNoDuration(String text) {
    assertThatThrownBy(() -> Durations.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("is not a duration");
  }

  private static Shared parse(String yaml) {
    return StrictYaml.parse(yaml, "x.yaml", Shared.class);
  }
}
