// SPDX-License-Identifier: Apache-2.0
//
// Encapsulation of IP packets: IP in IP (RFC 2003, 2473, 4213), GRE with and without key (RFC 2784,
// 2890), GUE variant 0 without extensions (draft-ietf-intarea-gue), VXLAN (RFC 7348). Read besides:
// GRE with checksum (it is verified) and sequence number, GUE variant 1. Pure.
#ifndef DYETRACE_TUNNEL_H
#define DYETRACE_TUNNEL_H

#include "bytes.h"
#include "parse.h"

#define TUNNEL_MAX_BYTES 80 // outer IPv6 and the longest header, without the outer Ethernet
#define TUNNEL_VXLAN_PORT 4789
#define TUNNEL_GUE_PORT 6080

enum tunnel_kind { TUNNEL_NONE, TUNNEL_IPIP, TUNNEL_GRE, TUNNEL_GUE, TUNNEL_VXLAN };

// One tunnel: where it begins and ends. local and remote are of one family, which need not be the
// inner packet's.
struct tunnel {
	struct ip_address local;
	struct ip_address remote;
	uint32_t id;          // VXLAN: the VNI; GRE: the key
	uint16_t port;        // UDP destination of GUE and VXLAN, host order
	uint8_t kind;         // enum tunnel_kind
	bool has_id;          // GRE: with a key
	uint8_t ttl;          // of the outer header
	uint8_t inner_mac[6]; // VXLAN: destination of the inner frame
};

// Bytes in front of an inner packet: outer IP header up to the inner IP header.
unsigned int tunnel_header_bytes(const struct tunnel *tunnel);

// Writes tunnel_header_bytes() bytes for an inner packet of inner_len bytes. entropy spreads flows:
// it becomes the UDP source port of GUE and VXLAN, and IPv6's flow label. ip_id: of an outer IPv4
// header (DF is set). The outer traffic class is the inner one's, ECN included (RFC 6040, normal
// mode). UDP carries no checksum, over IPv6 neither (RFC 6935). false: the result would be longer
// than 65,535 bytes.
bool tunnel_write(const struct tunnel *tunnel, bool inner_is_v6, uint16_t inner_len,
	uint8_t inner_traffic_class, uint32_t entropy, uint16_t ip_id, uint8_t *out);

#define TUNNEL_HEAD_BYTES 80 // of the longest: IPv6, UDP, VXLAN, Ethernet, rounded up

// The same headers made beforehand, for inner packets of one family: what differs from packet to
// packet is put in. They stand at the end of bytes.
struct tunnel_head {
	uint8_t bytes[TUNNEL_HEAD_BYTES];
	uint32_t sum; // of the outer IPv4 header without what differs
	uint8_t len;  // 0: not made yet
	uint8_t ip_bytes;
	bool has_udp;
};

void tunnel_head_make(struct tunnel_head *head, const struct tunnel *tunnel, bool inner_is_v6);

// Puts in what differs from packet to packet. out: where the header stands; total: with the inner
// packet, at most UINT16_MAX.
static inline void tunnel_head_fill(const struct tunnel_head *head, uint32_t total,
	uint8_t inner_traffic_class, uint32_t entropy, uint16_t ip_id, uint8_t *out)
{
	uint32_t sum;

	if (__builtin_expect(head->ip_bytes == IPV4_MIN_BYTES, 1)) {
		store_be64(out, (uint64_t)(0x4500u | inner_traffic_class) << 48 |
					(uint64_t)total << 32 | (uint64_t)ip_id << 16 | 0x4000);
		sum = head->sum + inner_traffic_class + total + ip_id;
		sum = (sum & 0xffff) + (sum >> 16);
		store_be16(out + IPV4_CHECKSUM, (uint16_t) ~(sum + (sum >> 16)));
	} else {
		store_be32(
			out, 6u << 28 | (uint32_t)inner_traffic_class << 20 | (entropy & 0xfffff));
		store_be16(out + IPV6_PAYLOAD_LENGTH, (uint16_t)(total - IPV6_BYTES));
	}
	if (head->has_udp) {
		store_be16(out + head->ip_bytes, (uint16_t)(0xc000 | (entropy & 0x3fff)));
		store_be16(out + head->ip_bytes + UDP_LENGTH, (uint16_t)(total - head->ip_bytes));
	}
}

// What tunnel_write() would write, to where the inner packet begins minus head->len.
// TUNNEL_HEAD_BYTES in front of the inner packet are written to, whatever the header's length.
static inline bool tunnel_head_write(const struct tunnel_head *head, uint16_t inner_len,
	uint8_t inner_traffic_class, uint32_t entropy, uint16_t ip_id, uint8_t *inner)
{
	uint32_t total = (uint32_t)inner_len + head->len;

	if (__builtin_expect(total > UINT16_MAX, 0))
		return false;
	memcpy(inner - TUNNEL_HEAD_BYTES, head->bytes, TUNNEL_HEAD_BYTES);
	tunnel_head_fill(head, total, inner_traffic_class, entropy, ip_id, inner - head->len);
	return true;
}

enum tunnel_outcome {
	TUNNEL_INNER,   // *inner is filled in
	TUNNEL_NOT_ONE, // not an encapsulated packet (another protocol or port), or a fragment
	TUNNEL_MALFORMED_GRE, // truncated, unknown version or flags (routing), wrong checksum
	TUNNEL_MALFORMED,     // VXLAN, GUE, IP in IP
	TUNNEL_UNSUPPORTED,   // an inner protocol that is not IPv4 or IPv6
};

struct tunnel_inner {
	uint16_t offset; // of the inner IP header behind the outer one
	uint16_t len;    // bytes from there
	uint8_t kind;    // enum tunnel_kind
	bool has_id;
	bool is_v6;
	uint32_t id;
};

// packet: the outer IP header; view: what parse_ip() said of it. gue_port and vxlan_port: UDP ports
// to take for these (host order), 0: none.
enum tunnel_outcome tunnel_read(const uint8_t *packet, const struct packet_view *view,
	uint16_t gue_port, uint16_t vxlan_port, struct tunnel_inner *inner);

const char *tunnel_kind_name(enum tunnel_kind kind); // "ipip" …; "none"
#endif
