// SPDX-License-Identifier: Apache-2.0
//
// What the gateway knows of a packet, in the private area of its buffer: it follows the buffer
// through every stage and hand-over, so that no translation can lose the probe.
//
// From receive() to transmit() the buffer's data begins at the IP header that is being worked on:
// Ethernet is taken off first and put on last, encapsulation stands in front, what was decapsulated
// is gone.
#ifndef DYETRACE_PACKET_H
#define DYETRACE_PACKET_H

#include "../packet/parse.h"

#include <rte_mbuf.h>

#include <stdbool.h>
#include <stdint.h>

// What is to be done with a packet once its worker has it.
enum packet_work {
	WORK_FORWARD,       // client to VIP
	WORK_REPLY,         // backend to local address, or to the client of a DNAT session
	WORK_ERROR_FORWARD, // ICMP error about a reply, from the client's side
	WORK_ERROR_REPLY,   // ICMP error about a forwarded packet, from the backend's side
	WORK_TRANSMIT,      // finished, for a transmit queue of the receiving worker
	WORK_NEIGHBOUR,     // a copy of an ARP or neighbour discovery message
};

#define PACKET_NO_SERVICE UINT16_MAX

// Two cache lines.
struct packet_meta {
	struct packet_view view; // as received, behind the tunnel when there was one
	uint64_t hash;           // of the flow, for its owner
	uint64_t rx_mono_ns;
	uint64_t rx_real_ns;
	// These five stand as in struct dt_point (stamp.c).
	uint32_t vip_slot;
	uint32_t backend_slot;
	uint32_t probe_sequence;
	uint16_t prober_id;
	uint16_t frame_bytes; // as received
	uint16_t service;     // of the VIP that the destination named, or PACKET_NO_SERVICE
	uint8_t direction;    // enum dt_direction; these two stand as there, too
	uint8_t key_state;    // enum dt_key_state
	bool stamped;  // its points are written: a verified probe, or a reply that was recognised
	bool detail;   // at every stage; only with `stamped`
	bool reset;    // a prober's RST
	uint8_t stage; // enum dt_trace_point: where it is
	uint8_t work;  // enum packet_work
	uint8_t port_in;
	uint8_t port_out;
	uint8_t tunnel_in;   // came through tunnels[tunnel_in - 1]; 0: none
	uint8_t local_index; // of the destination, when that is a local address, or
			     // SESSION_LOCAL_CLIENT
	uint8_t mac;         // enum dt_colour_mac_state, as decolour_ahead() found it
	uint8_t reserved[2];
	uint32_t vip_generation; // of the table that service was found in; 0: not found yet
};

_Static_assert(sizeof(struct packet_meta) <= 128, "two cache lines");

#define PACKET_META_BYTES RTE_ALIGN_CEIL(sizeof(struct packet_meta), RTE_MBUF_PRIV_ALIGN)

static inline struct packet_meta *packet_meta(struct rte_mbuf *m)
{
	return rte_mbuf_to_priv(m);
}

static inline uint8_t *packet_l3(struct rte_mbuf *m)
{
	return rte_pktmbuf_mtod(m, uint8_t *);
}

// Of the packet as received: call it before anything is put in front.
static inline uint8_t *packet_l4(struct rte_mbuf *m)
{
	return rte_pktmbuf_mtod_offset(m, uint8_t *, packet_meta(m)->view.l4_offset);
}

#endif
