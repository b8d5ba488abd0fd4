package io.dyetrace.analytics.detect;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/**
 * Which node a (prober, VIP, source port) leads to, learned from stamps.
 *
 * <p>Routers keep a source port on its node for as long as the set of next hops does not change.
 * When several ports of a VIP turn up at other nodes in a short time, the set did change and
 * everything learned before is forgotten.
 */
final class PortMap {
  /** What a probe's way depends on. */
  private record Port(int proberId, String vip, int sourcePort) {}

  private record Learned(String node, long atNs) {}

  /** Ports of one VIP seen on another node than before. */
  private static final class Moves {
    long sinceNs;
    int count;
    long forgetBeforeNs = Long.MIN_VALUE;
  }

  private final DetectorConfig.Timing config;
  // In the order of the last confirmation, so that the oldest are first.
  private final LinkedHashMap<Port, Learned> nodes = new LinkedHashMap<>(64, 0.75f, false);
  private final Map<String, Moves> movesByVip = new TreeMap<>();

  PortMap(DetectorConfig.Timing config) {
    this.config = config;
  }

  void learn(int proberId, String vip, int sourcePort, String node, long atNs) {
    Port port = new Port(proberId, vip, sourcePort);
    Learned before = nodes.get(port);
    if (before != null && before.atNs > atNs) {
      return;
    }
    if (before != null && !before.node.equals(node)) {
      moved(vip, before, atNs);
    }
    nodes.remove(port);
    nodes.put(port, new Learned(node, atNs));
    if (nodes.size() > config.maxPorts()) {
      removeOldest();
    }
  }

  private void moved(String vip, Learned before, long atNs) {
    Moves moves = movesByVip.computeIfAbsent(vip, k -> new Moves());
    if (before.atNs < moves.forgetBeforeNs) {
      return;
    }
    if (atNs - moves.sinceNs > config.evidenceWindow().toNanos()) {
      moves.sinceNs = atNs;
      moves.count = 0;
    }
    moves.count++;
    if (moves.count >= config.portsMoved()) {
      moves.forgetBeforeNs = moves.sinceNs;
    }
  }

  /** The node the port leads to; empty when unknown. */
  String node(int proberId, String vip, int sourcePort) {
    Learned learned = nodes.get(new Port(proberId, vip, sourcePort));
    if (learned == null) {
      return "";
    }
    Moves moves = movesByVip.get(vip);
    return moves != null && learned.atNs < moves.forgetBeforeNs ? "" : learned.node;
  }

  int size() {
    return nodes.size();
  }

  void expire(long nowNs) {
    long oldest = nowNs - config.portMapRetention().toNanos();
    Iterator<Learned> all = nodes.values().iterator();
    while (all.hasNext() && all.next().atNs < oldest) {
      all.remove();
    }
  }

  private void removeOldest() {
    Iterator<Port> all = nodes.keySet().iterator();
    all.next();
    all.remove();
  }

  void write(DataOutput out) throws IOException {
    out.writeInt(nodes.size());
    for (Map.Entry<Port, Learned> e : nodes.entrySet()) {
      out.writeInt(e.getKey().proberId);
      out.writeUTF(e.getKey().vip);
      out.writeInt(e.getKey().sourcePort);
      out.writeUTF(e.getValue().node);
      out.writeLong(e.getValue().atNs);
    }
    out.writeInt(movesByVip.size());
    for (Map.Entry<String, Moves> e : movesByVip.entrySet()) {
      out.writeUTF(e.getKey());
      out.writeLong(e.getValue().sinceNs);
      out.writeInt(e.getValue().count);
      out.writeLong(e.getValue().forgetBeforeNs);
    }
  }

  void read(DataInput in) throws IOException {
    for (int n = in.readInt(); n > 0; n--) {
      Port port = new Port(in.readInt(), in.readUTF(), in.readInt());
      nodes.put(port, new Learned(in.readUTF(), in.readLong()));
    }
    for (int n = in.readInt(); n > 0; n--) {
      Moves moves = movesByVip.computeIfAbsent(in.readUTF(), k -> new Moves());
      moves.sinceNs = in.readLong();
      moves.count = in.readInt();
      moves.forgetBeforeNs = in.readLong();
    }
  }
}
