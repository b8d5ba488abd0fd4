package io.dyetrace.analytics.localize.bench;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.dyetrace.analytics.localize.Evidence;
import io.dyetrace.analytics.localize.Localization;
import io.dyetrace.analytics.localize.Localizer;
import io.dyetrace.analytics.localize.Parameters;
import java.io.IOException;
import java.io.Writer;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Measures the localizer and the published methods on the same generated traces: {@code make
 * bench-localization}. The localizer has one set of parameters, chosen on other seeds; every other
 * method is tuned per family, on other seeds too.
 */
@Command(
    name = "localization-bench",
    mixinStandardHelpOptions = true,
    description = "Measures localization on generated traces.")
public final class LocalizationBench implements Callable<Integer> {
  @Option(names = "--traces", description = "scored traces a family (default: ${DEFAULT-VALUE})")
  private int traces = 40;

  @Option(
      names = "--tuning",
      description = "traces a family to tune on (default: ${DEFAULT-VALUE})")
  private int tuning = 10;

  @Option(names = "--seed", description = "first scored seed (default: ${DEFAULT-VALUE})")
  private long seed = 9_000_000;

  @Option(
      names = "--threads",
      description = "families measured at a time (default: ${DEFAULT-VALUE})")
  private int threads = 1;

  @Option(names = "--family", description = "only families whose name matches this expression")
  private String family = ".*";

  @Option(
      names = "--bound",
      description = "also what could be done at best, with the generator's own prior (slow)")
  private boolean bound;

  @Option(names = "--json", required = true, description = "where the results go")
  private Path json = Path.of("localization.json");

  @Option(names = "--traces-to", description = "also write the scored traces here, as pathobs/1")
  private @Nullable Path tracesTo;

  /** The other methods are tuned on traces from here on. */
  private static final long FIRST_TUNING_SEED = 1_000_000;

  private LocalizationBench() {}

  /** Starts it. */
  public static void main(String[] args) {
    System.exit(new CommandLine(new LocalizationBench()).execute(args));
  }

  @Override
  public Integer call() throws IOException, InterruptedException, ExecutionException {
    List<Row> rows = new ArrayList<>();
    System.out.println(
        "| family | published | method | precision | recall | F | median s a trace |");
    System.out.println("| --- | --- | --- | --- | --- | --- | --- |");
    List<Families.Family> kinds =
        Families.all().stream().filter(kind -> kind.name().matches(family)).toList();
    ExecutorService executor = Executors.newFixedThreadPool(threads);
    List<Future<List<Row>>> measured = new ArrayList<>();
    for (Families.Family kind : kinds) {
      measured.add(executor.submit(() -> measure(kind)));
    }
    executor.shutdown();
    for (int k = 0; k < kinds.size(); k++) {
      Families.Family kind = kinds.get(k);
      List<Row> ofFamily = measured.get(k).get();
      for (Row row : ofFamily) {
        System.out.printf(
            Locale.ROOT,
            "| %s | %s | %s | %.3f | %.3f | **%.3f** | %s |%n",
            kind.name(),
            kind.published(),
            row.method,
            row.score.precision(),
            row.score.recall(),
            row.score.f(),
            row.timed() ? String.format(Locale.ROOT, "%.4f", row.medianSeconds()) : "");
      }
      rows.addAll(ofFamily);
    }
    System.out.println();
    for (Families.Family kind : kinds) {
      System.out.println("- " + kind.name() + ": " + kind.parameters());
    }
    write(rows);
    return 0;
  }

  private List<Row> measure(Families.Family kind) throws IOException {
    List<Row> rows = new ArrayList<>();
    rows.add(new Row(kind, "Dyetrace", traces));
    boolean quiet = kind.name().startsWith("quiet");
    for (List<Baseline> grid : quiet ? List.<List<Baseline>>of() : tuned(kind)) {
      rows.add(new Row(kind, grid.get(0).name(), traces, grid.get(0)));
    }
    BoundScores best = new BoundScores();
    boolean bounded = false;
    for (int i = 0; i < traces; i++) {
      LabelledTrace trace = kind.generator().apply(seed + i);
      if (tracesTo != null) {
        save(trace, kind, i);
      }
      for (Row row : rows) {
        row.run(trace, i);
      }
      FailurePrior prior = bound ? FailurePrior.of(kind.name(), trace.topology) : null;
      if (prior != null) {
        best.add(trace, prior, found(trace));
        bounded = true;
      }
    }
    if (bounded) {
      rows.add(new Row(kind, "best possible, generator's prior known", best.best()));
    }
    return rows;
  }

  private static Set<Integer> found(LabelledTrace trace) {
    Localization found = new Localizer(Parameters.DEFAULT).localize(trace.evidence());
    Set<Integer> components = new TreeSet<>(found.links());
    found.devices().forEach(device -> components.add(trace.topology.links() + device));
    return components;
  }

  /** The best parameters of each baseline, as lists of one. */
  private List<List<Baseline>> tuned(Families.Family kind) {
    List<LabelledTrace> training = new ArrayList<>();
    for (int i = 0; i < tuning; i++) {
      training.add(kind.generator().apply(FIRST_TUNING_SEED + i));
    }
    List<List<Baseline>> best = new ArrayList<>();
    for (List<Baseline> grid : Families.baselines(kind.unknownPaths())) {
      Baseline winner = grid.get(0);
      double most = -1;
      for (Baseline baseline : grid) {
        Score score = new Score();
        for (LabelledTrace trace : training) {
          Baseline.Accused accused = baseline.accuse(trace);
          score.add(trace, accused.links(), accused.devices());
        }
        if (score.f() > most) {
          most = score.f();
          winner = baseline;
        }
      }
      best.add(List.of(winner));
    }
    return best;
  }

  private void save(LabelledTrace trace, Families.Family kind, int i) throws IOException {
    Path folder = Objects.requireNonNull(tracesTo);
    Files.createDirectories(folder);
    String name = kind.name().replaceAll("[^a-z0-9]+", "-") + "-" + i + ".ndjson";
    try (Writer out = Files.newBufferedWriter(folder.resolve(name), StandardCharsets.UTF_8)) {
      trace.write(out);
    }
  }

  private void write(List<Row> rows) throws IOException {
    try (Writer out = Files.newBufferedWriter(json, StandardCharsets.UTF_8);
        JsonGenerator generator =
            new JsonFactory().createGenerator(out).useDefaultPrettyPrinter()) {
      generator.writeStartArray();
      for (Row row : rows) {
        generator.writeStartObject();
        generator.writeStringField("family", row.family.name());
        generator.writeStringField("parameters", row.family.parameters());
        generator.writeStringField("published", row.family.published());
        generator.writeStringField("method", row.method);
        generator.writeNumberField("first_seed", seed);
        generator.writeNumberField("traces", row.score.traces());
        generator.writeNumberField("precision", row.score.precision());
        generator.writeNumberField("recall", row.score.recall());
        generator.writeNumberField("f", row.score.f());
        generator.writeNumberField("quiet_traces_accused", row.score.accusedQuiet());
        if (row.timed()) {
          generator.writeNumberField("median_cpu_seconds", row.medianSeconds());
        }
        generator.writeEndObject();
      }
      generator.writeEndArray();
    }
  }

  /** One method on one family. */
  private static final class Row {
    final Families.Family family;
    final String method;
    final Score score;
    private final double[] seconds;
    private final @Nullable Baseline baseline;

    Row(Families.Family family, String method, int traces) {
      this(family, method, traces, null);
    }

    Row(Families.Family family, String method, int traces, @Nullable Baseline baseline) {
      this.family = family;
      this.method = method;
      this.baseline = baseline;
      score = new Score();
      seconds = new double[traces];
    }

    /** Of what takes no part in a comparison of times. */
    Row(Families.Family family, String method, Score score) {
      this.family = family;
      this.method = method;
      this.score = score;
      baseline = null;
      seconds = new double[0];
    }

    void run(LabelledTrace trace, int i) {
      if (baseline == null) {
        // Reading adds the observations up; it is not part of the time.
        Evidence evidence = trace.evidence();
        long start = cpuNs();
        Localization found = new Localizer(Parameters.DEFAULT).localize(evidence);
        seconds[i] = (cpuNs() - start) * 1e-9;
        score.add(trace, new TreeSet<>(found.links()), new TreeSet<>(found.devices()));
      } else {
        long start = cpuNs();
        Baseline.Accused accused = baseline.accuse(trace);
        seconds[i] = (cpuNs() - start) * 1e-9;
        score.add(trace, accused.links(), accused.devices());
      }
    }

    boolean timed() {
      return seconds.length > 0;
    }

    double medianSeconds() {
      double[] sorted = seconds.clone();
      Arrays.sort(sorted);
      return sorted[sorted.length / 2];
    }

    private static long cpuNs() {
      return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    }
  }
}
