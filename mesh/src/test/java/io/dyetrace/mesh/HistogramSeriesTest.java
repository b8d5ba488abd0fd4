package io.dyetrace.mesh;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class HistogramSeriesTest {
  private static final long RECEIVER_START = 1_000;
  private final HistogramSeries series = new HistogramSeries(RECEIVER_START);

  private static HistogramSeries.Export export(long start, long end, long first, long second) {
    return new HistogramSeries.Export(
        start,
        end,
        first + second,
        10 * (first + second),
        new long[] {5},
        new long[] {first, second});
  }

  @Test
  void shouldStoreNothingFromTheFirstExportOfASeriesThatIsOlderThanTheReceiver() {
    assertThat(series.difference(export(500, 1_500, 3, 4))).isNull();
  }

  @Test
  void shouldStoreAllOfTheFirstExportOfASeriesThatIsYoungerThanTheReceiver() {
    var now = export(1_200, 1_500, 3, 4);
    assertThat(series.difference(now)).isEqualTo(now);
  }

  @Test
  void shouldStoreWhatCameSinceTheLastAcceptedExport() {
    series.accept(export(500, 1_500, 3, 4));
    var added = series.difference(export(500, 2_500, 3, 9));
    assertThat(added).isNotNull();
    assertThat(added.count()).isEqualTo(5);
    assertThat(added.sumNs()).isEqualTo(50);
    assertThat(added.startNs()).isEqualTo(1_500);
    assertThat(added.counts()).containsExactly(0, 5);
  }

  @Test
  void shouldGiveTheSameAnswerUntilTheExportIsAccepted() {
    series.accept(export(500, 1_500, 3, 4));
    var once = series.difference(export(500, 2_500, 3, 9));
    var again = series.difference(export(500, 2_500, 3, 9));
    assertThat(once).usingRecursiveComparison().isEqualTo(again);
    series.accept(export(500, 2_500, 3, 9));
    assertThat(series.difference(export(500, 2_500, 3, 9))).isNull();
  }

  @Test
  void shouldStartAnewWhenTheProcessRestarted() {
    series.accept(export(500, 1_500, 30, 40));
    var after = export(2_000, 2_500, 1, 1);
    assertThat(series.difference(after)).isEqualTo(after);
  }

  @Test
  void shouldStoreNothingWhenNothingCame() {
    series.accept(export(500, 1_500, 3, 4));
    assertThat(series.difference(export(500, 2_500, 3, 4))).isNull();
  }
}
