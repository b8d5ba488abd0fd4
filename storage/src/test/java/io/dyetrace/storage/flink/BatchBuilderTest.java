package io.dyetrace.storage.flink;

import static org.assertj.core.api.Assertions.assertThat;

import io.dyetrace.storage.TestRows;
import io.dyetrace.storage.schema.StorageTable;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

class BatchBuilderTest {
  private static final long START_NS = TestRows.NOON_NS;
  private static final long MINUTE_NS = 60 * TestRows.SECOND_NS;
  private static final long YEARS_AGO_NS = START_NS - 6 * 365 * 24 * 60 * MINUTE_NS;

  private final BatchBuilder builder = new BatchBuilder("feed", 3, START_NS);

  @Test
  void shouldMakeOneBatchATableWithATokenOfItsOwn() {
    TestRows.oneOfEach().forEach(builder::add);
    List<Batch> batches = builder.build(7);
    assertThat(batches).hasSize(StorageTable.values().length);
    assertThat(batches).extracting(Batch::token).doesNotHaveDuplicates();
    assertThat(batches.get(0).token()).isEqualTo("feed/verdicts/7/3/0");
    assertThat(builder.build(8)).isEmpty();
  }

  @Test
  void shouldNeverRepeatATokenWhenCheckpointNumbersDo() {
    builder.add(TestRows.probe(1, START_NS));
    String first = builder.build(1).get(0).token();
    builder.add(TestRows.probe(2, START_NS));
    assertThat(builder.build(1).get(0).token()).isNotEqualTo(first);
  }

  @Test
  void shouldCheckKeysOnlyOfBatchesWithRowsFromBeforeTheStart() {
    BatchBuilder midHour = new BatchBuilder("feed", 3, START_NS + 2);
    midHour.add(TestRows.probe(1, START_NS + 1));
    midHour.add(TestRows.probe(2, START_NS + 5));
    Batch old = midHour.build(1).get(0);
    assertThat(old.checkKeys()).isTrue();
    assertThat(old.leastTimeNs()).isEqualTo(START_NS + 1);
    assertThat(old.mostTimeNs()).isEqualTo(START_NS + 5);
    midHour.add(TestRows.probe(3, START_NS + 2));
    assertThat(midHour.build(2).get(0).checkKeys()).isFalse();
  }

  @Test
  void shouldSplitWhatGrowsLarge() {
    for (int i = 0; i < BatchBuilder.MAX_ROWS + 1; i++) {
      builder.add(TestRows.probe(i, START_NS));
    }
    assertThat(builder.build(1)).extracting(Batch::rows).containsExactly(BatchBuilder.MAX_ROWS, 1);
  }

  @Test
  void shouldReadBackABatchFromState() throws IOException {
    builder.add(TestRows.point(1, START_NS - 1));
    Batch batch = builder.build(4).get(0);
    Batch read = Batch.fromBytes(batch.toBytes());
    assertThat(read).usingRecursiveComparison().isEqualTo(batch);
  }

  @Test
  void shouldKeepARowYearsOldApartFromFreshOnes() {
    builder.add(TestRows.probe(1, START_NS));
    builder.add(TestRows.probe(2, YEARS_AGO_NS));
    builder.add(TestRows.probe(3, START_NS + 1));
    List<Batch> batches = builder.build(1);
    assertThat(batches).extracting(Batch::leastTimeNs).containsExactly(YEARS_AGO_NS, START_NS);
    assertThat(batches).extracting(Batch::mostTimeNs).containsExactly(YEARS_AGO_NS, START_NS + 1);
    assertThat(batches).extracting(Batch::checkKeys).containsExactly(true, false);
    assertThat(batches).extracting(Batch::token).doesNotHaveDuplicates();
  }

  @Test
  void shouldCutBatchesAtTheHour() {
    for (int minute = 0; minute < 180; minute++) {
      builder.add(TestRows.probe(minute, START_NS + minute * MINUTE_NS));
    }
    assertThat(builder.build(1))
        .hasSize(3)
        .allSatisfy(
            batch ->
                assertThat(batch.mostTimeNs() - batch.leastTimeNs()).isEqualTo(59 * MINUTE_NS));
  }

  @Test
  void shouldLoseNoRowWhenMoreHoursMixThanItHoldsOpen() {
    int hours = 3 * BatchBuilder.MAX_OPEN;
    for (int i = 0; i < 2 * hours; i++) {
      builder.add(TestRows.probe(i, START_NS - i % hours * 60L * MINUTE_NS));
    }
    List<Batch> batches = builder.build(1);
    assertThat(batches.stream().mapToInt(Batch::rows).sum()).isEqualTo(2 * hours);
    assertThat(batches).extracting(Batch::token).doesNotHaveDuplicates();
    assertThat(builder.build(2)).isEmpty();
  }

  @Test
  void shouldCloseTheLargestWhenManyHoursGrowTogether() {
    // 20 hours of some 4 MB each: none is full by itself.
    int rows = 20 * 30_000;
    long bytes = 0;
    for (int i = 0; i < rows; i++) {
      builder.add(TestRows.probe(i, START_NS + i % 20 * 60L * MINUTE_NS));
      bytes = Math.max(bytes, builder.openBytes());
    }
    assertThat(bytes).isLessThanOrEqualTo(BatchBuilder.MAX_OPEN_BYTES);
    List<Batch> batches = builder.build(1);
    assertThat(batches).hasSizeGreaterThan(20);
    assertThat(batches.stream().mapToInt(Batch::rows).sum()).isEqualTo(rows);
  }
}
