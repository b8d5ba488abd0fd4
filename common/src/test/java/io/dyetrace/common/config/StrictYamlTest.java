package io.dyetrace.common.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StrictYamlTest {
  /** A block inside a block. */
  record Inner(String name, @Nullable Integer weight, InetAddress address) {
    Inner {
      Check.required("name", name);
      weight = Check.range("weight", Check.orDefault(weight, 1).intValue(), 0, 100);
    }
  }

  /** A document. */
  record Outer(int roundCount, boolean enabled, Duration timeout, List<Inner> targets) {
    Outer {
      Check.range("timeout", timeout, Duration.ofMillis(1), Duration.ofMinutes(1));
    }
  }

  private static final String GOOD =
      """
      round_count: 3
      enabled: true
      timeout: 300ms
      targets:
        - name: one
          address: 198.18.11.2
        - {name: two, weight: 7, address: "2001:db8::1"}
      """;

  @TempDir Path directory;

  @Test
  void shouldReadARecord() throws Exception {
    Outer outer = parse(GOOD);

    assertThat(outer.roundCount()).isEqualTo(3);
    assertThat(outer.enabled()).isTrue();
    assertThat(outer.timeout()).isEqualTo(Duration.ofMillis(300));
    assertThat(outer.targets())
        .containsExactly(
            new Inner("one", 1, InetAddress.getByName("198.18.11.2")),
            new Inner("two", 7, InetAddress.getByName("2001:db8::1")));
  }

  @Test
  void shouldPutLaterDocumentsOverEarlierOnesKeyByKey() {
    String merged =
        StrictYaml.merge(
            List.of(
                "{a: {one: 1, two: 300ms, list: [1, 2]}, b: 5}",
                "{a: {two: 5s, list: [3]}, c: {d: '7'}}",
                "{a: {one: null}, b: ~}"),
            "x.yaml");

    assertThat(merged).isEqualTo("a:\n  one: 1\n  two: 5s\n  list:\n  - 3\nb: 5\nc:\n  d: \"7\"\n");
    assertThat(StrictYaml.merge(List.of(merged), "x.yaml")).isEqualTo(merged);
    assertThat(StrictYaml.block(merged, "x.yaml", "c")).isEqualTo("d: \"7\"\n");
    assertThat(StrictYaml.merge(List.of(StrictYaml.block(merged, "x.yaml", "e")), "x.yaml"))
        .isEqualTo("{}\n");
  }

  @Test
  void shouldMergeNothingButMappings() {
    for (String text : new String[] {"", "5", "[a]", "{a: 1, a: 2}", "{a: 1", "{}\n---\n{}"}) {
      assertThatThrownBy(() -> StrictYaml.merge(List.of("{a: 1}", text), "x.yaml"))
          .as(text)
          .isInstanceOf(ConfigException.class)
          .hasMessageStartingWith("x.yaml");
    }
  }

  @Test
  void shouldNameFileLineAndKeyOfAnUnknownKey() {
    assertRefused(GOOD.replace("weight:", "wieght:"))
        .hasMessageStartingWith("x.yaml:7: targets[1].wieght: unknown key; known here: [")
        .hasMessageContaining("weight");
  }

  @Test
  void shouldRefuseAnUnknownKeyInAnotherSpelling() {
    assertRefused(GOOD + "roundCount: 3\n")
        .hasMessageContaining("x.yaml:8: roundCount: unknown key");
  }

  @Test
  void shouldRefuseAKeyThatIsThereTwice() {
    assertRefused(GOOD + "enabled: false\n")
        .hasMessageContaining("x.yaml:8")
        .hasMessageContaining("Duplicate field 'enabled'");
  }

  @Test
  void shouldRefuseNullForANumber() {
    assertRefused(GOOD.replace("round_count: 3", "round_count: null"))
        .hasMessageContaining("round_count: missing");
  }

  @Test
  void shouldNameAMissingNumber() {
    assertRefused(GOOD.replace("round_count: 3\n", ""))
        .hasMessageStartingWith("x.yaml:")
        .hasMessageContaining("round_count: missing");
  }

  @Test
  void shouldRefuseABlockForADuration() {
    assertRefused(GOOD.replace("300ms", "{seconds: 5}"))
        .hasMessageContaining("x.yaml:3: timeout: one value is expected here");
  }

  @Test
  void shouldRefuseAQuotedNumber() {
    assertRefused(GOOD.replace("round_count: 3", "round_count: '3'"))
        .hasMessageContaining("x.yaml:1: round_count: ");
  }

  @Test
  void shouldRefuseTextForANumber() {
    assertRefused(GOOD.replace("round_count: 3", "round_count: three"))
        .hasMessageContaining("x.yaml:1: round_count: ")
        .hasMessageContaining("three");
  }

  @Test
  void shouldRefuseAFractionForAWholeNumber() {
    assertRefused(GOOD.replace("round_count: 3", "round_count: 3.7"))
        .hasMessageContaining("round_count")
        .hasMessageContaining("3.7");
  }

  @Test
  void shouldRefuseANumberOutOfItsTypesRange() {
    assertRefused(GOOD.replace("round_count: 3", "round_count: 99999999999"))
        .hasMessageContaining("round_count")
        .hasMessageContaining("99999999999");
  }

  @Test
  void shouldRefuseAListForABlock() {
    assertRefused("- 1\n- 2\n").hasMessageContaining("x.yaml:1");
  }

  @Test
  void shouldRefuseTextForABoolean() {
    assertRefused(GOOD.replace("enabled: true", "enabled: maybe"))
        .hasMessageContaining("x.yaml:2: enabled: ");
  }

  @Test
  void shouldRefuseANumberForABoolean() {
    assertRefused(GOOD.replace("enabled: true", "enabled: 7"))
        .hasMessageContaining("x.yaml:2: enabled: ");
  }

  @Test
  void shouldRefuseADurationWithoutAUnit() {
    assertRefused(GOOD.replace("300ms", "300"))
        .hasMessageContaining("x.yaml:3: timeout: '300' is not a duration");
  }

  @Test
  void shouldNameKeyValueAndLimitOfAValueOutOfRange() {
    assertRefused(GOOD.replace("weight: 7", "weight: 101"))
        .hasMessageStartingWith("x.yaml:7: targets[1]: weight: 101 is not within 0 and 100");
    assertRefused(GOOD.replace("300ms", "2h"))
        .hasMessageContaining("timeout: PT2H is not within PT0.001S and PT1M");
  }

  @Test
  void shouldNameAMissingKey() {
    assertRefused(GOOD.replace("name: two, ", ""))
        .hasMessageStartingWith("x.yaml:7: targets[1]: name: missing");
  }

  @Test
  void shouldNotResolveNames() {
    assertRefused(GOOD.replace("198.18.11.2", "localhost"))
        .hasMessageContaining("x.yaml:6: targets[0].address: 'localhost' is not an IP address");
  }

  @Test
  void shouldRefuseAnEmptyDocument() {
    assertRefused("").hasMessageStartingWith("x.yaml");
    assertRefused("# nothing\n").hasMessageStartingWith("x.yaml");
  }

  @Test
  void shouldRefuseASecondDocument() {
    assertRefused(GOOD + "---\nenabled: true\n").hasMessageStartingWith("x.yaml:");
  }

  @Test
  void shouldRefuseBrokenYaml() {
    assertRefused("targets: [1, 2\n").hasMessageStartingWith("x.yaml:");
  }

  @Test
  void shouldNameAFileThatIsNotThere() {
    Path file = directory.resolve("none.yaml");
    assertThatThrownBy(() -> StrictYaml.read(file, Outer.class))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith(file + ": cannot be read");
  }

  @Test
  void shouldReadAFile() throws Exception {
    Path file = Files.writeString(directory.resolve("some.yaml"), GOOD);
    assertThat(StrictYaml.read(file, Outer.class)).isEqualTo(parse(GOOD));
  }

  private static Outer parse(String yaml) {
    return StrictYaml.parse(yaml, "x.yaml", Outer.class);
  }

  private static org.assertj.core.api.AbstractThrowableAssert<?, ? extends Throwable> assertRefused(
      String yaml) {
    return assertThatThrownBy(() -> parse(yaml)).isInstanceOf(ConfigException.class);
  }
}
