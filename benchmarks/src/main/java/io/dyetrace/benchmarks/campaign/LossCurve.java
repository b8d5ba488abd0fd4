package io.dyetrace.benchmarks.campaign;

import io.dyetrace.common.registry.FaultClass;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;

/**
 * Time to verdict of partial losses beside the least time that any test could need: ln(1/α) / KL(p
 * ‖ p₀) probes that met the component, at a chance α of a false alarm.
 */
final class LossCurve {
  /** As the detection's own: ln(1/α). */
  private static final double NATS = 20;

  private static final double ROUND_SECONDS = 5;

  /** Nobody can know that a link is better than this before it has carried as many packets. */
  static final double LEAST_USUAL = 1e-4;

  private static final double[] STEPS = {0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.61};

  private LossCurve() {}

  /** The least seconds for a test that knows both shares. */
  static double boundSeconds(double share, double healthy, double probesPerSecond) {
    double divergence =
        share * Math.log(share / healthy) + (1 - share) * Math.log((1 - share) / (1 - healthy));
    return NATS / divergence / probesPerSecond;
  }

  static void append(StringBuilder t, List<FaultResult> results) {
    List<FaultResult> partial =
        results.stream().filter(r -> r.label().share() < 1).filter(LossCurve::isOnePart).toList();
    if (partial.isEmpty()) {
      return;
    }
    t.append("\n### Partial loss and the information bound\n\n");
    t.append(
        "Links that lose some packets, the bound against what one part of the way usually loses.");
    t.append(" Just after a start it takes until the source ports are met again.\n\n");
    t.append(
        "| loss | faults | found right | median s | bound, median s | times the bound, median |");
    t.append(" just started: median s |\n| --- | --- | --- | --- | --- | --- | --- |\n");
    for (int i = 0; i + 1 < STEPS.length; i++) {
      row(t, partial, STEPS[i], STEPS[i + 1]);
    }
  }

  private static boolean isOnePart(FaultResult r) {
    return r.label().faultClass() == FaultClass.LINK_LOSS;
  }

  private static void row(StringBuilder t, List<FaultResult> partial, double from, double to) {
    List<FaultResult> of =
        partial.stream().filter(r -> r.label().share() >= from && r.label().share() < to).toList();
    if (of.isEmpty()) {
      return;
    }
    List<FaultResult> found = of.stream().filter(r -> r.secondsToVerdict().isPresent()).toList();
    List<FaultResult> learned = found.stream().filter(r -> r.setting().learned()).toList();
    t.append(
        String.format(
            Locale.ROOT,
            "| %.1f to %.1f %% | %d | %d | %.1f | %.1f | %.2f | %.1f |%n",
            100 * from,
            100 * to,
            of.size(),
            found.size(),
            median(learned, LossCurve::seconds),
            median(learned, LossCurve::boundSeconds),
            median(learned, r -> seconds(r) / boundSeconds(r)),
            median(
                found.stream().filter(r -> !r.setting().learned()).toList(), LossCurve::seconds)));
  }

  private static double median(List<FaultResult> of, Function<FaultResult, Double> value) {
    return Times.of(of.stream().map(value).toList()).medianSeconds();
  }

  private static double seconds(FaultResult r) {
    return r.secondsToVerdict().orElseThrow();
  }

  private static double boundSeconds(FaultResult r) {
    double healthy = Math.max(LEAST_USUAL, r.setting().lossShare());
    return boundSeconds(r.label().share(), healthy, r.fault().density() / ROUND_SECONDS);
  }
}
