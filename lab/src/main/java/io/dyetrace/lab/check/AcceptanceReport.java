package io.dyetrace.lab.check;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import io.dyetrace.lab.demo.Demo;
import io.dyetrace.lab.demo.DemoReport;
import io.dyetrace.lab.demo.FaultOutcome;
import io.dyetrace.lab.system.Command;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The results of an acceptance run, as JSON for machines and as a page for people. */
public final class AcceptanceReport {
  private final String command;
  private final Path home;
  private final Instant started = Instant.now().truncatedTo(ChronoUnit.SECONDS);
  private final List<Done> done = new ArrayList<>();
  private final List<DemoReport> demos = new ArrayList<>();
  private final List<String> broken = new ArrayList<>();

  private record Done(Check check, CheckResult result) {}

  public AcceptanceReport(String command, Path home) {
    this.command = command;
    this.home = home;
  }

  public void add(Check check, CheckResult result) {
    done.add(new Done(check, result));
  }

  public void add(DemoReport demo) {
    demos.add(demo);
  }

  /** Something that did not come to a result. */
  public void addBroken(String what) {
    broken.add(what);
  }

  public boolean passed() {
    return broken.isEmpty()
        && done.stream().allMatch(d -> d.result().passed())
        && demos.stream().allMatch(d -> d.right(Demo.FAULTS));
  }

  /** Writes both files; returns the page. */
  public Path write(Path directory) {
    String name = "acceptance-" + started.toString().substring(0, 16).replace(":", "");
    try {
      Files.createDirectories(directory);
      Files.writeString(directory.resolve(name + ".json"), json());
      Path page = directory.resolve(name + ".md");
      Files.writeString(page, page());
      return page;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Map<String, String> circumstances() {
    Map<String, String> circumstances = new LinkedHashMap<>();
    circumstances.put("started", started.toString());
    circumstances.put("command", command);
    circumstances.put("commit", firstLine("git", "-C", home.toString(), "rev-parse", "HEAD"));
    circumstances.put(
        "uncommitted_changes",
        firstLine("git", "-C", home.toString(), "status", "--porcelain", "--untracked-files=no")
                .isEmpty()
            ? "no"
            : "yes");
    circumstances.put(
        "machine",
        "%d cores, %s"
            .formatted(
                Runtime.getRuntime().availableProcessors(),
                firstLine("bash", "-c", "sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1")));
    circumstances.put(
        "memory", firstLine("bash", "-c", "sed -n 's/^MemTotal: *//p' /proc/meminfo"));
    circumstances.put("kernel", firstLine("uname", "-r"));
    circumstances.put("java", Runtime.version().toString());
    return circumstances;
  }

  private static String firstLine(String... words) {
    return Command.of(words).run().output().lines().findFirst().orElse("");
  }

  private String json() throws JsonProcessingException {
    Map<String, Object> all = new LinkedHashMap<>(circumstances());
    all.put("passed", passed());
    Map<String, Object> byName = new LinkedHashMap<>();
    for (Done d : done) {
      byName.put(
          d.check().name(),
          Map.of(
              "passed", d.result().passed(),
              "measured", d.result().measured(),
              "problems", d.result().problems()));
    }
    all.put("checks", byName);
    all.put("demos", demos);
    all.put("broken", broken);
    return new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT).writeValueAsString(all)
        + "\n";
  }

  private String page() {
    StringBuilder b = new StringBuilder("# Acceptance run\n\n");
    circumstances().forEach((name, value) -> line(b, "- %s: `%s`", name, value));
    line(b, "- result: **%s**", passed() ? "passed" : "failed");
    line(b, "%n## Checks%n%n| check | claim | result | measured |%n| --- | --- | --- | --- |");
    for (Done d : done) {
      CheckResult r = d.result();
      line(
          b,
          "| `%s` | %s | %s | %s |",
          d.check().name(),
          d.check().claim(),
          r.passed() ? "passed" : "**failed**: " + cell(String.join("; ", r.problems())),
          cell(
              r.measured().entrySet().stream()
                  .map(e -> e.getKey() + " " + e.getValue())
                  .collect(Collectors.joining(", "))));
    }
    line(b, "%n## Demonstrations%n");
    line(
        b,
        "Seconds from the injecting call to the broker's append time of the verdict; resolved: from"
            + " the healing call.%n");
    line(
        b,
        "| # | fault | target | verdict | seconds | resolved | right | false verdicts | points lost"
            + " |");
    line(b, "| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    for (int i = 0; i < demos.size(); i++) {
      DemoReport demo = demos.get(i);
      for (FaultOutcome o : demo.faults()) {
        line(
            b,
            "| %d | %s | %s | %s | %s | %s | %s | %d | %d |",
            i + 1,
            o.fault(),
            o.target(),
            text(o.verdict()),
            text(o.seconds()),
            text(o.resolvedSeconds()),
            o.right() ? "yes" : "**no**",
            demo.falseVerdicts(),
            demo.pointsLost());
      }
    }
    broken.forEach(what -> line(b, "%n**%s**", what));
    return b.toString();
  }

  private static String cell(String text) {
    return text.replace("|", "\\|").replace("\n", " ");
  }

  private static String text(@Nullable Object value) {
    return value == null ? "–" : value.toString();
  }

  private static void line(StringBuilder b, String format, Object... arguments) {
    b.append(String.format(format, arguments)).append('\n');
  }
}
