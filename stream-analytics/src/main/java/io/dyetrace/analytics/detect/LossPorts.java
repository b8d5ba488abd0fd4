package io.dyetrace.analytics.detect;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Source ports that a probe was lost over before its first stamp, and whether others passed since:
 * a bucket of a router that is broken loses the same ports always, a link any now and then.
 */
final class LossPorts {
  private final Map<Long, List<Loss>> byPort = new HashMap<>();

  static long key(int proberId, String vip, int sourcePort) {
    return ((long) vip.hashCode() << 32) ^ ((long) proberId << 16) ^ sourcePort;
  }

  void lost(Loss loss) {
    byPort.computeIfAbsent(loss.port(), k -> new ArrayList<>(1)).add(loss);
  }

  void passed(ProbeTrace t) {
    if (!byPort.isEmpty()) {
      List<Loss> before = byPort.get(key(t.proberId, t.vip, t.sourcePort));
      if (before != null) {
        before.forEach(Loss::passedAgain);
      }
    }
  }

  void expire(long oldestNs) {
    byPort.values().forEach(all -> all.removeIf(l -> l.sentNs() < oldestNs));
    byPort.values().removeIf(List::isEmpty);
  }

  int size() {
    return byPort.size();
  }
}
