package io.dyetrace.analytics;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/** Parts of the project as processes of their own, started from target/classes and target/lib. */
final class Processes {
  private static final Path CLICKHOUSE = Path.of("../build/chdb/libchdb.so");

  private Processes() {}

  /** Skips the test where ClickHouse's engine is missing, or fails it with REQUIRE_ALL=1. */
  static void requireClickHouse() {
    if (Files.isReadable(CLICKHOUSE)) {
      return;
    }
    String why = CLICKHOUSE + " is missing; scripts/setup fetches it";
    if ("1".equals(System.getenv("REQUIRE_ALL"))) {
      throw new AssertionError(why);
    }
    assumeTrue(false, why);
  }

  /** Returns once the process said that it is ready; all that it says goes to the log file. */
  static Process start(Path log, String heap, Class<?> main, String... arguments) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add(heap);
    command.add("-Ddyetrace.home=" + Path.of("..").toAbsolutePath().normalize());
    command.add("-cp");
    command.add("target/classes:target/lib/*");
    command.add(main.getName());
    command.addAll(List.of(arguments));
    Process process =
        new ProcessBuilder(command).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
    BufferedReader errors = process.errorReader(StandardCharsets.UTF_8);
    for (String line = errors.readLine(); line != null; line = errors.readLine()) {
      write(log, line);
      if (line.contains(" ready")) {
        Thread drain = new Thread(() -> drain(errors, log));
        drain.setDaemon(true);
        drain.start();
        return process;
      }
    }
    throw new AssertionError(
        main.getName() + " ended before it was ready: " + Files.readString(log));
  }

  private static void drain(BufferedReader errors, Path log) {
    try {
      for (String line = errors.readLine(); line != null; line = errors.readLine()) {
        write(log, line);
      }
    } catch (IOException e) {
      // The process was killed: its pipe is closed.
    }
  }

  private static void write(Path log, String line) {
    try {
      Files.writeString(log, line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
