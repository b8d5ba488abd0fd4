package io.dyetrace.storage.flink;

import static org.assertj.core.api.Assertions.assertThat;

import io.dyetrace.storage.TestRows;
import io.dyetrace.storage.schema.StorageTable;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

class BatchBuilderTest {
  private static final long START_NS = TestRows.NOON_NS;

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
    builder.add(TestRows.probe(1, START_NS - 1));
    builder.add(TestRows.probe(2, START_NS + 5));
    Batch old = builder.build(1).get(0);
    assertThat(old.checkKeys()).isTrue();
    assertThat(old.leastTimeNs()).isEqualTo(START_NS - 1);
    assertThat(old.mostTimeNs()).isEqualTo(START_NS + 5);
    builder.add(TestRows.probe(3, START_NS));
    assertThat(builder.build(2).get(0).checkKeys()).isFalse();
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
}
