// SPDX-License-Identifier: Apache-2.0
//
// Encapsulation of IP packets: IP in IP (RFC 2003, 2473, 4213), GRE with and without key (RFC 2784,
// 2890), GUE variant 0 without extensions (draft-ietf-intarea-gue), VXLAN (RFC 7348). Read besides:
// GRE with checksum (it is verified) and sequence number, GUE variant 1. Pure.
#ifndef DYETRACE_TUNNEL_H
#define DYETRACE_TUNNEL_H

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
