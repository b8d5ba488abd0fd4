package io.dyetrace.prober;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SlotScheduleTest {
  @Test
  void shouldSpreadProbesEvenlyOverTheRound() {
    SlotSchedule schedule = new SlotSchedule(1_000, 100, 4);
    List<Long> due = new ArrayList<>();
    List<Long> rounds = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      due.add(schedule.dueNs());
      rounds.add(schedule.round());
      schedule.advance();
    }
    assertThat(due).containsExactly(1_000L, 1_025L, 1_050L, 1_075L, 1_100L, 1_125L);
    assertThat(rounds).containsExactly(0L, 0L, 0L, 0L, 1L, 1L);
  }

  @Test
  void shouldKeepASlotThatIsOnlyLate() {
    SlotSchedule schedule = new SlotSchedule(1_000, 100, 4);
    assertThat(schedule.skipMissed(1_024)).isZero();
    assertThat(schedule.dueNs()).isEqualTo(1_000);
  }

  @Test
  void shouldGiveUpSlotsThatArePastAfterAPause() {
    SlotSchedule schedule = new SlotSchedule(1_000, 100, 4);
    assertThat(schedule.skipMissed(1_260)).isEqualTo(10);
    assertThat(schedule.dueNs()).isEqualTo(1_250);
    assertThat(schedule.round()).isEqualTo(2);
  }
}
