package io.dyetrace.gateway.telemetry;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.dyetrace.common.record.DropCounters;
import io.dyetrace.common.record.NodeActions;
import io.dyetrace.common.record.NodeCounters;
import io.dyetrace.common.record.NodeState;
import io.dyetrace.common.record.Point;
import io.dyetrace.common.record.ProbeKeyState;
import io.dyetrace.common.record.VipCounters;
import io.dyetrace.common.record.WorkerCounters;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A burst of records copied out of a ring, and their translation into the records of Kafka. Reused
 * from read to read.
 */
public final class RecordBurst {
  /** What a record is. */
  public enum Type {
    POINT,
    NODE_COUNTERS,
    VIP_COUNTERS,
    DROP_COUNTERS,
    WORKER_COUNTERS,
    /** What belongs to the node's counters that follow it. */
    NODE_ACTIONS,
    /** Of a kind this agent does not know. */
    UNKNOWN
  }

  private final ByteBuffer buffer;
  private int size;

  /** Makes room for so many records. */
  public RecordBurst(int capacity) {
    buffer =
        ByteBuffer.allocateDirect(capacity * RecordLayout.RECORD_BYTES)
            .order(ByteOrder.nativeOrder());
  }

  public int capacity() {
    return buffer.capacity() / RecordLayout.RECORD_BYTES;
  }

  public int size() {
    return size;
  }

  ByteBuffer buffer() {
    return buffer;
  }

  void size(int size) {
    this.size = size;
  }

  /** The record's number in its ring: 1, 2, 3 … */
  public long sequence(int index) {
    return buffer.getLong(at(index, RecordLayout.SEQUENCE));
  }

  public Type type(int index) {
    return switch (u8(index, RecordLayout.TYPE)) {
      case RecordLayout.TYPE_POINT -> Type.POINT;
      case RecordLayout.TYPE_NODE_COUNTERS -> Type.NODE_COUNTERS;
      case RecordLayout.TYPE_VIP_COUNTERS -> Type.VIP_COUNTERS;
      case RecordLayout.TYPE_DROP_COUNTERS -> Type.DROP_COUNTERS;
      case RecordLayout.TYPE_WORKER_COUNTERS -> Type.WORKER_COUNTERS;
      case RecordLayout.TYPE_NODE_ACTIONS -> Type.NODE_ACTIONS;
      default -> Type.UNKNOWN;
    };
  }

  /** Translates a point; the names come from the burst's file. */
  public Point point(int index, TelemetryFile file) throws TelemetryFileException {
    int flags = u8(index, RecordLayout.POINT_FLAGS);
    int addressBytes = (flags & RecordLayout.FLAG_IPV6) != 0 ? 16 : 4;
    ProbeKeyState keyState = ProbeKeyState.forNumber(u8(index, RecordLayout.POINT_KEY_STATE));
    return Point.newBuilder()
        .setTimeNs(u64(index, RecordLayout.TIME_NS))
        .setWorker(u16(index, RecordLayout.RING))
        .setRingSequence(sequence(index))
        .setTier(u8(index, RecordLayout.POINT_TIER))
        .setPoint(u8(index, RecordLayout.POINT_POINT))
        .setReason(u16(index, RecordLayout.POINT_REASON))
        .setDirection(u8(index, RecordLayout.POINT_DIRECTION))
        .setVip(file.vipName(i32(index, RecordLayout.POINT_VIP_SLOT)))
        .setBackend(file.backendName(i32(index, RecordLayout.POINT_BACKEND_SLOT)))
        .setSourceAddress(bytes(index, RecordLayout.POINT_SOURCE, addressBytes))
        .setDestinationAddress(bytes(index, RecordLayout.POINT_DESTINATION, addressBytes))
        .setSourcePort(u16(index, RecordLayout.POINT_SOURCE_PORT))
        .setDestinationPort(u16(index, RecordLayout.POINT_DESTINATION_PORT))
        .setProtocol(u8(index, RecordLayout.POINT_PROTOCOL))
        .setTcpFlags(u8(index, RecordLayout.POINT_TCP_FLAGS))
        .setPacketBytes(u16(index, RecordLayout.POINT_PACKET_BYTES))
        .setKeyState(keyState == null ? ProbeKeyState.KEY_UNKNOWN : keyState)
        .setProberId(u16(index, RecordLayout.POINT_PROBER_ID))
        .setProbeSequence(i32(index, RecordLayout.POINT_PROBE_SEQUENCE))
        .setReset((flags & RecordLayout.FLAG_RESET) != 0)
        .setDwellNs(u64(index, RecordLayout.POINT_DWELL_NS))
        .setSampleWeight(i32(index, RecordLayout.POINT_SAMPLE_WEIGHT))
        .build();
  }

  /** Translates a node's counters. */
  public NodeCounters node(int index) {
    NodeState state = NodeState.forNumber(i32(index, RecordLayout.NODE_STATE));
    return NodeCounters.newBuilder()
        .setTimeNs(u64(index, RecordLayout.TIME_NS))
        .setRingSequence(sequence(index))
        .setState(state == null ? NodeState.NODE_STATE_UNSPECIFIED : state)
        .setConfigVersion(i32(index, RecordLayout.NODE_CONFIG_VERSION))
        .setSessions(u64(index, RecordLayout.NODE_SESSIONS))
        .setSessionCapacity(u64(index, RecordLayout.NODE_SESSION_CAPACITY))
        .setMempoolUsed(u32(index, RecordLayout.NODE_MEMPOOL_USED))
        .setMempoolSize(u32(index, RecordLayout.NODE_MEMPOOL_SIZE))
        .setPointsLost(u64(index, RecordLayout.NODE_POINTS_LOST))
        .setRxMissed(u64(index, RecordLayout.NODE_RX_MISSED))
        .setRxPackets(u64(index, RecordLayout.NODE_RX_PACKETS))
        .setTxPackets(u64(index, RecordLayout.NODE_TX_PACKETS))
        .setColourVerified(u64(index, RecordLayout.NODE_COLOUR_VERIFIED))
        .setColourForged(u64(index, RecordLayout.NODE_COLOUR_FORGED))
        .setColourReplayed(u64(index, RecordLayout.NODE_COLOUR_REPLAYED))
        .setColourCapped(u64(index, RecordLayout.NODE_COLOUR_CAPPED))
        .setColourOtherEpoch(u64(index, RecordLayout.NODE_COLOUR_OTHER_EPOCH))
        .build();
  }

  /** When the record was written. */
  public long timeNs(int index) {
    return u64(index, RecordLayout.TIME_NS);
  }

  /** Translates what a node did beside passing packets on. */
  public NodeActions actions(int index) {
    return NodeActions.newBuilder()
        .setColourRecognised(u64(index, RecordLayout.ACTIONS_COLOUR_RECOGNISED))
        .setHandedOver(u64(index, RecordLayout.ACTIONS_HANDED_OVER))
        .setIcmpErrorsSent(u64(index, RecordLayout.ACTIONS_ICMP_ERRORS_SENT))
        .setPacketsMade(u64(index, RecordLayout.ACTIONS_PACKETS_MADE))
        .setPacketsConsumed(u64(index, RecordLayout.ACTIONS_PACKETS_CONSUMED))
        .setToaTold(u64(index, RecordLayout.ACTIONS_TOA_TOLD))
        .setToaLate(u64(index, RecordLayout.ACTIONS_TOA_LATE))
        .setToaUntold(u64(index, RecordLayout.ACTIONS_TOA_UNTOLD))
        .build();
  }

  /** Translates a VIP's counters. */
  public VipCounters vip(int index, TelemetryFile file) throws TelemetryFileException {
    return VipCounters.newBuilder()
        .setTimeNs(u64(index, RecordLayout.TIME_NS))
        .setRingSequence(sequence(index))
        .setVip(file.vipName(i32(index, RecordLayout.VIP_VIP_SLOT)))
        .setDirection(i32(index, RecordLayout.VIP_DIRECTION))
        .setPackets(u64(index, RecordLayout.VIP_PACKETS))
        .setBytes(u64(index, RecordLayout.VIP_BYTES))
        .setNewSessions(u64(index, RecordLayout.VIP_NEW_SESSIONS))
        .setSessions(u64(index, RecordLayout.VIP_SESSIONS))
        .build();
  }

  /** Translates the counters of a drop reason. */
  public DropCounters drop(int index, TelemetryFile file) throws TelemetryFileException {
    return DropCounters.newBuilder()
        .setTimeNs(u64(index, RecordLayout.TIME_NS))
        .setRingSequence(sequence(index))
        .setVip(file.vipName(i32(index, RecordLayout.DROP_VIP_SLOT)))
        .setReason(i32(index, RecordLayout.DROP_REASON))
        .setPackets(u64(index, RecordLayout.DROP_PACKETS))
        .setBytes(u64(index, RecordLayout.DROP_BYTES))
        .build();
  }

  /** Translates a worker's counters. */
  public WorkerCounters worker(int index) {
    return WorkerCounters.newBuilder()
        .setTimeNs(u64(index, RecordLayout.TIME_NS))
        .setRingSequence(sequence(index))
        .setWorker(i32(index, RecordLayout.WORKER_WORKER))
        .setLongestPollGapNs(u64(index, RecordLayout.WORKER_LONGEST_POLL_GAP_NS))
        .setRxPackets(u64(index, RecordLayout.WORKER_RX_PACKETS))
        .setTxPackets(u64(index, RecordLayout.WORKER_TX_PACKETS))
        .setRingUsed(i32(index, RecordLayout.WORKER_RING_USED))
        .setRingCapacity(i32(index, RecordLayout.WORKER_RING_CAPACITY))
        .setPointsWritten(u64(index, RecordLayout.WORKER_POINTS_WRITTEN))
        .setPointsLost(u64(index, RecordLayout.WORKER_POINTS_LOST))
        .build();
  }

  private int at(int index, int offset) {
    if (index < 0 || index >= size) {
      throw new IndexOutOfBoundsException("record " + index + " of " + size);
    }
    return index * RecordLayout.RECORD_BYTES + offset;
  }

  private int u8(int index, int offset) {
    return Byte.toUnsignedInt(buffer.get(at(index, offset)));
  }

  private int u16(int index, int offset) {
    return Short.toUnsignedInt(buffer.getShort(at(index, offset)));
  }

  private int i32(int index, int offset) {
    return buffer.getInt(at(index, offset));
  }

  private long u32(int index, int offset) {
    return Integer.toUnsignedLong(i32(index, offset));
  }

  private long u64(int index, int offset) {
    return buffer.getLong(at(index, offset));
  }

  private ByteString bytes(int index, int offset, int length) {
    byte[] copy = new byte[length];
    buffer.get(at(index, offset), copy);
    return UnsafeByteOperations.unsafeWrap(copy);
  }
}
