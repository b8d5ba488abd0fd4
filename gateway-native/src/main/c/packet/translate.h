// SPDX-License-Identifier: Apache-2.0
//
// Stateless translation of one address of a packet, both families: what covers the address is kept
// right by difference (RFC 1624). Also of the packet that an ICMP error quotes. Pure.
#ifndef DYETRACE_TRANSLATE_H
#define DYETRACE_TRANSLATE_H

#include "parse.h"

enum translate_side { TRANSLATE_SOURCE, TRANSLATE_DESTINATION };

// Into an address of the packet's family, which stays where it is: a copy of 16 bytes just written
// costs more than the whole translation. delta: what the change does to a checksum that covers it.
struct translation {
	enum translate_side side;
	uint16_t delta;
	const struct ip_address *to;
};

// Changes the address and takes one off the TTL. A later fragment has no transport checksum. false,
// and nothing has changed: this first fragment is too short to hold the transport checksum.
bool translate_packet(
	uint8_t *packet, const struct packet_view *view, const struct translation *translation);

// What an ICMP error quotes: offsets from the error's own IP header.
struct quoted_packet {
	struct ip_address source;
	struct ip_address destination;
	uint16_t offset;
	uint16_t checksum_offset; // of the transport checksum; 0: not quoted, or there is none
	uint8_t protocol;
};

// An ICMP message that quotes a packet.
bool translate_is_error(const uint8_t *packet, const struct packet_view *view);

// false: not an ICMP error, or it quotes too little to tell about what.
bool translate_read_quoted(
	const uint8_t *packet, const struct packet_view *view, struct quoted_packet *quoted);

// Changes an address of the quoted packet, its checksums as far as they are quoted, and the error's
// own checksum.
void translate_quoted(uint8_t *packet, const struct packet_view *view,
	const struct quoted_packet *quoted, const struct translation *translation);

#endif
