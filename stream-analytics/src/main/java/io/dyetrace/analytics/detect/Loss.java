package io.dyetrace.analytics.detect;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** A probe that was lost between two stamps, and the components that may have done it. */
final class Loss {
  private final int proberId;
  private final int sequence;
  private final String prober;
  private final String vip;
  private final String node;
  private final int sourcePort;
  private final long sentNs;
  private final Fate fate;
  private final Leg leg;
  private final boolean first;
  private final List<LossTest> tests = new ArrayList<>();

  /** Whether it counts among what is usual. */
  private boolean usual;

  /** Probes that passed since where this one was lost, over the same source port. */
  private int passedSince;

  private Loss(
      int proberId,
      int sequence,
      String prober,
      String vip,
      String node,
      int sourcePort,
      long sentNs,
      Fate fate,
      Leg leg,
      boolean first) {
    this.proberId = proberId;
    this.sequence = sequence;
    this.prober = prober;
    this.vip = vip;
    this.node = node;
    this.sourcePort = sourcePort;
    this.sentNs = sentNs;
    this.fate = fate;
    this.leg = leg;
    this.first = first;
  }

  static Loss of(JudgedProbe p) {
    ProbeTrace t = p.trace();
    Hop hop = p.hops().get(p.at());
    return new Loss(
        t.proberId,
        t.sequence,
        t.prober,
        t.vip,
        hop.node(),
        t.sourcePort,
        t.timeNs(),
        p.fate(),
        hop.leg(),
        !p.stamped());
  }

  /** As a verdict needs it. */
  JudgedProbe probe() {
    ProbeTrace t = new ProbeTrace(proberId, sequence);
    t.prober = prober;
    t.vip = vip;
    t.sourcePort = sourcePort;
    t.sentNs = sentNs;
    return new JudgedProbe(t, fate, List.of(new Hop(leg, node, false)), 0);
  }

  long sentNs() {
    return sentNs;
  }

  List<LossTest> tests() {
    return tests;
  }

  /** No node stamped it. */
  boolean isBeforeFirstStamp() {
    return fate == Fate.LOST_BEFORE && first;
  }

  /** Of all that was lost before the first stamp: which of the router's buckets it was in. */
  long port() {
    return LossPorts.key(proberId, vip, sourcePort);
  }

  int passedSince() {
    return passedSince;
  }

  void passedAgain() {
    passedSince++;
  }

  /** Counts it among what is usual, or no longer. */
  void count(boolean asUsual) {
    if (usual != asUsual) {
      usual = asUsual;
      tests.forEach(t -> t.usually(asUsual ? 1 : -1));
    }
  }

  void write(DataOutput out) throws IOException {
    out.writeInt(proberId);
    out.writeInt(sequence);
    out.writeUTF(prober);
    out.writeUTF(vip);
    out.writeUTF(node);
    out.writeInt(sourcePort);
    out.writeLong(sentNs);
    out.writeInt(fate.ordinal());
    out.writeInt(leg.ordinal());
    out.writeBoolean(first);
    out.writeBoolean(usual);
    out.writeInt(passedSince);
  }

  static Loss read(DataInput in) throws IOException {
    Loss loss =
        new Loss(
            in.readInt(),
            in.readInt(),
            in.readUTF(),
            in.readUTF(),
            in.readUTF(),
            in.readInt(),
            in.readLong(),
            Fate.values()[in.readInt()],
            Leg.values()[in.readInt()],
            in.readBoolean());
    loss.usual = in.readBoolean();
    loss.passedSince = in.readInt();
    return loss;
  }
}
