// SPDX-License-Identifier: Apache-2.0
//
// How a packet that takes a short way (eip_fast.h, clb_fast.h) is put out: to a neighbour that the
// ordinary way has met before, with a note in place of its meta.
#ifndef DYETRACE_SHORT_OUT_H
#define DYETRACE_SHORT_OUT_H

#include "transmit.h"

#include "../packet/bytes.h"
#include "../packet/checksum.h"

enum { ETHERNET_MAX_BYTES = ETHERNET_BYTES + VLAN_BYTES };

// NULL: none that is known to be right.
static inline const struct recent_way *short_way_of(
	const struct worker *worker, const struct ip_address *address)
{
	const struct recent_way *way = &worker->ways[address->bytes[15] % WORKER_WAYS];

	return ip_equal(&way->address, address) && way->known &&
			       way->generation == worker->neighbours->generation
		       ? way
		       : NULL;
}

// Where the packet before went: most go the same.
struct short_hop {
	uint32_t next_hop;
	uint32_t port;
	const struct recent_way *way; // NULL: none
	struct transmit_buffer *buffer;
};

// As transmit() finds it. false: it has not met the next hop yet.
static inline bool short_find_hop(
	struct worker *worker, uint32_t destination, struct short_hop *hop)
{
	const struct ip_address address = ip_from_v4(destination);
	const struct ip_address *next_hop;
	unsigned int port;

	next_hop = transmit_next_hop(worker->node, &address, &port);
	if (unlikely(!next_hop))
		return false;
	if (likely(hop->way && hop->next_hop == ip_v4(next_hop) && hop->port == port))
		return true;
	hop->way = short_way_of(worker, next_hop);
	hop->next_hop = ip_v4(next_hop);
	hop->port = port;
	hop->buffer = &worker->transmit[port];
	if (hop->way && hop->way->port != port)
		hop->way = NULL;
	return hop->way != NULL;
}

// Takes one off the TTL, of which there is more than one, and brings the checksum up to date with
// that and a delta.
static inline void short_decrement_ttl(uint8_t *ip, uint16_t delta)
{
	const uint16_t one_less = (uint16_t)~htons(0x0100); // what it adds to a sum: -1 there
	uint16_t sum = checksum_apply(load_raw16(ip + IPV4_CHECKSUM), delta);

	ip[IPV4_TTL]--;
	store_raw16(ip + IPV4_CHECKSUM, checksum_apply(sum, one_less));
}

static inline unsigned int short_headroom(const struct rte_mbuf *packet, const uint8_t *ip)
{
	return (unsigned int)(ip - (const uint8_t *)packet->buf_addr);
}

// In front of the IP header, where there are ETHERNET_MAX_BYTES. Returns where the frame begins.
static inline uint8_t *short_write_ethernet(const struct recent_way *way, uint8_t *ip)
{
	uint8_t *begin = ip - way->header_len;

	if (likely(way->header_len == ETHERNET_BYTES))
		memcpy(begin, way->header, ETHERNET_BYTES);
	else
		memcpy(begin, way->header, ETHERNET_MAX_BYTES);
	return begin;
}

// The same of a single packet: the neighbour is used.
static inline uint8_t *short_put_ethernet(
	struct worker *worker, const struct recent_way *way, uint8_t *ip)
{
	way->neighbour->used_ns = worker->now.mono_ns;
	return short_write_ethernet(way, ip);
}

// The frame begins here now and is so long; its headers are written.
static inline void short_put_out(struct worker *worker, struct rte_mbuf *packet,
	const uint8_t *begin, unsigned int len, struct transmit_buffer *buffer,
	struct short_note note)
{
	unsigned int i = buffer->count;

	packet->data_off = (uint16_t)(begin - (uint8_t *)packet->buf_addr);
	packet->data_len = (uint16_t)len;
	packet->pkt_len = len;
	buffer->packets[i] = packet;
	buffer->notes[i] = note;
	buffer->count = i + 1;
	if (unlikely(i + 1 == WORKER_BURST))
		transmit_flush(worker, (unsigned int)(buffer - worker->transmit));
}

#endif
