package io.dyetrace.benchmarks.campaign;

import static io.dyetrace.analytics.sim.Simulation.SECOND;

import io.dyetrace.analytics.detection.SimulatedJob;
import io.dyetrace.analytics.sim.Simulation;
import io.dyetrace.analytics.sim.Simulation.Delivery;
import io.dyetrace.common.record.Verdict;
import io.dyetrace.common.record.VerdictState;
import io.dyetrace.common.topology.Topology;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;

/** Runs one fault: quiet, broken, healed. */
final class FaultRun {
  private static final long JUST_STARTED_NS = 30 * SECOND;

  /** After it every source port has been used. */
  private static final long LEARNED_NS = 165 * SECOND;

  private static final long AFTER_NS = 30 * SECOND;
  private static final long STRAY_NS = 4 * SECOND;

  private final BooleanSupplier stopped;
  private final BiConsumer<Long, Verdict> trace;

  /**
   * Can be told to stop.
   *
   * @param trace sees every verdict revision
   */
  FaultRun(BooleanSupplier stopped, BiConsumer<Long, Verdict> trace) {
    this.stopped = stopped;
    this.trace = trace;
  }

  /**
   * Runs it to its end.
   *
   * @throws InterruptedException when it was told to stop meanwhile
   */
  FaultResult run(FaultCase fault) throws Exception {
    long cpuNs = Cpu.ofThreadNs();
    Random random = new Random(fault.seed());
    Setting setting = Setting.draw(fault.nodes(), fault.density(), random);
    String yaml = setting.installation().fleet().yaml();
    Topology topology = Topology.parse(yaml, fault.id());
    long quietNs = setting.learned() ? LEARNED_NS : JUST_STARTED_NS;
    long fromNs = quietNs + (long) (10 * SECOND * random.nextDouble());
    long toNs = fromNs + fault.scenario().lastsNs(fault);
    toNs += setting.learned() ? 0 : fault.scenario().untilPortsAreKnownNs();
    long endNs = toNs + AFTER_NS;
    Simulation sim = setting.simulation(topology, random, endNs);
    Label label =
        fault.scenario().inject(sim, new Site(topology, random, fromNs, toNs, fault.share()));
    List<Said> said = new ArrayList<>();
    try (SimulatedJob job =
        new SimulatedJob(
            yaml,
            (atNs, verdict) -> {
              trace.accept(atNs, verdict);
              if (verdict.getState() != VerdictState.UPDATED) {
                said.add(Said.of(atNs, verdict));
              }
            })) {
      Iterator<Delivery> stream = sim.stream();
      for (long now = SECOND; now <= endNs && !over(said, label, now); now += SECOND) {
        if (stopped.getAsBoolean()) {
          throw new InterruptedException(fault.id());
        }
        job.feed(stream, now);
      }
      return new FaultResult(fault, setting, label, said, job.records(), Cpu.ofThreadNs() - cpuNs);
    }
  }

  /** All that was opened has been resolved for a while after the healing. */
  private static boolean over(List<Said> said, Label label, long nowNs) {
    long open =
        said.stream().filter(Said::opens).count()
            - said.stream().filter(v -> v.state() == VerdictState.RESOLVED).count();
    long lastNs = said.stream().mapToLong(Said::atNs).max().orElse(0);
    return !said.isEmpty()
        && open <= 0
        && nowNs > label.toNs() + 2 * STRAY_NS
        && nowNs > lastNs + STRAY_NS;
  }
}
