package io.dyetrace.lab;

import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import io.dyetrace.lab.plan.LabPaths;
import io.dyetrace.lab.system.Console;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** What a test needs of the machine: missing, it skips, or fails where {@code REQUIRE_ALL=1}. */
public final class Requirements {
  private Requirements() {}

  public static void root() {
    if (!"root".equals(System.getProperty("user.name"))) {
      missing("root");
    }
  }

  public static void programs(String... names) {
    for (String name : names) {
      if (Stream.of("/usr/bin", "/bin", "/usr/sbin", "/sbin")
          .noneMatch(d -> Files.isExecutable(Path.of(d, name)))) {
        missing("the program '" + name + "'");
      }
    }
  }

  /** Somebody's running lab is not touched; what a killed one left is removed. */
  public static void noLab() {
    Lab lab = new Lab(LabPaths.standard(), new Console(true));
    try (FileChannel lock = lab.lock()) {
      if (lab.hasProcesses()) {
        missing("a machine without a running lab");
      }
      lab.down();
    } catch (LabException atWork) {
      missing("a machine without a running lab: " + atWork.text());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Skips, or fails. */
  public static void missing(String what) {
    String message = "needs " + what;
    if ("1".equals(System.getenv("REQUIRE_ALL"))) {
      fail(message);
    }
    abort(message);
  }
}
