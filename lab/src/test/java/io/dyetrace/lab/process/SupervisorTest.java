package io.dyetrace.lab.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dyetrace.lab.LabException;
import io.dyetrace.lab.plan.LabPaths;
import io.dyetrace.lab.system.ProcFs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SupervisorTest {
  @TempDir Path directory;
  private LabPaths paths;
  private Supervisor supervisor;

  @BeforeEach
  void setUp() throws IOException {
    paths =
        new LabPaths(
            directory,
            directory.resolve("state"),
            directory.resolve("telemetry"),
            directory.resolve("data"));
    Files.createDirectories(paths.data());
    supervisor = new Supervisor(paths);
  }

  @AfterEach
  void tearDown() {
    supervisor.endAll(List.of());
  }

  private static Component component(String name, boolean once, String... command) {
    return new Component(
        name,
        null,
        List.of(command),
        Map.of(),
        Component.Scheduling.NORMAL,
        new Readiness.Ends(),
        List.of(),
        List.of(),
        once);
  }

  @Test
  void shouldKnowAProcessThatAnEarlierCommandStarted() {
    supervisor.start(component("sleeper", false, "sleep", "60"));

    ProcessRecord found = new Supervisor(paths).find("sleeper").orElseThrow();

    assertThat(ProcFs.alive(found.pid(), found.startTicks())).isTrue();
  }

  @Test
  void shouldNotTakeAnotherProcessOfTheSamePidForItsOwn() {
    long own = ProcessHandle.current().pid();
    long ticks = ProcFs.startTicks(own).orElseThrow();

    new ProcessRecord(own, ticks - 1).write(paths.processes().resolve("stranger.json"));

    assertThat(supervisor.find("stranger")).isEmpty();
    supervisor.stop("stranger");
    assertThat(ProcFs.alive(own, ticks)).isTrue();
  }

  @Test
  void shouldStartARunningComponentOnlyOnce() {
    Component sleeper = component("sleeper", false, "sleep", "60");
    supervisor.start(sleeper);
    ProcessRecord first = supervisor.find("sleeper").orElseThrow();

    supervisor.start(sleeper);

    assertThat(supervisor.find("sleeper")).contains(first);
  }

  @Test
  void shouldKillAProcessThatIsStoppedOrIgnoresSigterm() {
    supervisor.start(
        component("stubborn", false, "bash", "-c", "trap '' TERM; while :; do sleep 0.1; done"));

    supervisor.kill("stubborn");

    assertThat(supervisor.find("stubborn")).isEmpty();
  }

  @Test
  void shouldEndMarkedProcessesEvenWhenTheirFilesAreLost() throws IOException {
    supervisor.start(component("sleeper", false, "sleep", "60"));
    ProcessRecord sleeper = supervisor.find("sleeper").orElseThrow();
    Files.delete(paths.processes().resolve("sleeper.json"));

    int ended = supervisor.endAll(List.of());

    assertThat(ended).isEqualTo(1);
    assertThat(sleeper.alive()).isFalse();
  }

  @Test
  void shouldTellTheEndOfTheLogWhenAProcessDiesWhileStarting() {
    Component broken =
        component("broken", false, "bash", "-c", "echo 'key: 7 is not within 1 and 3' >&2; exit 2");
    supervisor.start(broken);

    assertThatThrownBy(() -> awaitDeath(broken))
        .isInstanceOf(LabException.class)
        .hasMessageContaining("key: 7 is not within 1 and 3");
  }

  private void awaitDeath(Component component) {
    while (supervisor.alive(component)) {
      Thread.onSpinWait();
    }
    supervisor.awaitReady(component, Duration.ofSeconds(5));
  }

  @Test
  void shouldFailWhenAComponentThatEndsByItselfFails() {
    assertThatThrownBy(
            () -> supervisor.start(component("migrate", true, "bash", "-c", "echo no; exit 3")))
        .isInstanceOf(LabException.class)
        .hasMessageContaining("exit code 3");
  }

  @Test
  void shouldStartNothingOnceCancelled() {
    supervisor.cancel();

    assertThatThrownBy(() -> supervisor.start(component("sleeper", false, "sleep", "60")))
        .isInstanceOf(LabException.class);
    assertThat(supervisor.find("sleeper")).isEmpty();
  }
}
