package io.dyetrace.analytics.sim;

import static io.dyetrace.analytics.sim.Simulation.MS;
import static io.dyetrace.analytics.sim.Simulation.SECOND;

import com.google.protobuf.ByteString;
import io.dyetrace.analytics.sim.Simulation.ProberFailure;
import io.dyetrace.analytics.sim.TierPoints.Probe;
import io.dyetrace.common.record.ProbeBatch;
import io.dyetrace.common.record.ProbeOutcome;
import io.dyetrace.common.record.ProbeResult;
import io.dyetrace.common.record.ProberHeartbeat;
import io.dyetrace.common.topology.Component;
import io.dyetrace.common.topology.Vip;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.TreeMap;

/** One prober: rounds of probes to every VIP, each over the next source port of a permutation. */
final class SimProber {
  private static final int FIRST_PORT = 20_000;

  /** A port comes again after 160 s: 512 of them at the usual 16 probes a round. */
  private static final int ROUNDS_BETWEEN_REUSE = 32;

  /** Ports are dealt out anew within each. */
  private static final int PARTS_OF_CYCLE = 8;

  private static final long ROUND_NS = 5 * SECOND;
  private static final long TIMEOUT_NS = SECOND;
  private static final long PUBLISH_NS = 100 * MS;

  private record Planned(long atNs, long number, Vip vip, int port, long round)
      implements Comparable<Planned> {
    @Override
    public int compareTo(Planned other) {
      return atNs != other.atNs
          ? Long.compare(atNs, other.atNs)
          : Long.compare(number, other.number);
    }
  }

  private final String name;
  private final int id;
  private final int perRound;
  private final World world;
  private final Conditions conditions;
  private final Random random;
  private final Journey journey;
  private final Wire wire;
  private final Map<String, List<Integer>> permutations = new HashMap<>();
  private final Map<String, List<Integer>> cycles = new HashMap<>();
  private final PriorityQueue<Planned> planned = new PriorityQueue<>();
  private final TreeMap<Long, List<ProbeResult>> results = new TreeMap<>();
  private long round;
  private long number;
  private int sequence;
  private long nextHeartbeatNs;

  SimProber(
      Component prober,
      int perRound,
      World world,
      Conditions conditions,
      Random random,
      Journey journey,
      Wire wire) {
    this.name = prober.name();
    this.id = Objects.requireNonNull(prober.proberId());
    this.perRound = perRound;
    this.world = world;
    this.conditions = conditions;
    this.random = random;
    this.journey = journey;
    this.wire = wire;
    this.sequence = 1_000_000 * id;
  }

  /** Does all that is due before a time. */
  void until(long untilNs) {
    while (round * ROUND_NS < untilNs) {
      plan();
    }
    while (!planned.isEmpty() && planned.peek().atNs() < untilNs) {
      Planned next = planned.remove();
      long at = conditions.awake(name, next.atNs());
      if (at >= untilNs) {
        planned.add(new Planned(at, next.number(), next.vip(), next.port(), next.round()));
      } else if (!conditions.outages.covers(name, at)) {
        send(next, at);
      }
    }
    while (!results.isEmpty() && results.firstKey() <= untilNs) {
      Map.Entry<Long, List<ProbeResult>> due = results.pollFirstEntry();
      publish(due.getKey(), due.getValue());
    }
    for (; nextHeartbeatNs < untilNs; nextHeartbeatNs += SECOND) {
      beat(nextHeartbeatNs);
    }
  }

  private void plan() {
    for (Vip vip : world.vips) {
      List<Integer> ports = permutations.computeIfAbsent(vip.name(), k -> new ArrayList<>());
      for (int i = 0; i < perRound; i++) {
        if (ports.isEmpty()) {
          ports.addAll(cycle(vip.name()));
        }
        int port = ports.remove(ports.size() - 1);
        long at = round * ROUND_NS + (long) ((i + random.nextDouble()) * ROUND_NS / perRound);
        planned.add(new Planned(at, number++, vip, port, round));
      }
    }
    round++;
  }

  /** A new permutation: ports used early in the last come early again, 120 s later at least. */
  private List<Integer> cycle(String vip) {
    List<Integer> order = cycles.get(vip);
    if (order == null) {
      order = new ArrayList<>();
      for (int p = 0; p < perRound * ROUNDS_BETWEEN_REUSE; p++) {
        order.add(FIRST_PORT + p);
      }
      Collections.shuffle(order, random);
      cycles.put(vip, order);
    } else {
      int part = order.size() / PARTS_OF_CYCLE;
      for (int i = 0; i < PARTS_OF_CYCLE; i++) {
        Collections.shuffle(order.subList(i * part, (i + 1) * part), random);
      }
    }
    return order;
  }

  private void send(Planned next, long sentNs) {
    Vip vip = next.vip();
    Probe probe = new Probe(id, vip, next.port(), sequence++);
    ProbeResult.Builder r =
        ProbeResult.newBuilder()
            .setProbeSequence(probe.sequence())
            .setRound(next.round())
            .setTarget(vip.name())
            .setTargetAddress(ByteString.copyFrom(vip.address().getAddress()))
            .setTargetPort(vip.probePort())
            .setSourceAddress(TierPoints.proberAddress(id))
            .setSourcePort(next.port())
            .setSentTimeNs(conditions.clock(name, sentNs));
    boolean faulty = conditions.proberFaults.covers(name, sentNs);
    ProberFailure failure = faulty ? conditions.proberFailures.get(name) : null;
    if (failure == ProberFailure.CANNOT_SEND) {
      add(sentNs, r.setOutcome(ProbeOutcome.SEND_ERROR).setError("Network is down"));
      return;
    }
    Journey.End end =
        failure == ProberFailure.SENDS_INTO_NOTHING
            ? Journey.End.LOST
            : journey.travel(name, probe, sentNs);
    if (failure == ProberFailure.HEARS_NOTHING) {
      end = Journey.End.LOST;
    }
    conclude(r, sentNs, end);
  }

  private void conclude(ProbeResult.Builder r, long sentNs, Journey.End end) {
    if (end.atNs() == Journey.NEVER) {
      boolean told = end.outcome() == ProbeOutcome.ICMP_UNREACHABLE;
      add(sentNs + (told ? 2 * MS : TIMEOUT_NS), r.setOutcome(end.outcome()));
      return;
    }
    long receivedNs = conditions.awake(Conditions.MACHINE, end.atNs());
    long rtt = receivedNs - sentNs;
    ProbeOutcome outcome = end.outcome();
    if (rtt > TIMEOUT_NS) {
      add(sentNs + TIMEOUT_NS, r.clone().setOutcome(ProbeOutcome.TIMEOUT));
      outcome = ProbeOutcome.LATE_SYN_ACK;
    }
    add(
        receivedNs,
        r.setOutcome(outcome).setRttNs(rtt).setReceivedTimeNs(conditions.clock(name, receivedNs)));
  }

  private void add(long knownNs, ProbeResult.Builder r) {
    long published = (knownNs / PUBLISH_NS + 1) * PUBLISH_NS;
    results.computeIfAbsent(published, k -> new ArrayList<>()).add(r.build());
  }

  private void publish(long at, List<ProbeResult> due) {
    ProbeBatch.Builder batch = batch(at);
    for (ProbeResult r : due) {
      // Killed before the outcome was known: its successor reports it abandoned.
      boolean abandoned = conditions.outages.covers(name, at);
      batch.addResults(
          abandoned ? r.toBuilder().setOutcome(ProbeOutcome.ABANDONED).clearRttNs().build() : r);
    }
    long eventNs = conditions.clock(name, at);
    wire.send(name, false, conditions.awake(name, at) + 20 * MS, eventNs, batch.build());
  }

  private void beat(long at) {
    if (conditions.outages.covers(name, at)) {
      return;
    }
    long now = conditions.awake(name, at);
    long nowClockNs = conditions.clock(name, now);
    ProbeBatch batch =
        batch(at)
            .setHeartbeat(
                ProberHeartbeat.newBuilder()
                    .setTimeNs(nowClockNs)
                    .setCompleteUntilNs(nowClockNs - TIMEOUT_NS - 100 * MS))
            .build();
    wire.send(name, false, now + 20 * MS, nowClockNs, batch);
  }

  private ProbeBatch.Builder batch(long at) {
    long restarted = conditions.outages.lastEnd(name, at);
    long startedNs = restarted > 0 ? restarted : -10 * SECOND;
    return ProbeBatch.newBuilder()
        .setSchemaVersion(1)
        .setLocation(world.location(name))
        .setProberId(id)
        .setBootId((Simulation.EPOCH_NS + startedNs) / MS);
  }
}
