package io.dyetrace.prober;

import static org.junit.jupiter.api.Assumptions.abort;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** What integration tests need from the machine: without it they are skipped, or fail in CI. */
final class Prerequisites {
  private Prerequisites() {}

  static void require(String... commands) {
    if (!System.getProperty("user.name", "").equals("root")) {
      missing("network namespaces need root");
    }
    for (String command : commands) {
      boolean there =
          Stream.of("/usr/sbin", "/usr/bin", "/sbin", "/bin")
              .anyMatch(directory -> Files.isExecutable(Path.of(directory, command)));
      if (!there) {
        missing("there is no " + command);
      }
    }
  }

  private static void missing(String reason) {
    if ("1".equals(System.getenv("REQUIRE_ALL"))) {
      throw new AssertionError(reason);
    }
    abort(reason);
  }
}
