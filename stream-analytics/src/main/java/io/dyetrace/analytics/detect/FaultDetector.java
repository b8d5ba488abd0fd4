package io.dyetrace.analytics.detect;

import io.dyetrace.common.record.CounterBatch;
import io.dyetrace.common.record.PointBatch;
import io.dyetrace.common.record.ProbeBatch;
import io.dyetrace.common.record.Verdict;
import io.dyetrace.common.registry.FaultClass;
import io.dyetrace.common.topology.Topology;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Joins probe results with points and counters and gives verdicts. Not thread-safe; time enters as
 * an argument.
 *
 * <pre>{@code
 * FaultDetector detector = new FaultDetector(topology, DetectorConfig.defaults());
 * detector.accept(probeBatch);
 * detector.accept(counterBatch);
 * List<Verdict> revisions = detector.advance(eventTimeNs, true);
 * }</pre>
 *
 * <p>Batches may come in any order between sources; within a source in order, repetitions do no
 * harm. What became of a probe is judged anew in every evaluation from all that is there, so a
 * stamp or a result that comes late corrects the judgement.
 */
public final class FaultDetector {
  private static final int SNAPSHOT_VERSION = 2;

  private final DetectorConfig config;
  private final Network network;
  private final PortMap ports;
  private final RttBaselines baselines;
  private final ProbeJoiner joiner;
  private final Map<String, NodeStream> nodes = new TreeMap<>();
  private final Map<String, ProberStream> probers = new TreeMap<>();
  private final Judge judge;
  private final Arbiter arbiter;
  private final VerdictLedger ledger;
  private final NodeHealth health;

  private long nowNs;
  private long startedNs;
  private long caughtUpSinceNs = Long.MAX_VALUE;
  private long evaluatedNs;
  private long expiredNs;

  /** Starts knowing nothing but the topology. */
  public FaultDetector(Topology topology, DetectorConfig config) {
    this.config = config;
    this.network = new Network(topology);
    this.ports = new PortMap(config.timing());
    this.baselines = new RttBaselines(config.jitter());
    this.joiner = new ProbeJoiner(config.timing(), network, ports, baselines);
    this.judge = new Judge(config, network, ports, baselines, nodes);
    this.arbiter = new Arbiter(new Likelihood(network, config.verdicts().priorNats()));
    Map<FaultClass, FaultRule> rules = new EnumMap<>(FaultClass.class);
    FaultRules.ALL.forEach(r -> rules.put(r.faultClass(), r));
    this.ledger = new VerdictLedger(config.verdicts(), new VerdictWriter(), rules);
    this.health = new NodeHealth();
  }

  /** Takes a prober's results and heartbeat. */
  public void accept(ProbeBatch batch) {
    String prober = network.proberName(batch.getProberId(), batch.getLocation().getNode());
    if (network.probers().contains(prober)) {
      probers.computeIfAbsent(prober, k -> new ProberStream()).accept(batch);
    }
    joiner.accept(batch);
  }

  /** Takes a node's points. */
  public void accept(PointBatch batch) {
    if (network.nodes().contains(batch.getLocation().getNode())) {
      node(batch.getLocation().getNode()).accept(batch, network);
      joiner.accept(batch);
    }
  }

  /** Takes a node's counters and its agent's status. */
  public void accept(CounterBatch batch) {
    if (network.nodes().contains(batch.getLocation().getNode())) {
      node(batch.getLocation().getNode()).accept(batch);
    }
  }

  private NodeStream node(String name) {
    return nodes.computeIfAbsent(name, k -> new NodeStream(config));
  }

  /**
   * Judges everything decidable at this event time.
   *
   * @param eventTimeNs the newest event time read from the input; with an idle input that is caught
   *     up it may follow the wall clock
   * @param caughtUp false while a backlog is read and for the first 10 s after a restore: nothing
   *     is then concluded from silence
   * @return the verdict revisions that are new, in order
   */
  public List<Verdict> advance(long eventTimeNs, boolean caughtUp) {
    nowNs = Math.max(nowNs, eventTimeNs);
    if (startedNs == 0) {
      startedNs = nowNs;
    }
    if (!caughtUp) {
      caughtUpSinceNs = Long.MAX_VALUE;
    } else if (caughtUpSinceNs == Long.MAX_VALUE) {
      caughtUpSinceNs = nowNs;
    }
    if (nowNs - expiredNs >= Samples.SECOND_NS) {
      expire();
    }
    if (nowNs - evaluatedNs < config.timing().evaluationInterval().toNanos()) {
      return List.of();
    }
    evaluatedNs = nowNs;
    Evaluation now = evaluation();
    health.update(now);
    List<Suspicion> suspicions = new ArrayList<>();
    for (FaultRule rule : FaultRules.ALL) {
      if (caughtUp || !rule.concludesFromSilence()) {
        suspicions.addAll(rule.suspects(now));
      }
    }
    return ledger.enter(now, arbiter.arbitrate(now, suspicions), caughtUp);
  }

  private Evaluation evaluation() {
    long windowNs =
        Math.max(
            config.timing().evidenceWindow().toNanos(),
            config.verdicts().healthyFor().toNanos() + 2 * Samples.SECOND_NS);
    List<JudgedProbe> judged = judge.judge(joiner.since(nowNs - windowNs), nowNs);
    return new Evaluation(
        nowNs,
        caughtUpSinceNs,
        startedNs,
        config,
        network,
        judged,
        nodes,
        probers,
        baselines,
        ledger.openFaults());
  }

  private void expire() {
    expiredNs = nowNs;
    joiner.expire(nowNs);
    ports.expire(nowNs);
    nodes.values().forEach(n -> n.expire(nowNs));
  }

  /**
   * Each node's health score at the last evaluation: 1 is well, 0 is dead; a node never heard of is
   * missing.
   */
  public Map<String, Double> healthScores() {
    return health.scores();
  }

  /**
   * Probes that met each node in the last evaluation's window: too few of them is a warning of its
   * own.
   */
  public Map<String, Integer> probesPerNode() {
    return health.probes();
  }

  /** Records held, of every kind: what a test watches for growth. */
  int size() {
    return joiner.size()
        + ports.size()
        + ledger.size()
        + nodes.values().stream().mapToInt(NodeStream::size).sum();
  }

  /** Everything the detector knows, for {@link #restore}. */
  public byte[] snapshot() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeInt(SNAPSHOT_VERSION);
      out.writeLong(nowNs);
      out.writeLong(startedNs);
      out.writeLong(caughtUpSinceNs);
      out.writeLong(evaluatedNs);
      out.writeLong(expiredNs);
      ports.write(out);
      baselines.write(out);
      joiner.write(out);
      out.writeInt(nodes.size());
      for (Map.Entry<String, NodeStream> e : nodes.entrySet()) {
        out.writeUTF(e.getKey());
        e.getValue().write(out);
      }
      out.writeInt(probers.size());
      for (Map.Entry<String, ProberStream> e : probers.entrySet()) {
        out.writeUTF(e.getKey());
        e.getValue().write(out);
      }
      ledger.write(out);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  /**
   * A detector that goes on where the one that wrote the snapshot stood. What the topology no
   * longer names is forgotten, open verdicts excepted.
   *
   * @throws IllegalArgumentException when the snapshot is of another version or cut short
   */
  public static FaultDetector restore(Topology topology, DetectorConfig config, byte[] snapshot) {
    FaultDetector d = new FaultDetector(topology, config);
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(snapshot))) {
      int version = in.readInt();
      if (version < 1 || version > SNAPSHOT_VERSION) {
        throw new IllegalArgumentException(
            "snapshot version " + version + " is not within 1 and " + SNAPSHOT_VERSION);
      }
      d.nowNs = in.readLong();
      d.startedNs = in.readLong();
      d.caughtUpSinceNs = in.readLong();
      d.evaluatedNs = in.readLong();
      d.expiredNs = in.readLong();
      d.ports.read(in, version);
      d.baselines.read(in);
      d.joiner.read(in, version);
      for (int n = in.readInt(); n > 0; n--) {
        String name = in.readUTF();
        NodeStream stream = new NodeStream(config);
        stream.read(in, version);
        if (d.network.nodes().contains(name)) {
          d.nodes.put(name, stream);
        }
      }
      for (int n = in.readInt(); n > 0; n--) {
        String name = in.readUTF();
        ProberStream stream = new ProberStream();
        stream.read(in);
        if (d.network.probers().contains(name)) {
          d.probers.put(name, stream);
        }
      }
      d.ledger.read(in);
    } catch (IOException e) {
      throw new IllegalArgumentException(
          "snapshot of " + snapshot.length + " bytes cannot be read: " + e.getMessage(), e);
    }
    return d;
  }
}
