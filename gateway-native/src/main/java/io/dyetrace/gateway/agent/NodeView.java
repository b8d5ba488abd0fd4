package io.dyetrace.gateway.agent;

import io.dyetrace.common.record.DropCounters;
import io.dyetrace.common.record.NodeCounters;
import io.dyetrace.common.record.VipCounters;
import io.dyetrace.common.record.WorkerCounters;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import org.jspecify.annotations.Nullable;

/**
 * What is known of a node at the moment, for its metrics. Written by the draining thread, read by
 * those that answer scrapes. Counts are those of the newest gateway process.
 */
final class NodeView {
  /** One ring of the newest file. */
  record Ring(int ring, long used, long capacity, long lost, long inFlight) {}

  private record VipKey(String vip, int code) implements Comparable<VipKey> {
    @Override
    public int compareTo(VipKey other) {
      int byName = vip.compareTo(other.vip);
      return byName != 0 ? byName : Integer.compare(code, other.code);
    }
  }

  private final String node;
  private final Map<VipKey, VipCounters> vips = new ConcurrentSkipListMap<>();
  private final Map<VipKey, DropCounters> drops = new ConcurrentSkipListMap<>();
  private final Map<Integer, WorkerCounters> workers = new ConcurrentSkipListMap<>();
  private volatile @Nullable NodeCounters counters;
  private volatile List<Ring> rings = List.of();
  private volatile long bootId;
  private volatile boolean alive;
  private volatile long drainedUntilNs;
  private volatile int files;

  NodeView(String node) {
    this.node = node;
  }

  String node() {
    return node;
  }

  /** A gateway process was met. A newer one's counts start anew; an older one's are not shown. */
  boolean shows(long boot) {
    if (Long.compareUnsigned(boot, bootId) < 0) {
      return false;
    }
    if (boot != bootId) {
      bootId = boot;
      counters = null;
      vips.clear();
      drops.clear();
      workers.clear();
    }
    return true;
  }

  void update(NodeCounters now) {
    counters = now;
  }

  void update(VipCounters now) {
    vips.put(new VipKey(now.getVip(), now.getDirection()), now);
  }

  void update(DropCounters now) {
    drops.put(new VipKey(now.getVip(), now.getReason()), now);
  }

  void update(WorkerCounters now) {
    workers.put(now.getWorker(), now);
  }

  void update(List<Ring> ringsNow, int filesNow, boolean aliveNow, long drainedUntilNowNs) {
    rings = ringsNow;
    files = filesNow;
    alive = aliveNow;
    drainedUntilNs = drainedUntilNowNs;
  }

  @Nullable NodeCounters counters() {
    return counters;
  }

  Iterable<VipCounters> vips() {
    return vips.values();
  }

  Iterable<DropCounters> drops() {
    return drops.values();
  }

  Iterable<WorkerCounters> workers() {
    return workers.values();
  }

  List<Ring> rings() {
    return rings;
  }

  long bootId() {
    return bootId;
  }

  boolean alive() {
    return alive;
  }

  long drainedUntilNs() {
    return drainedUntilNs;
  }

  int files() {
    return files;
  }
}
