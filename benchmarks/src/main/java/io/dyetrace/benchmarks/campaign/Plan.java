package io.dyetrace.benchmarks.campaign;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/**
 * What a campaign runs.
 *
 * @param faults how many, over all scenarios and sizes in turn
 * @param curve how many more at each density but the first, for the curve
 * @param days quiet days at each of {@code quietNodes}
 */
record Plan(
    long seed,
    List<Scenario> scenarios,
    List<Integer> nodes,
    int faults,
    List<Double> densities,
    int curve,
    double days,
    int quietNodes) {
  /** Node counts at which the curve over densities is drawn, and what is broken for it. */
  static final int CURVE_NODES = 16;

  static final List<Scenario> CURVE =
      List.of(
          Scenario.CRASH,
          Scenario.JITTER,
          Scenario.BACKEND_SILENT,
          Scenario.CONFIG_VIP_ON_NODE,
          Scenario.VIP_OVERLOAD);

  /** The same for the same seed; large ones are few, because each costs as many small ones. */
  List<FaultCase> cases() {
    Random seeds = new Random(seed);
    List<FaultCase> cases = new ArrayList<>();
    List<Integer> sizes = weighted();
    for (int i = 0; i < faults; i++) {
      Scenario scenario = scenarios.get(i % scenarios.size());
      int size = sizes.get((i / scenarios.size() + i) % sizes.size());
      cases.add(new FaultCase(scenario, size, densities.get(0), positive(seeds)));
    }
    for (double density : densities.subList(1, densities.size())) {
      for (int i = 0; i < curve; i++) {
        Scenario scenario = CURVE.get(i % CURVE.size());
        cases.add(new FaultCase(scenario, CURVE_NODES, density, positive(seeds)));
      }
    }
    return cases;
  }

  private static long positive(Random seeds) {
    return seeds.nextInt(Integer.MAX_VALUE);
  }

  /** Each size as often as the larger ones allow: one of 1,000 nodes for a hundred of 10. */
  private List<Integer> weighted() {
    int largest = nodes.stream().mapToInt(n -> n).max().orElseThrow();
    List<Integer> turns = new ArrayList<>();
    for (int n : nodes) {
      int times = (int) Math.max(1, Math.min(20, largest / (4.0 * n)));
      for (int i = 0; i < times; i++) {
        turns.add(n);
      }
    }
    Collections.shuffle(turns, new Random(seed));
    return turns;
  }

  /** Hours of quiet days: whole days first, then the rest. */
  List<QuietCase> quiet() {
    List<QuietCase> hours = new ArrayList<>();
    Random seeds = new Random(seed ^ 0x9e3779b97f4a7c15L);
    int wanted = (int) Math.ceil(days * QuietDay.HOURS);
    for (int h = 0; h < wanted; h += QuietDay.HOURS) {
      long day = positive(seeds);
      for (int hour = 0; hour < QuietDay.HOURS && h + hour < wanted; hour++) {
        hours.add(new QuietCase(quietNodes, densities.get(0), day, hour));
      }
    }
    return hours;
  }
}
