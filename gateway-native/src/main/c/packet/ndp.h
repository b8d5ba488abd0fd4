// SPDX-License-Identifier: Apache-2.0
//
// Neighbour solicitations and advertisements (RFC 4861): bytes in, struct out, and back. Pure.
#ifndef DYETRACE_NDP_H
#define DYETRACE_NDP_H

#include "parse.h"

enum {
	NDP_SOLICITATION = 135,
	NDP_ADVERTISEMENT = 136,
	NDP_HOP_LIMIT = 255, // less: it came through a router
	NDP_MESSAGE_BYTES = 24,
	NDP_PACKET_BYTES = IPV6_BYTES + NDP_MESSAGE_BYTES + 8, // with one option
};

struct ndp_message {
	struct ip_address source; // of the packet
	struct ip_address destination;
	struct ip_address target;
	uint8_t type; // NDP_SOLICITATION or NDP_ADVERTISEMENT
	bool solicited;
	bool override;
	bool has_mac;
	uint8_t mac[6]; // of the solicitation's source, of the advertisement's target
};

enum ndp_outcome {
	NDP_READ, // *out is filled in
	NDP_BAD_CHECKSUM,
	NDP_MALFORMED, // RFC 4861, 7.1, says to ignore it
};

// packet: the IP header; view: what parse_ip() said of it, ICMPv6 of one of the two types (see
// ndp_is_message()).
enum ndp_outcome ndp_read(
	const uint8_t *packet, const struct packet_view *view, struct ndp_message *out);

// A whole IPv6 packet; the MAC stands in its option.
void ndp_write(uint8_t packet[NDP_PACKET_BYTES], const struct ndp_message *message);

static inline bool ndp_is_message(const uint8_t *packet, const struct packet_view *view)
{
	return view->is_v6 && view->protocol == PROTOCOL_ICMPV6 &&
	       view->fragment == FRAGMENT_NONE && // RFC 6980
	       (packet[view->l4_offset] == NDP_SOLICITATION ||
		       packet[view->l4_offset] == NDP_ADVERTISEMENT);
}

// The group of an address (RFC 4291, 2.7.1).
struct ip_address ndp_solicited_node(const struct ip_address *address);
extern const struct ip_address ndp_all_nodes;

// The MAC of an IPv6 group (RFC 2464, 7).
void ndp_group_mac(const struct ip_address *group, uint8_t mac[6]);

// fe80::/64 and the modified EUI-64 of a MAC (RFC 4291, 2.5.6).
struct ip_address ndp_link_local(const uint8_t mac[6]);

static inline bool ip_is_link_local(const struct ip_address *address)
{
	return (address->words[0] & htonl(0xffc00000)) == htonl(0xfe800000);
}

#endif
