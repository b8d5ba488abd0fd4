package io.dyetrace.analytics.detect;

import io.dyetrace.common.record.ProbeOutcome;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;

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

  /** Sent while its prober was still settling after its start. */
  boolean settling;

  String rxNode = "";
  long rxNs;
  String txNode = "";
  String replyRxNode = "";
  String replyTxNode = "";
  String backend = "";
  String dropNode = "";
  int dropReason;
  long dropNs;

  /** Its RTT is in the baseline. */
  boolean learned;

  /** The first event time known of it: what its age is counted from. */
  long firstNs;

  ProbeTrace(int proberId, int sequence) {
    this.proberId = proberId;
    this.sequence = sequence;
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

  /** The node that stamped it first; empty when none did. */
  String stampedNode() {
    if (!rxNode.isEmpty()) {
      return rxNode;
    }
    if (!txNode.isEmpty()) {
      return txNode;
    }
    if (!dropNode.isEmpty()) {
      return dropNode;
    }
    return replyRxNode.isEmpty() ? replyTxNode : replyRxNode;
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
    out.writeUTF(rxNode);
    out.writeLong(rxNs);
    out.writeUTF(txNode);
    out.writeUTF(replyRxNode);
    out.writeUTF(replyTxNode);
    out.writeUTF(backend);
    out.writeUTF(dropNode);
    out.writeInt(dropReason);
    out.writeLong(dropNs);
    out.writeBoolean(learned);
    out.writeLong(firstNs);
  }

  static ProbeTrace read(DataInput in) throws IOException {
    ProbeTrace t = new ProbeTrace(in.readInt(), in.readInt());
    t.prober = in.readUTF();
    t.vip = in.readUTF();
    t.sourcePort = in.readInt();
    t.sentNs = in.readLong();
    ProbeOutcome outcome = ProbeOutcome.forNumber(in.readInt());
    t.outcome = outcome == null ? ProbeOutcome.UNRECOGNIZED : outcome;
    t.rttNs = in.readLong();
    t.settling = in.readBoolean();
    t.rxNode = in.readUTF();
    t.rxNs = in.readLong();
    t.txNode = in.readUTF();
    t.replyRxNode = in.readUTF();
    t.replyTxNode = in.readUTF();
    t.backend = in.readUTF();
    t.dropNode = in.readUTF();
    t.dropReason = in.readInt();
    t.dropNs = in.readLong();
    t.learned = in.readBoolean();
    t.firstNs = in.readLong();
    return t;
  }
}
