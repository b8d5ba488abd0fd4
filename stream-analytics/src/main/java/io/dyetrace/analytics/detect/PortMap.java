package io.dyetrace.analytics.detect;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Which node a (prober, VIP, source port) leads to on each leg of the way, learned from stamps: the
 * router in front of each tier hashes the flow, or its tunnel's source port, which is itself a hash
 * of it.
 *
 * <p>Routers keep a source port on its node for as long as the set of next hops does not change.
 * When several ports of a VIP turn up at other nodes in a short time, the set did change and
 * everything learned before is forgotten.
 */
final class PortMap {
  /** What a probe's way depends on. */
  private record Port(int proberId, Way way, int sourcePort) {}

  /** Whose next hops change together. */
  private record Way(String vip, Leg leg) {}

  private record Learned(String node, long atNs) {}

  /** Ports of one VIP seen on another node of a tier than before. */
  private static final class Moves {
    long sinceNs;
    int count;
    long forgetBeforeNs = Long.MIN_VALUE;
  }

  private final DetectorConfig.Timing config;
  // In the order of the last confirmation, so that the oldest are first.
  private final LinkedHashMap<Port, Learned> nodes = new LinkedHashMap<>(64, 0.75f, false);
  private final Map<Way, Moves> movesByWay = new HashMap<>();

  PortMap(DetectorConfig.Timing config) {
    this.config = config;
  }

  void learn(int proberId, String vip, Leg leg, int sourcePort, String node, long atNs) {
    Port port = new Port(proberId, new Way(vip, leg), sourcePort);
    Learned before = nodes.get(port);
    if (before != null && before.atNs > atNs) {
      return;
    }
    if (before != null && !before.node.equals(node)) {
      moved(port.way, before, atNs);
    }
    nodes.remove(port);
    nodes.put(port, new Learned(node, atNs));
    if (nodes.size() > config.maxPorts()) {
      removeOldest();
    }
  }

  private void moved(Way way, Learned before, long atNs) {
    Moves moves = movesByWay.computeIfAbsent(way, k -> new Moves());
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
  String node(int proberId, String vip, Leg leg, int sourcePort) {
    Way way = new Way(vip, leg);
    Learned learned = nodes.get(new Port(proberId, way, sourcePort));
    if (learned == null) {
      return "";
    }
    Moves moves = movesByWay.get(way);
    return moves != null && learned.atNs < moves.forgetBeforeNs ? "" : learned.node;
  }

  /** The VIP's next hops changed after a time. */
  boolean changedSince(String vip, Leg leg, long atNs) {
    Moves moves = movesByWay.get(new Way(vip, leg));
    return moves != null && moves.forgetBeforeNs > atNs;
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
      write(out, e.getKey().way);
      out.writeInt(e.getKey().sourcePort);
      out.writeUTF(e.getValue().node);
      out.writeLong(e.getValue().atNs);
    }
    out.writeInt(movesByWay.size());
    for (Map.Entry<Way, Moves> e : movesByWay.entrySet()) {
      write(out, e.getKey());
      out.writeLong(e.getValue().sinceNs);
      out.writeInt(e.getValue().count);
      out.writeLong(e.getValue().forgetBeforeNs);
    }
  }

  void read(DataInput in, int version) throws IOException {
    for (int n = in.readInt(); n > 0; n--) {
      Port port = new Port(in.readInt(), readWay(in, version), in.readInt());
      nodes.put(port, new Learned(in.readUTF(), in.readLong()));
    }
    for (int n = in.readInt(); n > 0; n--) {
      Moves moves = movesByWay.computeIfAbsent(readWay(in, version), k -> new Moves());
      moves.sinceNs = in.readLong();
      moves.count = in.readInt();
      moves.forgetBeforeNs = in.readLong();
    }
  }

  private static void write(DataOutput out, Way way) throws IOException {
    out.writeUTF(way.vip);
    out.writeInt(way.leg.ordinal());
  }

  /** Before there was a tier of EIPs a way was a VIP. */
  private static Way readWay(DataInput in, int version) throws IOException {
    return new Way(in.readUTF(), version == 1 ? Leg.CLB_FORWARD : Leg.values()[in.readInt()]);
  }
}
