// SPDX-License-Identifier: Apache-2.0
//
// Generated from common/src/main/registry/*.tsv by 'make registry'.
// Codes never change meaning.
#ifndef DYETRACE_REGISTRY_H
#define DYETRACE_REGISTRY_H

#include <stdint.h>

// Where in the gateway a coloured packet was stamped.
enum dt_trace_point {
	// not known
	DT_TP_UNKNOWN = 0,
	// received from the port
	DT_TP_RX = 1,
	// the colour was verified
	DT_TP_COLOUR = 2,
	// the destination was found to be a VIP
	DT_TP_VIP_LOOKUP = 3,
	// handed to the worker that owns the flow
	DT_TP_DISPATCH = 4,
	// a session was found or made
	DT_TP_SESSION = 5,
	// a backend was chosen
	DT_TP_BACKEND = 6,
	// addresses and ports were rewritten
	DT_TP_NAT = 7,
	// encapsulated for the next hop
	DT_TP_ENCAP = 8,
	// handed to the port for sending
	DT_TP_TX = 9,
};

// One more than the highest code: the length of an array by code.
#define DT_TP_COUNT 10

// The name of a code, "UNKNOWN" for one that is not in the table.
static inline const char *dt_trace_point_name(uint16_t code)
{
	static const char *const names[DT_TP_COUNT] = {
		[DT_TP_UNKNOWN] = "UNKNOWN",
		[DT_TP_RX] = "RX",
		[DT_TP_COLOUR] = "COLOUR",
		[DT_TP_VIP_LOOKUP] = "VIP_LOOKUP",
		[DT_TP_DISPATCH] = "DISPATCH",
		[DT_TP_SESSION] = "SESSION",
		[DT_TP_BACKEND] = "BACKEND",
		[DT_TP_NAT] = "NAT",
		[DT_TP_ENCAP] = "ENCAP",
		[DT_TP_TX] = "TX",
	};
	return code < DT_TP_COUNT ? names[code] : "UNKNOWN";
}

// Why a packet died in the gateway.
enum dt_drop_reason {
	// not dropped: a trace point
	DT_DROP_NONE = 0,
	// the Ethernet header is cut short or its type is unknown
	DT_DROP_MALFORMED_ETHERNET = 1,
	// the IP header is cut short or contradicts itself
	DT_DROP_MALFORMED_IP = 2,
	// the TCP header or its options are cut short or contradict themselves
	DT_DROP_MALFORMED_TCP = 3,
	// the UDP header is cut short or contradicts the IP length
	DT_DROP_MALFORMED_UDP = 4,
	// the GRE header is cut short or of an unknown version
	DT_DROP_MALFORMED_GRE = 5,
	// the QUIC header is cut short
	DT_DROP_MALFORMED_QUIC = 6,
	// the IP or transport checksum is wrong
	DT_DROP_BAD_CHECKSUM = 7,
	// an IP fragment that the tier does not carry
	DT_DROP_FRAGMENT_UNSUPPORTED = 8,
	// the TTL or hop limit ran out here
	DT_DROP_TTL_EXCEEDED = 9,
	// the packet is larger than the next hop takes
	DT_DROP_MTU_EXCEEDED = 10,
	// neither addressed to the gateway nor to anything it serves
	DT_DROP_NOT_FOR_US = 11,
	// no VIP has this address, protocol and port
	DT_DROP_NO_VIP = 12,
	// the VIP is configured but disabled
	DT_DROP_VIP_DISABLED = 13,
	// the VIP does not serve this protocol
	DT_DROP_PROTOCOL_UNSUPPORTED = 14,
	// a TCP packet other than a SYN without a session
	DT_DROP_NON_SYN_NO_SESSION = 15,
	// no room for another session
	DT_DROP_SESSION_TABLE_FULL = 16,
	// the VIP holds as many sessions as it may
	DT_DROP_VIP_SESSION_LIMIT = 17,
	// the node holds as many flows as it may, of all VIPs together
	DT_DROP_FLOW_LIMIT = 18,
	// the VIP is over its packets per second
	DT_DROP_PACKET_RATE_LIMIT = 19,
	// the VIP is over its bits per second
	DT_DROP_BIT_RATE_LIMIT = 20,
	// the VIP is over its new connections per second
	DT_DROP_NEW_CONNECTION_LIMIT = 21,
	// the source is blacklisted
	DT_DROP_BLACKLISTED = 22,
	// the VIP has no backend
	DT_DROP_NO_BACKEND = 23,
	// the VIP has backends and none is up
	DT_DROP_NO_HEALTHY_BACKEND = 24,
	// the QUIC connection id names no known server
	DT_DROP_QUIC_UNKNOWN_SERVER = 25,
	// no local port is free towards this backend
	DT_DROP_PORT_POOL_EXHAUSTED = 26,
	// the translation could not be made
	DT_DROP_NAT_FAIL = 27,
	// the packet could not be encapsulated
	DT_DROP_TUNNEL_ENCAP_FAIL = 28,
	// the packet could not be decapsulated
	DT_DROP_TUNNEL_DECAP_FAIL = 29,
	// no tunnel has this endpoint or key
	DT_DROP_TUNNEL_UNKNOWN = 30,
	// no room in the buffer for another header
	DT_DROP_NO_HEADROOM = 31,
	// the next hop did not answer ARP or neighbour discovery
	DT_DROP_NO_NEIGHBOUR = 32,
	// the worker that owns the flow is behind
	DT_DROP_HANDOFF_RING_FULL = 33,
	// no packet buffer was free
	DT_DROP_MBUF_EXHAUSTED = 34,
	// the port did not take the packet
	DT_DROP_TX_QUEUE_FULL = 35,
	// the VIP is moving to another cluster
	DT_DROP_MIGRATING = 36,
	// the node or backend takes no new sessions
	DT_DROP_DRAINING = 37,
	// an ICMP message the gateway does not answer or translate
	DT_DROP_ICMP_UNSUPPORTED = 38,
	// no elastic IP has this public or private address
	DT_DROP_NO_EIP = 39,
	// the SCTP header is cut short or has no ports
	DT_DROP_MALFORMED_SCTP = 40,
};

// One more than the highest code: the length of an array by code.
#define DT_DROP_COUNT 41

// The name of a code, "UNKNOWN" for one that is not in the table.
static inline const char *dt_drop_reason_name(uint16_t code)
{
	static const char *const names[DT_DROP_COUNT] = {
		[DT_DROP_NONE] = "NONE",
		[DT_DROP_MALFORMED_ETHERNET] = "MALFORMED_ETHERNET",
		[DT_DROP_MALFORMED_IP] = "MALFORMED_IP",
		[DT_DROP_MALFORMED_TCP] = "MALFORMED_TCP",
		[DT_DROP_MALFORMED_UDP] = "MALFORMED_UDP",
		[DT_DROP_MALFORMED_GRE] = "MALFORMED_GRE",
		[DT_DROP_MALFORMED_QUIC] = "MALFORMED_QUIC",
		[DT_DROP_BAD_CHECKSUM] = "BAD_CHECKSUM",
		[DT_DROP_FRAGMENT_UNSUPPORTED] = "FRAGMENT_UNSUPPORTED",
		[DT_DROP_TTL_EXCEEDED] = "TTL_EXCEEDED",
		[DT_DROP_MTU_EXCEEDED] = "MTU_EXCEEDED",
		[DT_DROP_NOT_FOR_US] = "NOT_FOR_US",
		[DT_DROP_NO_VIP] = "NO_VIP",
		[DT_DROP_VIP_DISABLED] = "VIP_DISABLED",
		[DT_DROP_PROTOCOL_UNSUPPORTED] = "PROTOCOL_UNSUPPORTED",
		[DT_DROP_NON_SYN_NO_SESSION] = "NON_SYN_NO_SESSION",
		[DT_DROP_SESSION_TABLE_FULL] = "SESSION_TABLE_FULL",
		[DT_DROP_VIP_SESSION_LIMIT] = "VIP_SESSION_LIMIT",
		[DT_DROP_FLOW_LIMIT] = "FLOW_LIMIT",
		[DT_DROP_PACKET_RATE_LIMIT] = "PACKET_RATE_LIMIT",
		[DT_DROP_BIT_RATE_LIMIT] = "BIT_RATE_LIMIT",
		[DT_DROP_NEW_CONNECTION_LIMIT] = "NEW_CONNECTION_LIMIT",
		[DT_DROP_BLACKLISTED] = "BLACKLISTED",
		[DT_DROP_NO_BACKEND] = "NO_BACKEND",
		[DT_DROP_NO_HEALTHY_BACKEND] = "NO_HEALTHY_BACKEND",
		[DT_DROP_QUIC_UNKNOWN_SERVER] = "QUIC_UNKNOWN_SERVER",
		[DT_DROP_PORT_POOL_EXHAUSTED] = "PORT_POOL_EXHAUSTED",
		[DT_DROP_NAT_FAIL] = "NAT_FAIL",
		[DT_DROP_TUNNEL_ENCAP_FAIL] = "TUNNEL_ENCAP_FAIL",
		[DT_DROP_TUNNEL_DECAP_FAIL] = "TUNNEL_DECAP_FAIL",
		[DT_DROP_TUNNEL_UNKNOWN] = "TUNNEL_UNKNOWN",
		[DT_DROP_NO_HEADROOM] = "NO_HEADROOM",
		[DT_DROP_NO_NEIGHBOUR] = "NO_NEIGHBOUR",
		[DT_DROP_HANDOFF_RING_FULL] = "HANDOFF_RING_FULL",
		[DT_DROP_MBUF_EXHAUSTED] = "MBUF_EXHAUSTED",
		[DT_DROP_TX_QUEUE_FULL] = "TX_QUEUE_FULL",
		[DT_DROP_MIGRATING] = "MIGRATING",
		[DT_DROP_DRAINING] = "DRAINING",
		[DT_DROP_ICMP_UNSUPPORTED] = "ICMP_UNSUPPORTED",
		[DT_DROP_NO_EIP] = "NO_EIP",
		[DT_DROP_MALFORMED_SCTP] = "MALFORMED_SCTP",
	};
	return code < DT_DROP_COUNT ? names[code] : "UNKNOWN";
}

// Which way a packet travelled.
enum dt_direction {
	// not known
	DT_DIR_UNKNOWN = 0,
	// from the client towards the backend
	DT_DIR_FORWARD = 1,
	// from the backend towards the client
	DT_DIR_REPLY = 2,
};

// One more than the highest code: the length of an array by code.
#define DT_DIR_COUNT 3

// The name of a code, "UNKNOWN" for one that is not in the table.
static inline const char *dt_direction_name(uint16_t code)
{
	static const char *const names[DT_DIR_COUNT] = {
		[DT_DIR_UNKNOWN] = "UNKNOWN",
		[DT_DIR_FORWARD] = "FORWARD",
		[DT_DIR_REPLY] = "REPLY",
	};
	return code < DT_DIR_COUNT ? names[code] : "UNKNOWN";
}

// A stage of the gateway a packet passes.
enum dt_tier {
	// not known
	DT_TIER_UNKNOWN = 0,
	// stateless address translation at the edge
	DT_TIER_EIP = 1,
	// stateful load balancing
	DT_TIER_CLB = 2,
};

// One more than the highest code: the length of an array by code.
#define DT_TIER_COUNT 3

// The name of a code, "UNKNOWN" for one that is not in the table.
static inline const char *dt_tier_name(uint16_t code)
{
	static const char *const names[DT_TIER_COUNT] = {
		[DT_TIER_UNKNOWN] = "UNKNOWN",
		[DT_TIER_EIP] = "EIP",
		[DT_TIER_CLB] = "CLB",
	};
	return code < DT_TIER_COUNT ? names[code] : "UNKNOWN";
}

#endif
