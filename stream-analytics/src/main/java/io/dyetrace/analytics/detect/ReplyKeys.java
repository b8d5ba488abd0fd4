package io.dyetrace.analytics.detect;

import com.google.protobuf.ByteString;
import io.dyetrace.analytics.flow.Flow;
import io.dyetrace.analytics.flow.Flows;
import io.dyetrace.analytics.flow.InFlight;
import io.dyetrace.common.record.Point;
import io.dyetrace.common.record.ProbeKeyState;
import io.dyetrace.common.record.ProbeResult;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Gives a stateless tier's reply points their probe's key, from the flow they share with the probe
 * in flight. A point that comes before its probe is known waits for it.
 */
final class ReplyKeys {
  /** A point with its key, and the node that stamped it. */
  record Keyed(String node, Point point) {}

  private final DetectorConfig.Timing config;
  private final Flows flows;
  // In the order of their first probe; the oldest are first enough to bound the number.
  private final Map<Flow, InFlight> inFlight = new LinkedHashMap<>();
  private final Map<Flow, List<Keyed>> waiting = new LinkedHashMap<>();

  ReplyKeys(DetectorConfig.Timing config, Flows flows) {
    this.config = config;
    this.flows = flows;
  }

  /** Learns a probe's flow from its result; returns the points that waited for it. */
  List<Keyed> accept(int proberId, ProbeResult result) {
    return flows.hasStatelessTier()
        ? sent(flows.of(result), result.getSentTimeNs(), proberId, result.getProbeSequence())
        : List.of();
  }

  /** Learns from a point, or gives it its key; returns every point whose key this tells. */
  List<Keyed> accept(String node, Point point) {
    if (flows.tellsKey(point)) {
      return sent(
          flows.of(point), point.getTimeNs(), point.getProberId(), point.getProbeSequence());
    }
    if (!flows.lacksKey(point)) {
      return List.of();
    }
    Flow flow = flows.of(point);
    InFlight probes = inFlight.get(flow);
    Point filled = probes == null ? point : probes.fill(point);
    if (filled.getKeyState() == ProbeKeyState.KEY_VERIFIED) {
      return List.of(new Keyed(node, filled));
    }
    waiting.computeIfAbsent(flow, k -> new ArrayList<>()).add(new Keyed(node, point));
    return List.of();
  }

  private List<Keyed> sent(Flow flow, long timeNs, int proberId, int sequence) {
    InFlight probes = inFlight.computeIfAbsent(flow, k -> new InFlight());
    probes.add(timeNs, proberId, sequence);
    List<Keyed> waited = waiting.remove(flow);
    if (waited == null) {
      return List.of();
    }
    List<Keyed> keyed = new ArrayList<>();
    for (Keyed w : waited) {
      Point filled = probes.fill(w.point());
      if (filled.getKeyState() == ProbeKeyState.KEY_VERIFIED) {
        keyed.add(new Keyed(w.node(), filled));
      } else {
        waiting.computeIfAbsent(flow, k -> new ArrayList<>()).add(w);
      }
    }
    return keyed;
  }

  int size() {
    return inFlight.values().stream().mapToInt(InFlight::size).sum()
        + waiting.values().stream().mapToInt(List::size).sum();
  }

  void expire(long nowNs) {
    inFlight.values().removeIf(probes -> probes.expire(nowNs - InFlight.RETENTION_NS));
    long oldestNs = nowNs - config.traceRetention().toNanos();
    waiting.values().forEach(all -> all.removeIf(k -> k.point().getTimeNs() < oldestNs));
    waiting.values().removeIf(List::isEmpty);
    bound(inFlight);
    bound(waiting);
  }

  private void bound(Map<Flow, ?> flowsHeld) {
    Iterator<Flow> oldest = flowsHeld.keySet().iterator();
    for (int n = flowsHeld.size(); n > config.maxTraces(); n--) {
      oldest.next();
      oldest.remove();
    }
  }

  void write(DataOutput out) throws IOException {
    out.writeInt(inFlight.size());
    for (Map.Entry<Flow, InFlight> e : inFlight.entrySet()) {
      write(out, e.getKey());
      out.writeInt(e.getValue().size());
      for (Map.Entry<Long, Long> probe : e.getValue().keys().entrySet()) {
        out.writeLong(probe.getKey());
        out.writeLong(probe.getValue());
      }
    }
    List<Keyed> all = waiting.values().stream().flatMap(List::stream).toList();
    out.writeInt(all.size());
    for (Keyed k : all) {
      out.writeUTF(k.node());
      byte[] point = k.point().toByteArray();
      out.writeInt(point.length);
      out.write(point);
    }
  }

  void read(DataInput in) throws IOException {
    for (int n = in.readInt(); n > 0; n--) {
      Flow flow = readFlow(in);
      Map<Long, Long> keys = new LinkedHashMap<>();
      for (int m = in.readInt(); m > 0; m--) {
        keys.put(in.readLong(), in.readLong());
      }
      inFlight.put(flow, InFlight.of(keys));
    }
    for (int n = in.readInt(); n > 0; n--) {
      String node = in.readUTF();
      byte[] bytes = new byte[in.readInt()];
      in.readFully(bytes);
      Point point = Point.parseFrom(bytes);
      waiting.computeIfAbsent(flows.of(point), k -> new ArrayList<>()).add(new Keyed(node, point));
    }
  }

  private static void write(DataOutput out, Flow flow) throws IOException {
    write(out, flow.proberAddress().toByteArray());
    out.writeInt(flow.proberPort());
    write(out, flow.vipAddress().toByteArray());
    out.writeInt(flow.vipPort());
  }

  private static void write(DataOutput out, byte[] address) throws IOException {
    out.writeInt(address.length);
    out.write(address);
  }

  private static Flow readFlow(DataInput in) throws IOException {
    return new Flow(readAddress(in), in.readInt(), readAddress(in), in.readInt());
  }

  private static ByteString readAddress(DataInput in) throws IOException {
    byte[] bytes = new byte[in.readInt()];
    in.readFully(bytes);
    return ByteString.copyFrom(bytes);
  }
}
