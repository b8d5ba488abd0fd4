package io.dyetrace.storage.flink;

import static org.assertj.core.api.Assertions.assertThat;

import io.dyetrace.common.config.ClickHouseConfig;
import io.dyetrace.storage.TestClickHouse;
import io.dyetrace.storage.TestRows;
import io.dyetrace.storage.client.ClickHouseClient;
import io.dyetrace.storage.embedded.EmbeddedClickHouse;
import io.dyetrace.storage.row.StorageRow;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.flink.api.common.JobExecutionResult;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.connector.source.lib.NumberSequenceSource;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A whole job in a MiniCluster that fails by itself while ClickHouse is killed under it. */
class ClickHouseSinkIT {
  private static final int ROWS = 6_000;
  private static final AtomicInteger FAILURES = new AtomicInteger();

  @Test
  void shouldStoreEveryRowOnceThroughFailuresOfJobAndClickHouse(@TempDir Path directory)
      throws Exception {
    TestClickHouse.requireAvailable();
    FAILURES.set(0);
    try (EmbeddedClickHouse clickHouse = EmbeddedClickHouse.start(directory)) {
      ClickHouseClient client = TestClickHouse.migrated(clickHouse, "it_job");
      Configuration configuration = new Configuration();
      configuration.setString("restart-strategy.type", "fixed-delay");
      configuration.setString("restart-strategy.fixed-delay.attempts", "10");
      configuration.setString("restart-strategy.fixed-delay.delay", "100 ms");
      configuration.setString("execution.checkpointing.interval", "200 ms");
      StreamExecutionEnvironment env =
          StreamExecutionEnvironment.getExecutionEnvironment(configuration);
      env.setParallelism(2);
      env.fromSource(
              new NumberSequenceSource(0, ROWS - 1), WatermarkStrategy.noWatermarks(), "numbers")
          .map(ClickHouseSinkIT::row)
          .returns(StorageRowTypeInfo.INSTANCE)
          .sinkTo(ClickHouseSink.to(new ClickHouseConfig(clickHouse.url(), "it_job", null, null)))
          .name("clickhouse")
          .uid("clickhouse");
      JobClient job = env.executeAsync("sink under test");
      for (int i = 0; i < 2; i++) {
        Thread.sleep(1_000);
        clickHouse.kill();
        Thread.sleep(500);
        clickHouse.restart();
      }
      JobExecutionResult result = job.getJobExecutionResult().get(90, TimeUnit.SECONDS);
      assertThat(result.getNetRuntime()).isPositive();
      assertThat(FAILURES.get()).as("the job failed on its way").isPositive();
      assertThat(
              client
                  .query(
                      "SELECT count(), uniqExact(probe_sequence), min(probe_sequence), max(probe_sequence) FROM probes")
                  .strip())
          .isEqualTo(ROWS + "\t" + ROWS + "\t0\t" + (ROWS - 1));
    }
  }

  private static StorageRow row(long number) throws InterruptedException {
    if (number % 2 == 0) {
      TimeUnit.MILLISECONDS.sleep(1);
    }
    if ((number == 1_500 || number == 4_400) && FAILURES.getAndIncrement() < 2) {
      throw new IllegalStateException("a failure of the test's own at row " + number);
    }
    // Newer than the job, so that nothing but state and tokens keeps rows single.
    return TestRows.probe((int) number, (System.currentTimeMillis() + 86_400_000L) * 1_000_000L);
  }
}
