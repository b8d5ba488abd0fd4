package io.dyetrace.gateway.telemetry;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.dyetrace.gateway.Ringtool;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Calls every native in a JVM of its own that checks the JNI rules and says when one is broken. */
class JniCheckTest {
  @TempDir private Path directory;

  @BeforeAll
  static void needTheLibrary() {
    Ringtool.assumeBuilt();
  }

  @Test
  void shouldBreakNoRuleOfJni() throws IOException, InterruptedException {
    try (Ringtool gateway =
        Ringtool.produce(directory, "gw-1", "--ring-records=1024", "--count=1000").awaitWritten()) {
      Process java =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-Xcheck:jni",
                  "-Ddyetrace.home=" + System.getProperty("dyetrace.home"),
                  "-cp",
                  System.getProperty("java.class.path"),
                  Child.class.getName(),
                  gateway.file().toString())
              .redirectErrorStream(true)
              .start();
      String output = new String(java.getInputStream().readAllBytes(), UTF_8);
      assertThat(java.waitFor()).as(output).isZero();
      assertThat(output).contains("1000 records").doesNotContain("WARNING").doesNotContain("FATAL");
    }
  }

  /** The program of the other JVM. */
  static final class Child {
    private Child() {}

    public static void main(String[] args) throws IOException {
      RecordBurst burst = new RecordBurst(100);
      long records = 0;
      try (TelemetryFile file = TelemetryFile.open(Path.of(args[0]))) {
        while (records < 1_000 && file.alive()) {
          file.refresh();
          file.read(0, records, burst);
          for (int i = 0; i < burst.size(); i++) {
            burst.point(i, file);
          }
          records += burst.size();
          file.commit(0, records);
        }
      }
      System.out.println(records + " records");
    }
  }
}
