package io.dyetrace.analytics.localize;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocalizeMainTest {
  @TempDir private Path folder;
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  @Test
  void shouldPrintOneJsonLineAFileInOrder() throws IOException {
    int status = run("--json", "--input", trace("b", 500).toString(), trace("a", 0).toString());

    assertThat(status).isZero();
    String[] lines = out.toString(StandardCharsets.UTF_8).split("\n");
    assertThat(lines).hasSize(2);
    assertThat(lines[0])
        .matches(
            "\\{\"trace\":\"b\",\"predicted_links\":\\[11],\"predicted_devices\":\\[],"
                + "\"seconds\":[0-9.E-]+,\"ranked\":\\[\\{\"kind\":\"link\",\"id\":11,"
                + "\"posterior\":(1\\.0|0\\.99[0-9]*),\"loss\":0\\.0[0-9]+}.*]}");
    assertThat(lines[1])
        .startsWith("{\"trace\":\"a\",\"predicted_links\":[],\"predicted_devices\":[],\"seconds\":")
        .endsWith(",\"ranked\":[]}");
  }

  @Test
  void shouldPrintForPeopleWithoutJson() throws IOException {
    assertThat(run("--input", trace("b", 500).toString())).isZero();

    assertThat(out.toString(StandardCharsets.UTF_8))
        .contains("b: 4 links, 3 nodes, 4 observations, 500 packets lost")
        .contains("accused")
        .contains("link 11: tor 2 > agg 1");
  }

  @Test
  void shouldExitWithTwoForBadInputAndBadOptions() throws IOException {
    Path bad = folder.resolve("bad");
    Files.writeString(bad, "{}\n");

    assertThat(run("--input", bad.toString())).isEqualTo(2);
    assertThat(run("--input", folder.resolve("absent").toString())).isEqualTo(2);
    assertThat(run()).isEqualTo(2);
    assertThat(run("--colour")).isEqualTo(2);
    assertThat(err.toString(StandardCharsets.UTF_8))
        .contains("bad, line 1, format: missing")
        .contains("absent: no such file");
    assertThat(out.toString(StandardCharsets.UTF_8)).isEmpty();
  }

  @Test
  void shouldExplainItself() {
    assertThat(run("--help")).isZero();
  }

  private Path trace(String name, int lost) throws IOException {
    Path file = folder.resolve(name + ".ndjson");
    Files.writeString(
        file,
        "{\"format\":\"pathobs/1\",\"trace\":\""
            + name
            + "\",\"nodes\":[{\"id\":1,\"kind\":\"agg\"},{\"id\":2,\"kind\":\"tor\"},"
            + "{\"id\":3,\"kind\":\"tor\"}],\"links\":[[10,1,2],[11,2,1],[12,1,3],[13,3,1]]}\n"
            + "{\"paths\":[[13,10]],\"sent\":50000,\"lost\":0}\n"
            + "{\"paths\":[[11,12]],\"sent\":10000,\"lost\":"
            + lost
            + "}\n{\"paths\":[[12]],\"sent\":50000,\"lost\":0}\n"
            + "{\"paths\":[[10]],\"sent\":50000,\"lost\":0}\n");
    return file;
  }

  private int run(String... args) {
    PrintStream outStream = new PrintStream(out, true, StandardCharsets.UTF_8);
    PrintStream errStream = new PrintStream(err, true, StandardCharsets.UTF_8);
    return LocalizeMain.run(outStream, errStream, args);
  }
}
