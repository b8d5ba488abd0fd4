package io.dyetrace.lab.check;

import io.dyetrace.lab.Lab;
import io.dyetrace.lab.LabException;
import io.dyetrace.lab.demo.Calm;
import io.dyetrace.lab.observe.VerdictLog;
import io.dyetrace.lab.process.Component;
import io.dyetrace.lab.system.Pause;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** The analytics starts with nothing remembered. */
final class FreshAnalytics implements Check {
  @Override
  public String name() {
    return "fresh-analytics";
  }

  @Override
  public String claim() {
    return "the analytics killed and started without its saved state loses and doubles nothing";
  }

  @Override
  public CheckResult run(Lab lab) {
    CheckResult.Builder result = CheckResult.builder();
    Component analytics = lab.components().get("analytics");
    int before;
    try (VerdictLog log = new VerdictLog()) {
      before = log.readToEnd().seen().size();
    }
    lab.supervisor().kill(analytics.name());
    result.measured("state_files_deleted", deleteState(lab.paths().data("flink")));
    lab.supervisor().start(analytics);
    lab.supervisor().awaitReady(analytics, Duration.ofSeconds(120));
    new Calm(lab).await(Duration.ofSeconds(180));
    Pause.seconds(NothingLost.GRACE_SECONDS + 5);
    Outage.audit(result, before);
    return result.build();
  }

  private static int deleteState(Path directory) {
    try (Stream<Path> tree = Files.walk(directory)) {
      List<Path> all = tree.sorted(Comparator.reverseOrder()).toList();
      if (all.size() < 2) {
        throw LabException.failed("the analytics keeps no state in " + directory);
      }
      for (Path path : all) {
        if (!path.equals(directory)) {
          Files.deleteIfExists(path);
        }
      }
      return all.size() - 1;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
