package io.dyetrace.analytics.detect;

import io.dyetrace.common.record.Verdict;
import io.dyetrace.common.record.VerdictState;
import io.dyetrace.common.registry.FaultClass;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * The verdicts' book: a suspicion that holds becomes a verdict, a verdict that changes is revised,
 * one whose component is healthy is resolved. The same evidence never opens a second occurrence.
 */
final class VerdictLedger {
  private static final long NONE = Long.MIN_VALUE;

  /**
   * How long a resolved fault is remembered, so that what is left of its evidence does not open it
   * again.
   */
  private static final long MEMORY_NS = 120_000_000_000L;

  /** A fault that comes and goes must have been gone for so many times as long: 2 to this power. */
  private static final int MOST_PATIENCE = 3;

  private static final class Open {
    Verdict last;
    long revisedNs;
    long healthySinceNs = NONE;

    /** Since when nothing tells how it is. Not saved: after a restore it begins anew. */
    long untoldSinceNs = NONE;

    Open(Verdict last, long revisedNs) {
      this.last = last;
      this.revisedNs = revisedNs;
    }
  }

  private static final class Pending {
    long sinceNs;
  }

  private final DetectorConfig.Verdicts config;
  private final VerdictWriter writer;
  private final Map<FaultClass, FaultRule> rules;
  private final Map<String, Pending> pending = new TreeMap<>();
  private final Map<String, Open> open = new TreeMap<>();
  private final Map<String, Long> resolvedNs = new TreeMap<>();

  /** How often each was opened again while it was remembered. Not saved. */
  private final Map<String, Integer> reopened = new TreeMap<>();

  VerdictLedger(
      DetectorConfig.Verdicts config, VerdictWriter writer, Map<FaultClass, FaultRule> rules) {
    this.config = config;
    this.writer = writer;
    this.rules = rules;
  }

  /**
   * A verdict that was given, perhaps after this ledger was saved. The newest occurrence counts,
   * and of that the newest revision.
   */
  void adopt(Verdict v) {
    FaultClass faultClass = FaultClass.fromCode(v.getFaultClass());
    if (faultClass == null
        || !rules.containsKey(faultClass) // another version's
        || v.getDetectedNs() <= resolvedNs.getOrDefault(v.getFaultId(), NONE)) {
      return;
    }
    Open known = open.get(v.getFaultId());
    if (known != null && !isNewer(v, known.last)) {
      return;
    }
    pending.remove(v.getFaultId());
    if (v.getState() == VerdictState.RESOLVED) {
      open.remove(v.getFaultId());
      resolvedNs.put(v.getFaultId(), v.getResolvedNs());
    } else {
      open.put(v.getFaultId(), new Open(v, v.getDetectedNs()));
    }
  }

  private static boolean isNewer(Verdict v, Verdict known) {
    return v.getDetectedNs() != known.getDetectedNs()
        ? v.getDetectedNs() > known.getDetectedNs()
        : v.getRevision() > known.getRevision();
  }

  Set<String> openFaults() {
    return new HashSet<>(open.keySet());
  }

  List<Verdict> openVerdicts() {
    return open.values().stream().map(o -> o.last).toList();
  }

  /** The components that verdicts are open on. */
  List<Hypothesis> openHypotheses() {
    return open.values().stream().map(o -> hypothesis(o.last)).toList();
  }

  /** Nothing is open or about to be. */
  boolean isIdle() {
    return open.isEmpty() && pending.isEmpty();
  }

  /** Nothing is suspicious, so nothing is looked at. */
  void forget(long nowNs) {
    resolvedNs.values().removeIf(at -> at < nowNs - MEMORY_NS);
    reopened.keySet().removeIf(id -> !resolvedNs.containsKey(id) && !open.containsKey(id));
  }

  int size() {
    return pending.size() + open.size() + resolvedNs.size();
  }

  /** Enters what stands accused now; returns the revisions this makes. */
  List<Verdict> enter(Evaluation now, List<Arbiter.Accusation> accusations, boolean caughtUp) {
    List<Verdict> revisions = new ArrayList<>();
    resolveGone(now, revisions);
    Set<String> accused = new HashSet<>();
    for (Arbiter.Accusation a : accusations) {
      Hypothesis h = a.suspicion().hypothesis();
      if (!caughtUp && FaultRules.of(h).concludesFromSilence()) {
        continue;
      }
      if (a.suspicion().lastBadNs() <= resolvedNs.getOrDefault(h.faultId(), NONE)
          || coveredByOpen(now, h)) {
        continue;
      }
      accused.add(h.faultId());
      Open known = open.get(h.faultId());
      if (known == null) {
        // What a backlog tells is long over: who is still accused when it is read is opened then.
        if (caughtUp) {
          open(now, a, revisions);
        }
      } else {
        known.healthySinceNs = NONE;
        known.untoldSinceNs = NONE;
        update(now, a, known, revisions);
      }
    }
    pending.keySet().retainAll(accused);
    if (caughtUp) {
      resolve(now, accused, revisions);
    } else {
      open.values().forEach(o -> o.untoldSinceNs = NONE);
    }
    forget(now.nowNs());
    return revisions;
  }

  private void open(Evaluation now, Arbiter.Accusation a, List<Verdict> revisions) {
    if (a.nats() < config.openNats() || a.confidence() < config.openConfidence()) {
      return;
    }
    String faultId = a.suspicion().hypothesis().faultId();
    Pending p = pending.get(faultId);
    if (p == null) {
      p = new Pending();
      p.sinceNs = now.nowNs();
      pending.put(faultId, p);
    }
    if (now.nowNs() - p.sinceNs < config.holdFor().toNanos()) {
      return;
    }
    pending.remove(faultId);
    long notBeforeNs = resolvedNs.getOrDefault(faultId, NONE);
    if (notBeforeNs != NONE) {
      reopened.merge(faultId, 1, Integer::sum);
    }
    Verdict v = writer.open(now, a, Math.max(a.suspicion().firstBadNs(), notBeforeNs));
    open.put(faultId, new Open(v, now.nowNs()));
    revisions.add(v);
  }

  private void update(Evaluation now, Arbiter.Accusation a, Open known, List<Verdict> revisions) {
    if (now.nowNs() - known.revisedNs < config.updateInterval().toNanos()) {
      return;
    }
    Verdict v = writer.update(now, a, known.last);
    boolean material =
        Math.abs(v.getConfidence() - known.last.getConfidence()) >= config.updateStep()
            || Math.abs(v.getAffectedProbeShare() - known.last.getAffectedProbeShare())
                >= config.updateStep()
            || !known.last.getAffectedVipsList().containsAll(v.getAffectedVipsList());
    if (material) {
      known.last = v;
      known.revisedNs = now.nowNs();
      revisions.add(v);
    }
  }

  private void resolve(Evaluation now, Set<String> accused, List<Verdict> revisions) {
    Iterator<Map.Entry<String, Open>> all = open.entrySet().iterator();
    while (all.hasNext()) {
      Map.Entry<String, Open> e = all.next();
      if (accused.contains(e.getKey())) {
        continue;
      }
      Open known = e.getValue();
      Hypothesis h = hypothesis(known.last);
      FaultRule rule = FaultRules.of(h);
      boolean superseded = coveredByOpen(now, h);
      boolean drained = isDrained(now, h);
      Health health = superseded || drained ? Health.HEALTHY : health(now, h, rule);
      if (isUnused(now, known, health)) {
        revisions.add(writer.unused(now, known.last, known.untoldSinceNs));
      } else if (!isHealthyForLong(now, known, health, superseded, rule)) {
        continue;
      } else if (superseded) {
        revisions.add(writer.superseded(now, known.last));
      } else if (drained) {
        revisions.add(writer.drained(now, known.last));
      } else {
        revisions.add(writer.healed(now, known.last, healedNs(known, rule)));
      }
      resolvedNs.put(e.getKey(), now.nowNs());
      all.remove();
    }
  }

  private boolean isHealthyForLong(
      Evaluation now, Open known, Health health, boolean superseded, FaultRule rule) {
    if (health != Health.HEALTHY) {
      known.healthySinceNs = health == Health.BAD ? NONE : known.healthySinceNs;
      return false;
    }
    if (known.healthySinceNs == NONE) {
      known.healthySinceNs = now.nowNs();
    }
    return superseded
        || now.nowNs() - known.healthySinceNs
            >= rule.healthyHold(config).toNanos() + patienceNs(known.last.getFaultId());
  }

  /** Whoever flaps would page at every turn: each time it is believed later that it has ended. */
  private long patienceNs(String faultId) {
    int times = Math.min(MOST_PATIENCE, reopened.getOrDefault(faultId, 0));
    return config.healthyFor().toNanos() * ((1L << times) - 1);
  }

  /**
   * Nothing has spoken for or against it for long, while the network as a whole is well: nobody
   * uses it any more, as when it was taken out of service because of the verdict.
   */
  private boolean isUnused(Evaluation now, Open known, Health health) {
    if (health != Health.UNKNOWN) {
      known.untoldSinceNs = NONE;
      return false;
    }
    if (known.untoldSinceNs == NONE) {
      known.untoldSinceNs = now.nowNs();
    }
    return now.nowNs() - known.untoldSinceNs >= config.unusedFor().toNanos()
        && now.mostAreAnswered();
  }

  /** It says itself that it is out of service, so nothing of its fault is felt. */
  private static boolean isDrained(Evaluation now, Hypothesis h) {
    return switch (h.kind()) {
      case NODE -> now.node(h.component()).drained();
      case VIP_ON_NODE ->
          now.node(h.component().substring(h.component().lastIndexOf('@') + 1)).drained();
      case RACK, ZONE -> {
        Place place = now.network().places().of(h);
        yield place != null && place.nodes.stream().allMatch(n -> now.node(n).drained());
      }
      default -> false;
    };
  }

  private static Health health(Evaluation now, Hypothesis h, FaultRule rule) {
    Place place = now.network().places().of(h);
    return place == null || !SharedFaults.have(h.faultClass())
        ? rule.health(now, h)
        : SharedFaults.health(now, place, rule);
  }

  /** When it was well again at the latest: healthy means that nothing was bad for so long. */
  private long healedNs(Open known, FaultRule rule) {
    long lookedBackNs = config.healthyFor().toNanos() - rule.healthyHold(config).toNanos();
    return known.healthySinceNs - Math.max(0, lookedBackNs);
  }

  /** What the topology no longer names will never be heard of again. */
  private void resolveGone(Evaluation now, List<Verdict> revisions) {
    Iterator<Map.Entry<String, Open>> all = open.entrySet().iterator();
    while (all.hasNext()) {
      Map.Entry<String, Open> e = all.next();
      if (!now.network().has(hypothesis(e.getValue().last))) {
        revisions.add(writer.gone(now, e.getValue().last));
        resolvedNs.put(e.getKey(), now.nowNs());
        all.remove();
      }
    }
  }

  private boolean coveredByOpen(Evaluation now, Hypothesis h) {
    return open.values().stream()
        .anyMatch(o -> Arbiter.covers(now.network(), hypothesis(o.last), h));
  }

  private static Hypothesis hypothesis(Verdict v) {
    FaultClass faultClass = FaultClass.fromCode(v.getFaultClass());
    if (faultClass == null) {
      throw new IllegalStateException(
          "fault class " + v.getFaultClass() + " of " + v.getFaultId() + " is unknown");
    }
    return new Hypothesis(faultClass, v.getComponentKind(), v.getComponent());
  }

  void write(DataOutput out) throws IOException {
    out.writeInt(pending.size());
    for (Map.Entry<String, Pending> e : pending.entrySet()) {
      out.writeUTF(e.getKey());
      out.writeLong(e.getValue().sinceNs);
    }
    out.writeInt(open.size());
    for (Open o : open.values()) {
      byte[] verdict = o.last.toByteArray();
      out.writeInt(verdict.length);
      out.write(verdict);
      out.writeLong(o.revisedNs);
      out.writeLong(o.healthySinceNs);
    }
    out.writeInt(resolvedNs.size());
    for (Map.Entry<String, Long> e : resolvedNs.entrySet()) {
      out.writeUTF(e.getKey());
      out.writeLong(e.getValue());
    }
  }

  void read(DataInput in) throws IOException {
    for (int n = in.readInt(); n > 0; n--) {
      Pending p = new Pending();
      String faultId = in.readUTF();
      p.sinceNs = in.readLong();
      pending.put(faultId, p);
    }
    for (int n = in.readInt(); n > 0; n--) {
      byte[] verdict = new byte[in.readInt()];
      in.readFully(verdict);
      Verdict last = Verdict.parseFrom(verdict);
      Open o = new Open(last, in.readLong());
      o.healthySinceNs = in.readLong();
      open.put(last.getFaultId(), o);
    }
    for (int n = in.readInt(); n > 0; n--) {
      String faultId = in.readUTF();
      resolvedNs.put(faultId, in.readLong());
    }
  }
}
