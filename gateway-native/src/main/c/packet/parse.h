// SPDX-License-Identifier: Apache-2.0
//
// Reads the headers of a received frame. Pure, and the only place that believes nothing: everything
// behind it works on offsets that were checked here.
#ifndef DYETRACE_PARSE_H
#define DYETRACE_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	ETHERNET_BYTES = 14,
	IPV4_MIN_BYTES = 20,
	TCP_MIN_BYTES = 20,
	UDP_BYTES = 8,
	ICMP_MIN_BYTES = 8,
	ARP_BYTES = 28,
};

enum { ETHERTYPE_ARP_ID = 0x0806, ETHERTYPE_IPV4_ID = 0x0800 };

enum { PROTOCOL_ICMP = 1, PROTOCOL_TCP = 6, PROTOCOL_UDP = 17 };

enum {
	TCP_FIN = 0x01,
	TCP_SYN = 0x02,
	TCP_RST = 0x04,
	TCP_PSH = 0x08,
	TCP_ACK = 0x10,
};

// Offsets inside headers.
enum {
	IPV4_TOTAL_LENGTH = 2,
	IPV4_FRAGMENT = 6,
	IPV4_TTL = 8,
	IPV4_PROTOCOL = 9,
	IPV4_CHECKSUM = 10,
	IPV4_SOURCE = 12,
	IPV4_DESTINATION = 16,
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
	PARSE_IPV4, // TCP, UDP, ICMP or another protocol: the view says which
	PARSE_MALFORMED_ETHERNET,
	PARSE_MALFORMED_IP,
	PARSE_BAD_CHECKSUM,
	PARSE_FRAGMENT,
	PARSE_MALFORMED_TCP,
	PARSE_MALFORMED_UDP,
	PARSE_MALFORMED_ICMP,
};

// As much as was understood; the rest is zero. Addresses are raw, ports in host order.
struct packet_view {
	uint16_t l3_offset;
	uint16_t l4_offset;
	uint16_t ip_len; // IPv4 total length: the frame may be padded beyond
	uint16_t l4_len; // header and payload
	uint32_t source;
	uint32_t destination;
	uint16_t source_port;
	uint16_t destination_port;
	uint32_t tcp_sequence;
	uint8_t protocol;
	uint8_t ttl;
	uint8_t tcp_flags;
	uint8_t tcp_header_len;
};

enum parse_outcome parse_frame(const uint8_t *frame, size_t len, struct packet_view *view);

// The same from the IPv4 header on; offsets count from its start.
enum parse_outcome parse_ipv4(const uint8_t *packet, size_t len, struct packet_view *view);

#endif
