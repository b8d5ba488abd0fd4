package io.dyetrace.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.dyetrace.lab.check.CheckResult;
import io.dyetrace.lab.check.Checks;
import io.dyetrace.lab.demo.Calm;
import io.dyetrace.lab.observe.LabStatus;
import io.dyetrace.lab.plan.LabPaths;
import io.dyetrace.lab.plan.LabTopology;
import io.dyetrace.lab.system.Console;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Both tiers on real packets. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class TwoTierIT {
  private Lab lab;
  private boolean mine;

  @BeforeAll
  void bringUp() {
    Requirements.root();
    Requirements.noLab();
    System.setProperty("dyetrace.home", Path.of("..").toAbsolutePath().normalize().toString());
    lab = new Lab(LabPaths.standard(), new Console(true));
    lab.choose(LabTopology.TWO_TIER);
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

  @Test
  @Order(1)
  void shouldBeFoundAsItIsByTheNextCommand() {
    Lab again = new Lab(LabPaths.standard(), new Console(true));

    assertThat(again.plan().topology()).isEqualTo(LabTopology.TWO_TIER);
    assertThat(LabStatus.of(again).complaints(again)).isEmpty();
  }

  @ParameterizedTest
  @Order(2)
  @ValueSource(strings = {"big-transfer", "no-colour-at-server", "two-tier", "nothing-lost"})
  void shouldPass(String check) {
    CheckResult result = Checks.run(lab, Checks.named(check, Duration.ofMinutes(1)));

    assertThat(result.problems()).as(result.measured().toString()).isEmpty();
  }
}
