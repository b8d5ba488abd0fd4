package io.dyetrace.benchmarks.campaign;

import io.dyetrace.common.record.Verdict;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code make campaign}: labelled faults and quiet days through the operators of the job. */
@Command(
    name = "campaign",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Sends simulated telemetry of labelled faults and of quiet days through the Flink operators of the job,",
      "and reports what the verdicts said: confusion matrix, precision, recall, time to verdict, false verdicts a day.",
      "The same seed gives the same faults; each can be run again alone with --replay."
    })
public final class CampaignMain implements Callable<Integer> {
  @Option(
      names = "--faults",
      defaultValue = "1000",
      description = "how many faults, over all kinds and sizes in turn (${DEFAULT-VALUE})")
  private int faults;

  @Option(names = "--seed", defaultValue = "1", description = "of everything (${DEFAULT-VALUE})")
  private long seed;

  @Option(
      names = "--classes",
      split = ",",
      paramLabel = "KIND",
      description = "only these kinds of faults (all): ${COMPLETION-CANDIDATES}",
      completionCandidates = Kinds.class)
  private List<String> classes = List.of();

  @Option(
      names = "--sizes",
      split = ",",
      defaultValue = "4,8,16,100,500,2000",
      paramLabel = "NODES",
      description = "gateway nodes; the larger the fewer runs (${DEFAULT-VALUE})")
  private List<Integer> sizes = List.of();

  @Option(
      names = "--densities",
      split = ",",
      defaultValue = "8,4,2,1",
      paramLabel = "PROBES",
      description =
          "probes a node meets in a round of 5 s: the first for all, the others for the curve (${DEFAULT-VALUE})")
  private List<Double> densities = List.of();

  @Option(
      names = "--curve",
      defaultValue = "50",
      description = "faults at each density of the curve, of 16 nodes (${DEFAULT-VALUE})")
  private int curve;

  @Option(
      names = "--days",
      defaultValue = "1",
      description = "simulated quiet days (${DEFAULT-VALUE})")
  private double days;

  @Option(
      names = "--quiet-nodes",
      defaultValue = "100",
      description = "gateway nodes on quiet days (${DEFAULT-VALUE})")
  private int quietNodes;

  @Option(
      names = "--threads",
      defaultValue = "2",
      description = "runs at the same time (${DEFAULT-VALUE})")
  private int threads;

  @Option(names = "--json", description = "print one JSON object instead of the report")
  private boolean json;

  @Option(names = "--out", paramLabel = "PATH", description = "also write PATH.md and PATH.json")
  private @Nullable Path out;

  @Option(
      names = "--replay",
      paramLabel = "ID",
      description =
          "run one fault (crash:100:8:4711) or quiet hour (quiet:100:8:4711:13) and tell all")
  private @Nullable String replay;

  /** What --classes takes. */
  static final class Kinds implements Iterable<String> {
    @Override
    public java.util.Iterator<String> iterator() {
      return Arrays.stream(Scenario.values()).map(Scenario::word).iterator();
    }
  }

  private CampaignMain() {}

  /** Ends with 0 when it ran to its end, 1 when it was interrupted, 2 for wrong arguments. */
  public static void main(String[] args) {
    CommandLine line = new CommandLine(new CampaignMain());
    line.setExecutionExceptionHandler(
        (e, command, parsed) -> {
          System.err.println("campaign: " + e.getMessage());
          return e instanceof IllegalArgumentException ? 2 : 1;
        });
    System.exit(line.execute(args));
  }

  @Override
  public Integer call() throws Exception {
    if (replay != null) {
      return replay(replay);
    }
    Campaign campaign = new Campaign(plan(), threads, System.err);
    CountDownLatch written = new CountDownLatch(1);
    Thread onSignal = new Thread(() -> interrupt(campaign, written), "interrupt");
    Runtime.getRuntime().addShutdownHook(onSignal);
    try {
      Campaign.Outcome outcome = campaign.run();
      Report report = new Report(outcome);
      if (out != null) {
        report.write(out);
      }
      System.out.print(json ? report.json() : report.markdown());
      System.out.flush();
      return outcome.complete() ? 0 : 1;
    } finally {
      written.countDown();
    }
  }

  private Plan plan() {
    if (faults < 0 || curve < 0 || days < 0 || threads < 1) {
      throw new IllegalArgumentException("--faults, --curve, --days and --threads count something");
    }
    if (sizes.stream().anyMatch(n -> n < 4 || n > 4000) || quietNodes < 4 || quietNodes > 4000) {
      throw new IllegalArgumentException("--sizes and --quiet-nodes: 4 to 4000 nodes");
    }
    if (densities.stream().anyMatch(d -> !(d > 0 && d <= 1000))) {
      throw new IllegalArgumentException("--densities: more than 0, at most 1000");
    }
    List<Scenario> scenarios =
        classes.isEmpty()
            ? List.of(Scenario.values())
            : classes.stream().map(Scenario::of).toList();
    return new Plan(seed, scenarios, sizes, faults, densities, curve, days, quietNodes);
  }

  /** Ctrl-C: what there is by now is written before the end. */
  private static void interrupt(Campaign campaign, CountDownLatch written) {
    campaign.stop();
    try {
      if (!written.await(60, TimeUnit.SECONDS)) {
        System.err.println("campaign: the runs under way did not end in time");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private int replay(String id) throws Exception {
    if (id.startsWith(QuietCase.WORD + ":")) {
      QuietResult r = new QuietRun(() -> false, CampaignMain::tell).run(QuietCase.parse(id), 1);
      System.out.println(r.setting());
      r.events()
          .forEach(e -> System.out.printf(Locale.ROOT, "%.1f s: %s%n", e.atNs() / 1e9, e.what()));
      System.out.println(r.wrong().isEmpty() ? "quiet" : "wrong: " + r.wrong());
      return r.wrong().isEmpty() ? 0 : 1;
    }
    FaultResult r = new FaultRun(() -> false, CampaignMain::tell).run(FaultCase.parse(id));
    System.out.println(r.setting());
    System.out.printf(
        Locale.ROOT,
        "%s %s (%s) from %.1f s to %.1f s%n",
        r.label().faultClass(),
        r.label().components(),
        r.label().severity(),
        r.label().fromNs() / 1e9,
        r.label().toNs() / 1e9);
    System.out.printf("%s; %d records%n", r.clean() ? "right" : "NOT right", r.records());
    return r.clean() ? 0 : 1;
  }

  private static void tell(long atNs, Verdict v) {
    StringBuilder text = new StringBuilder();
    text.append(Said.of(atNs, v)).append(String.format(Locale.ROOT, ", %.3f", v.getConfidence()));
    v.getEvidenceList().forEach(e -> text.append("\n    ").append(e.getSummary()));
    v.getAlternativesList()
        .forEach(
            a ->
                text.append("\n    or ")
                    .append(a.getComponent())
                    .append(' ')
                    .append(a.getConfidence()));
    System.out.println(text);
  }
}
