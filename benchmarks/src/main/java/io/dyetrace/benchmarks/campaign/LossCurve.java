package io.dyetrace.benchmarks.campaign;

import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Time to verdict of partial losses beside the least time that any test could need: ln(1/α) / KL(p
 * ‖ p₀) probes that met the component, at a chance α of a false alarm.
 */
final class LossCurve {
  /** As the detection's own: ln(1/α). */
  private static final double NATS = 20;

  private static final double ROUND_SECONDS = 5;
  private static final double[] STEPS = {0, 0.005, 0.01, 0.02, 0.05, 0.1};

  private LossCurve() {}

  /** The least seconds for a test that knows both shares. */
  static double boundSeconds(double share, double healthy, double probesPerSecond) {
    double divergence =
        share * Math.log(share / healthy) + (1 - share) * Math.log((1 - share) / (1 - healthy));
    return NATS / divergence / probesPerSecond;
  }

  static void append(StringBuilder t, List<FaultResult> results) {
    List<FaultResult> partial =
        results.stream().filter(r -> r.fault().scenario() == Scenario.PARTIAL_LOSS).toList();
    if (partial.isEmpty()) {
      return;
    }
    t.append("\n### Partial loss and the information bound\n\n");
    t.append("| loss | faults | found right | median s | bound, median s |\n");
    t.append("| --- | --- | --- | --- | --- |\n");
    for (int i = 0; i + 1 < STEPS.length; i++) {
      double from = STEPS[i];
      double to = STEPS[i + 1];
      List<FaultResult> of =
          partial.stream()
              .filter(r -> r.label().share() >= from && r.label().share() < to)
              .toList();
      if (!of.isEmpty()) {
        Times took =
            Times.of(
                of.stream().map(FaultResult::secondsToVerdict).flatMap(Optional::stream).toList());
        Times bound = Times.of(of.stream().map(LossCurve::boundSeconds).toList());
        t.append(
            String.format(
                Locale.ROOT,
                "| %.1f to %.1f %% | %d | %d | %.1f | %.1f |%n",
                100 * from,
                100 * to,
                of.size(),
                took.count(),
                took.medianSeconds(),
                bound.medianSeconds()));
      }
    }
  }

  private static double boundSeconds(FaultResult r) {
    double healthy = 3 * r.setting().lossShare();
    return boundSeconds(r.label().share(), healthy, r.fault().density() / ROUND_SECONDS);
  }
}
