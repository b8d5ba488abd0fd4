package io.dyetrace.benchmarks.campaign;

import io.dyetrace.analytics.detect.DetectorConfig;
import io.dyetrace.common.topology.Topology;
import io.dyetrace.common.topology.Vip;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * How many tests the detection makes a day, and how often one may be wrong under its own model: a
 * suspicion opens a verdict only with so many nats against "nothing is wrong".
 */
final class AlarmBudget {
  private static final double DAY_SECONDS = 86_400;

  private AlarmBudget() {}

  static Map<String, Double> of(Plan plan) {
    DetectorConfig config = DetectorConfig.defaults();
    Topology topology =
        Installation.of(plan.quietNodes(), plan.densities().get(0), false).fleet().build();
    double pairs = topology.vips().stream().map(Vip::nodes).mapToInt(n -> n.size()).sum();
    double hypotheses = topology.components().size() + topology.vips().size() + pairs;
    double looks = DAY_SECONDS / (config.timing().evaluationInterval().toMillis() / 1e3);
    double perTest = Math.exp(-config.verdicts().openNats());
    Map<String, Double> o = new LinkedHashMap<>();
    o.put("false_alarm_probability_per_test", perTest);
    o.put("components_tested", hypotheses);
    o.put("tests_per_day", hypotheses * looks);
    o.put("false_verdicts_per_day_under_the_model", hypotheses * looks * perTest);
    return o;
  }

  static String describe(Plan plan) {
    Map<String, Double> o = of(plan);
    return String.format(
        Locale.ROOT,
        "False-alarm budget at %d nodes: %.0f components are tested 4 times a second, %.2g tests a day, each wrong with %.1e at most under its"
            + " model: %.2g false verdicts a day. Tests of the same component a moment later are far from independent, so this bounds from above.",
        plan.quietNodes(),
        o.get("components_tested"),
        o.get("tests_per_day"),
        o.get("false_alarm_probability_per_test"),
        o.get("false_verdicts_per_day_under_the_model"));
  }
}
