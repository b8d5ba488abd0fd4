package io.dyetrace.analytics.sim;

import com.google.protobuf.Message;
import io.dyetrace.common.topology.Topology;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Random;

/**
 * What the probers and agents of an installation would send, without packets: deterministic for a
 * seed, with the timings, noise and faults of the lab or of a fleet.
 *
 * <pre>{@code
 * Simulation sim = new Simulation(topology, seed, 120 * SECOND).withNoise();
 * sim.crash("gw-2", 30 * SECOND, 50 * SECOND);
 * List<Delivery> deliveries = sim.run();
 * }</pre>
 *
 * Times given to it count from the start of the simulation.
 */
public final class Simulation {
  public static final long MS = 1_000_000L;
  public static final long SECOND = 1_000 * MS;

  /** The simulated time 0 in nanoseconds since the epoch. */
  public static final long EPOCH_NS = 1_800_000_000L * SECOND;

  private static final int PROBES_PER_ROUND = 16;

  /** One Kafka record: what, from whom, about when, and when it can be read. */
  public record Delivery(long atNs, String source, long eventNs, Message batch) {}

  /** How a prober fails. */
  public enum ProberFailure {
    CANNOT_SEND,
    SENDS_INTO_NOTHING,
    HEARS_NOTHING
  }

  private final Random random;
  private final long durationNs;
  private final World world;
  private final Conditions conditions = new Conditions();
  private Noise.Kind noise = Noise.Kind.NONE;
  private int probesPerRound = PROBES_PER_ROUND;

  public Simulation(Topology topology, long seed, long durationNs) {
    this.random = new Random(seed);
    this.durationNs = durationNs;
    this.world = new World(topology, random);
  }

  /** The noise of a busy two-core machine. */
  public Simulation withNoise() {
    noise = Noise.Kind.LAB;
    conditions.busySeconds = true;
    conditions.lossShare = 1e-4;
    return this;
  }

  /** The noise of nodes on machines of their own, and so much loss on each part of the way. */
  public Simulation withFleetNoise(double lossShare) {
    noise = Noise.Kind.FLEET;
    conditions.busySeconds = true;
    conditions.lossShare = lossShare;
    return this;
  }

  /** So many probes to each VIP in each prober's round of 5 s; 16 unless said. */
  public Simulation withProbesPerRound(int probes) {
    probesPerRound = probes;
    return this;
  }

  /**
   * Some batches come up to 3 s late, and some once more, up to 5 s later.
   *
   * @param latePerBatch how probable it is that a batch, and what its sender sends next, is late
   * @param repeatedPerBatch how probable it is that a batch comes twice
   */
  public Simulation withLateAndRepeatedBatches(double latePerBatch, double repeatedPerBatch) {
    conditions.latePerBatch = latePerBatch;
    conditions.repeatedPerBatch = repeatedPerBatch;
    return this;
  }

  /** The gateway counts its own standstill as sleep: no poll gap shows it. */
  public Simulation withoutPollGaps() {
    conditions.pollGapsVisible = false;
    return this;
  }

  private Simulation stall(String target, long fromNs, long lengthNs) {
    conditions.stalls.add(target, fromNs, fromNs + lengthNs);
    return this;
  }

  /** The whole machine stands still. */
  public Simulation machineStall(long fromNs, long lengthNs) {
    return stall(Conditions.MACHINE, fromNs, lengthNs);
  }

  /**
   * Every node stands still for 20 to 150 ms, twice a second, each at its own times: gateways
   * without a core of their own.
   */
  public Simulation busy(long fromNs, long toNs) {
    for (String node : world.nodes) {
      for (long at = fromNs; at < toNs; at += 500 * MS) {
        stall(node, at + uniform(350 * MS), 20 * MS + uniform(130 * MS));
      }
    }
    return this;
  }

  private long uniform(long max) {
    return (long) (random.nextDouble() * max);
  }

  /** A node's process stands still for good; it is not dead. */
  public Simulation hang(String node, long fromNs, long toNs) {
    return stall(node, fromNs, toNs - fromNs);
  }

  /** A prober's process stands still; its capture interface does not. */
  public Simulation proberPause(String prober, long fromNs, long toNs) {
    return stall(prober, fromNs, toNs - fromNs);
  }

  public Simulation crash(String node, long fromNs, long toNs) {
    conditions.crashes.add(node, fromNs, toNs);
    return this;
  }

  /** Stopped for 300 ms of every 500 ms. */
  public Simulation jitter(String node, long fromNs, long toNs) {
    return jitter(node, fromNs, toNs, 300 * MS, 500 * MS);
  }

  /** Stopped for a part of every period. */
  public Simulation jitter(String node, long fromNs, long toNs, long stoppedNs, long periodNs) {
    for (long at = fromNs; at < toNs; at += periodNs) {
      stall(node, at, stoppedNs);
    }
    return this;
  }

  /**
   * Drained on purpose: it says so, routers stop sending to it, its process ends, and it comes
   * back.
   */
  public Simulation drain(String node, long fromNs, long toNs) {
    long emptyNs = fromNs + 5 * SECOND;
    conditions.drains.add(node, fromNs, toNs);
    conditions.withdrawn.add(node, fromNs + SECOND, toNs + 3 * SECOND);
    if (emptyNs + 2 * SECOND < toNs) {
      conditions.crashes.add(node, emptyNs, toNs);
    }
    return this;
  }

  public Simulation backendSilent(String host, long fromNs, long toNs) {
    conditions.backendsSilent.add(host, fromNs, toNs);
    return this;
  }

  public Simulation backendRefuses(String hostOrBackend, long fromNs, long toNs) {
    conditions.backendsRefusing.add(hostOrBackend, fromNs, toNs);
    return this;
  }

  public Simulation vipMissing(String vip, String node, long fromNs, long toNs) {
    conditions.vipsMissing.add(vip + "@" + node, fromNs, toNs);
    return this;
  }

  public Simulation overload(String vip, long fromNs, long toNs) {
    conditions.overloads.add(vip, fromNs, toNs);
    return this;
  }

  /** A node's session table is full: half of what is new is dropped, whatever its VIP. */
  public Simulation nodeOverload(String node, long fromNs, long toNs) {
    conditions.nodeOverloads.add(node, fromNs, toNs);
    return this;
  }

  /** Malformed packets to a VIP, over all nodes of the first tier. */
  public Simulation attack(String vip, long fromNs, long toNs) {
    conditions.attacks.add(vip, fromNs, toNs);
    return this;
  }

  public Simulation proberFault(String prober, ProberFailure failure, long fromNs, long toNs) {
    conditions.proberFaults.add(prober, fromNs, toNs);
    conditions.proberFailures.put(prober, failure);
    return this;
  }

  public Simulation linkLoss(LinkLoss loss) {
    conditions.linkLosses.add(loss);
    return this;
  }

  /** Kills "agent", one node's "agent/NODE", a prober or "kafka" for a while. */
  public Simulation outage(String what, long fromNs, long toNs) {
    conditions.outages.add(what, fromNs, toNs);
    return this;
  }

  /** From a time on a node's or a prober's clock is off by so much. */
  public Simulation clockOffset(String host, long fromNs, long offsetNs) {
    conditions.clock(host, fromNs, offsetNs);
    return this;
  }

  /** Forged and replayed colours arrive: they are counted and not stamped. */
  public Simulation forgedColours(long fromNs, long toNs) {
    conditions.forgeries.add(Conditions.MACHINE, fromNs, toNs);
    return this;
  }

  /**
   * Everything that is sent, in the order it can be read, made as it is asked for. Once only: the
   * simulation passes with it.
   */
  public Iterator<Delivery> stream() {
    return new Run(world, conditions, random, noise, probesPerRound, durationNs);
  }

  /** The same, at once. */
  public List<Delivery> run() {
    List<Delivery> deliveries = new ArrayList<>();
    stream().forEachRemaining(deliveries::add);
    return deliveries;
  }
}
