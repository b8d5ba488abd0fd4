// SPDX-License-Identifier: Apache-2.0
//
// Reads the headers of a received frame. Pure, and the only place that believes nothing: everything
// behind it works on offsets that were checked here.
#ifndef DYETRACE_PARSE_H
#define DYETRACE_PARSE_H

#include "ip_address.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	ETHERNET_BYTES = 14,
	VLAN_BYTES = 4,
	VLAN_MAX_TAGS = 2,
	IPV4_MIN_BYTES = 20,
	IPV6_BYTES = 40,
	TCP_MIN_BYTES = 20,
	UDP_BYTES = 8,
	SCTP_BYTES = 12,
	SCTP_CHUNK_BYTES = 4, // of a chunk's header
	ICMP_MIN_BYTES = 8,
	ARP_BYTES = 28,
};

enum {
	ETHERTYPE_IPV4_ID = 0x0800,
	ETHERTYPE_ARP_ID = 0x0806,
	ETHERTYPE_VLAN_ID = 0x8100,
	ETHERTYPE_QINQ_ID = 0x88a8,
	ETHERTYPE_IPV6_ID = 0x86dd,
};

// IANA protocol numbers.
enum {
	PROTOCOL_HOP_OPTIONS = 0,
	PROTOCOL_ICMP = 1,
	PROTOCOL_IPV4 = 4, // IP in IP
	PROTOCOL_TCP = 6,
	PROTOCOL_UDP = 17,
	PROTOCOL_IPV6 = 41,
	PROTOCOL_ROUTING = 43,
	PROTOCOL_FRAGMENT = 44,
	PROTOCOL_GRE = 47,
	PROTOCOL_ICMPV6 = 58,
	PROTOCOL_DESTINATION_OPTIONS = 60,
	PROTOCOL_SCTP = 132,
};

// Chunks of SCTP (RFC 9260, 3.2).
enum {
	SCTP_INIT = 1,
	SCTP_ABORT = 6,
	SCTP_SHUTDOWN_COMPLETE = 14,
	SCTP_NO_CHUNK = 255, // reserved there
};

enum {
	TCP_FIN = 0x01,
	TCP_SYN = 0x02,
	TCP_RST = 0x04,
	TCP_PSH = 0x08,
	TCP_ACK = 0x10,
};

// Offsets inside headers.
enum {
	IPV4_TOS = 1,
	IPV4_TOTAL_LENGTH = 2,
	IPV4_ID = 4,
	IPV4_FRAGMENT = 6,
	IPV4_TTL = 8,
	IPV4_PROTOCOL = 9,
	IPV4_CHECKSUM = 10,
	IPV4_SOURCE = 12,
	IPV4_DESTINATION = 16,
	IPV6_PAYLOAD_LENGTH = 4,
	IPV6_NEXT_HEADER = 6,
	IPV6_HOP_LIMIT = 7,
	IPV6_SOURCE = 8,
	IPV6_DESTINATION = 24,
	TCP_SEQUENCE = 4,
	TCP_DATA_OFFSET = 12,
	TCP_FLAGS = 13,
	TCP_CHECKSUM = 16,
	UDP_LENGTH = 4,
	UDP_CHECKSUM = 6,
	ICMP_CHECKSUM = 2,
};

enum parse_outcome {
	PARSE_ARP,
	PARSE_IP, // IPv4 or IPv6, whatever is in it: the view says which
	PARSE_MALFORMED_ETHERNET,
	PARSE_MALFORMED_IP,
	PARSE_BAD_CHECKSUM,
	PARSE_MALFORMED_TCP,
	PARSE_MALFORMED_UDP,
	PARSE_MALFORMED_SCTP,
	PARSE_MALFORMED_ICMP,
};

enum packet_fragment { FRAGMENT_NONE, FRAGMENT_FIRST, FRAGMENT_LATER };

// As much as was understood; the rest is zero. One cache line. l4_offset and ip_len count from the
// IP header. Of a later fragment, and of a protocol that has none, the ports are 0.
struct packet_view {
	struct ip_address source;
	struct ip_address destination;
	uint32_t tcp_sequence; // SCTP: the verification tag
	uint16_t source_port;  // host order
	uint16_t destination_port;
	uint16_t l3_offset; // of the IP header in the frame
	uint16_t l4_offset; // of the transport header behind the IP header, extension headers
			    // included
	uint16_t ip_len;    // the whole IP packet; the frame may be padded beyond
	uint16_t l4_len;    // transport header and payload
	uint16_t vlan;      // the outer tag's VLAN id, 0: untagged
	uint8_t vlan_tags;
	uint8_t protocol; // of the transport header; IPv6: behind the extension headers
	uint8_t ttl;      // or hop limit
	uint8_t traffic_class;
	uint8_t tcp_flags;
	uint8_t tcp_header_len;
	uint8_t fragment; // enum packet_fragment
	bool is_v6;
	uint8_t sctp_chunk; // the first one's type
	uint8_t reserved[3];
};

_Static_assert(sizeof(struct packet_view) == 64, "a view is one cache line");

// From the Ethernet header on.
enum parse_outcome parse_frame(const uint8_t *frame, size_t len, struct packet_view *view);

// From the IP header on (the version decides); l3_offset and the VLAN are left 0. *view needs not
// be cleared before.
enum parse_outcome parse_ip(const uint8_t *packet, size_t len, struct packet_view *view);

#endif
