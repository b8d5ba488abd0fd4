package io.dyetrace.analytics.localize.bench;

import static org.assertj.core.api.Assertions.assertThat;

import io.dyetrace.analytics.localize.Localization;
import io.dyetrace.analytics.localize.Localizer;
import io.dyetrace.analytics.localize.Parameters;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** The built-in parameters on generated traces, of seeds that nothing is scored on. */
class FamiliesTest {
  private static final long SEED = 4_000_000;
  private static final int TRACES = 40;

  @Test
  void shouldFindSingleSoftFailuresAndSeldomWakeSomebodyForQuietTraces() {
    Score failing = new Score();
    Score quiet = new Score();
    for (int i = 0; i < TRACES; i++) {
      score(failing, FatTreeTraces.links(SEED + i, FatTreeTraces.View.ACTIVE, 40, 1));
      score(quiet, FatTreeTraces.links(SEED + i, FatTreeTraces.View.ACTIVE, 40, 0));
    }

    // One quiet trace in 150 of this kind has a link that lost four packets of 500.
    assertThat(quiet.accusedQuiet()).isLessThanOrEqualTo(1);
    assertThat(failing.precision()).isGreaterThan(0.94);
    // What is missed lost three packets or fewer, as some healthy link does in every fourth trace.
    assertThat(failing.recall()).isGreaterThan(0.5);
  }

  @Test
  void shouldHoldItsPrecisionInNetworksUnlikeThoseItWasChosenOn() {
    Score score = new Score();
    for (int i = 0; i < 12; i++) {
      score(score, FatTreeTraces.varied(SEED + i, FatTreeTraces.View.KNOWN));
    }

    assertThat(score.precision()).isGreaterThan(0.93);
    assertThat(score.recall()).isGreaterThan(0.6);
  }

  @Test
  void shouldExchangeTheLinksOfANodeForTheNode() {
    // Three links into a gateway explain what two half-dead gateways lost, at first sight.
    LabelledTrace trace = GatewayTraces.trace(3_000_051, GatewayTraces.Lost.UNSTAMPED, 200, 3);

    Localization found = new Localizer(Parameters.DEFAULT).localize(trace.evidence());

    assertThat(trace.failedDevices).contains(64, 66);
    assertThat(found.devices()).containsExactly(64, 66);
  }

  private static void score(Score score, LabelledTrace trace) {
    Localization found = new Localizer(Parameters.DEFAULT).localize(trace.evidence());
    score.add(trace, new TreeSet<>(found.links()), new TreeSet<>(found.devices()));
  }
}
