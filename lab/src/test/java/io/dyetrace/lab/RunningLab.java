package io.dyetrace.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.dyetrace.lab.check.CheckResult;
import io.dyetrace.lab.check.Checks;
import io.dyetrace.lab.demo.Calm;
import io.dyetrace.lab.plan.LabPaths;
import io.dyetrace.lab.plan.LabTopology;
import io.dyetrace.lab.system.Console;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;

/** Tests of one lab, which is brought up before the first and taken down after the last. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
abstract class RunningLab {
  private final LabTopology topology;
  private Lab lab;
  private boolean mine;

  RunningLab(LabTopology topology) {
    this.topology = topology;
  }

  Lab lab() {
    return lab;
  }

  @BeforeAll
  void bringUp() {
    Requirements.root();
    Requirements.noLab();
    System.setProperty("dyetrace.home", Path.of("..").toAbsolutePath().normalize().toString());
    lab = new Lab(LabPaths.standard(), new Console(true));
    lab.choose(topology);
    mine = true;
    try {
      lab.up();
    } catch (LabException e) {
      if (e.exitCode() == LabException.EXIT_USAGE) {
        Requirements.missing(e.text());
      }
      throw e;
    }
    new Calm(lab).await(Duration.ofMinutes(3));
  }

  @AfterAll
  void takeDown() {
    if (mine) {
      lab.down();
    }
  }

  void pass(String check) {
    CheckResult result = Checks.run(lab, Checks.named(check, Duration.ofMinutes(1)));

    assertThat(result.problems()).as(result.measured().toString()).isEmpty();
  }
}
