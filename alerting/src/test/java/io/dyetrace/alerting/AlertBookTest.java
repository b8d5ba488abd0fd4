package io.dyetrace.alerting;

import static org.assertj.core.api.Assertions.assertThat;

import io.dyetrace.common.record.Verdict;
import io.dyetrace.common.record.VerdictState;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class AlertBookTest {
  private final AlertBook book = new AlertBook(Duration.ofMinutes(15));

  @Test
  void shouldKeepTheNewestRevisionWhateverTheOrder() {
    assertThat(book.accept(Verdicts.nodeCrash("gw-2", 2, VerdictState.UPDATED).build())).isTrue();
    assertThat(book.accept(Verdicts.nodeCrash("gw-2", 1, VerdictState.OPEN).build())).isFalse();
    assertThat(book.current()).extracting(Verdict::getRevision).containsExactly(2);
    assertThat(book.openCount()).isEqualTo(1);
  }

  @Test
  void shouldChangeNothingWhenAVerdictIsReadTwice() {
    var verdict = Verdicts.nodeCrash("gw-2", 1, VerdictState.OPEN).build();
    assertThat(book.accept(verdict)).isTrue();
    assertThat(book.accept(verdict)).isFalse();
  }

  @Test
  void shouldForgetAResolvedVerdictAfterAWhileAndAnOpenOneNever() {
    long end = Verdicts.FIRST_BAD_NS + Duration.ofSeconds(30).toNanos();
    book.accept(Verdicts.nodeCrash("gw-2", 1, VerdictState.RESOLVED).setResolvedNs(end).build());
    book.accept(Verdicts.nodeCrash("gw-3", 1, VerdictState.OPEN).build());
    book.expire(end + Duration.ofMinutes(14).toNanos());
    assertThat(book.current()).hasSize(2);
    book.expire(end + Duration.ofMinutes(16).toNanos());
    assertThat(book.current()).extracting(Verdict::getComponent).containsExactly("gw-3");
  }

  @Test
  void shouldTellOnlyTheLaterOfTwoOccurrencesOfOneFault() {
    book.accept(
        Verdicts.nodeCrash("gw-2", 3, VerdictState.RESOLVED)
            .setResolvedNs(Verdicts.FIRST_BAD_NS + 1)
            .build());
    long later = Verdicts.FIRST_BAD_NS + 60_000_000_000L;
    book.accept(
        Verdicts.nodeCrash("gw-2", 1, VerdictState.OPEN)
            .setOccurrenceId("NODE_CRASH/gw-2/" + later)
            .setFirstBadNs(later)
            .setDetectedNs(later + 5_000_000_000L)
            .build());
    assertThat(book.current()).extracting(Verdict::getState).containsExactly(VerdictState.OPEN);
  }

  @Test
  void shouldNotKeepAnOccurrenceOpenThatALaterOneSuperseded() {
    book.accept(Verdicts.nodeCrash("gw-2", 1, VerdictState.OPEN).build());
    long later = Verdicts.FIRST_BAD_NS + 60_000_000_000L;
    book.accept(
        Verdicts.nodeCrash("gw-2", 2, VerdictState.RESOLVED)
            .setOccurrenceId("NODE_CRASH/gw-2/" + later)
            .setFirstBadNs(later)
            .setDetectedNs(later + 5_000_000_000L)
            .setResolvedNs(later + 1)
            .build());
    assertThat(book.openCount()).isZero();
    assertThat(book.accept(Verdicts.nodeCrash("gw-2", 1, VerdictState.OPEN).build())).isFalse();
  }

  @Test
  void shouldTakeALaterOccurrenceWhoseBeginningWasFoundToBeEarlier() {
    book.accept(Verdicts.nodeCrash("gw-2", 1, VerdictState.OPEN).build());
    long earlier = Verdicts.FIRST_BAD_NS - 1_000_000_000L;
    Verdict.Builder second =
        Verdicts.nodeCrash("gw-2", 1, VerdictState.OPEN)
            .setOccurrenceId("NODE_CRASH/gw-2/" + earlier)
            .setFirstBadNs(earlier)
            .setDetectedNs(Verdicts.FIRST_BAD_NS + 20_000_000_000L);
    assertThat(book.accept(second.build())).isTrue();
    second.setRevision(2).setState(VerdictState.RESOLVED).setResolvedNs(second.getDetectedNs() + 1);
    assertThat(book.accept(second.build())).isTrue();
    assertThat(book.openCount()).isZero();
  }
}
