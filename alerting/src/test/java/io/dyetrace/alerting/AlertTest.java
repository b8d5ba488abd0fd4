package io.dyetrace.alerting;

import static org.assertj.core.api.Assertions.assertThat;

import io.dyetrace.common.record.VerdictState;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class AlertTest {
  private static final Duration LIFETIME = Duration.ofMinutes(2);
  private static final long NOW = Verdicts.FIRST_BAD_NS + 10_000_000_000L;

  @Test
  void shouldKeepItsLabelsWhileTheFaultLasts() {
    var open =
        Alert.of(Verdicts.nodeCrash("gw-2", 1, VerdictState.OPEN).build(), NOW, LIFETIME, null);
    var updated =
        Alert.of(
            Verdicts.nodeCrash("gw-2", 2, VerdictState.UPDATED)
                .setConfidence(0.5)
                .addAffectedVips("vip-api")
                .build(),
            NOW + 1,
            LIFETIME,
            null);
    assertThat(updated.labels()).isEqualTo(open.labels());
    assertThat(updated.annotations()).isNotEqualTo(open.annotations());
    assertThat(open.labels())
        .containsEntry("fault_class", "NODE_CRASH")
        .containsEntry("component", "gw-2")
        .containsEntry("severity", "critical")
        .containsEntry("rack", "rack-1");
  }

  @Test
  void shouldEndAfterItsLifetimeWhileOpenAndWithTheFaultWhenResolved() {
    var open =
        Alert.of(Verdicts.nodeCrash("gw-2", 1, VerdictState.OPEN).build(), NOW, LIFETIME, null);
    assertThat(open.startsAt()).isEqualTo("2023-11-14T22:13:20Z");
    assertThat(open.endsAt()).isEqualTo("2023-11-14T22:15:30Z");
    var resolved =
        Alert.of(
            Verdicts.nodeCrash("gw-2", 2, VerdictState.RESOLVED).setResolvedNs(NOW).build(),
            NOW + 1,
            LIFETIME,
            null);
    assertThat(resolved.endsAt()).isEqualTo("2023-11-14T22:13:30Z");
  }

  @Test
  void shouldCarryTheEvidenceInAnnotations() {
    var alert =
        Alert.of(Verdicts.nodeCrash("gw-2", 1, VerdictState.OPEN).build(), NOW, LIFETIME, null);
    assertThat(alert.annotations())
        .containsEntry("evidence", "8 of 8 probes through gw-2 lost since 10:00:00")
        .containsEntry("healthy_siblings", "gw-1")
        .containsEntry("affected_probes", "25.0 %");
  }

  @Test
  void shouldStillPageForAClassThatALaterVersionAdded() {
    var alert =
        Alert.of(
            Verdicts.nodeCrash("gw-2", 1, VerdictState.OPEN).setFaultClass(999).build(),
            NOW,
            LIFETIME,
            null);
    assertThat(alert.labels())
        .containsEntry("fault_class", "CLASS_999")
        .containsEntry("severity", "critical");
  }
}
