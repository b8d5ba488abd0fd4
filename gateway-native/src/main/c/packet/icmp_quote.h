// SPDX-License-Identifier: Apache-2.0
//
// ICMP errors about packets that were translated: what they quote, and the same error as it has to
// be told to whoever sent the packet, in the other family too (RFC 7915, 4.2 and 5.2). Pure.
#ifndef DYETRACE_ICMP_QUOTE_H
#define DYETRACE_ICMP_QUOTE_H

#include "parse.h"

#define ICMP_QUOTE_MAX_BYTES 2048 // of a translated error; what is quoted behind that is cut off

// The quoted packet. Offsets count from the error's own IP header.
struct icmp_quote {
	struct ip_address source;
	struct ip_address destination;
	uint16_t source_port; // host order
	uint16_t destination_port;
	uint16_t offset;    // of the quoted IP header
	uint16_t l4_offset; // of the quoted transport header
	uint16_t end;       // of what is quoted
	uint8_t protocol;
	bool is_v6;
};

// false: not an error that is about one of TCP, UDP or SCTP's packets, or it quotes too little.
bool icmp_quote_read(
	const uint8_t *packet, const struct packet_view *view, struct icmp_quote *quote);

// The same of an IP packet of this family that is quoted between two offsets, whatever its
// protocol: where that has no ports, they are the first bytes behind its IP header.
bool icmp_quote_read_at(
	const uint8_t *packet, size_t offset, size_t end, bool is_v6, struct icmp_quote *quote);

// How the error is told. The quoted packet's two addresses are of the outer ones' family.
struct icmp_told {
	struct ip_address source; // of the error
	struct ip_address destination;
	struct ip_address quoted_source;
	struct ip_address quoted_destination;
	uint16_t quoted_source_port;
	uint16_t quoted_destination_port;
};

// Writes the whole error anew, its TTL one less, into out (ICMP_QUOTE_MAX_BYTES). Returns its
// length; 0: the other family has no such error.
size_t icmp_quote_write(const uint8_t *packet, const struct packet_view *view,
	const struct icmp_quote *quote, const struct icmp_told *told, uint8_t *out);

#endif
