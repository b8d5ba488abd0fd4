package io.dyetrace.lab;

import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import io.dyetrace.lab.network.LabNetwork;
import io.dyetrace.lab.plan.LabPaths;
import io.dyetrace.lab.plan.LabPlan;
import io.dyetrace.lab.process.Supervisor;
import io.dyetrace.lab.system.ProcFs;
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

  /** Somebody's running lab is not touched. */
  public static void noLab() {
    LabPaths paths = LabPaths.standard();
    LabNetwork network = new LabNetwork(new LabPlan());
    // A lab in a chroot of this machine shows by its bridge and its processes only.
    if (Files.exists(paths.upMarker())
        || !network.existingNamespaces().isEmpty()
        || network.bridgeExists()
        || !ProcFs.withEnvironment(new Supervisor(paths).mark()).isEmpty()) {
      missing("a machine without a running lab");
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
