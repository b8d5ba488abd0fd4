package io.dyetrace.analytics.localize;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.exc.InputCoercionException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.function.LongConsumer;

/**
 * Reads a trace in the format {@code pathobs/1}, line by line, straight into an {@link
 * Evidence.Builder}. Nothing is guessed: what contradicts the format ends the reading with an error
 * that names file, line and field. Fields that the format does not know are skipped.
 */
public final class TraceReader {
  /** The name of the format. */
  public static final String FORMAT = "pathobs/1";

  private static final int MAX_LINE_BYTES = 256 << 20;
  private static final int MAX_PATHS = 65_536;
  private static final int PROGRESS_LINES = 100_000;
  private static final JsonFactory JSON =
      JsonFactory.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(8)
                  .maxStringLength(4096)
                  .maxNameLength(256)
                  .maxNumberLength(32)
                  .build())
          .build();

  /** Observations carry three known fields: checking for repeated ones by hand is much cheaper. */
  private static final JsonFactory JSON_OBSERVATIONS =
      JSON.rebuild().disable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

  private final String file;
  private final LongConsumer progress;
  private long line;
  private int[] paths = new int[1024];
  private int used;

  /**
   * A reader of one file.
   *
   * @param file how messages call it
   * @param progress told how many observations were read, now and then
   */
  public TraceReader(String file, LongConsumer progress) {
    this.file = file;
    this.progress = progress;
  }

  /**
   * What a file held.
   *
   * @param name the trace's name
   */
  public record Trace(String name, Evidence evidence) {}

  /** Reads it to its end. */
  public Trace read(InputStream in) throws IOException, BadInputException {
    LineReader lines = new LineReader(in, MAX_LINE_BYTES);
    try {
      line = 1;
      if (!lines.next()) {
        throw bad("header", "the file is empty");
      }
      TopologyHeader header = header(lines);
      Evidence.Builder builder = new Evidence.Builder(header.topology());
      line = 2;
      while (lines.next()) {
        observation(lines, header.topology(), builder);
        if (line % PROGRESS_LINES == 0) {
          progress.accept(line - 1);
        }
        line++;
      }
      return new Trace(header.trace(), builder.build());
    } catch (LineReader.LineTooLongException e) {
      throw bad("line", "longer than " + MAX_LINE_BYTES + " bytes");
    }
  }

  private TopologyHeader header(LineReader lines) throws IOException, BadInputException {
    TopologyHeader.Parser header = new TopologyHeader.Parser(this::bad);
    try (JsonParser json = JSON.createParser(lines.bytes(), lines.start(), lines.length())) {
      TopologyHeader parsed = header.parse(json);
      end(json);
      return parsed;
    } catch (JsonProcessingException e) {
      throw notJson(header.field(), e);
    }
  }

  private void observation(LineReader lines, Topology topology, Evidence.Builder builder)
      throws IOException, BadInputException {
    String field = "line";
    try (JsonParser json =
        JSON_OBSERVATIONS.createParser(lines.bytes(), lines.start(), lines.length())) {
      if (json.nextToken() != JsonToken.START_OBJECT) {
        throw bad("line", "not a JSON object");
      }
      long sent = -1;
      long lost = -1;
      used = -1;
      String name = json.nextFieldName();
      while (name != null) {
        field = name;
        switch (name) {
          case "paths" -> {
            once(used < 0, name);
            paths(json, topology);
          }
          case "sent" -> {
            once(sent < 0, name);
            sent = count(json, name, 1);
          }
          case "lost" -> {
            once(lost < 0, name);
            lost = count(json, name, 0);
          }
          default -> {
            json.nextToken();
            json.skipChildren();
          }
        }
        name = json.nextFieldName();
      }
      end(json);
      if (used < 0 || sent < 0 || lost < 0) {
        throw bad(used < 0 ? "paths" : sent < 0 ? "sent" : "lost", "missing");
      }
      if (lost > sent) {
        throw bad("lost", lost + " is more than sent, " + sent);
      }
      builder.add(paths, used, sent, lost);
    } catch (JsonProcessingException e) {
      throw notJson(field, e);
    }
  }

  private void paths(JsonParser json, Topology topology) throws IOException, BadInputException {
    if (json.nextToken() != JsonToken.START_ARRAY) {
      throw bad("paths", "not an array of paths");
    }
    used = 0;
    int count = 0;
    while (json.nextToken() == JsonToken.START_ARRAY) {
      if (++count > MAX_PATHS) {
        throw bad("paths", "more than " + MAX_PATHS + " paths");
      }
      int start = used;
      JsonToken token = json.nextToken();
      while (token == JsonToken.VALUE_NUMBER_INT) {
        int id = json.getIntValue();
        int link = topology.linkById(id);
        if (link < 0) {
          throw bad("paths", "no link " + id + " in the header");
        }
        append(link);
        token = json.nextToken();
      }
      if (token != JsonToken.END_ARRAY) {
        throw bad("paths", "a path holds something else than link ids");
      }
      if (used == start) {
        throw bad("paths", "an empty path");
      }
      append(-1);
    }
    if (json.currentToken() != JsonToken.END_ARRAY) {
      throw bad("paths", "not an array of paths");
    }
    if (count == 0) {
      throw bad("paths", "empty");
    }
  }

  private void append(int value) {
    if (used == paths.length) {
      paths = Arrays.copyOf(paths, 2 * used);
    }
    paths[used++] = value;
  }

  private long count(JsonParser json, String name, long least)
      throws IOException, BadInputException {
    if (json.nextToken() != JsonToken.VALUE_NUMBER_INT) {
      throw bad(name, "not a whole number");
    }
    long value = json.getLongValue();
    if (value < least || value > 1L << 52) {
      throw bad(name, value + " is not between " + least + " and 2^52");
    }
    return value;
  }

  private void once(boolean first, String name) throws BadInputException {
    if (!first) {
      throw bad(name, "given twice");
    }
  }

  private void end(JsonParser json) throws IOException, BadInputException {
    if (json.nextToken() != null) {
      throw bad("line", "more than one JSON value");
    }
  }

  private BadInputException notJson(String field, JsonProcessingException e) {
    // A number too large is JSON, but no id and no count.
    String what = e instanceof InputCoercionException ? "" : "not JSON: ";
    return bad(field, what + e.getOriginalMessage());
  }

  private BadInputException bad(String field, String message) {
    return new BadInputException(file + ", line " + line + ", " + field + ": " + message);
  }
}
