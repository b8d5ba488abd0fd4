// SPDX-License-Identifier: Apache-2.0
//
// The bench's packets: flow n, always the same one for the same n.
#ifndef DYETRACE_BENCH_TRAFFIC_H
#define DYETRACE_BENCH_TRAFFIC_H

#include "bench_options.h"

#include "../packet/colour.h"
#include "../packet/ip_address.h"

#include "../packet/tunnel.h"

#include <stddef.h>

#define TRAFFIC_PROBER_ID 1
#define TRAFFIC_KEY "000102030405060708090a0b0c0d0e0f" // of key id 0
#define TRAFFIC_VIP "198.19.0.1"
#define TRAFFIC_VIP6 "2001:db8:ffff::1"
#define TRAFFIC_LIMITED_PORT 81 // of the VIP with a limit of one connection a second
#define TRAFFIC_MAX_BYTES 1514

enum traffic_colour {
	TRAFFIC_PLAIN,
	TRAFFIC_MASKED, // the same bytes, but an ExID that is nobody's: what a colour costs beyond
			// them
	TRAFFIC_COLOURED, // a verified probe
};

// How the gateway translated a flow: the ends of the addresses, and a port. Replies are made of it.
struct traffic_flow {
	uint16_t local;
	uint16_t local_port;
	uint16_t backend;
};

struct traffic {
	const struct bench_options *options;
	struct traffic_flow *flows;  // CLB: as they were seen on their way to the servers
	const struct tunnel *inside; // EIP: replies come through it; NULL: as they are
	struct dt_siphash_key key;   // of the prober
	uint32_t sequence;           // of the next probe
	uint64_t now_ns;             // real time, for the epoch
	uint8_t mac[6];              // of the port
};

void traffic_init(
	struct traffic *traffic, const struct bench_options *options, const uint8_t mac[6]);

struct ip_address traffic_client(const struct traffic *traffic, uint32_t flow);
struct ip_address traffic_public(const struct traffic *traffic, uint32_t flow);
struct ip_address traffic_private(const struct traffic *traffic, uint32_t flow);

struct traffic_packet {
	uint32_t flow;
	uint8_t tcp_flags; // a coloured packet is a SYN
	uint16_t vip_port;
	enum traffic_colour colour;
	enum bench_direction direction;
};

// Writes a frame of at least options->packet_size bytes (the inner packet's, where there is a
// tunnel); returns its length.
size_t traffic_write(struct traffic *traffic, const struct traffic_packet *packet, uint8_t *frame);

// A frame that the gateway sent: if it is the SYN of a flow, its replies are known from now on.
void traffic_learn(struct traffic *traffic, const uint8_t *frame);

#endif
