package io.dyetrace.lab.demo;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

class DemoReportTest {
  private static final FaultOutcome RIGHT =
      new FaultOutcome("node-crash", "gw-2", "NODE_CRASH", "gw-2", 6.1, 12.0, true);
  private static final FaultOutcome MISSED =
      new FaultOutcome("node-jitter", "gw-3", null, null, null, null, false);

  @Test
  void shouldWriteTheDocumentedJson() throws IOException {
    assertThat(new ObjectMapper().writeValueAsString(report(List.of(RIGHT), 0)))
        .isEqualTo(
            "{\"faults\":[{\"fault\":\"node-crash\",\"target\":\"gw-2\",\"verdict\":\"NODE_CRASH\","
                + "\"component\":\"gw-2\",\"seconds\":6.1,\"resolved_seconds\":12.0,\"right\":true}],"
                + "\"false_verdicts\":0,\"probes\":600,\"points\":3560,\"points_lost\":0,"
                + "\"rows_in_clickhouse\":6830}");
  }

  private static DemoReport report(List<FaultOutcome> faults, long falseVerdicts) {
    return new DemoReport(faults, falseVerdicts, 600, 3560, 0, 6830);
  }

  @Test
  void shouldBeRightOnlyIfEveryFaultWasNamedAndNothingElse() {
    assertThat(report(List.of(RIGHT, RIGHT), 0).right(2)).isTrue();
    assertThat(report(List.of(RIGHT), 0).right(2)).isFalse();
    assertThat(report(List.of(RIGHT, MISSED), 0).right(2)).isFalse();
    assertThat(report(List.of(RIGHT, RIGHT), 1).right(2)).isFalse();
  }
}
