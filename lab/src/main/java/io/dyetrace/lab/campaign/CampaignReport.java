package io.dyetrace.lab.campaign;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import io.dyetrace.lab.system.Console;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * How well the verdicts of a campaign fit its faults: the numbers that the simulated campaign has.
 *
 * @param planned faults that were to be injected
 * @param falseVerdicts occurrences that accuse anything but an injected fault's component of its
 *     class, in words
 * @param stopped why it ended early; null when it did not
 */
@JsonPropertyOrder({
  "planned",
  "injected",
  "precision",
  "recall",
  "class_right",
  "confusion",
  "seconds_to_verdict",
  "faults",
  "false_verdicts",
  "stopped"
})
public record CampaignReport(
    int planned,
    List<CampaignOutcome> faults,
    @JsonProperty("false_verdicts") List<String> falseVerdicts,
    @Nullable String stopped) {
  /** Seconds from injection to verdict over the faults of a class. */
  public record Times(int faults, double median, double p99, double max) {
    static Times of(List<Double> seconds) {
      List<Double> sorted = seconds.stream().sorted().toList();
      return new Times(
          sorted.size(), at(sorted, 0.5), at(sorted, 0.99), sorted.get(sorted.size() - 1));
    }

    private static double at(List<Double> sorted, double share) {
      return sorted.get((int) Math.ceil(share * sorted.size()) - 1);
    }
  }

  @JsonProperty
  public long injected() {
    return faults.stream().filter(CampaignOutcome::injected).count();
  }

  private long found() {
    return faults.stream().filter(CampaignOutcome::found).count();
  }

  /** Right verdicts, of all that were given; 1 when none was. */
  @JsonProperty
  public double precision() {
    return share(found(), found() + falseVerdicts.size());
  }

  /** Faults with their verdict, of all injected. */
  @JsonProperty
  public double recall() {
    return share(found(), injected());
  }

  /** Faults of which the first verdict had the right class, of those of which one was given. */
  @JsonProperty("class_right")
  public double classRight() {
    List<CampaignOutcome> named =
        faults.stream()
            .filter(o -> o.injected() && !o.seen().equals(CampaignOutcome.NONE))
            .toList();
    return share(named.stream().filter(o -> o.seen().equals(o.expected())).count(), named.size());
  }

  private static double share(long part, long whole) {
    return whole == 0 ? 1 : (double) part / whole;
  }

  /** Injected class → seen class → faults. */
  @JsonProperty
  public Map<String, Map<String, Integer>> confusion() {
    Map<String, Map<String, Integer>> matrix = new TreeMap<>();
    for (CampaignOutcome o : faults) {
      matrix.computeIfAbsent(o.expected(), k -> new TreeMap<>()).merge(o.seen(), 1, Integer::sum);
    }
    return matrix;
  }

  @JsonProperty("seconds_to_verdict")
  public Map<String, Times> times() {
    Map<String, Times> byClass = new TreeMap<>();
    for (String name : confusion().keySet()) {
      List<Double> seconds =
          faults.stream()
              .filter(o -> o.expected().equals(name))
              .map(CampaignOutcome::seconds)
              .filter(Objects::nonNull)
              .toList();
      if (!seconds.isEmpty()) {
        byClass.put(name, Times.of(seconds));
      }
    }
    return byClass;
  }

  /** Everything that was planned was injected and rightly named in time, and nobody else was. */
  public boolean right() {
    return stopped == null
        && faults.size() == planned
        && faults.stream().allMatch(CampaignOutcome::right)
        && falseVerdicts.isEmpty();
  }

  /** Prints tables. */
  public void print(Console console) {
    TreeSet<String> seen = new TreeSet<>();
    confusion().values().forEach(row -> seen.addAll(row.keySet()));
    console.line("");
    console.line("  %-14s  %s", "injected", "seen, and how often; seconds to verdict");
    confusion()
        .forEach(
            (injected, row) -> {
              Times t = times().get(injected);
              String took =
                  t == null
                      ? ""
                      : "; median %.1f s, p99 %.1f s, max %.1f s"
                          .formatted(t.median(), t.p99(), t.max());
              console.line("  %-14s  %s%s", injected, row, took);
            });
    faults.stream()
        .filter(o -> !o.right())
        .forEach(
            o ->
                console.line(
                    "  WRONG: %s %s: %s%s",
                    o.fault(),
                    o.target(),
                    o.seen(),
                    o.seconds() == null ? "" : " after %.1f s".formatted(o.seconds())));
    falseVerdicts.forEach(v -> console.line("  FALSE: %s", v));
    console.line(
        "  %d of %d faults injected; precision %.4f, recall %.4f, class right %.4f%s",
        injected(),
        planned,
        precision(),
        recall(),
        classRight(),
        stopped == null ? "" : "; stopped early: " + stopped);
    console.line("");
  }
}
