// SPDX-License-Identifier: Apache-2.0
//
// Frames for tests. Addresses are text and decide on the family.
#ifndef DYETRACE_TEST_FRAME_H
#define DYETRACE_TEST_FRAME_H

#include "../../main/c/packet/ip_address.h"
#include "../../main/c/packet/parse.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct frame {
	size_t len;
	uint8_t bytes[2048];
};

struct frame_flow {
	const char *source;
	const char *destination;
	uint16_t source_port;
	uint16_t destination_port;
};

// Where things stand in a frame, as these functions make them: behind VLAN tags, extension headers
// walked.
struct frame_layout {
	size_t l3;
	size_t l4;
	bool is_v6;
	uint8_t protocol; // of what begins at l4; of a later fragment: of what it is cut from
	bool fragment;
};

struct frame frame_tcp(struct frame_flow flow, uint8_t flags, uint32_t sequence,
	const uint8_t *options, size_t options_len, size_t payload_len);
struct frame frame_udp(struct frame_flow flow, size_t payload_len, bool with_checksum);
// Its first chunk is an INIT where the tag is 0, else DATA.
struct frame frame_sctp(struct frame_flow flow, uint32_t tag, size_t payload_len);
struct frame frame_sctp_chunk(
	struct frame_flow flow, uint32_t tag, uint8_t chunk, size_t payload_len);
// Any protocol.
struct frame frame_ip(const char *source, const char *destination, uint8_t protocol,
	const uint8_t *payload, size_t len);
// ICMP or ICMPv6. TTL or hop limit is 255, as neighbour discovery wants it.
struct frame frame_icmp(const char *source, const char *destination, uint8_t type, uint8_t code,
	const uint8_t *body, size_t body_len);
struct frame frame_echo(const char *source, const char *destination);
// An ICMP error that quotes the IP packet of another frame, as a router sends it (the header and 8
// bytes more; over IPv6 as much as there is).
struct frame frame_unreachable(
	const char *source, const char *destination, const struct frame *quoted);
struct frame frame_too_big(
	const char *source, const char *destination, uint32_t mtu, const struct frame *quoted);

struct frame frame_arp_request(const char *sender, const char *target);
// sender "::": somebody asks whether the address is free.
struct frame frame_neighbour_solicitation(const char *sender, const char *target);
struct frame frame_neighbour_advertisement(
	const char *sender, const char *destination, const char *target, const uint8_t mac[6]);

// Changes of a frame; checksums are right afterwards.
void frame_tag(struct frame *frame, uint16_t ethertype, uint16_t vlan); // outermost
// An IPv6 extension header of `bytes` bytes (a multiple of 8) behind the IPv6 header.
void frame_extend(struct frame *frame, uint8_t kind, size_t bytes);
// The piece of `len` bytes (0: all that is left) from offset on, a multiple of 8.
struct frame frame_fragment(const struct frame *whole, size_t offset, size_t len);

// The IP packet of a frame in a tunnel: outer IP header of this protocol, header bytes, packet.
struct frame frame_tunnel(const struct frame *inner, const char *source, const char *destination,
	uint8_t protocol, const uint8_t *header, size_t header_len);
struct frame frame_ipip(const struct frame *inner, const char *source, const char *destination);
// key < 0: none.
struct frame frame_gre(
	const struct frame *inner, const char *source, const char *destination, int64_t key);
struct frame frame_gue(
	const struct frame *inner, const char *source, const char *destination, uint16_t port);
struct frame frame_vxlan(const struct frame *inner, const char *source, const char *destination,
	uint16_t port, uint32_t vni);

// Repairs lengths and all checksums after a change. Those of a fragment's transport are of the
// whole, so they are left.
void frame_finish(struct frame *frame);

// IP and transport checksums are right (a UDP checksum of 0 is, over IPv4). Of a tunnel: the outer
// ones.
bool frame_checksums_right(const uint8_t *bytes, size_t len);

struct frame_layout frame_layout(const uint8_t *bytes, size_t len);

uint32_t frame_address(const char *text); // IPv4, raw
struct ip_address frame_ip_address(const char *text);

#endif
