package io.dyetrace.lab.fault;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class DropRatesTest {
  private static final long SECOND_NS = 1_000_000_000L;

  private final AtomicLong one = new AtomicLong(1000);
  private final AtomicLong other = new AtomicLong();
  private final DropRates rates = new DropRates(List.of(one::get, other::get));

  @Test
  void shouldCountFromTheFirstReadingNodeByNode() {
    rates.begin(5 * SECOND_NS);
    one.addAndGet(60);
    other.addAndGet(10);

    assertThat(rates.perSecond(7 * SECOND_NS)).containsExactly(30.0, 5.0);
  }

  @Test
  void shouldForgetWhatAnEarlierReadingSaw() {
    rates.begin(0);
    one.addAndGet(100);
    rates.perSecond(SECOND_NS);
    one.addAndGet(20);

    assertThat(rates.perSecond(2 * SECOND_NS)).containsExactly(20.0, 0.0);
  }
}
