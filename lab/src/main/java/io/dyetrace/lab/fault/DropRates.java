package io.dyetrace.lab.fault;

import io.dyetrace.common.registry.DropReason;
import io.dyetrace.lab.Lab;
import io.dyetrace.lab.plan.Host;
import io.dyetrace.lab.system.ControlSocket;
import io.dyetrace.lab.system.Pause;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;

/** How fast each of some gateway nodes drops packets, from two readings of a count. */
final class DropRates {
  private final List<LongSupplier> counts;
  private List<Long> before = List.of();
  private long beforeNs;

  DropRates(List<LongSupplier> counts) {
    this.counts = List.copyOf(counts);
  }

  /** Of what these nodes drop for one reason. */
  static DropRates of(Lab lab, List<Host> nodes, DropReason reason) {
    List<LongSupplier> counts = new ArrayList<>();
    for (Host node : nodes) {
      DropCounts drops = new DropCounts(new ControlSocket(lab.paths().controlSocket(node)));
      counts.add(() -> drops.of(reason));
    }
    return new DropRates(counts);
  }

  /** The first reading. */
  void begin(long nowNs) {
    before = read();
    beforeNs = nowNs;
  }

  /** Drops a second of each node since the last reading, which this one replaces. */
  List<Double> perSecond(long nowNs) {
    List<Long> last = before;
    double seconds = (nowNs - beforeNs) / 1e9;
    begin(nowNs);
    List<Double> rates = new ArrayList<>();
    for (int i = 0; i < before.size(); i++) {
      rates.add((before.get(i) - last.get(i)) / seconds);
    }
    return rates;
  }

  /** Whether no node drops any more. */
  boolean atRest() {
    List<Long> first = read();
    Pause.seconds(0.5);
    return read().equals(first);
  }

  /** For a sentence: whole numbers. */
  static List<String> rounded(List<Double> rates) {
    return rates.stream().map(r -> String.format("%.0f", r)).toList();
  }

  private List<Long> read() {
    return counts.stream().map(LongSupplier::getAsLong).toList();
  }
}
