// Generated from common/src/main/registry/drop_reasons.tsv by 'make registry'.
package io.dyetrace.common.registry;

import org.jspecify.annotations.Nullable;

/** Why a packet died in the gateway. Codes never change meaning. */
public enum DropReason {
  /** Not dropped: a trace point. */
  NONE(0, "-", null, "not dropped: a trace point"),
  /** The Ethernet header is cut short or its type is unknown. */
  MALFORMED_ETHERNET(
      1, "packet", "unknown_l2", "the Ethernet header is cut short or its type is unknown"),
  /** The IP header is cut short or contradicts itself. */
  MALFORMED_IP(
      2, "packet", "ip_header_corrupted", "the IP header is cut short or contradicts itself"),
  /** The TCP header or its options are cut short or contradict themselves. */
  MALFORMED_TCP(
      3,
      "packet",
      "tcp_parsing",
      "the TCP header or its options are cut short or contradict themselves"),
  /** The UDP header is cut short or contradicts the IP length. */
  MALFORMED_UDP(
      4, "packet", "udp_parsing", "the UDP header is cut short or contradicts the IP length"),
  /** The GRE header is cut short or of an unknown version. */
  MALFORMED_GRE(5, "packet", "gre_parsing", "the GRE header is cut short or of an unknown version"),
  /** The QUIC header is cut short. */
  MALFORMED_QUIC(6, "packet", "unknown_parsing", "the QUIC header is cut short"),
  /** The IP or transport checksum is wrong. */
  BAD_CHECKSUM(7, "packet", "skb_csum", "the IP or transport checksum is wrong"),
  /** An IP fragment that the tier does not carry. */
  FRAGMENT_UNSUPPORTED(8, "packet", null, "an IP fragment that the tier does not carry"),
  /** The TTL or hop limit ran out here. */
  TTL_EXCEEDED(9, "packet", "ttl_exceeded", "the TTL or hop limit ran out here"),
  /** The packet is larger than the next hop takes. */
  MTU_EXCEEDED(10, "packet", "pkt_too_big", "the packet is larger than the next hop takes"),
  /** Neither addressed to the gateway nor to anything it serves. */
  NOT_FOR_US(
      11,
      "config",
      "non_routable_packet",
      "neither addressed to the gateway nor to anything it serves"),
  /** No VIP has this address, protocol and port. */
  NO_VIP(12, "config", "dst_host_unknown", "no VIP has this address, protocol and port"),
  /** The VIP is configured but disabled. */
  VIP_DISABLED(13, "config", "comm_admin_prohibited", "the VIP is configured but disabled"),
  /** The VIP does not serve this protocol. */
  PROTOCOL_UNSUPPORTED(
      14, "config", "protocol_unreachable", "the VIP does not serve this protocol"),
  /** A TCP packet other than a SYN without a session. */
  NON_SYN_NO_SESSION(15, "config", "unknown_l4", "a TCP packet other than a SYN without a session"),
  /** No room for another session. */
  SESSION_TABLE_FULL(16, "limit", "no_buffer_space", "no room for another session"),
  /** The VIP holds as many sessions as it may. */
  VIP_SESSION_LIMIT(17, "limit", "traffic_shaping", "the VIP holds as many sessions as it may"),
  /** The node holds as many flows as it may, of all VIPs together. */
  FLOW_LIMIT(
      18,
      "limit",
      "traffic_shaping",
      "the node holds as many flows as it may, of all VIPs together"),
  /** The VIP is over its packets per second. */
  PACKET_RATE_LIMIT(19, "limit", "traffic_shaping", "the VIP is over its packets per second"),
  /** The VIP is over its bits per second. */
  BIT_RATE_LIMIT(20, "limit", "traffic_shaping", "the VIP is over its bits per second"),
  /** The VIP is over its new connections per second. */
  NEW_CONNECTION_LIMIT(
      21, "limit", "traffic_shaping", "the VIP is over its new connections per second"),
  /** The source is blacklisted. */
  BLACKLISTED(22, "limit", "acl", "the source is blacklisted"),
  /** The VIP has no backend. */
  NO_BACKEND(23, "config", "host_unreachable", "the VIP has no backend"),
  /** The VIP has backends and none is up. */
  NO_HEALTHY_BACKEND(24, "backend", "host_unreachable", "the VIP has backends and none is up"),
  /** The QUIC connection id names no known server. */
  QUIC_UNKNOWN_SERVER(
      25, "backend", "dst_host_unknown", "the QUIC connection id names no known server"),
  /** No local port is free towards this backend. */
  PORT_POOL_EXHAUSTED(26, "limit", "no_buffer_space", "no local port is free towards this backend"),
  /** The translation could not be made. */
  NAT_FAIL(27, "box", null, "the translation could not be made"),
  /** The packet could not be encapsulated. */
  TUNNEL_ENCAP_FAIL(28, "tunnel", "unknown_tunnel", "the packet could not be encapsulated"),
  /** The packet could not be decapsulated. */
  TUNNEL_DECAP_FAIL(29, "tunnel", "decap_error", "the packet could not be decapsulated"),
  /** No tunnel has this endpoint or key. */
  TUNNEL_UNKNOWN(30, "tunnel", "unknown_tunnel", "no tunnel has this endpoint or key"),
  /** No room in the buffer for another header. */
  NO_HEADROOM(31, "box", "no_buffer_space", "no room in the buffer for another header"),
  /** The next hop did not answer ARP or neighbour discovery. */
  NO_NEIGHBOUR(
      32, "config", "unresolved_neigh", "the next hop did not answer ARP or neighbour discovery"),
  /** The worker that owns the flow is behind. */
  HANDOFF_RING_FULL(33, "box", "no_buffer_space", "the worker that owns the flow is behind"),
  /** No packet buffer was free. */
  MBUF_EXHAUSTED(34, "box", "no_buffer_space", "no packet buffer was free"),
  /** The port did not take the packet. */
  TX_QUEUE_FULL(35, "box", "no_buffer_space", "the port did not take the packet"),
  /** The VIP is moving to another cluster. */
  MIGRATING(36, "planned", null, "the VIP is moving to another cluster"),
  /** The node or backend takes no new sessions. */
  DRAINING(37, "planned", null, "the node or backend takes no new sessions"),
  /** An ICMP message the gateway does not answer or translate. */
  ICMP_UNSUPPORTED(
      38, "packet", "unhandled_proto", "an ICMP message the gateway does not answer or translate"),
  /** No elastic IP has this public or private address. */
  NO_EIP(39, "config", "dst_host_unknown", "no elastic IP has this public or private address"),
  /** The SCTP header is cut short or has no ports. */
  MALFORMED_SCTP(40, "packet", "unknown_parsing", "the SCTP header is cut short or has no ports");

  private static final @Nullable DropReason[] BY_CODE = byCode();

  private final int code;
  private final String group;
  private final @Nullable String sflow;
  private final String description;

  DropReason(int code, String group, @Nullable String sflow, String description) {
    this.code = code;
    this.group = group;
    this.sflow = sflow;
    this.description = description;
  }

  /** The number that records, the telemetry file and ClickHouse carry. */
  public int code() {
    return code;
  }

  /** What a surge of it points at: packet, config, limit, backend, tunnel, box or planned. */
  public String group() {
    return group;
  }

  /** The drop reason of the sFlow standard that fits, or null. */
  public @Nullable String sflow() {
    return sflow;
  }

  /** What it means, in words an operator can read. */
  public String description() {
    return description;
  }

  /**
   * Returns the constant with a code, or null when there is none: a record may come from a newer
   * version.
   */
  public static @Nullable DropReason fromCode(int code) {
    return code >= 0 && code < BY_CODE.length ? BY_CODE[code] : null;
  }

  /** Returns the name for a code, or {@code CODE_57} for one this version does not know. */
  public static String nameOf(int code) {
    DropReason known = fromCode(code);
    return known == null ? "CODE_" + code : known.name();
  }

  private static @Nullable DropReason[] byCode() {
    @Nullable DropReason[] all = new @Nullable DropReason[41];
    for (DropReason value : values()) {
      all[value.code] = value;
    }
    return all;
  }
}
