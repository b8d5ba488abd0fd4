// SPDX-License-Identifier: Apache-2.0
//
// What the short ways (eip_fast.h, clb_fast.h) take for a plain packet: whole, of TCP or UDP over
// IPv4 without options, such as parse.c, receive.c and decolour.c find nothing to do about. It may
// be less than these would pass on, never more.
#ifndef DYETRACE_PLAIN_PACKET_H
#define DYETRACE_PLAIN_PACKET_H

#include "blacklist.h"
#include "worker.h"

#include "../packet/bytes.h"
#include "../packet/checksum.h"

// One bit for each combination of FIN, SYN, RST, PSH and ACK that is possible without SYN and RST:
// these may be a probe's, or need their MSS changed.
#define PLAIN_FLAGS 0x03030202u

enum { PLAIN_TIMESTAMP_HEADER = TCP_MIN_BYTES + 12 }; // the TCP header of most packets

// What tells that an untagged frame is for a port.
struct plain_frame {
	uint64_t mac;      // as it stands in the frame …
	uint64_t mac_mask; // … or the bits of it that matter
};

// Of a port without a VLAN.
static inline struct plain_frame plain_frame_of(const struct node_port *port)
{
	const uint8_t mac[8] = {
		port->mac[0], port->mac[1], port->mac[2], port->mac[3], port->mac[4], port->mac[5]};

	return (struct plain_frame){
		.mac = port->accept_any_mac ? 0 : load_raw64(mac),
		.mac_mask = htobe64(port->accept_any_mac ? 1ull << 56 : 0xffffffffffff0000),
	};
}

// NULL: nobody is listed.
static inline const struct blacklist *plain_blacklist(const struct node *node)
{
	return node->blacklist && blacklist_has_v4(node->blacklist) ? node->blacklist : NULL;
}

static inline bool plain_is_listed(const struct blacklist *list, uint32_t source)
{
	const struct ip_address a = ip_from_v4(source);

	return blacklist_matches(list, &a);
}

// As parse_ipv4() has it, and besides: no options, no fragment. Of the addresses nothing is said.
// ip_len: as it says. `len` bytes are there, at least the header's.
static inline bool plain_ipv4_header(const uint8_t *ip, uint32_t ip_len, size_t len)
{
	if ((load_raw64(ip) & htobe64(0xff00000000003fff)) != htobe64(0x4500000000000000))
		return false;
	return ip_len <= len && checksum_ipv4_is_right(ip);
}

// A packet may come from the one and go to the other, which is no group.
static inline bool plain_ipv4_addresses(const uint8_t *ip)
{
	uint8_t first = ip[IPV4_SOURCE];

	return (uint8_t)(first - 1) < 223 && first != 127 && ip[IPV4_DESTINATION] < 224;
}

static inline bool plain_ipv4(const uint8_t *ip, size_t len)
{
	return plain_ipv4_addresses(ip) &&
	       plain_ipv4_header(ip, load_be16(ip + IPV4_TOTAL_LENGTH), len);
}

// IPv4 follows, whatever it is. What most frames that are not plain differ in comes first.
static inline bool plain_ethernet_is_ours(const struct plain_frame *ours, const uint8_t *frame)
{
	return load_raw16(frame + ETHERNET_BYTES - 2) == htons(ETHERTYPE_IPV4_ID) &&
	       ((load_raw64(frame) ^ ours->mac) & ours->mac_mask) == 0;
}

// len: as long as Ethernet, IPv4 and UDP without anything in it, or longer.
static inline bool plain_frame_is_ours(
	const struct plain_frame *ours, const uint8_t *frame, size_t len)
{
	return plain_ethernet_is_ours(ours, frame) &&
	       plain_ipv4(frame + ETHERNET_BYTES, len - ETHERNET_BYTES);
}

// keeps_options: nobody looks at those of ordinary packets.
static inline bool plain_tcp(const uint8_t *tcp, int len, bool keeps_options)
{
	int offset;

	if (len < TCP_MIN_BYTES || !(PLAIN_FLAGS >> (tcp[TCP_FLAGS] & 31) & 1))
		return false;
	if (load_raw16(tcp) == 0 || load_raw16(tcp + 2) == 0)
		return false;
	offset = tcp[TCP_DATA_OFFSET] >> 4;
	if (likely(offset == TCP_MIN_BYTES / 4))
		return true;
	if (offset < TCP_MIN_BYTES / 4 || offset * 4 > len)
		return false;
	// Two paddings and a timestamp are no colour.
	return keeps_options || (offset == PLAIN_TIMESTAMP_HEADER / 4 &&
					load_be32(tcp + TCP_MIN_BYTES) == 0x0101080a);
}

#endif
