package io.dyetrace.analytics.detect;

import io.dyetrace.analytics.detect.Watch.Kind;
import io.dyetrace.common.record.CounterBatch;
import io.dyetrace.common.record.PointBatch;
import io.dyetrace.common.record.ProbeBatch;
import io.dyetrace.common.record.Verdict;
import io.dyetrace.common.registry.FaultClass;
import io.dyetrace.common.topology.Topology;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInput;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

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
 * harm. Records feed sequential tests of every component; only while one of these, or a verdict
 * that is open, asks for it, what became of the probes concerned is judged, anew each time, so that
 * a stamp or a result that comes late corrects the judgement.
 */
public final class FaultDetector {
  /** Since then a snapshot is packed. */
  private static final int PACKED_VERSION = 3;

  /** Since then it has the tests of partial loss. */
  private static final int LOSS_VERSION = 4;

  private static final int SNAPSHOT_VERSION = LOSS_VERSION;

  private final DetectorConfig config;
  private final Network network;
  private final PortMap ports;
  private final RttBaselines baselines;
  private final ProbeJoiner joiner;
  private final Map<String, NodeStream> nodes = new HashMap<>();
  private final Map<String, ProberStream> probers = new TreeMap<>();
  private final Watch watch;
  private final LossTests losses;
  private final Judge judge;
  private final Arbiter arbiter;
  private final VerdictLedger ledger;

  private long nowNs;
  private long startedNs;
  private long caughtUpSinceNs = Long.MAX_VALUE;
  private long evaluatedNs;
  private long expiredNs;
  private long looks;
  private int small = Scope.SMALL;

  /** Room for the next snapshot, by the last one. */
  private int snapshotBytes;

  /** Starts knowing nothing but the topology. */
  public FaultDetector(Topology topology, DetectorConfig config) {
    this.config = config;
    this.network = new Network(topology);
    this.ports = new PortMap(config.timing());
    this.baselines = new RttBaselines(config.jitter());
    this.watch = new Watch(config);
    this.judge = new Judge(config, network, ports, baselines, nodes);
    this.losses = new LossTests(config, network, new LossProof(network, ports, judge, nodes));
    this.joiner = new ProbeJoiner(config, network, ports, baselines, watch, losses);
    this.arbiter = new Arbiter(new Likelihood(network, config.verdicts().priorNats()));
    Map<FaultClass, FaultRule> rules = new EnumMap<>(FaultClass.class);
    FaultRules.ALL.forEach(r -> rules.put(r.faultClass(), r));
    this.ledger = new VerdictLedger(config.verdicts(), new VerdictWriter(), rules);
  }

  /** Looks at everything all the time, as slowly as that is. */
  FaultDetector distrusting() {
    watch.distrust();
    return this;
  }

  /** How many sequential tests run, and how often all of them together err. */
  public String falseAlarmBudget() {
    int components =
        network.nodes().size()
            + network.probers().size()
            + network.vips().size()
            + network.hosts().size();
    return String.format(
        Locale.ROOT,
        "%d components, %d sequential tests: a healthy component that loses 0.1 %% is looked at for nothing once in %,d of its "
            + "probes; a verdict then needs %.0f nats, a chance of %.0e per look and suspicion if probes were independent; %s",
        components,
        components + network.nodes().size(),
        Watch.probesPerFalseLook(),
        config.verdicts().openNats(),
        Math.exp(-config.verdicts().openNats()),
        LossTests.budget(config, network));
  }

  /** Looks at suspicious components only, however small the installation. */
  FaultDetector lookingNarrowly() {
    small = 0;
    return this;
  }

  /** Verdicts that are not resolved yet, as they were told last. */
  List<Verdict> openVerdicts() {
    return ledger.openVerdicts();
  }

  /** Looks taken so far; quiet ones are not. */
  long looks() {
    return looks;
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
    if (network.isNode(batch.getLocation().getNode())) {
      node(batch.getLocation().getNode()).accept(batch, network);
      joiner.accept(batch);
    }
  }

  /** Takes a node's counters and its agent's status. */
  public void accept(CounterBatch batch) {
    if (network.isNode(batch.getLocation().getNode())) {
      node(batch.getLocation().getNode()).accept(batch);
    }
  }

  private NodeStream node(String name) {
    return nodes.computeIfAbsent(network.canonical(name), k -> new NodeStream(config));
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
    watch();
    if (watch.isQuiet() && ledger.isIdle() && !losses.isAlarming()) {
      ledger.forget(nowNs);
      return List.of();
    }
    looks++;
    Evaluation now =
        evaluation(Scope.of(watch, network, joiner, nowNs - Watch.windowNs(config), small));
    List<Suspicion> suspicions = new ArrayList<>();
    for (FaultRule rule : FaultRules.ALL) {
      if (caughtUp || !rule.concludesFromSilence()) {
        suspicions.addAll(rule.suspects(now));
      }
    }
    suspicions.addAll(SharedFaults.suspects(now, suspicions));
    return ledger.enter(now, arbiter.arbitrate(now, suspicions), caughtUp);
  }

  /** Tells the watch the time, what telemetry says by itself, and what is accused already. */
  private void watch() {
    watch.tick(nowNs);
    losses.tick(nowNs);
    long windowNs = Watch.windowNs(config);
    for (String node : network.nodes()) {
      NodeStream stream = nodes.get(node);
      if (stream == null || stream.suspicious(nowNs, windowNs)) {
        watch.suspect(Kind.NODE, node);
        if (stream != null && stream.troubledSince(nowNs - windowNs)) {
          stream.droppedVips(nowNs - windowNs, nowNs).forEach(vip -> watch.suspect(Kind.VIP, vip));
        }
      }
    }
    for (String prober : network.probers()) {
      ProberStream stream = probers.get(prober);
      long heardNs = stream == null ? 0 : stream.lastHeardNs();
      if (nowNs - heardNs > config.timing().agentFresh().toNanos()) {
        watch.suspect(Kind.PROBER, prober);
      }
    }
    for (Hypothesis h : ledger.openHypotheses()) {
      String component = h.component();
      switch (h.kind()) {
        case PROBER -> watch.suspect(Kind.PROBER, component);
        case BACKEND -> watch.suspect(Kind.HOST, component);
        case VIP -> watch.suspect(Kind.VIP, component);
        case VIP_ON_NODE -> {
          int at = component.lastIndexOf('@');
          watch.suspect(Kind.VIP, component.substring(0, at));
          watch.suspect(Kind.NODE, component.substring(at + 1));
        }
        case LINK -> LossSide.ends(component).forEach(end -> suspectEnd(end));
        case RACK, ZONE -> watchAll(network.places().of(h));
        default -> watch.suspect(Kind.NODE, component);
      }
    }
  }

  private void suspectEnd(String end) {
    if (network.isNode(end)) {
      watch.suspect(Kind.NODE, end);
    } else if (network.probers().contains(end)) {
      watch.suspect(Kind.PROBER, end);
    } else if (network.vips().contains(end)) {
      watch.suspect(Kind.VIP, end);
    }
  }

  private void watchAll(@Nullable Place place) {
    if (place != null) {
      place.nodes.forEach(n -> watch.suspect(Kind.NODE, n));
      place.probers.forEach(p -> watch.suspect(Kind.PROBER, p));
      place.hosts.forEach(b -> watch.suspect(Kind.HOST, b));
    }
  }

  private Evaluation evaluation(Scope scope) {
    List<JudgedProbe> judged = judge.judge(scope.probes(), nowNs);
    return new Evaluation(
        nowNs,
        caughtUpSinceNs,
        startedNs,
        config,
        network,
        scope,
        judged,
        new ProbeIndex(judged, network),
        nodes,
        probers,
        baselines,
        losses,
        ledger.openFaults());
  }

  private void expire() {
    expiredNs = nowNs;
    joiner.expire(nowNs);
    ports.expire(nowNs);
    watch.expire();
    losses.expire();
    nodes.values().forEach(n -> n.expire(nowNs));
  }

  /**
   * Each node's health score over the last seconds: 1 is well, 0 is dead; a node never heard of is
   * missing. Looks at everything.
   */
  public Map<String, Double> healthScores() {
    return health().scores();
  }

  /**
   * Probes that met each node in the last evaluation's window: too few of them is a warning of its
   * own.
   */
  public Map<String, Integer> probesPerNode() {
    return health().probes();
  }

  private NodeHealth health() {
    long sinceNs = nowNs - Watch.windowNs(config);
    NodeHealth health = new NodeHealth();
    health.update(evaluation(Scope.everything(network, joiner, sinceNs)));
    return health;
  }

  /** Records held, of every kind: what a test watches for growth. */
  int size() {
    return joiner.size()
        + losses.size()
        + ports.size()
        + ledger.size()
        + nodes.values().stream().mapToInt(NodeStream::size).sum();
  }

  /**
   * Takes up what was told after the snapshot by a job that was killed then: such a verdict would
   * never be closed. To be called before anything is accepted.
   *
   * @param told revisions in any order, repetitions and those of other clusters included
   */
  public void adopt(Collection<Verdict> told) {
    for (Verdict v : told) {
      if (network.concerns(v)) {
        ledger.adopt(v);
      }
    }
  }

  /** Everything the detector knows, for {@link #restore}. */
  public byte[] snapshot() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(Math.max(snapshotBytes, 1024));
    try {
      bytes.writeBytes(ByteBuffer.allocate(Integer.BYTES).putInt(SNAPSHOT_VERSION).array());
      SnapshotOutput out = new SnapshotOutput(bytes, nowNs);
      out.writeLong(nowNs);
      out.writeLong(startedNs);
      out.writeLong(caughtUpSinceNs);
      out.writeLong(evaluatedNs);
      out.writeLong(expiredNs);
      ports.write(out);
      baselines.write(out);
      joiner.write(out);
      out.writeInt(nodes.size());
      for (Map.Entry<String, NodeStream> e : new TreeMap<>(nodes).entrySet()) {
        out.writeUTF(e.getKey());
        e.getValue().write(out);
      }
      out.writeInt(probers.size());
      for (Map.Entry<String, ProberStream> e : probers.entrySet()) {
        out.writeUTF(e.getKey());
        e.getValue().write(out);
      }
      ledger.write(out);
      losses.write(out);
      out.flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    snapshotBytes = bytes.size() + bytes.size() / 8;
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
    try (DataInputStream whole = new DataInputStream(new ByteArrayInputStream(snapshot))) {
      int version = whole.readInt();
      if (version < 1 || version > SNAPSHOT_VERSION) {
        throw new IllegalArgumentException(
            "snapshot version " + version + " is not within 1 and " + SNAPSHOT_VERSION);
      }
      DataInput in = version < PACKED_VERSION ? whole : new SnapshotInput(snapshot, Integer.BYTES);
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
        if (d.network.isNode(name)) {
          d.nodes.put(d.network.canonical(name), stream);
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
      if (version >= LOSS_VERSION) {
        d.losses.read(in);
      }
    } catch (IOException e) {
      throw new IllegalArgumentException(
          "snapshot of " + snapshot.length + " bytes cannot be read: " + e.getMessage(), e);
    }
    return d;
  }
}
