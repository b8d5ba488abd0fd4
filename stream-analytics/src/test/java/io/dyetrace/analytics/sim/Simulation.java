package io.dyetrace.analytics.sim;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import io.dyetrace.analytics.sim.TierPoints.Probe;
import io.dyetrace.common.record.AgentStatus;
import io.dyetrace.common.record.CounterBatch;
import io.dyetrace.common.record.DropCounters;
import io.dyetrace.common.record.NodeCounters;
import io.dyetrace.common.record.NodeState;
import io.dyetrace.common.record.Point;
import io.dyetrace.common.record.PointBatch;
import io.dyetrace.common.record.ProbeBatch;
import io.dyetrace.common.record.ProbeKeyState;
import io.dyetrace.common.record.ProbeOutcome;
import io.dyetrace.common.record.ProbeResult;
import io.dyetrace.common.record.ProberHeartbeat;
import io.dyetrace.common.record.WorkerCounters;
import io.dyetrace.common.registry.Direction;
import io.dyetrace.common.registry.DropReason;
import io.dyetrace.common.registry.Tier;
import io.dyetrace.common.registry.TracePoint;
import io.dyetrace.common.topology.Component;
import io.dyetrace.common.topology.Topology;
import io.dyetrace.common.topology.Vip;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * What the lab's probers and agents would send, without packets: deterministic for a seed, with the
 * lab's timings, noise and faults.
 *
 * <pre>{@code
 * Simulation sim = new Simulation(topology, seed, Duration.ofMinutes(2)).withNoise();
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

  private static final int PORTS = 512;
  private static final int PROBES_PER_ROUND = 16;
  private static final long ROUND_NS = 5 * SECOND;
  private static final long TIMEOUT_NS = SECOND;
  private static final String MACHINE = "machine";

  /** One Kafka record: what, from whom, about when, and when it can be read. */
  public record Delivery(long atNs, String source, long eventNs, Message batch) {}

  /** How a prober fails. */
  public enum ProberFailure {
    CANNOT_SEND,
    SENDS_INTO_NOTHING,
    HEARS_NOTHING
  }

  private record Stamped(long atNs, String node, Point.Builder point) {}

  private final Topology topology;
  private final Random random;
  private final long durationNs;
  private final List<String> nodes;
  private final List<String> edges;
  private final List<String> balancers;
  private final List<String> probers = List.of("prober-1", "prober-2");
  private final long hashSeed;

  private final Schedule stalls = new Schedule();
  private final Schedule crashes = new Schedule();
  private final Schedule backendsSilent = new Schedule();
  private final Schedule backendsRefusing = new Schedule();
  private final Schedule vipsMissing = new Schedule();
  private final Schedule overloads = new Schedule();
  private final Schedule nodeOverloads = new Schedule();
  private final Schedule attacks = new Schedule();
  private final Schedule proberFaults = new Schedule();
  private final Map<String, ProberFailure> proberFailures = new HashMap<>();
  private final Schedule outages = new Schedule();
  private final Schedule forgeries = new Schedule();
  private double lossShare;
  private boolean noise;
  private boolean pollGapsVisible = true;

  private final List<Delivery> deliveries = new ArrayList<>();
  private final List<Stamped> stamps = new ArrayList<>();
  private final Map<String, Long> ringSequences = new HashMap<>();
  private final Map<String, Long> limitDrops = new TreeMap<>();
  private final Map<String, Long> tableFull = new TreeMap<>();
  private final Map<String, Long> malformed = new TreeMap<>();

  public Simulation(Topology topology, long seed, long durationNs) {
    this.topology = topology;
    this.nodes = names(topology, t -> true);
    this.edges = names(topology, t -> t == Tier.EIP);
    this.balancers = names(topology, t -> t == Tier.CLB);
    this.random = new Random(seed);
    this.hashSeed = random.nextLong();
    this.durationNs = durationNs;
  }

  private static List<String> names(Topology topology, Predicate<Tier> which) {
    return topology.components(Component.Kind.GATEWAY).stream()
        .filter(c -> which.test(Objects.requireNonNull(c.tier())))
        .map(Component::name)
        .toList();
  }

  /** The noise of a busy two-core machine. */
  public Simulation withNoise() {
    noise = true;
    lossShare = 1e-4;
    for (long at = 0; at < durationNs; at += SECOND) {
      if (random.nextDouble() < 0.06) {
        stall(
            MACHINE,
            at + uniform(SECOND),
            10 * MS + (long) (290 * MS * Math.pow(random.nextDouble(), 2)));
      }
      for (String node : nodes) {
        stall(node, at + uniform(SECOND), MS + uniform(11 * MS));
        if (random.nextDouble() < 0.02) {
          stall(node, at + uniform(SECOND), 50 * MS + uniform(100 * MS));
        }
      }
      for (String prober : probers) {
        if (random.nextDouble() < 0.03) {
          stall(prober, at + uniform(SECOND), 20 * MS + uniform(200 * MS));
        }
      }
    }
    return this;
  }

  /** The gateway counts its own standstill as sleep: no poll gap shows it. */
  public Simulation withoutPollGaps() {
    pollGapsVisible = false;
    return this;
  }

  private void stall(String target, long fromNs, long lengthNs) {
    stalls.add(target, fromNs, fromNs + lengthNs);
  }

  /** The whole machine stands still. */
  public Simulation machineStall(long fromNs, long lengthNs) {
    stall(MACHINE, fromNs, lengthNs);
    return this;
  }

  /**
   * Every node stands still for 20 to 150 ms, twice a second, each at its own times: gateways
   * without a core of their own.
   */
  public Simulation busy(long fromNs, long toNs) {
    for (String node : nodes) {
      for (long at = fromNs; at < toNs; at += 500 * MS) {
        stall(node, at + uniform(350 * MS), 20 * MS + uniform(130 * MS));
      }
    }
    return this;
  }

  /** A node's process stands still for good; it is not dead. */
  public Simulation hang(String node, long fromNs, long toNs) {
    stalls.add(node, fromNs, toNs);
    return this;
  }

  /** A prober's process stands still; its capture interface does not. */
  public Simulation proberPause(String prober, long fromNs, long toNs) {
    stalls.add(prober, fromNs, toNs);
    return this;
  }

  public Simulation crash(String node, long fromNs, long toNs) {
    crashes.add(node, fromNs, toNs);
    return this;
  }

  /** Stopped for 300 ms of every 500 ms. */
  public Simulation jitter(String node, long fromNs, long toNs) {
    for (long at = fromNs; at < toNs; at += 500 * MS) {
      stall(node, at, 300 * MS);
    }
    return this;
  }

  public Simulation backendSilent(String host, long fromNs, long toNs) {
    backendsSilent.add(host, fromNs, toNs);
    return this;
  }

  public Simulation backendRefuses(String hostOrBackend, long fromNs, long toNs) {
    backendsRefusing.add(hostOrBackend, fromNs, toNs);
    return this;
  }

  public Simulation vipMissing(String vip, String node, long fromNs, long toNs) {
    vipsMissing.add(vip + "@" + node, fromNs, toNs);
    return this;
  }

  public Simulation overload(String vip, long fromNs, long toNs) {
    overloads.add(vip, fromNs, toNs);
    return this;
  }

  /** A node's session table is full: half of what is new is dropped, whatever its VIP. */
  public Simulation nodeOverload(String node, long fromNs, long toNs) {
    nodeOverloads.add(node, fromNs, toNs);
    return this;
  }

  /** Malformed packets to a VIP, over all nodes of the first tier. */
  public Simulation attack(String vip, long fromNs, long toNs) {
    attacks.add(vip, fromNs, toNs);
    return this;
  }

  public Simulation proberFault(String prober, ProberFailure failure, long fromNs, long toNs) {
    proberFaults.add(prober, fromNs, toNs);
    proberFailures.put(prober, failure);
    return this;
  }

  /** Kills "agent", a prober or "kafka" for a while. */
  public Simulation outage(String what, long fromNs, long toNs) {
    outages.add(what, fromNs, toNs);
    return this;
  }

  /** Forged and replayed colours arrive: they are counted and not stamped. */
  public Simulation forgedColours(long fromNs, long toNs) {
    forgeries.add(MACHINE, fromNs, toNs);
    return this;
  }

  /** Everything that is sent, in the order it can be read. */
  public List<Delivery> run() {
    for (String prober : probers) {
      runProber(prober);
    }
    for (Vip vip : topology.vips()) {
      for (long at = 0; at < durationNs; at += 250 * MS) {
        for (String node : firstTier()) {
          if (attacks.covers(vip.name(), at) && random.nextDouble() < 0.6) {
            malformed(node, vip, at + uniform(250 * MS));
          }
        }
      }
    }
    for (String node : nodes) {
      runAgent(node);
    }
    deliveries.sort(Comparator.comparingLong(Delivery::atNs).thenComparing(Delivery::source));
    return deliveries;
  }

  private List<String> firstTier() {
    return edges.isEmpty() ? balancers : edges;
  }

  private long uniform(long max) {
    return (long) (random.nextDouble() * max);
  }

  private static long absolute(long ns) {
    return EPOCH_NS + ns;
  }

  /** When it can be read: at once, or after the outage of its sender or of Kafka. */
  private void deliver(String source, long sentNs, long eventNs, Message batch) {
    long at = sentNs;
    String sender = nodes.contains(source) ? "agent" : source;
    if (outages.covers(sender, at)) {
      at = outages.endOf(sender, at) + 500 * MS + Math.floorMod(source.hashCode(), 10) * 30L * MS;
    }
    if (outages.covers("kafka", at)) {
      at =
          outages.endOf("kafka", at)
              + 300 * MS
              + Math.floorMod(source.hashCode() * 31, 10) * 150L * MS;
    }
    // The order within a source is kept by the stable sort, as long as times do not run backwards.
    deliveries.add(new Delivery(at, source, eventNs, batch));
  }

  private static long awake(Schedule stalls, String who, long atNs) {
    long at = atNs;
    for (int i = 0; i < 4; i++) {
      at = stalls.endOf(who, stalls.endOf(MACHINE, at));
    }
    return at;
  }

  private void runProber(String prober) {
    int id = probers.indexOf(prober) + 1;
    Map<String, List<Integer>> permutations = new HashMap<>();
    int sequence = 1_000_000 * id;
    TreeMap<Long, List<ProbeResult>> results = new TreeMap<>();
    for (long round = 0; round * ROUND_NS < durationNs; round++) {
      for (Vip vip : topology.vips()) {
        List<Integer> ports = permutations.computeIfAbsent(vip.name(), k -> new ArrayList<>());
        for (int i = 0; i < PROBES_PER_ROUND; i++) {
          if (ports.isEmpty()) {
            for (int p = 0; p < PORTS; p++) {
              ports.add(20_000 + p);
            }
            Collections.shuffle(ports, random);
          }
          int port = ports.remove(ports.size() - 1);
          long at =
              round * ROUND_NS + (long) ((i + random.nextDouble()) * ROUND_NS / PROBES_PER_ROUND);
          at = awake(stalls, prober, at);
          if (!outages.covers(prober, at)) {
            probe(prober, id, vip, port, sequence++, round, at, results);
          }
        }
      }
    }
    publish(prober, id, results);
  }

  private void publish(String prober, int id, TreeMap<Long, List<ProbeResult>> results) {
    long bootMs = absolute(-10 * SECOND) / MS;
    for (Map.Entry<Long, List<ProbeResult>> e : results.entrySet()) {
      long at = e.getKey();
      if (at >= durationNs) {
        continue;
      }
      long restarted = outages.lastEnd(prober, at);
      ProbeBatch.Builder batch =
          ProbeBatch.newBuilder()
              .setSchemaVersion(1)
              .setLocation(TierPoints.location(prober))
              .setProberId(id)
              .setBootId(restarted > 0 ? absolute(restarted) / MS : bootMs);
      for (ProbeResult r : e.getValue()) {
        // Killed before the outcome was known: its successor reports it abandoned.
        boolean abandoned = outages.covers(prober, at);
        batch.addResults(
            abandoned ? r.toBuilder().setOutcome(ProbeOutcome.ABANDONED).clearRttNs().build() : r);
      }
      deliver(prober, awake(stalls, prober, at) + 20 * MS, absolute(at), batch.build());
    }
    for (long at = 0; at < durationNs; at += SECOND) {
      if (outages.covers(prober, at)) {
        continue;
      }
      long now = awake(stalls, prober, at);
      ProberHeartbeat heartbeat =
          ProberHeartbeat.newBuilder()
              .setTimeNs(absolute(now))
              .setCompleteUntilNs(absolute(now - TIMEOUT_NS - 100 * MS))
              .build();
      ProbeBatch batch =
          ProbeBatch.newBuilder()
              .setSchemaVersion(1)
              .setLocation(TierPoints.location(prober))
              .setProberId(id)
              .setBootId(bootMs)
              .setHeartbeat(heartbeat)
              .build();
      deliver(prober, now + 20 * MS, absolute(now), batch);
    }
  }

  private void probe(
      String prober,
      int id,
      Vip vip,
      int port,
      int sequence,
      long round,
      long sentNs,
      TreeMap<Long, List<ProbeResult>> results) {
    ProbeResult.Builder r =
        ProbeResult.newBuilder()
            .setProbeSequence(sequence)
            .setRound(round)
            .setTarget(vip.name())
            .setTargetAddress(ByteString.copyFrom(vip.address().getAddress()))
            .setTargetPort(vip.probePort())
            .setSourceAddress(TierPoints.proberAddress(id))
            .setSourcePort(port)
            .setSentTimeNs(absolute(sentNs));
    boolean faulty = proberFaults.covers(prober, sentNs);
    ProberFailure failure = faulty ? proberFailures.get(prober) : null;
    if (failure == ProberFailure.CANNOT_SEND) {
      add(results, sentNs, r.setOutcome(ProbeOutcome.SEND_ERROR).setError("Network is down"));
      return;
    }
    ProbeOutcome[] outcome = {ProbeOutcome.TIMEOUT};
    long receivedNs =
        failure == ProberFailure.SENDS_INTO_NOTHING || random.nextDouble() < lossShare
            ? Long.MAX_VALUE
            : travel(id, vip, port, sequence, sentNs, outcome);
    if (failure == ProberFailure.HEARS_NOTHING) {
      receivedNs = Long.MAX_VALUE;
      outcome[0] = ProbeOutcome.TIMEOUT;
    }
    if (receivedNs == Long.MAX_VALUE) {
      long known =
          outcome[0] == ProbeOutcome.ICMP_UNREACHABLE ? sentNs + 2 * MS : sentNs + TIMEOUT_NS;
      add(results, known, r.setOutcome(outcome[0]));
      return;
    }
    receivedNs = awake(stalls, MACHINE, receivedNs);
    long rtt = receivedNs - sentNs;
    if (rtt > TIMEOUT_NS) {
      add(results, sentNs + TIMEOUT_NS, r.clone().setOutcome(ProbeOutcome.TIMEOUT));
      outcome[0] = ProbeOutcome.LATE_SYN_ACK;
    }
    add(
        results,
        receivedNs,
        r.setOutcome(outcome[0]).setRttNs(rtt).setReceivedTimeNs(absolute(receivedNs)));
  }

  private static void add(
      TreeMap<Long, List<ProbeResult>> results, long knownNs, ProbeResult.Builder r) {
    long published = (knownNs / (100 * MS) + 1) * (100 * MS);
    results.computeIfAbsent(published, k -> new ArrayList<>()).add(r.build());
  }

  /**
   * Sends it over its node to a backend and back. Returns when the answer arrives; Long.MAX_VALUE
   * when none does.
   */
  private long travel(
      int proberId, Vip vip, int port, int sequence, long sentNs, ProbeOutcome[] outcome) {
    Probe p = new Probe(proberId, vip, port, sequence);
    if (!edges.isEmpty()) {
      return travelOverTiers(p, sentNs, outcome);
    }
    String node = balancer(proberId, vip, port);
    long at = awake(stalls, node, sentNs + hop());
    if (crashes.covers(node, at)) {
      // The hop before it gives up on ARP after a while.
      boolean neighbourGone = at - crashes.startOf(node, at) > 4 * SECOND && random.nextBoolean();
      outcome[0] = neighbourGone ? ProbeOutcome.ICMP_UNREACHABLE : ProbeOutcome.TIMEOUT;
      return Long.MAX_VALUE;
    }
    stamp(node, at, vip.name(), "", p, TracePoint.RX, Direction.FORWARD, DropReason.NONE);
    if (vipsMissing.covers(vip.name() + "@" + node, at)) {
      stamp(node, at, "", "", p, TracePoint.RX, Direction.FORWARD, DropReason.NO_VIP);
      return Long.MAX_VALUE;
    }
    DropReason limit = limit(node, vip, at);
    if (limit != DropReason.NONE) {
      stamp(node, at, vip.name(), "", p, TracePoint.SESSION, Direction.FORWARD, limit);
      return Long.MAX_VALUE;
    }
    Vip.Backend backend = vip.backends().get(random.nextInt(vip.backends().size()));
    String host = topology.hostOf(backend.name());
    at += 20_000;
    stamp(
        node, at, vip.name(), backend.name(), p, TracePoint.TX, Direction.FORWARD, DropReason.NONE);
    if (backendsSilent.covers(host, at) || random.nextDouble() < lossShare) {
      return Long.MAX_VALUE;
    }
    boolean refused =
        backendsRefusing.covers(host, at) || backendsRefusing.covers(backend.name(), at);
    at = awake(stalls, node, at + 2 * hop());
    if (crashes.covers(node, at)) {
      return Long.MAX_VALUE;
    }
    stamp(node, at, vip.name(), backend.name(), p, TracePoint.RX, Direction.REPLY, DropReason.NONE);
    stamp(
        node,
        at + 10_000,
        vip.name(),
        backend.name(),
        p,
        TracePoint.TX,
        Direction.REPLY,
        DropReason.NONE);
    outcome[0] = refused ? ProbeOutcome.RST : ProbeOutcome.SYN_ACK;
    return random.nextDouble() < lossShare ? Long.MAX_VALUE : at + hop();
  }

  private DropReason limit(String node, Vip vip, long atNs) {
    if (overloads.covers(vip.name(), atNs) && random.nextDouble() < 0.7) {
      return DropReason.NEW_CONNECTION_LIMIT;
    }
    return nodeOverloads.covers(node, atNs) && random.nextDouble() < 0.5
        ? DropReason.SESSION_TABLE_FULL
        : DropReason.NONE;
  }

  /** The router in front of a tier hashes the flow, or the tunnel's source port, a hash of it. */
  private String pick(List<String> of, long salt, int proberId, Vip vip, int port) {
    long flow = mix(hashSeed ^ mix(proberId * 31L + vip.name().hashCode()) ^ port);
    return of.get((int) Math.floorMod(salt == 0 ? flow : mix(flow ^ salt), (long) of.size()));
  }

  private String balancer(int proberId, Vip vip, int port) {
    return pick(balancers, 0, proberId, vip, port);
  }

  /** There over an EIP and a CLB node, back over the same CLB node and whichever EIP node. */
  private long travelOverTiers(Probe p, long sentNs, ProbeOutcome[] outcome) {
    Vip vip = p.vip();
    String edge = pick(edges, 7, p.proberId(), vip, p.port());
    String balancer = balancer(p.proberId(), vip, p.port());
    String back = pick(edges, 11, p.proberId(), vip, p.port());
    long at = awake(stalls, edge, sentNs + hop());
    if (crashes.covers(edge, at)) {
      return Long.MAX_VALUE;
    }
    at = pass(p, edge, Direction.FORWARD, "", at);
    at = awake(stalls, balancer, at + hop());
    if (crashes.covers(balancer, at)) {
      return Long.MAX_VALUE;
    }
    boolean missing = vipsMissing.covers(vip.name() + "@" + balancer, at);
    DropReason drop = missing ? DropReason.NO_VIP : limit(balancer, vip, at);
    if (drop != DropReason.NONE) {
      stamp(p, balancer, at, TracePoint.RX, Direction.FORWARD, "", DropReason.NONE);
      stamp(p, balancer, at, TracePoint.SESSION, Direction.FORWARD, "", drop);
      return Long.MAX_VALUE;
    }
    Vip.Backend backend = vip.backends().get(random.nextInt(vip.backends().size()));
    at = pass(p, balancer, Direction.FORWARD, backend.name(), at);
    if (backendsSilent.covers(topology.hostOf(backend.name()), at)
        || random.nextDouble() < lossShare) {
      return Long.MAX_VALUE;
    }
    at = awake(stalls, balancer, at + 2 * hop());
    if (crashes.covers(balancer, at)) {
      return Long.MAX_VALUE;
    }
    at = pass(p, balancer, Direction.REPLY, backend.name(), at);
    at = awake(stalls, back, at + hop());
    if (crashes.covers(back, at)) {
      return Long.MAX_VALUE;
    }
    at = pass(p, back, Direction.REPLY, "", at);
    outcome[0] = ProbeOutcome.SYN_ACK;
    return random.nextDouble() < lossShare ? Long.MAX_VALUE : at + hop();
  }

  private long pass(Probe p, String node, Direction direction, String backend, long atNs) {
    stamp(p, node, atNs, TracePoint.RX, direction, backend, DropReason.NONE);
    stamp(p, node, atNs + 15_000, TracePoint.TX, direction, backend, DropReason.NONE);
    return atNs + 15_000;
  }

  private void stamp(
      Probe p,
      String node,
      long atNs,
      TracePoint point,
      Direction direction,
      String backend,
      DropReason reason) {
    Point.Builder b =
        TierPoints.of(p, edges.contains(node), direction)
            .setTimeNs(absolute(atNs))
            .setPoint(point.code())
            .setReason(reason.code())
            .setBackend(backend);
    stamps.add(new Stamped(atNs, node, b));
  }

  private void malformed(String node, Vip vip, long atNs) {
    Point.Builder b = TierPoints.malformed(vip, edges.contains(node)).setTimeNs(absolute(atNs));
    stamps.add(new Stamped(atNs, node, b));
  }

  private long hop() {
    return (long) (100_000 * Math.exp(random.nextGaussian() * 0.5));
  }

  private static long mix(long x) {
    long z = x + 0x9e3779b97f4a7c15L;
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }

  private void stamp(
      String node,
      long atNs,
      String vipName,
      String backend,
      Probe probe,
      TracePoint point,
      Direction direction,
      DropReason reason) {
    Point.Builder p =
        Point.newBuilder()
            .setTimeNs(absolute(atNs))
            .setTier(Tier.CLB.code())
            .setPoint(point.code())
            .setReason(reason.code())
            .setDirection(direction.code())
            .setVip(vipName)
            .setBackend(backend)
            .setKeyState(ProbeKeyState.KEY_VERIFIED)
            .setProberId(probe.proberId())
            .setProbeSequence(probe.sequence())
            .setProtocol(6);
    if (direction == Direction.FORWARD) {
      Vip vip = probe.vip();
      p.setSourcePort(probe.port())
          .setDestinationPort(vip.port())
          .setDestinationAddress(ByteString.copyFrom(vip.address().getAddress()));
    }
    stamps.add(new Stamped(atNs, node, p));
  }

  /** What the node's gateway and its agent send. */
  private void runAgent(String node) {
    TreeMap<Long, List<Point>> polls = new TreeMap<>();
    stamps.stream()
        .filter(s -> s.node().equals(node))
        .sorted(Comparator.comparingLong(Stamped::atNs))
        .forEach(
            s -> {
              s.point().setRingSequence(ringSequences.merge(node, 1L, Long::sum));
              polls
                  .computeIfAbsent((s.atNs() / (50 * MS) + 1) * (50 * MS), k -> new ArrayList<>())
                  .add(s.point().build());
            });
    polls.forEach(
        (at, points) -> {
          if (at < durationNs) {
            PointBatch batch =
                PointBatch.newBuilder()
                    .setSchemaVersion(1)
                    .setLocation(TierPoints.location(node))
                    .setBootId(bootId(node, at))
                    .addAllPoints(points)
                    .build();
            deliver(node, awake(stalls, MACHINE, at) + 10 * MS, absolute(at), batch);
          }
        });
    long offset = uniform(SECOND);
    long before = offset - SECOND;
    for (long tick = offset; tick < durationNs; tick += SECOND) {
      long at = awake(stalls, node, tick);
      if (!crashes.covers(node, at)) {
        deliver(node, at + 60 * MS, absolute(at), counters(node, at, before));
        before = at;
      }
    }
    long agentOffset = uniform(SECOND);
    for (long tick = agentOffset; tick < durationNs; tick += SECOND) {
      long at = awake(stalls, "agent", tick);
      if (!outages.covers("agent", at)) {
        deliver(node, at + 30 * MS, absolute(at), status(node, at));
      }
    }
  }

  private long bootId(String node, long atNs) {
    long restarted = crashes.lastEnd(node, atNs);
    return restarted > 0 ? absolute(restarted) : absolute(-60 * SECOND);
  }

  private CounterBatch counters(String node, long atNs, long beforeNs) {
    long gap = pollGapsVisible ? stalls.longestEndedIn(node, beforeNs, atNs) : 0;
    gap = Math.max(gap, stalls.longestEndedIn(MACHINE, beforeNs, atNs));
    gap = Math.max(gap, noise ? MS + uniform(11 * MS) : MS / 10);
    if (bootId(node, atNs) > absolute(atNs) - 3 * SECOND) {
      gap = 400 * MS; // a gateway that has just started
    }
    CounterBatch.Builder batch =
        CounterBatch.newBuilder()
            .setSchemaVersion(1)
            .setLocation(TierPoints.location(node))
            .setBootId(bootId(node, atNs));
    NodeCounters.Builder counters =
        NodeCounters.newBuilder().setTimeNs(absolute(atNs)).setState(NodeState.READY);
    if (forgeries.covers(MACHINE, atNs)) {
      counters
          .setColourForged(atNs / MS)
          .setColourReplayed(atNs / MS / 2)
          .setColourCapped(atNs / MS / 3);
    }
    batch.addNode(counters);
    batch.addWorkers(
        WorkerCounters.newBuilder().setTimeNs(absolute(atNs)).setLongestPollGapNs(gap));
    for (Vip vip : topology.vips()) {
      String key = node + vip.name();
      if (overloads.covers(vip.name(), atNs) && balancers.contains(node)) {
        limitDrops.merge(key, 100 + uniform(200), Long::sum);
      }
      long packets = limitDrops.getOrDefault(key, 0L);
      if (packets > 0) {
        batch.addDrops(
            DropCounters.newBuilder()
                .setTimeNs(absolute(atNs))
                .setVip(vip.name())
                .setReason(DropReason.NEW_CONNECTION_LIMIT.code())
                .setPackets(packets));
      }
    }
    for (Vip vip : topology.vips()) {
      if (nodeOverloads.covers(node, atNs)) {
        tableFull.merge(node + vip.name(), 30 + uniform(60), Long::sum);
      }
      long packets = tableFull.getOrDefault(node + vip.name(), 0L);
      if (packets > 0) {
        batch.addDrops(
            DropCounters.newBuilder()
                .setTimeNs(absolute(atNs))
                .setVip(vip.name())
                .setReason(DropReason.SESSION_TABLE_FULL.code())
                .setPackets(packets));
      }
      if (attacks.covers(vip.name(), atNs) && firstTier().contains(node)) {
        malformed.merge(node, 200 + uniform(100), Long::sum);
      }
    }
    long unreadable = malformed.getOrDefault(node, 0L);
    if (unreadable > 0) {
      batch.addDrops(
          DropCounters.newBuilder()
              .setTimeNs(absolute(atNs))
              .setReason(DropReason.MALFORMED_TCP.code())
              .setPackets(unreadable));
    }
    return batch.build();
  }

  private CounterBatch status(String node, long atNs) {
    boolean dead = crashes.covers(node, atNs);
    long drained = dead ? atNs : stalls.startOf(node, atNs);
    return CounterBatch.newBuilder()
        .setSchemaVersion(1)
        .setLocation(TierPoints.location(node))
        .setBootId(bootId(node, atNs))
        .setAgent(
            AgentStatus.newBuilder()
                .setTimeNs(absolute(atNs))
                .setDrainedUntilNs(absolute(drained - 50 * MS))
                .setGatewayAlive(!dead))
        .build();
  }
}
