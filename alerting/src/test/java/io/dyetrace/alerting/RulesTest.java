package io.dyetrace.alerting;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The Prometheus rules, by Prometheus's own tool. */
class RulesTest {
  private static final Path PROMTOOL = Path.of("/usr/bin/promtool");
  private static final Path RULES = Path.of("rules/dyetrace.rules.yml");
  private static final Path TESTS = Path.of("rules/tests/dyetrace_test.yml");

  @Test
  void shouldFireWhenTheyShouldAndNotWhenTheyShouldNot() throws Exception {
    assertThat(promtool("test", "rules", TESTS.toString())).contains("SUCCESS");
  }

  @Test
  void shouldBeTestedEachOfThem() throws IOException {
    Set<String> rules = names(RULES, "alert: (\\w+)");
    assertThat(rules).isNotEmpty();
    assertThat(names(TESTS, "(?:alertname: |alertname=\")(\\w+)")).isEqualTo(rules);
  }

  private static Set<String> names(Path file, String pattern) throws IOException {
    return Pattern.compile(pattern)
        .matcher(Files.readString(file))
        .results()
        .map((MatchResult m) -> m.group(1))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private static String promtool(String... arguments) throws IOException, InterruptedException {
    boolean installed = Files.isExecutable(PROMTOOL);
    if (!installed && "1".equals(System.getenv("REQUIRE_ALL"))) {
      fail("promtool is not installed");
    }
    assumeTrue(installed, "promtool is not installed");
    ProcessBuilder builder = new ProcessBuilder(PROMTOOL.toString());
    builder.command().addAll(java.util.List.of(arguments));
    Process process = builder.redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    return output;
  }
}
