package io.dyetrace.analytics.localize;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * {@code ./dyetrace localize --input FILE…}: reads path observations, prints what failed. With
 * {@code --json} one object a line and file.
 */
@Command(
    name = "dyetrace localize",
    mixinStandardHelpOptions = true,
    description = "Says which links and devices lose packets, from observations of paths.",
    footer = {
      "",
      "Each file is a trace in the format pathobs/1: a line with the topology, then one",
      "line for each observation. Several files give one answer each, in order.",
      "- reads standard input.",
      "Answers go to standard output, progress on long inputs and errors to standard error.",
      "Exit status: 0 done, 2 wrong options, or input that is not in the format.",
      "",
      "  ./dyetrace localize --input monday.ndjson tuesday.ndjson",
      "  ./dyetrace localize --json --input monday.ndjson | jq .predicted_links"
    })
public final class LocalizeMain implements Callable<Integer> {
  private static final JsonFactory JSON = new JsonFactory();

  @Option(
      names = {"-i", "--input"},
      paramLabel = "FILE",
      required = true,
      arity = "1..*",
      description = "traces to read")
  private List<String> inputs = new ArrayList<>();

  @Option(names = "--json", description = "one JSON object a line and file")
  private boolean json;

  private final PrintStream out;
  private final PrintStream err;

  LocalizeMain(PrintStream out, PrintStream err) {
    this.out = out;
    this.err = err;
  }

  /** Starts it. */
  public static void main(String[] args) {
    PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    System.exit(run(out, System.err, args));
  }

  static int run(PrintStream out, PrintStream err, String... args) {
    return new CommandLine(new LocalizeMain(out, err)).execute(args);
  }

  @Override
  public Integer call() {
    Localizer localizer = new Localizer(Parameters.DEFAULT);
    for (String input : inputs) {
      try {
        TraceReader.Trace trace = read(input);
        long startNs = System.nanoTime();
        Localization found = localizer.localize(trace.evidence());
        double seconds = (System.nanoTime() - startNs) * 1e-9;
        out.print(json ? json(trace, found, seconds) : text(trace, found, seconds));
        out.flush();
      } catch (BadInputException e) {
        err.println("localize: " + e.getMessage());
        return 2;
      } catch (NoSuchFileException e) {
        err.println("localize: " + input + ": no such file");
        return 2;
      } catch (IOException e) {
        err.println("localize: " + input + ": cannot be read: " + e.getMessage());
        return 2;
      }
    }
    return 0;
  }

  private TraceReader.Trace read(String input) throws IOException, BadInputException {
    TraceReader reader =
        new TraceReader(
            input, count -> err.printf(Locale.ROOT, "localize: %s: %,d lines%n", input, count));
    if (input.equals("-")) {
      return reader.read(System.in);
    }
    try (InputStream in = new BufferedInputStream(Files.newInputStream(Path.of(input)), 1 << 16)) {
      return reader.read(in);
    }
  }

  private static String json(TraceReader.Trace trace, Localization found, double seconds)
      throws IOException {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = JSON.createGenerator(text)) {
      json.writeStartObject();
      json.writeStringField("trace", trace.name());
      writeIds(json, "predicted_links", found.links());
      writeIds(json, "predicted_devices", found.devices());
      json.writeNumberField("seconds", rounded(seconds));
      json.writeArrayFieldStart("ranked");
      for (Localization.Ranked ranked : found.ranked()) {
        json.writeStartObject();
        json.writeStringField("kind", ranked.kind().name().toLowerCase(Locale.ROOT));
        json.writeNumberField("id", ranked.id());
        json.writeNumberField("posterior", rounded(ranked.posterior()));
        json.writeNumberField("loss", rounded(ranked.loss()));
        if (ranked.alike() > 1) {
          json.writeNumberField("alike", ranked.alike());
        }
        json.writeEndObject();
      }
      json.writeEndArray();
      json.writeEndObject();
    }
    return text + "\n";
  }

  private static void writeIds(JsonGenerator json, String field, List<Integer> ids)
      throws IOException {
    json.writeArrayFieldStart(field);
    for (int id : ids) {
      json.writeNumber(id);
    }
    json.writeEndArray();
  }

  /** Six digits say all there is to say. */
  private static double rounded(double value) {
    return Double.parseDouble(String.format(Locale.ROOT, "%.6g", value));
  }

  private static String text(TraceReader.Trace trace, Localization found, double seconds) {
    Topology topology = trace.evidence().topology();
    StringBuilder text = new StringBuilder();
    text.append(
        String.format(
            Locale.ROOT,
            "%s: %d links, %d nodes, %,d observations, %,.0f packets lost, background %.1e, %.3f s%n",
            trace.name(),
            topology.links(),
            topology.nodes(),
            trace.evidence().observations(),
            trace.evidence().lost(),
            found.background(),
            seconds));
    if (found.links().isEmpty() && found.devices().isEmpty()) {
      text.append("  nothing is accused\n");
    }
    for (Localization.Ranked ranked : found.ranked()) {
      boolean device = ranked.kind() == Localization.Kind.DEVICE;
      boolean accused = (device ? found.devices() : found.links()).contains(ranked.id());
      text.append(
          String.format(
              Locale.ROOT,
              "  %-7s  %-40s posterior %.3f, loses %.3g %%%s%n",
              accused ? "accused" : "",
              device ? device(topology, ranked.id()) : link(topology, ranked.id()),
              ranked.posterior(),
              100 * ranked.loss(),
              ranked.alike() > 1 ? ", one of " + ranked.alike() + " alike" : ""));
    }
    return text.toString();
  }

  private static String link(Topology topology, int id) {
    int link = topology.linkById(id);
    return "link "
        + id
        + ": "
        + node(topology, topology.from(link))
        + (topology.undirected() ? " <> " : " > ")
        + node(topology, topology.to(link));
  }

  private static String device(Topology topology, int id) {
    for (int v = 0; v < topology.nodes(); v++) {
      if (topology.nodeId(v) == id) {
        return "device " + node(topology, v);
      }
    }
    throw new IllegalArgumentException("no node " + id);
  }

  private static String node(Topology topology, int v) {
    return (topology.nodeKind(v) + " " + topology.nodeId(v)).strip();
  }
}
