package io.dyetrace.analytics.detect;

import io.dyetrace.common.record.ProbeOutcome;
import io.dyetrace.common.registry.Tier;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * One probe on its way: its result and the stamps it left. Fields are empty or 0 until they are
 * known.
 */
final class ProbeTrace {
  final int proberId;
  final int sequence;

  String prober = "";
  String vip = "";
  int sourcePort;
  long sentNs;
  ProbeOutcome outcome = ProbeOutcome.PROBE_OUTCOME_UNSPECIFIED;
  long rttNs;

  /** Larger than a SYN needs to be. */
  boolean padded;

  /** When its result was heard; whether the tests of partial loss have it; and as what. */
  long heardNs;

  boolean counted;
  boolean unmapped;
  @Nullable Loss loss;

  /** Sent while its prober was still settling after its start. */
  boolean settling;

  /** By {@link Leg}: the node that received it, and the one that sent it on. */
  private final String[] rxNodes = empty();

  private final String[] txNodes = empty();

  String backend = "";
  String dropNode = "";
  int dropReason;
  long dropNs;

  /** The leg it was dropped on; null while it is not. */
  @Nullable Leg dropLeg;

  /** Its RTT is in the baseline, by tier. */
  private final boolean[] learned = new boolean[Tier.values().length];

  /** What became of it, once nothing can change that; null before. */
  @Nullable JudgedProbe judged;

  /** The first event time known of it: what its age is counted from. */
  long firstNs;

  ProbeTrace(int proberId, int sequence) {
    this.proberId = proberId;
    this.sequence = sequence;
  }

  private static String[] empty() {
    String[] nodes = new String[Leg.COUNT];
    Arrays.fill(nodes, "");
    return nodes;
  }

  static long key(int proberId, int sequence) {
    return ((long) proberId << 32) | Integer.toUnsignedLong(sequence);
  }

  long key() {
    return key(proberId, sequence);
  }

  boolean hasResult() {
    return outcome != ProbeOutcome.PROBE_OUTCOME_UNSPECIFIED;
  }

  /** When it was sent; by its first stamp while the result is not there yet. */
  long timeNs() {
    return sentNs != 0 ? sentNs : firstNs;
  }

  void received(Leg leg, String node) {
    rxNodes[leg.ordinal()] = node;
  }

  void sent(Leg leg, String node) {
    txNodes[leg.ordinal()] = node;
  }

  String rxNode(Leg leg) {
    return rxNodes[leg.ordinal()];
  }

  String txNode(Leg leg) {
    return txNodes[leg.ordinal()];
  }

  boolean received(Leg leg) {
    return !rxNodes[leg.ordinal()].isEmpty();
  }

  boolean sent(Leg leg) {
    return !txNodes[leg.ordinal()].isEmpty();
  }

  /** The node has stamped it on some leg. */
  boolean met(String node) {
    for (int leg = 0; leg < Leg.COUNT; leg++) {
      if (rxNodes[leg].equals(node) || txNodes[leg].equals(node)) {
        return true;
      }
    }
    return dropNode.equals(node);
  }

  /** Remembers that the tier's baseline has it; false when it did already. */
  boolean learn(Tier tier) {
    boolean first = !learned[tier.ordinal()];
    learned[tier.ordinal()] = true;
    return first;
  }

  /** The node that stamped it first on a hop; empty when none did. */
  String stampedNode(Leg hop) {
    String forward = stampedOn(hop);
    return forward.isEmpty() && hop == Leg.CLB_FORWARD ? repliedOn(Leg.CLB_REPLY) : forward;
  }

  private String stampedOn(Leg leg) {
    String rx = rxNodes[leg.ordinal()];
    if (!rx.isEmpty()) {
      return rx;
    }
    String tx = txNodes[leg.ordinal()];
    if (!tx.isEmpty()) {
      return tx;
    }
    return dropLeg != null && dropLeg.mapped() == leg ? dropNode : "";
  }

  private String repliedOn(Leg leg) {
    String rx = rxNodes[leg.ordinal()];
    return rx.isEmpty() ? txNodes[leg.ordinal()] : rx;
  }

  void write(DataOutput out) throws IOException {
    out.writeInt(proberId);
    out.writeInt(sequence);
    out.writeUTF(prober);
    out.writeUTF(vip);
    out.writeInt(sourcePort);
    out.writeLong(sentNs);
    out.writeInt(outcome == ProbeOutcome.UNRECOGNIZED ? -1 : outcome.getNumber());
    out.writeLong(rttNs);
    out.writeBoolean(settling);
    for (Leg leg : Leg.values()) {
      out.writeUTF(rxNodes[leg.ordinal()]);
      out.writeUTF(txNodes[leg.ordinal()]);
    }
    out.writeUTF(backend);
    out.writeUTF(dropNode);
    out.writeInt(dropReason);
    out.writeLong(dropNs);
    out.writeInt(dropLeg == null ? -1 : dropLeg.ordinal());
    for (boolean tier : learned) {
      out.writeBoolean(tier);
    }
    out.writeLong(firstNs);
    out.writeBoolean(padded);
    out.writeBoolean(counted);
  }

  static ProbeTrace read(DataInput in, int version) throws IOException {
    ProbeTrace t = new ProbeTrace(in.readInt(), in.readInt());
    t.prober = in.readUTF();
    t.vip = in.readUTF();
    t.sourcePort = in.readInt();
    t.sentNs = in.readLong();
    ProbeOutcome outcome = ProbeOutcome.forNumber(in.readInt());
    t.outcome = outcome == null ? ProbeOutcome.UNRECOGNIZED : outcome;
    t.rttNs = in.readLong();
    t.settling = in.readBoolean();
    if (version == 1) {
      t.readOneTier(in);
    } else {
      for (Leg leg : Leg.values()) {
        t.rxNodes[leg.ordinal()] = in.readUTF();
        t.txNodes[leg.ordinal()] = in.readUTF();
      }
    }
    t.backend = in.readUTF();
    t.dropNode = in.readUTF();
    t.dropReason = in.readInt();
    t.dropNs = in.readLong();
    if (version == 1) {
      t.dropLeg = t.dropReason == 0 ? null : Leg.CLB_FORWARD;
      t.learned[Tier.CLB.ordinal()] = in.readBoolean();
    } else {
      int leg = in.readInt();
      t.dropLeg = leg < 0 ? null : Leg.values()[leg];
      for (Tier tier : Tier.values()) {
        t.learned[tier.ordinal()] = in.readBoolean();
      }
    }
    t.firstNs = in.readLong();
    t.padded = version > 3 && in.readBoolean();
    t.counted = version <= 3 || in.readBoolean();
    return t;
  }

  /** Before there was a tier of EIPs. */
  private void readOneTier(DataInput in) throws IOException {
    received(Leg.CLB_FORWARD, in.readUTF());
    in.readLong();
    sent(Leg.CLB_FORWARD, in.readUTF());
    received(Leg.CLB_REPLY, in.readUTF());
    sent(Leg.CLB_REPLY, in.readUTF());
  }
}
