package io.dyetrace.lab.demo;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import java.util.List;

/**
 * What a demonstration came to.
 *
 * @param falseVerdicts occurrences that accuse anything else
 * @param probes probe results in ClickHouse
 * @param points trace points and drop points in ClickHouse
 * @param pointsLost points that found their ring full
 * @param rowsInClickhouse rows in all tables
 */
@JsonPropertyOrder({
  "faults",
  "false_verdicts",
  "probes",
  "points",
  "points_lost",
  "rows_in_clickhouse"
})
public record DemoReport(
    List<FaultOutcome> faults,
    @JsonProperty("false_verdicts") long falseVerdicts,
    long probes,
    long points,
    @JsonProperty("points_lost") long pointsLost,
    @JsonProperty("rows_in_clickhouse") long rowsInClickhouse) {

  /** Whether every verdict was right and nothing else was accused. */
  public boolean right(int expectedFaults) {
    return faults.size() == expectedFaults
        && faults.stream().allMatch(FaultOutcome::right)
        && falseVerdicts == 0
        && probes > 0
        && points > 0;
  }
}
