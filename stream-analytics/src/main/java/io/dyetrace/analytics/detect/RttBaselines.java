package io.dyetrace.analytics.detect;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/**
 * What round trip is normal between a prober and a node: a slowly moving average of the medians of
 * 16 probes.
 *
 * <p>Until the first 16 are there, what has come so far must do (its median); before the first, the
 * baseline is unknown and only the absolute threshold counts. A median that is itself delayed moves
 * the average 20 times slower, so a jitter of minutes does not become normal and a longer route
 * does within a few thousand probes.
 */
final class RttBaselines {
  private static final int BLOCK = 16;
  private static final double WEIGHT = 0.2;
  private static final double WEIGHT_DELAYED = 0.01;

  private static final class Baseline {
    double medianNs;
    final long[] block = new long[BLOCK];
    int filled;
  }

  private final DetectorConfig.Jitter config;
  private final TreeMap<String, Baseline> byPair = new TreeMap<>();

  RttBaselines(DetectorConfig.Jitter config) {
    this.config = config;
  }

  void learn(String prober, String node, long rttNs) {
    Baseline b = byPair.computeIfAbsent(pair(prober, node), k -> new Baseline());
    b.block[b.filled++] = rttNs;
    if (b.filled < BLOCK) {
      return;
    }
    double median = median(b.block, BLOCK);
    b.filled = 0;
    if (b.medianNs == 0) {
      b.medianNs = median;
    } else {
      b.medianNs += (delayed(median, b.medianNs) ? WEIGHT_DELAYED : WEIGHT) * (median - b.medianNs);
    }
  }

  /** The normal round trip; 0 when unknown. */
  double baselineNs(String prober, String node) {
    Baseline b = byPair.get(pair(prober, node));
    if (b == null) {
      return 0;
    }
    return b.medianNs != 0 || b.filled == 0 ? b.medianNs : median(b.block, b.filled);
  }

  /** Some node has answered the prober before. */
  boolean knows(String prober) {
    String first = byPair.ceilingKey(prober + ">");
    return first != null && first.startsWith(prober + ">");
  }

  boolean delayed(double rttNs, double baselineNs) {
    return rttNs - baselineNs >= config.delay().toNanos()
        && rttNs >= config.delayFactor() * baselineNs;
  }

  private static double median(long[] values, int count) {
    long[] sorted = Arrays.copyOf(values, count);
    Arrays.sort(sorted);
    return sorted[(count - 1) / 2];
  }

  private static String pair(String prober, String node) {
    return prober + ">" + node;
  }

  void write(DataOutput out) throws IOException {
    out.writeInt(byPair.size());
    for (Map.Entry<String, Baseline> e : byPair.entrySet()) {
      out.writeUTF(e.getKey());
      out.writeDouble(e.getValue().medianNs);
      out.writeInt(e.getValue().filled);
      for (int i = 0; i < e.getValue().filled; i++) {
        out.writeLong(e.getValue().block[i]);
      }
    }
  }

  void read(DataInput in) throws IOException {
    for (int n = in.readInt(); n > 0; n--) {
      Baseline b = byPair.computeIfAbsent(in.readUTF(), k -> new Baseline());
      b.medianNs = in.readDouble();
      b.filled = in.readInt();
      for (int i = 0; i < b.filled; i++) {
        b.block[i] = in.readLong();
      }
    }
  }
}
