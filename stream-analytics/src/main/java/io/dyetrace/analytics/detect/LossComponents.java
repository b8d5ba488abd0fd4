package io.dyetrace.analytics.detect;

import io.dyetrace.common.registry.Tier;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Every component that may lose packets, and who of them a probe meets between two stamps. A
 * probe's way of n legs has n + 1 stretches: before the first stamp, between any two, and after the
 * last.
 */
final class LossComponents {
  private final Network network;
  // By name; each an array by side.
  private final Map<String, LossTest[]> nodes = new HashMap<>();
  private final Map<String, LossTest[]> probers = new HashMap<>();
  private final Map<String, LossTest[]> vips = new HashMap<>();
  private final Map<String, LossTest[]> hosts = new HashMap<>();
  private final Map<String, LossTest> byComponent = new HashMap<>();
  private final LossTest.Family[] families =
      new LossTest.Family[LossSide.COUNT * Tier.values().length];

  private String lastNode = "";
  private LossTest @Nullable [] lastTests;

  LossComponents(Network network) {
    this.network = network;
    for (int i = 0; i < families.length; i++) {
      families[i] = new LossTest.Family();
    }
    network.nodes().forEach(n -> nodes.put(n, new LossTest[LossSide.COUNT]));
    network.probers().forEach(p -> probers.put(p, new LossTest[LossSide.COUNT]));
    network.vips().forEach(v -> vips.put(v, new LossTest[LossSide.COUNT]));
    network.hosts().forEach(h -> hosts.put(h, new LossTest[LossSide.COUNT]));
  }

  /** How many tests there can be. */
  static int count(Network network) {
    return network.nodes().size() * LossSide.OF_NODE
        + 2 * network.probers().size()
        + network.vips().size()
        + network.hosts().size();
  }

  private Map<String, LossTest[]> of(LossSide side) {
    return switch (side) {
      case FROM_PROBER, TO_PROBER -> probers;
      case VIP -> vips;
      case HOST -> hosts;
      default -> nodes;
    };
  }

  /** A probe asks for the same node many times in a row, by the same name. */
  private LossTest @Nullable [] tests(LossSide side, String name) {
    if (side.ordinal() >= LossSide.OF_NODE) {
      return of(side).get(name);
    }
    if (!name.equals(lastNode)) {
      lastNode = name;
      lastTests = nodes.get(name);
    }
    return lastTests;
  }

  private void with(LossSide side, String name, Consumer<LossTest> then) {
    LossTest[] tests = tests(side, name);
    if (tests != null) {
      then.accept(test(tests, side, name));
    }
  }

  private LossTest test(LossTest[] tests, LossSide side, String name) {
    LossTest test = tests[side.ordinal()];
    if (test == null) {
      Tier tier = of(side) == nodes ? network.tierOf(name) : Tier.CLB;
      List<LossTest> parts = new ArrayList<>();
      side.parts(tier).forEach(part -> parts.add(test(tests, part, name)));
      int family = side.ordinal() * Tier.values().length + tier.ordinal();
      test = new LossTest(side, name, families[family], parts);
      tests[side.ordinal()] = test;
      byComponent.put(side.component(name, network), test);
    }
    return test;
  }

  /** The test of a component by the name that verdicts give it. */
  @Nullable LossTest named(String component) {
    return byComponent.get(component);
  }

  /** Where it was stamped on a leg. */
  private static String nodeOn(ProbeTrace t, Leg leg) {
    String rx = t.rxNode(leg);
    return rx.isEmpty() ? t.txNode(leg) : rx;
  }

  /**
   * Whom the probe met on a stretch of its way.
   *
   * @param before the node it was lost before; empty when it passed
   */
  void meet(ProbeTrace t, List<Leg> way, int stretch, String before, Consumer<LossTest> then) {
    Leg from = stretch == 0 ? null : way.get(stretch - 1);
    Leg to = stretch == way.size() ? null : way.get(stretch);
    String last = from == null ? "" : nodeOn(t, from);
    String next = to == null ? "" : before.isEmpty() ? nodeOn(t, to) : before;
    if (from == null) {
      with(LossSide.FROM_PROBER, t.prober, then);
      with(LossSide.VIP, t.vip, then);
    } else if (to != null && from.tier() == to.tier()) {
      turn(t, last, next, then);
      return;
    } else {
      with(from.isForward() ? LossSide.FORWARD_OUT : LossSide.REPLY_OUT, last, then);
      with(from.isForward() ? LossSide.INNER : LossSide.OUTER, last, then);
    }
    if (to == null) {
      with(LossSide.TO_PROBER, t.prober, then);
      return;
    }
    with(to.isForward() ? LossSide.FORWARD_IN : LossSide.REPLY_IN, next, then);
    with(to.isForward() ? LossSide.OUTER : LossSide.INNER, next, then);
    if (to.isForward() && t.padded) {
      with(LossSide.PADDED, next, then);
    }
  }

  /** To the backend and back: a stateful tier's reply comes back to the same node. */
  private void turn(ProbeTrace t, String last, String next, Consumer<LossTest> then) {
    if (last.equals(next) || next.isEmpty()) {
      with(LossSide.INNER, last, then);
    } else {
      with(LossSide.FORWARD_OUT, last, then);
      with(LossSide.REPLY_IN, next, then);
    }
    with(LossSide.HOST, network.hostOf(t.backend), then);
  }

  /** The node that stamped it on a leg, between its two stamps. */
  void meetInside(ProbeTrace t, Leg leg, Consumer<LossTest> then) {
    with(LossSide.INSIDE, nodeOn(t, leg), then);
  }

  void each(Consumer<LossTest> then) {
    byComponent.values().forEach(then);
  }

  void age() {
    for (LossTest.Family f : families) {
      f.crossed /= 2;
      f.lost /= 2;
    }
    each(LossTest::age);
  }

  void write(DataOutput out) throws IOException {
    Map<Loss, Integer> numbers = new IdentityHashMap<>();
    List<Loss> losses = new ArrayList<>();
    Map<String, LossTest> sorted = new TreeMap<>(byComponent);
    for (LossTest test : sorted.values()) {
      for (Loss loss : test.losses()) {
        if (numbers.putIfAbsent(loss, losses.size()) == null) {
          losses.add(loss);
        }
      }
    }
    out.writeInt(losses.size());
    for (Loss loss : losses) {
      loss.write(out);
    }
    out.writeInt(families.length);
    for (LossTest.Family f : families) {
      out.writeDouble(f.crossed);
      out.writeDouble(f.lost);
    }
    out.writeInt(sorted.size());
    for (LossTest test : sorted.values()) {
      out.writeInt(test.side.ordinal());
      out.writeUTF(test.name);
      test.write(out, numbers);
    }
  }

  /** Reads it, and gives every loss there is; what the topology no longer names is forgotten. */
  List<Loss> read(DataInput in) throws IOException {
    List<Loss> losses = new ArrayList<>();
    for (int n = in.readInt(); n > 0; n--) {
      losses.add(Loss.read(in));
    }
    for (int i = 0, n = in.readInt(); i < n; i++) {
      LossTest.Family f = i < families.length ? families[i] : new LossTest.Family();
      f.crossed = in.readDouble();
      f.lost = in.readDouble();
    }
    for (int n = in.readInt(); n > 0; n--) {
      LossSide side = LossSide.values()[in.readInt()];
      String name = in.readUTF();
      LossTest[] tests = of(side).get(name);
      LossTest test =
          tests == null
              ? new LossTest(side, name, new LossTest.Family(), List.of())
              : test(tests, side, name);
      test.read(in, losses, tests != null);
    }
    losses.removeIf(l -> l.tests().isEmpty());
    return losses;
  }
}
