package io.dyetrace.analytics;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.dyetrace.analytics.kafka.ParameterTopic;
import io.dyetrace.analytics.kafka.ParameterTopic.Change;
import io.dyetrace.analytics.telemetry.ParameterReader;
import io.dyetrace.common.config.ConfigException;
import io.dyetrace.common.config.StrictYaml;
import io.dyetrace.common.record.Schema;
import io.dyetrace.common.topology.Component;
import io.dyetrace.common.topology.Topology;
import java.io.IOException;
import java.io.PrintStream;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/**
 * {@code ./dyetrace parameters set --config analytics.yaml crash.consecutive_losses=4}: changes
 * thresholds of the running detection.
 */
@Command(
    name = "dyetrace parameters",
    mixinStandardHelpOptions = true,
    description = "Changes thresholds of the detection while it runs, and shows what is changed.",
    footer = {
      "",
      "KEY=VALUE is as in the block 'detection' of the configuration: jitter.delay=80ms.",
      "A change holds until it is reset, also after a restart of the analytics. One for a",
      "cluster stands over one for all, both over the configuration.",
      "Exit status: 0 done, 1 Kafka does not answer, 2 wrong options or a value out of range.",
      "",
      "  ./dyetrace parameters set --config analytics.yaml crash.consecutive_losses=4",
      "  ./dyetrace parameters show --config analytics.yaml --json",
      "  ./dyetrace parameters reset --config analytics.yaml --cluster lab"
    })
public final class ParametersMain {
  private static final Pattern SETTING =
      Pattern.compile("([a-z_]{1,40})\\.([a-z_]{1,40})=([A-Za-z0-9.+-]{1,40})");
  private static final JsonFactory JSON = new JsonFactory();

  @Option(
      names = "--config",
      paramLabel = "FILE",
      scope = ScopeType.INHERIT,
      description = "configuration of the analytics: where Kafka is, and which clusters there are")
  private @Nullable Path configFile;

  @Option(
      names = "--cluster",
      paramLabel = "NAME",
      scope = ScopeType.INHERIT,
      description = "of this cluster only (default: of all)")
  private @Nullable String cluster;

  @Option(names = "--json", scope = ScopeType.INHERIT, description = "one JSON object a change")
  private boolean json;

  @Spec private CommandSpec spec = CommandSpec.create();

  private final PrintStream out;
  private final PrintStream err;

  ParametersMain(PrintStream out, PrintStream err) {
    this.out = out;
    this.err = err;
  }

  /** Starts it. */
  public static void main(String[] args) {
    PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    System.exit(run(out, System.err, args));
  }

  /** Runs one command; returns its exit status. */
  public static int run(PrintStream out, PrintStream err, String... args) {
    ParametersMain main = new ParametersMain(out, err);
    CommandLine line = new CommandLine(main);
    line.setExecutionStrategy(new CommandLine.RunLast());
    line.setExecutionExceptionHandler((e, ignored, result) -> main.failed(e));
    return line.execute(args);
  }

  private int failed(Exception e) {
    err.println("dyetrace parameters: " + e.getMessage());
    return e instanceof ConfigException ? 2 : 1;
  }

  @Command(name = "show", description = "What is changed, for all clusters and for each.")
  int show() throws IOException, InterruptedException {
    Site site = site();
    site.topic().make();
    Map<String, Change> changes = site.topic().read();
    changes.keySet().removeIf(scope -> cluster != null && !scope.equals(site.scope()));
    changes.forEach(this::print);
    if (changes.isEmpty() && !json) {
      out.println("nothing is changed: everything is as the configuration has it");
    }
    out.flush();
    return 0;
  }

  @Command(name = "set", description = "Changes values, beside those that are changed already.")
  int set(
      @Parameters(
              paramLabel = "KEY=VALUE",
              arity = "1..*",
              description = "such as jitter.delay=80ms")
          List<String> settings)
      throws IOException, InterruptedException {
    Site site = site();
    List<String> documents = new ArrayList<>();
    for (String setting : settings) {
      documents.add(document(setting));
    }
    ParameterReader.normal(StrictYaml.merge(documents, "parameters"), "parameters");
    site.topic().make();
    Change before = site.topic().read().get(site.scope());
    if (before != null) {
      documents.add(0, before.document());
    }
    String document =
        ParameterReader.normal(StrictYaml.merge(documents, "parameters"), "parameters");
    write(site, document);
    return 0;
  }

  @Command(name = "reset", description = "Takes the change back: the configuration holds again.")
  int reset() throws IOException, InterruptedException {
    Site site = site();
    site.topic().make();
    write(site, null);
    return 0;
  }

  private record Site(ParameterTopic topic, String scope) {}

  private Site site() {
    if (configFile == null) {
      throw new ParameterException(spec.commandLine(), "Missing required option: '--config=FILE'");
    }
    AnalyticsConfig config = StrictYaml.read(configFile, AnalyticsConfig.class);
    ParameterTopic topic = new ParameterTopic(config.kafka().bootstrapServers());
    if (cluster == null) {
      return new Site(topic, Schema.ALL_CLUSTERS);
    }
    Topology topology =
        Topology.read(configFile.toAbsolutePath().resolveSibling(config.topology()));
    List<String> clusters =
        topology.components().stream().map(Component::cluster).distinct().sorted().toList();
    if (!clusters.contains(cluster)) {
      throw new ConfigException("--cluster: no '" + cluster + "' in the topology: " + clusters);
    }
    return new Site(topic, topology.region() + "/" + cluster);
  }

  private static String document(String setting) {
    Matcher m = SETTING.matcher(setting);
    if (!m.matches()) {
      throw new ConfigException("'" + setting + "' is not BLOCK.KEY=VALUE: jitter.delay=80ms");
    }
    return "{" + m.group(1) + ": {" + m.group(2) + ": " + m.group(3) + "}}";
  }

  private void write(Site site, @Nullable String document)
      throws IOException, InterruptedException {
    long version = site.topic().write(site.scope(), document);
    Change change =
        new Change(version, System.currentTimeMillis(), document == null ? "" : document);
    print(site.scope(), change);
    out.flush();
  }

  private void print(String scope, Change change) {
    if (json) {
      out.println(line(scope, change));
      return;
    }
    Instant at = Instant.ofEpochMilli(change.timeMs()).truncatedTo(ChronoUnit.SECONDS);
    out.printf("%s, version %d, %s%n", scope, change.version(), at);
    if (change.document().isEmpty()) {
      out.println("  as the configuration has it");
    }
    change.document().lines().forEach(text -> out.println("  " + text));
  }

  private static String line(String scope, Change change) {
    StringWriter text = new StringWriter();
    try (JsonGenerator object = JSON.createGenerator(text)) {
      object.writeStartObject();
      object.writeStringField("scope", scope);
      object.writeNumberField("version", change.version());
      object.writeNumberField("time_ms", change.timeMs());
      object.writeStringField("document", change.document());
      object.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return text.toString();
  }
}
