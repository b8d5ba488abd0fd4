package io.dyetrace.benchmarks.campaign;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Predicate;

/** Tells what a campaign found: as tables for people, as one JSON object for programs. */
final class Report {
  private static final int MOST_FINDINGS = 200;

  private final Campaign.Outcome outcome;
  private final List<FaultResult> main;
  private final List<FaultResult> known;
  private final List<FaultResult> unknown;

  Report(Campaign.Outcome outcome) {
    this.outcome = outcome;
    double density = outcome.plan().densities().get(0);
    this.main = only(outcome.faults(), r -> r.fault().density() == density);
    this.known = only(main, r -> r.fault().scenario().known());
    this.unknown = only(main, r -> !r.fault().scenario().known());
  }

  private static List<FaultResult> only(List<FaultResult> of, Predicate<FaultResult> which) {
    return of.stream().filter(which).toList();
  }

  void write(Path base) throws IOException {
    Files.writeString(Path.of(base + ".md"), markdown());
    Files.writeString(Path.of(base + ".json"), json());
  }

  // Markdown.

  String markdown() {
    StringBuilder t = new StringBuilder();
    t.append("# Fault campaign\n\n");
    summary(t);
    t.append("\n## What was injected, what was seen\n\n");
    matrix(t, known);
    table(t, "By kind of fault", known, r -> r.fault().scenario().word());
    table(t, "By gateway nodes", known, r -> "%5d".formatted(r.fault().nodes()));
    table(t, "By tiers", known, r -> r.setting().twoTiers() ? "two" : "one");
    table(t, "By start", known, r -> r.setting().learned() ? "ports are known" : "just started");
    table(t, "By clocks", known, r -> r.setting().skewed() ? "up to 1 s apart" : "together");
    table(
        t,
        "By probes that a node meets in a round",
        only(outcome.faults(), r -> r.fault().scenario().known() && atCurve(r)),
        r -> String.format(Locale.ROOT, "%6.1f", r.fault().density()));
    if (!unknown.isEmpty()) {
      t.append("\n## Faults that detection does not claim to know yet\n\n");
      t.append("They count in none of the numbers above.\n\n");
      matrix(t, unknown);
      table(t, "By kind of fault", unknown, r -> r.fault().scenario().word());
    }
    LossCurve.append(t, main);
    quiet(t);
    t.append('\n').append(AlarmBudget.describe(outcome.plan())).append('\n');
    findings(t);
    return t.toString();
  }

  private boolean atCurve(FaultResult r) {
    return r.fault().nodes() == Plan.CURVE_NODES && Plan.CURVE.contains(r.fault().scenario());
  }

  private void summary(StringBuilder t) {
    Score all = Score.of(known);
    line(
        t,
        "- %s%d faults of %s nodes, seed %d, in %.1f minutes%n",
        outcome.complete() ? "" : "INTERRUPTED after ",
        outcome.faults().size(),
        outcome.plan().nodes(),
        outcome.plan().seed(),
        outcome.seconds() / 60);
    line(
        t,
        "- of the %d that detection knows, at %s probes a node and round: precision %s, recall %s, class right %s, component right %s%n",
        all.faults(),
        FaultCase.number(outcome.plan().densities().get(0)),
        number(all.precision()),
        number(all.recall()),
        number(all.classRight()),
        number(all.componentRight()));
    line(
        t,
        "- time to verdict: median %s s, p99 %s s, at most %s s%n",
        seconds(all.times().medianSeconds()),
        seconds(all.times().p99Seconds()),
        seconds(all.times().maxSeconds()));
    line(t, "- quiet: %d false verdicts in %.2f simulated days%n", falseVerdicts(), quietDays());
    line(
        t, "- %.0f records a second of CPU time, the simulation included%n", recordsPerCpuSecond());
  }

  private static void line(StringBuilder t, String format, Object... arguments) {
    t.append(String.format(Locale.ROOT, format, arguments));
  }

  private static String number(double n) {
    return Double.isNaN(n) ? "–" : String.format(Locale.ROOT, "%.4f", n);
  }

  private static String seconds(double n) {
    return Double.isNaN(n) ? "–" : String.format(Locale.ROOT, "%.1f", n);
  }

  private static void matrix(StringBuilder t, List<FaultResult> results) {
    Map<String, Map<String, Integer>> matrix = Score.matrix(results);
    TreeSet<String> seen = new TreeSet<>();
    matrix.values().forEach(row -> seen.addAll(row.keySet()));
    t.append("| injected |");
    seen.forEach(s -> t.append(' ').append(s).append(" |"));
    t.append("\n| --- |").append(" --- |".repeat(seen.size())).append('\n');
    matrix.forEach(
        (injected, row) -> {
          t.append("| ").append(injected).append(" |");
          seen.forEach(s -> t.append(' ').append(row.getOrDefault(s, 0)).append(" |"));
          t.append('\n');
        });
  }

  private static void table(
      StringBuilder t, String title, List<FaultResult> results, Function<FaultResult, String> by) {
    Map<String, List<FaultResult>> groups = new TreeMap<>();
    results.forEach(r -> groups.computeIfAbsent(by.apply(r), k -> new ArrayList<>()).add(r));
    if (groups.isEmpty()) {
      return;
    }
    line(t, "%n### %s%n%n", title);
    t.append("| | faults | precision | recall | class right | median s | p99 s | max s |\n");
    t.append("| --- | --- | --- | --- | --- | --- | --- | --- |\n");
    groups.forEach(
        (name, of) -> {
          Score s = Score.of(of);
          line(
              t,
              "| %s | %d | %s | %s | %s | %s | %s | %s |%n",
              name.strip(),
              s.faults(),
              number(s.precision()),
              number(s.recall()),
              number(s.classRight()),
              seconds(s.times().medianSeconds()),
              seconds(s.times().p99Seconds()),
              seconds(s.times().maxSeconds()));
        });
  }

  private void quiet(StringBuilder t) {
    line(t, "%n## Quiet days of %d nodes%n%n", outcome.plan().quietNodes());
    line(
        t,
        "%d false verdicts in %.2f days. A day has %s.%n",
        falseVerdicts(),
        quietDays(),
        QuietDay.CONTENTS);
    for (QuietResult q : outcome.quiet()) {
      for (Said v : q.wrong()) {
        line(t, "- `%s`: %s; before it: %s%n", q.quiet().id(), v, q.before(v));
      }
    }
  }

  private void findings(StringBuilder t) {
    List<FaultResult> wrong = only(outcome.faults(), r -> !r.clean());
    line(t, "%n## Every fault that was not found, or not right (%d)%n%n", wrong.size());
    t.append("Run one again with `make campaign CAMPAIGN_ARGS='--replay ID'`.\n\n");
    wrong.stream()
        .limit(MOST_FINDINGS)
        .forEach(
            r ->
                line(
                    t,
                    "- `%s`: %s %s (%s; %s): %s%n",
                    r.fault().id(),
                    r.label().faultClass(),
                    r.label().components().get(0),
                    r.label().severity(),
                    r.setting(),
                    r.opened().isEmpty() ? "nothing was said" : r.opened()));
    if (wrong.size() > MOST_FINDINGS) {
      line(t, "- and %d more: see the JSON%n", wrong.size() - MOST_FINDINGS);
    }
  }

  private int falseVerdicts() {
    return outcome.quiet().stream().mapToInt(q -> q.wrong().size()).sum();
  }

  private double quietDays() {
    return outcome.quiet().stream().mapToDouble(QuietResult::hours).sum() / QuietDay.HOURS;
  }

  private double recordsPerCpuSecond() {
    double records =
        outcome.faults().stream().mapToDouble(FaultResult::records).sum()
            + outcome.quiet().stream().mapToDouble(QuietResult::records).sum();
    double cpuNs =
        outcome.faults().stream().mapToDouble(FaultResult::cpuNs).sum()
            + outcome.quiet().stream().mapToDouble(QuietResult::cpuNs).sum();
    return cpuNs == 0 ? 0 : records / (cpuNs / 1e9);
  }

  // JSON.

  String json() {
    Map<String, Object> o = new LinkedHashMap<>();
    o.put("complete", outcome.complete());
    o.put("seed", outcome.plan().seed());
    o.put("minutes", outcome.seconds() / 60);
    o.put("known", score(known));
    o.put("not_known_yet", score(unknown));
    Map<String, Object> quiet = new LinkedHashMap<>();
    quiet.put("nodes", outcome.plan().quietNodes());
    quiet.put("days", quietDays());
    quiet.put("false_verdicts", falseVerdicts());
    o.put("quiet", quiet);
    o.put("false_alarm_budget", AlarmBudget.of(outcome.plan()));
    o.put("faults", outcome.faults().stream().map(Report::fault).toList());
    try {
      return new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT).writeValueAsString(o)
          + "\n";
    } catch (IOException e) {
      throw new IllegalStateException("numbers and texts can always be written", e);
    }
  }

  private static Map<String, Object> score(List<FaultResult> results) {
    Map<String, Object> o = new LinkedHashMap<>(brief(results));
    o.put("confusion", Score.matrix(results));
    o.put("by_kind", groups(results, r -> r.fault().scenario().word()));
    o.put("by_nodes", groups(results, r -> "" + r.fault().nodes()));
    return o;
  }

  private static Map<String, Object> groups(
      List<FaultResult> results, Function<FaultResult, String> by) {
    Map<String, List<FaultResult>> groups = new TreeMap<>();
    results.forEach(r -> groups.computeIfAbsent(by.apply(r), k -> new ArrayList<>()).add(r));
    Map<String, Object> o = new LinkedHashMap<>();
    groups.forEach((name, of) -> o.put(name, brief(of)));
    return o;
  }

  private static Map<String, Object> brief(List<FaultResult> results) {
    Score s = Score.of(results);
    Map<String, Object> o = new LinkedHashMap<>();
    o.put("faults", s.faults());
    put(o, "precision", s.precision());
    put(o, "recall", s.recall());
    put(o, "class_right", s.classRight());
    put(o, "component_right", s.componentRight());
    put(o, "seconds_to_verdict_median", s.times().medianSeconds());
    put(o, "seconds_to_verdict_p99", s.times().p99Seconds());
    put(o, "seconds_to_verdict_max", s.times().maxSeconds());
    return o;
  }

  /** JSON has no word for what is not known. */
  private static void put(Map<String, Object> o, String key, double value) {
    if (!Double.isNaN(value)) {
      o.put(key, value);
    }
  }

  private static Map<String, Object> fault(FaultResult r) {
    Map<String, Object> o = new LinkedHashMap<>();
    o.put("id", r.fault().id());
    o.put("class", r.label().faultClass().name());
    o.put("component", r.label().components().get(0));
    o.put("severity", r.label().severity());
    o.put("setting", r.setting().toString());
    o.put("seen", r.seenClass());
    o.put("right", r.clean());
    r.secondsToVerdict().ifPresent(s -> o.put("seconds_to_verdict", s));
    if (!r.clean()) {
      o.put("verdicts", r.opened().stream().map(Said::toString).toList());
    }
    return o;
  }
}
