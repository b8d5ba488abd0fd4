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

/** Runs one quiet hour. */
final class QuietRun {
  private final BooleanSupplier stopped;
  private final BiConsumer<Long, Verdict> trace;

  QuietRun(BooleanSupplier stopped, BiConsumer<Long, Verdict> trace) {
    this.stopped = stopped;
    this.trace = trace;
  }

  /** Runs it to its end, or as far as it comes before it is told to stop. */
  QuietResult run(QuietCase quiet, double hours) throws Exception {
    long cpuNs = Cpu.ofThreadNs();
    long endNs = (long) (QuietDay.HOUR_NS * hours);
    Random random = new Random(quiet.seed() * QuietDay.HOURS + quiet.hour());
    Setting setting = Setting.draw(quiet.nodes(), quiet.density(), random);
    String yaml = setting.installation().fleet().yaml();
    Topology topology = Topology.parse(yaml, quiet.id());
    Simulation sim = setting.simulation(topology, random, endNs);
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
      Site site = new Site(topology, random, 0, endNs, 0);
      List<QuietDay.Event> events = QuietDay.play(quiet, site, sim, job.broker());
      Iterator<Delivery> stream = sim.stream();
      long now = SECOND;
      for (; now <= endNs && !stopped.getAsBoolean(); now += SECOND) {
        job.feed(stream, now);
      }
      double ran = (now - SECOND) / (double) QuietDay.HOUR_NS;
      long usedNs = Cpu.ofThreadNs() - cpuNs;
      return new QuietResult(quiet, setting, events, said, ran, job.records(), usedNs);
    }
  }
}
