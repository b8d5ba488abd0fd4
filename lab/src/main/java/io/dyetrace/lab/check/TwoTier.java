package io.dyetrace.lab.check;

import com.fasterxml.jackson.databind.JsonNode;
import io.dyetrace.lab.Lab;
import io.dyetrace.lab.demo.Calm;
import io.dyetrace.lab.demo.FaultOutcome;
import io.dyetrace.lab.demo.Trial;
import io.dyetrace.lab.demo.VerdictWatch;
import io.dyetrace.lab.fault.FaultKind;
import io.dyetrace.lab.observe.ClickHouse;
import io.dyetrace.lab.system.Pause;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Both tiers: the same keys, and the right node accused. */
final class TwoTier implements Check {
  private static final double LEAST_SHARE = 0.999;
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final Duration CALM = Duration.ofSeconds(120);

  /**
   * What is stamped of each answered probe of the minute before a moment, but for its newest 15 s,
   * whose rows may still be on their way.
   */
  private static final String PROBES =
      """
      WITH toDateTime64('%s', 9, 'UTC') AS at,
           at - INTERVAL 60 SECOND AS since, at - INTERVAL 15 SECOND AS until,
           eip_forward > 0 AND clb_forward > 0 AND clb_reply > 0 AND eip_reply > 0 AS is_whole
      SELECT %s
      FROM
        (SELECT prober_id, probe_sequence, time FROM probes
         WHERE outcome = 'SYN_ACK' AND time >= since AND time < until) AS p
      LEFT JOIN
        (SELECT prober_id, probe_sequence,
                uniqExactIf(node, tier = 'CLB') AS clb_nodes,
                countIf(tier = 'EIP' AND point = 'RX' AND direction = 'FORWARD')
                  * countIf(tier = 'EIP' AND point = 'TX' AND direction = 'FORWARD') AS eip_forward,
                countIf(tier = 'CLB' AND point = 'RX' AND direction = 'FORWARD')
                  * countIf(tier = 'CLB' AND point = 'TX' AND direction = 'FORWARD') AS clb_forward,
                countIf(tier = 'CLB' AND point = 'RX' AND direction = 'REPLY')
                  * countIf(tier = 'CLB' AND point = 'TX' AND direction = 'REPLY') AS clb_reply,
                countIf(tier = 'EIP' AND point = 'RX' AND direction = 'REPLY')
                  * countIf(tier = 'EIP' AND point = 'TX' AND direction = 'REPLY') AS eip_reply
         FROM trace_points
         WHERE key_state = 'KEY_VERIFIED' AND NOT reset AND reason = 'NONE'
           AND time >= since - INTERVAL 5 SECOND
         GROUP BY prober_id, probe_sequence) AS t
      USING (prober_id, probe_sequence)
      """;

  private static final String COUNTS =
      "count() AS probes, countIf(is_whole) AS whole, countIf(clb_nodes = 1) AS one_balancer";

  private static final String EXAMPLES =
      "prober_id, probe_sequence, toString(time) AS sent, clb_nodes, eip_forward, clb_forward,"
          + " clb_reply, eip_reply";

  @Override
  public String name() {
    return "two-tier";
  }

  @Override
  public String claim() {
    return "at least 99.9 % of successful probes have one key stamped at both tiers in both"
        + " directions; a dead node of either tier, a node over its limits and a VIP under attack"
        + " are each named, and nothing else is";
  }

  @Override
  public CheckResult run(Lab lab) {
    CheckResult.Builder result = CheckResult.builder();
    if (lab.plan().edges().isEmpty()) {
      return result.require(false, "the lab has one tier: lab up --topology two-tier").build();
    }
    new Calm(lab).await(CALM);
    Pause.seconds(60); // a whole window without a fault
    keys(result);
    faults(lab, result);
    return result.build();
  }

  private static void keys(CheckResult.Builder result) {
    String at =
        new ClickHouse().rows("SELECT toString(now64(9, 'UTC')) AS at").get(0).path("at").asText();
    JsonNode row = new ClickHouse().rows(PROBES.formatted(at, COUNTS)).get(0);
    long probes = row.path("probes").asLong();
    long whole = row.path("whole").asLong();
    long oneBalancer = row.path("one_balancer").asLong();
    double share = probes == 0 ? 0 : (double) whole / probes;
    long unknown =
        new ClickHouse()
            .number(
                "SELECT count() FROM trace_points WHERE key_state = 'KEY_UNKNOWN' AND time <"
                    + " now64(9) - INTERVAL 15 SECOND");
    result
        .measured("successful_probes", probes)
        .measured("one_key_at_both_tiers_both_ways", whole)
        .measured("share", share)
        .measured("one_balancer_both_ways", oneBalancer)
        .measured("replies_whose_probe_nobody_told", unknown)
        .require(probes >= 100, "only %d successful probes", probes)
        .require(share >= LEAST_SHARE, "only %.4f of them", share)
        .measured("incomplete", examples(at))
        .require(oneBalancer >= LEAST_SHARE * probes, "only %d over one balancer", oneBalancer);
  }

  /** Which probes lack what, for whoever has to find out why; none when all is well. */
  private static List<String> examples(String at) {
    String incomplete =
        PROBES.formatted(at, EXAMPLES)
            + "WHERE NOT is_whole OR clb_nodes != 1 ORDER BY time LIMIT 10";
    return new ClickHouse().rows(incomplete).stream().map(JsonNode::toString).toList();
  }

  private static void faults(Lab lab, CheckResult.Builder result) {
    Map<String, FaultKind> targets = new LinkedHashMap<>();
    targets.put("eip-1", FaultKind.NODE_CRASH);
    targets.put("clb-2", FaultKind.NODE_CRASH);
    targets.put("eip-2", FaultKind.NODE_JITTER);
    targets.put("clb-3", FaultKind.FLOW_LIMIT);
    targets.put("vip-api", FaultKind.VIP_OVERLOAD);
    targets.put("vip-web", FaultKind.MALFORMED);
    try (VerdictWatch watch = new VerdictWatch(lab.console()).start()) {
      new Calm(lab).await(CALM);
      int before = watch.seen().size();
      Trial trial = new Trial(lab, watch);
      targets.forEach(
          (target, kind) -> {
            FaultOutcome outcome = trial.run(kind, target, LIMIT);
            result
                .measured(outcome.fault() + " " + outcome.target(), outcome)
                .require(outcome.right(), "%s %s: %s", outcome.fault(), outcome.target(), outcome);
            new Calm(lab).await(CALM);
          });
      var wrong =
          trial.falseVerdicts().stream()
              .filter(v -> watch.seen().indexOf(v) >= before)
              .map(v -> v.describe())
              .toList();
      result.measured("false_verdicts", wrong.size()).require(wrong.isEmpty(), "false: %s", wrong);
    }
  }
}
