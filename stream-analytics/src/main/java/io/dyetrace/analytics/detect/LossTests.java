package io.dyetrace.analytics.detect;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The sequential tests of partial loss, fed with every probe once: on each stretch of its way
 * between two stamps it passed the components it met there, or was lost by one of them.
 *
 * <p>A loss counts once it is proven, see {@link LossProof}.
 */
final class LossTests {
  /** Stamps and a late answer come sooner after the result. */
  private static final long HOLD_NS = Samples.SECOND_NS;

  private static final int MOST_WAITING = 4096;
  private static final long MEMORY_NS = 2 * 3600 * Samples.SECOND_NS;
  private static final long HALF_LIFE_NS = 600 * Samples.SECOND_NS;

  private final Network network;
  private final LossProof proof;
  private final LossComponents components;
  private final LossPorts ports = new LossPorts();
  private final LossContest contest;
  private final ArrayDeque<ProbeTrace> due = new ArrayDeque<>();
  private List<ProbeTrace> waiting = new ArrayList<>();

  /** Lost over ports that nobody knows yet. */
  private List<ProbeTrace> unmapped = new ArrayList<>();

  private long nowNs;
  private long agedNs;
  private long mappedNs;

  LossTests(DetectorConfig config, Network network, LossProof proof) {
    this.network = network;
    this.proof = proof;
    this.components = new LossComponents(network);
    this.contest = new LossContest(config, network, components);
  }

  /** The result of a probe came for the first time. */
  void heard(ProbeTrace t) {
    t.heardNs = nowNs;
    due.addLast(t);
  }

  /** A probe that was thought lost was answered late. */
  void late(ProbeTrace t) {
    if (t.loss != null) {
      forget(t.loss);
      t.loss = null;
    }
  }

  private void forget(Loss loss) {
    loss.count(false);
    loss.tests().forEach(test -> test.forget(l -> l == loss));
  }

  /** Moves the time: what is due is counted. */
  void tick(long timeNs) {
    nowNs = timeNs;
    while (!due.isEmpty() && due.getFirst().heardNs <= nowNs - HOLD_NS) {
      settle(due.removeFirst());
    }
    waiting = proveAll(waiting);
    if (nowNs - mappedNs >= Samples.SECOND_NS) {
      mappedNs = nowNs;
      unmapped = proveAll(unmapped);
    }
  }

  /** Tries again; gives those that still have to wait. */
  private List<ProbeTrace> proveAll(List<ProbeTrace> some) {
    List<ProbeTrace> still = new ArrayList<>();
    for (ProbeTrace t : some) {
      t.counted = prove(t) || still.size() >= MOST_WAITING;
      if (!t.counted) {
        still.add(t);
      }
    }
    return still;
  }

  private void settle(ProbeTrace t) {
    boolean decided = true;
    if (!t.settling && !t.vip.isEmpty() && t.dropReason == 0) {
      switch (t.outcome) {
        case SYN_ACK, CHALLENGE_ACK, RST -> passed(t, network.way(t.vip));
        case TIMEOUT, ICMP_UNREACHABLE -> decided = prove(t);
        default -> {}
      }
    }
    t.counted = decided;
    if (!decided) {
      (t.unmapped ? unmapped : waiting).add(t);
    }
  }

  private void passed(ProbeTrace t, List<Leg> way) {
    passed(t, way, way.size() + 1);
  }

  /** It passed so many stretches, and the nodes between them. */
  private void passed(ProbeTrace t, List<Leg> way, int stretches) {
    for (int i = 0; i < stretches; i++) {
      components.meet(t, way, i, "", LossTest::passed);
      if (i > 0) {
        components.meetInside(t, way.get(i - 1), LossTest::passed);
      }
    }
    if (stretches > 0) {
      ports.passed(t);
    }
  }

  /** Counts a loss if it is proven; false when it has to wait for that. */
  private boolean prove(ProbeTrace t) {
    if (!LossProof.isLost(t)) {
      return true;
    }
    JudgedProbe p = proof.judge(t, nowNs);
    LossProof.State state = proof.of(p, nowNs);
    if (state == LossProof.State.PROVEN) {
      count(p);
    }
    t.unmapped = state == LossProof.State.UNMAPPED;
    return state == LossProof.State.PROVEN || state == LossProof.State.DISMISSED;
  }

  private void count(JudgedProbe p) {
    ProbeTrace t = p.trace();
    List<Leg> way = network.way(t.vip);
    int reached = way.size() - 1;
    while (reached >= 0 && !t.received(way.get(reached)) && !t.sent(way.get(reached))) {
      reached--;
    }
    Loss loss = Loss.of(p);
    t.loss = loss;
    List<LossTest> suspects = new ArrayList<>();
    // All it reached it passed, the node that stamped it last too unless it was lost inside.
    if (p.fate() == Fate.LOST_INSIDE) {
      for (int i = 0; i <= reached; i++) {
        components.meet(t, way, i, "", LossTest::passed);
      }
      components.meetInside(t, way.get(reached), suspects::add);
    } else {
      passed(t, way, reached + 1);
      components.meetInside(t, way.get(Math.max(0, reached)), LossTest::passed);
      String before = p.fate() == Fate.LOST_BEFORE ? p.node() : "";
      components.meet(t, way, reached + 1, before, suspects::add);
      if (reached < 0) {
        ports.lost(loss);
      }
    }
    enter(loss, suspects);
  }

  /** What somebody loses who stands accused says nothing of anybody else. */
  private void enter(Loss loss, List<LossTest> suspects) {
    boolean explained = suspects.stream().anyMatch(test -> test.accused);
    for (LossTest test : suspects) {
      if (test.accused || !explained) {
        test.lost(loss);
        loss.tests().add(test);
      }
    }
    loss.count(!explained);
    loss.tests().forEach(test -> contest.lost(test, nowNs));
  }

  /** Some component's sum is at its mark: it takes a look. */
  boolean isAlarming() {
    return contest.isAlarming(nowNs);
  }

  LossContest contest() {
    return contest;
  }

  @Nullable LossTest named(String component) {
    return components.named(component);
  }

  /** How many tests run, and what one errs at most, in words. */
  static String budget(DetectorConfig config, Network network) {
    return String.format(
        Locale.ROOT,
        "%d tests of partial loss, each wrong once in %.0e packets at most",
        LossComponents.count(network),
        LossContest.packetsPerFalseAlarm(config.verdicts().openNats()));
  }

  void expire() {
    long oldestNs = nowNs - MEMORY_NS;
    components.each(test -> test.expire(oldestNs));
    ports.expire(oldestNs);
    if (nowNs - agedNs >= HALF_LIFE_NS) {
      if (agedNs != 0) {
        components.age();
      }
      agedNs = nowNs;
    }
  }

  int size() {
    int[] losses = {due.size() + waiting.size() + unmapped.size() + ports.size()};
    components.each(test -> losses[0] += test.losses().size());
    return losses[0];
  }

  void write(DataOutput out) throws IOException {
    out.writeLong(agedNs);
    components.write(out);
  }

  void read(DataInput in) throws IOException {
    agedNs = in.readLong();
    components.read(in).stream().filter(Loss::isBeforeFirstStamp).forEach(ports::lost);
    components.each(contest::restore);
  }
}
