package io.dyetrace.gateway.telemetry;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * What ring_layout.h says, as Java reads it: sizes, and offsets from the start of a record. The
 * library is asked for its own values when it is loaded; a difference makes it unavailable.
 */
final class RecordLayout {
  static final int LAYOUT_VERSION = 1;
  static final int RECORD_BYTES = 128;
  static final int NAME_BYTES = 64;
  static final int MAX_NAMES = 4096;
  static final int MAX_RINGS = 65;
  static final int STATUS_BYTES = 40;

  // A record's header.
  static final int TIME_NS = 0;
  static final int SEQUENCE = 8;
  static final int RING = 16;
  static final int TYPE = 18;

  // struct dt_point.
  static final int POINT_TIER = 24;
  static final int POINT_POINT = 25;
  static final int POINT_DIRECTION = 26;
  static final int POINT_KEY_STATE = 27;
  static final int POINT_REASON = 28;
  static final int POINT_FLAGS = 30;
  static final int POINT_PROTOCOL = 31;
  static final int POINT_VIP_SLOT = 32;
  static final int POINT_BACKEND_SLOT = 36;
  static final int POINT_PROBE_SEQUENCE = 40;
  static final int POINT_PROBER_ID = 44;
  static final int POINT_PACKET_BYTES = 46;
  static final int POINT_DWELL_NS = 48;
  static final int POINT_SOURCE = 56;
  static final int POINT_DESTINATION = 72;
  static final int POINT_SOURCE_PORT = 88;
  static final int POINT_DESTINATION_PORT = 90;
  static final int POINT_TCP_FLAGS = 92;
  static final int POINT_SAMPLE_WEIGHT = 96;

  // struct dt_node_counters.
  static final int NODE_STATE = 24;
  static final int NODE_CONFIG_VERSION = 28;
  static final int NODE_SESSIONS = 32;
  static final int NODE_SESSION_CAPACITY = 40;
  static final int NODE_MEMPOOL_USED = 48;
  static final int NODE_MEMPOOL_SIZE = 52;
  static final int NODE_POINTS_LOST = 56;
  static final int NODE_RX_MISSED = 64;
  static final int NODE_RX_PACKETS = 72;
  static final int NODE_TX_PACKETS = 80;
  static final int NODE_COLOUR_VERIFIED = 88;
  static final int NODE_COLOUR_FORGED = 96;
  static final int NODE_COLOUR_REPLAYED = 104;
  static final int NODE_COLOUR_CAPPED = 112;
  static final int NODE_COLOUR_OTHER_EPOCH = 120;

  // struct dt_node_actions.
  static final int ACTIONS_COLOUR_RECOGNISED = 24;
  static final int ACTIONS_HANDED_OVER = 32;
  static final int ACTIONS_ICMP_ERRORS_SENT = 40;
  static final int ACTIONS_PACKETS_MADE = 48;
  static final int ACTIONS_PACKETS_CONSUMED = 56;
  static final int ACTIONS_TOA_TOLD = 64;
  static final int ACTIONS_TOA_LATE = 72;
  static final int ACTIONS_TOA_UNTOLD = 80;

  // struct dt_vip_counters.
  static final int VIP_VIP_SLOT = 24;
  static final int VIP_DIRECTION = 28;
  static final int VIP_PACKETS = 32;
  static final int VIP_BYTES = 40;
  static final int VIP_NEW_SESSIONS = 48;
  static final int VIP_SESSIONS = 56;

  // struct dt_drop_counters.
  static final int DROP_VIP_SLOT = 24;
  static final int DROP_REASON = 28;
  static final int DROP_PACKETS = 32;
  static final int DROP_BYTES = 40;

  // struct dt_worker_counters.
  static final int WORKER_WORKER = 24;
  static final int WORKER_RING_USED = 28;
  static final int WORKER_RING_CAPACITY = 32;
  static final int WORKER_LONGEST_POLL_GAP_NS = 40;
  static final int WORKER_RX_PACKETS = 48;
  static final int WORKER_TX_PACKETS = 56;
  static final int WORKER_POINTS_WRITTEN = 64;
  static final int WORKER_POINTS_LOST = 72;

  static final int TYPE_POINT = 1;
  static final int TYPE_NODE_COUNTERS = 2;
  static final int TYPE_VIP_COUNTERS = 3;
  static final int TYPE_DROP_COUNTERS = 4;
  static final int TYPE_WORKER_COUNTERS = 5;
  static final int TYPE_NODE_ACTIONS = 6;

  static final int FLAG_RESET = 0x01;
  static final int FLAG_IPV6 = 0x02;

  /** In the order of the library's table. */
  private static final int[] EXPECTED = {
    LAYOUT_VERSION,
    RECORD_BYTES,
    NAME_BYTES,
    MAX_NAMES,
    MAX_RINGS,
    STATUS_BYTES,
    TIME_NS,
    SEQUENCE,
    RING,
    TYPE,
    POINT_TIER,
    POINT_POINT,
    POINT_DIRECTION,
    POINT_KEY_STATE,
    POINT_REASON,
    POINT_FLAGS,
    POINT_PROTOCOL,
    POINT_VIP_SLOT,
    POINT_BACKEND_SLOT,
    POINT_PROBE_SEQUENCE,
    POINT_PROBER_ID,
    POINT_PACKET_BYTES,
    POINT_DWELL_NS,
    POINT_SOURCE,
    POINT_DESTINATION,
    POINT_SOURCE_PORT,
    POINT_DESTINATION_PORT,
    POINT_TCP_FLAGS,
    POINT_SAMPLE_WEIGHT,
    NODE_STATE,
    NODE_CONFIG_VERSION,
    NODE_SESSIONS,
    NODE_SESSION_CAPACITY,
    NODE_MEMPOOL_USED,
    NODE_MEMPOOL_SIZE,
    NODE_POINTS_LOST,
    NODE_RX_MISSED,
    NODE_RX_PACKETS,
    NODE_TX_PACKETS,
    NODE_COLOUR_VERIFIED,
    NODE_COLOUR_FORGED,
    NODE_COLOUR_REPLAYED,
    NODE_COLOUR_CAPPED,
    NODE_COLOUR_OTHER_EPOCH,
    ACTIONS_COLOUR_RECOGNISED,
    ACTIONS_HANDED_OVER,
    ACTIONS_ICMP_ERRORS_SENT,
    ACTIONS_PACKETS_MADE,
    ACTIONS_PACKETS_CONSUMED,
    ACTIONS_TOA_TOLD,
    ACTIONS_TOA_LATE,
    ACTIONS_TOA_UNTOLD,
    VIP_VIP_SLOT,
    VIP_DIRECTION,
    VIP_PACKETS,
    VIP_BYTES,
    VIP_NEW_SESSIONS,
    VIP_SESSIONS,
    DROP_VIP_SLOT,
    DROP_REASON,
    DROP_PACKETS,
    DROP_BYTES,
    WORKER_WORKER,
    WORKER_RING_USED,
    WORKER_RING_CAPACITY,
    WORKER_LONGEST_POLL_GAP_NS,
    WORKER_RX_PACKETS,
    WORKER_TX_PACKETS,
    WORKER_POINTS_WRITTEN,
    WORKER_POINTS_LOST,
  };

  private RecordLayout() {}

  /** Throws unless the library has the same layout. */
  static void check() {
    ByteBuffer buffer =
        ByteBuffer.allocateDirect(EXPECTED.length * Integer.BYTES).order(ByteOrder.nativeOrder());
    int count = TelemetryNative.layout(buffer);
    if (count != EXPECTED.length) {
      throw new IllegalStateException(
          "the library knows " + count + " layout values, this class " + EXPECTED.length);
    }
    for (int i = 0; i < count; i++) {
      int actual = buffer.getInt(i * Integer.BYTES);
      if (actual != EXPECTED[i]) {
        throw new IllegalStateException(
            "layout value " + i + " is " + actual + " in the library and " + EXPECTED[i] + " here");
      }
    }
  }
}
