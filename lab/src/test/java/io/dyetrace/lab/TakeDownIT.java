package io.dyetrace.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.dyetrace.lab.network.LabNetwork;
import io.dyetrace.lab.plan.LabPaths;
import io.dyetrace.lab.plan.LabPlan;
import io.dyetrace.lab.process.Supervisor;
import io.dyetrace.lab.system.Command;
import io.dyetrace.lab.system.ProcFs;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A lab that was not allowed to finish coming up. */
class TakeDownIT {
  private static final Path HOME = Path.of("..").toAbsolutePath().normalize();
  private static final long HALFWAY_MS = 1500;

  /**
   * Whether whatever is there is this test's: after-methods also run when a before-method gave up.
   */
  private boolean mine;

  private final LabPaths paths = LabPaths.standard();
  private final LabNetwork network = new LabNetwork(new LabPlan());

  @BeforeEach
  void setUp() {
    Requirements.root();
    Requirements.noLab();
    mine = true;
  }

  @AfterEach
  void tearDown() {
    if (mine) {
      dyetraceLab("down");
    }
  }

  private static Command.Result dyetraceLab(String command) {
    return Command.of(HOME.resolve("dyetrace").toString(), "lab", command)
        .timeout(Duration.ofMinutes(2))
        .run();
  }

  private static Process startUp() throws IOException {
    return new ProcessBuilder(HOME.resolve("dyetrace").toString(), "lab", "up")
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .start();
  }

  private void awaitHalfway(Process up) throws InterruptedException {
    if (up.waitFor(HALFWAY_MS, TimeUnit.MILLISECONDS) && up.exitValue() == 2) {
      Requirements.missing("everything that the lab needs; './dyetrace lab up' tells");
    }
    assertThat(up.isAlive()).isTrue();
    assertThat(network.existingNamespaces()).isNotEmpty();
  }

  private void assertNothingIsLeft() {
    assertThat(network.existingNamespaces()).isEmpty();
    assertThat(network.bridgeExists()).isFalse();
    assertThat(ProcFs.withEnvironment(new Supervisor(paths).mark())).isEmpty();
    assertThat(paths.roots()).allSatisfy(root -> assertThat(root).doesNotExist());
    assertThat(Command.of("ip", "-brief", "link").run().output()).doesNotContain("dtm-");
  }

  @Test
  void shouldRemoveWhatAKilledUpLeft() throws Exception {
    Process up = startUp();
    awaitHalfway(up);
    up.destroyForcibly().waitFor();

    assertThat(dyetraceLab("down").ok()).isTrue();

    assertNothingIsLeft();
    Command.Result again = dyetraceLab("down");
    assertThat(again.ok()).isTrue();
    assertThat(again.output()).contains("there was no lab");
  }

  @Test
  void shouldCleanUpAfterItselfWhenInterrupted() throws Exception {
    Process up = startUp();
    awaitHalfway(up);
    // As Ctrl-C does; SIGINT itself is ignored in what a background shell starts.
    Command.of("kill", "-TERM", Long.toString(up.pid())).check();

    assertThat(up.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertNothingIsLeft();
  }
}
