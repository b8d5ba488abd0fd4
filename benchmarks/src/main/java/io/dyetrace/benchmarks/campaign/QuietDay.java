package io.dyetrace.benchmarks.campaign;

import static io.dyetrace.analytics.sim.Simulation.MS;
import static io.dyetrace.analytics.sim.Simulation.SECOND;

import io.dyetrace.analytics.detection.SimulatedBroker;
import io.dyetrace.analytics.sim.Simulation;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;

/**
 * What happens on a quiet day, at random times: each hour plays its part of it.
 *
 * <p>Ten pauses of one prober of 0.1 to 3 s, five node hiccups of up to 1 s, four partitions that
 * are read up to 30 s late, two clock steps of up to 1 s, one prober restart, one planned drain.
 */
final class QuietDay {
  static final String CONTENTS =
      "independent loss of 1e-5 to 1e-3, ten pauses of one prober of 0.1 to 3 s, five node hiccups of up to 1 s, four partitions read up to"
          + " 30 s late, two clock steps of up to 1 s, a prober restart, a planned drain, in half of the hours batches late and repeated";

  static final int HOURS = 24;
  static final long HOUR_NS = 3600 * SECOND;

  /** Nothing happens in the first minute and the last two, so that it is over with the hour. */
  private static final long MARGIN_NS = 60 * SECOND;

  private static final int PAUSES = 10;
  private static final int HICCUPS = 5;
  private static final int SLOW_PARTITIONS = 4;
  private static final int CLOCK_STEPS = 2;

  /** What happens, in words, and whether silence may be noticed because of it. */
  record Event(long atNs, long lastsNs, boolean silence, String what) {}

  private interface Happening {
    Event happen(long atNs);
  }

  private final Random day;
  private final int hour;
  private final Site site;
  private final Simulation sim;
  private final SimulatedBroker broker;
  private final List<Event> events = new ArrayList<>();

  private QuietDay(QuietCase quiet, Site site, Simulation sim, SimulatedBroker broker) {
    this.day = new Random(quiet.seed());
    this.hour = quiet.hour();
    this.site = site;
    this.sim = sim;
    this.broker = broker;
  }

  /** Makes the hour's part of the day happen. */
  static List<Event> play(QuietCase quiet, Site site, Simulation sim, SimulatedBroker broker) {
    QuietDay day = new QuietDay(quiet, site, sim, broker);
    day.times(PAUSES, day::pause);
    day.times(HICCUPS, day::hiccup);
    day.times(SLOW_PARTITIONS, day::slowPartition);
    day.times(CLOCK_STEPS, day::clockStep);
    day.times(1, day::restart);
    day.times(1, day::drain);
    return day.events;
  }

  private void times(int count, Happening happening) {
    for (int i = 0; i < count; i++) {
      // Drawn for every hour alike: each finds its own part of the same day.
      boolean here = day.nextInt(HOURS) == hour;
      long atNs = MARGIN_NS + (long) (day.nextDouble() * (HOUR_NS - 4 * MARGIN_NS));
      if (here) {
        events.add(happening.happen(atNs));
      }
    }
  }

  private double random() {
    return site.random().nextDouble();
  }

  private static Event event(long atNs, long lastsNs, boolean silence, String what, String who) {
    return new Event(
        atNs,
        lastsNs,
        silence,
        String.format(Locale.ROOT, "%s %s, %.1f s", who, what, lastsNs / 1e9));
  }

  private Event pause(long atNs) {
    long lasts = 100 * MS + (long) (2900 * MS * random());
    String prober = site.prober();
    sim.proberPause(prober, atNs, atNs + lasts);
    return event(atNs, lasts, false, "pauses", prober);
  }

  private Event hiccup(long atNs) {
    long lasts = 50 * MS + (long) (950 * MS * random());
    String node = site.node();
    sim.hang(node, atNs, atNs + lasts);
    return event(atNs, lasts, false, "hiccups", node);
  }

  private Event slowPartition(long atNs) {
    long lasts = SECOND + (long) (29 * SECOND * random());
    int partition = site.random().nextInt(100);
    broker.slow(partition, atNs, atNs + lasts);
    return event(atNs, lasts, true, "is read late", "partition " + partition);
  }

  private Event clockStep(long atNs) {
    String host = site.random().nextBoolean() ? site.node() : site.prober();
    long offset = (long) (2 * SECOND * (random() - 0.5));
    sim.clockOffset(host, atNs, offset);
    return event(atNs, Math.abs(offset), false, "steps its clock", host);
  }

  private Event restart(long atNs) {
    long lasts = 2 * SECOND + (long) (8 * SECOND * random());
    String prober = site.prober();
    sim.outage(prober, atNs, atNs + lasts);
    return event(atNs, lasts, false, "restarts", prober);
  }

  private Event drain(long atNs) {
    long lasts = 30 * SECOND + (long) (60 * SECOND * random());
    String node = site.node();
    sim.drain(node, atNs, atNs + lasts);
    return event(atNs, lasts, false, "is drained", node);
  }
}
