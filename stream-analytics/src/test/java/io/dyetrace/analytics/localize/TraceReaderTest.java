package io.dyetrace.analytics.localize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TraceReaderTest {
  private static final String HEADER =
      "{\"format\":\"pathobs/1\",\"trace\":\"t\",\"topology\":\"x\",\"mode\":\"known\","
          + "\"undirected\":false,\"nodes\":[{\"id\":5,\"kind\":\"tor\"},{\"id\":9,\"kind\":\"agg\"},"
          + "{\"id\":7,\"kind\":\"tor\"}],\"links\":[[30,5,9],[40,9,7],[50,5,7]],"
          + "\"node_links\":{\"5\":[30,50],\"9\":[30,40],\"7\":[40,50]}}\n";

  @Test
  void shouldReadKnownPathsAndSets() throws Exception {
    TraceReader.Trace trace =
        read(
            HEADER
                + "{\"paths\":[[30,40]],\"sent\":12,\"lost\":0}\n"
                + "{\"sent\":200,\"lost\":1,\"paths\":[[30,40],[50]]}\n"
                + "{\"paths\":[[50]],\"sent\":3,\"lost\":3}");

    assertThat(trace.name()).isEqualTo("t");
    assertThat(trace.evidence().observations()).isEqualTo(3);
    assertThat(trace.evidence().lost()).isEqualTo(4);
    assertThat(trace.evidence().passed[0]).isEqualTo(12);
    assertThat(trace.evidence().rowLost).containsExactly(3);
    assertThat(trace.evidence().lossySent).containsExactly(200);
  }

  @Test
  void shouldAddUpEqualObservations() throws Exception {
    String line = "{\"paths\":[[30,40],[50]],\"sent\":2,\"lost\":1}\n";

    Evidence evidence = read(HEADER + line + line + line).evidence();

    assertThat(evidence.lossyCount).containsExactly(3);
  }

  @Test
  void shouldTakeEqualCandidatesForAKnownPath() throws Exception {
    Evidence evidence =
        read(HEADER + "{\"paths\":[[30,40],[30,40]],\"sent\":2,\"lost\":1}\n").evidence();

    assertThat(evidence.sets).isEmpty();
    assertThat(evidence.rowLost).containsExactly(1);
  }

  @Test
  void shouldSkipFieldsItDoesNotKnow() throws Exception {
    TraceReader.Trace trace =
        read(
            HEADER.replace("\"mode\"", "\"made\":{\"by\":[1,{}]},\"mode\"")
                + "{\"at\":[1,2],\"paths\":[[30]],\"sent\":1,\"lost\":0}\n");

    assertThat(trace.evidence().observations()).isEqualTo(1);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"paths\":[[30]],\"sent\":1,\"lost\":2}|lost: 2 is more than sent, 1",
        "{\"paths\":[[31]],\"sent\":1,\"lost\":0}|paths: no link 31 in the header",
        "{\"paths\":[[]],\"sent\":1,\"lost\":0}|paths: an empty path",
        "{\"paths\":[],\"sent\":1,\"lost\":0}|paths: empty",
        "{\"paths\":[30],\"sent\":1,\"lost\":0}|paths: not an array of paths",
        "{\"paths\":[[30,\"40\"]],\"sent\":1,\"lost\":0}|paths: a path holds something else",
        "{\"paths\":[[30.5]],\"sent\":1,\"lost\":0}|paths: a path holds something else",
        "{\"paths\":[[30]],\"sent\":0,\"lost\":0}|sent: 0 is not between 1 and 2^52",
        "{\"paths\":[[30]],\"sent\":1,\"lost\":-1}|lost: -1 is not between 0 and 2^52",
        "{\"paths\":[[30]],\"sent\":1e3,\"lost\":0}|sent: not a whole number",
        "{\"paths\":[[30]],\"sent\":99999999999999999999,\"lost\":0}|sent: Numeric value",
        "{\"paths\":[[3000000000]],\"sent\":1,\"lost\":0}|paths: Numeric value",
        "{\"paths\":[[-30]],\"sent\":1,\"lost\":0}|paths: no link -30 in the header",
        "{\"paths\":[[30]],\"sent\":1}|lost: missing",
        "{\"paths\":[[30]],\"lost\":1}|sent: missing",
        "{\"sent\":1,\"lost\":1}|paths: missing",
        "{\"paths\":[[30]],\"sent\":1,\"sent\":1,\"lost\":0}|sent: given twice",
        "{\"paths\":[[30]],\"sent\":1,\"lost\":0}{}|line: more than one JSON value",
        "{\"paths\":[[30]],\"sent\":1,\"lost\":0|lost: not JSON",
        "[1]|line: not a JSON object",
        "hello|line: not JSON",
      })
  void shouldNameFileLineAndFieldOfABadObservation(String line, String message) {
    assertThatThrownBy(
            () -> read(HEADER + "{\"paths\":[[30]],\"sent\":1,\"lost\":0}\n" + line + "\n"))
        .isInstanceOf(BadInputException.class)
        .hasMessageStartingWith("input.ndjson, line 3, ")
        .hasMessageContaining(message);
  }

  @Test
  void shouldReadLinesThatEndAsOnWindows() throws Exception {
    String text = HEADER + "{\"paths\":[[30,40]],\"sent\":12,\"lost\":1}\n";

    Evidence evidence = read(text.replace("\n", "\r\n")).evidence();

    assertThat(evidence.observations()).isEqualTo(1);
    assertThat(evidence.lost()).isEqualTo(1);
  }

  @Test
  void shouldReadALineOfMegabytes() throws Exception {
    String many = "[30,40],".repeat(50_000) + "[50]";

    Evidence evidence =
        read(HEADER + "{\"paths\":[" + many + "],\"sent\":1,\"lost\":0}\n").evidence();

    assertThat(evidence.sets).hasSize(1);
    assertThat(evidence.sets[0].paths).isEqualTo(50_001);
  }

  @Test
  void shouldRefuseAnEmptyLineBetweenObservations() {
    assertThatThrownBy(() -> read(HEADER + "\n{\"paths\":[[30]],\"sent\":1,\"lost\":0}\n"))
        .isInstanceOf(BadInputException.class)
        .hasMessageStartingWith("input.ndjson, line 2, line: not a JSON object");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "pathobs/1|pathobs/2|format: 'pathobs/2' is not pathobs/1",
        "\"format\":\"pathobs/1\",||format: missing",
        "[40,9,7]|[30,9,7]|links: link 30 given twice",
        "[40,9,7]|[40,9,8]|links: link 40 touches node 8",
        "[40,9,7]|[4000000000,9,7]|links: Numeric value",
        "[40,9,7]|[-40,9,7]|links: the id -40 is negative",
        "[40,9,7]|[40,9]|links: not a number where an id belongs",
        "[40,9,7]|[40,9,7,1]|links: an element of the wrong type or length",
        "\"id\":9|\"id\":5|nodes: node 5 given twice",
        "\"7\":[40,50]|\"7\":[30,50]|node_links: node 7 is given link 30",
        "\"7\":[40,50]|\"8\":[40]|node_links: node 8 is not in nodes",
        "\"undirected\":false|\"undirected\":0|undirected: not true or false",
      })
  void shouldNameTheFieldOfABadHeader(String from, String to, String message) {
    String header = HEADER.replace(from, to == null ? "" : to);

    assertThatThrownBy(() -> read(header))
        .isInstanceOf(BadInputException.class)
        .hasMessageStartingWith("input.ndjson, line 1, ")
        .hasMessageContaining(message);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "\n", "{", "null", "[[[[[[[[[[[[[[[[", "{\"format\":"})
  void shouldRefuseWhatIsNoTrace(String text) {
    assertThatThrownBy(() -> read(text)).isInstanceOf(BadInputException.class);
  }

  @Test
  void shouldNeverFailOtherThanByABadInputException() throws Exception {
    String good =
        HEADER
            + "{\"paths\":[[30,40],[50]],\"sent\":200,\"lost\":1}\n"
            + "{\"paths\":[[50]],\"sent\":3,\"lost\":3}\n";
    long seed = 4242;
    SplittableRandom random = new SplittableRandom(seed);
    for (int round = 0; round < 20_000; round++) {
      byte[] bytes = good.getBytes(StandardCharsets.UTF_8);
      for (int change = 0; change <= random.nextInt(3); change++) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(round % 2 == 0 ? 128 : 256);
      }
      try {
        new TraceReader("input.ndjson", count -> {}).read(new ByteArrayInputStream(bytes));
      } catch (BadInputException e) {
        assertThat(e.getMessage()).as("seed %d", seed).startsWith("input.ndjson, line ");
      }
    }
  }

  private static TraceReader.Trace read(String text) throws IOException, BadInputException {
    return new TraceReader("input.ndjson", count -> {})
        .read(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)));
  }
}
