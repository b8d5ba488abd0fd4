// SPDX-License-Identifier: Apache-2.0
//
// First stage: reads the headers, looks at whom the packet is for.
#ifndef DYETRACE_RECEIVE_H
#define DYETRACE_RECEIVE_H

#include "worker.h"

enum receive_outcome {
	RECEIVE_TO_VIP,   // TCP, UDP or SCTP to an address that is not ours: the VIP lookup decides
	RECEIVE_TO_LOCAL, // TCP, UDP or SCTP to a local address (meta->local_index): a backend's
			  // reply
	RECEIVE_TO_EIP,   // this is an EIP gateway: any IP packet that is not for itself
	RECEIVE_ICMP,     // ICMP or ICMPv6; icmp.h looks at whom it is for
	RECEIVE_NEIGHBOUR, // ARP (its Ethernet header still on) or neighbour discovery
	RECEIVE_DROP,      // *reason says why
};

// Takes off Ethernet, VLAN tags and the tunnel (meta->tunnel_in) that ends here; the source
// blacklist and the checksums, where asked for, are seen to.
enum receive_outcome receive(struct worker *worker, struct rte_mbuf *packet, unsigned int port,
	enum dt_drop_reason *reason);

// All but the view, which the parser fills in.
static inline void receive_reset_meta(
	struct worker *worker, struct rte_mbuf *packet, unsigned int port)
{
	struct packet_meta *meta = packet_meta(packet);

	memset(&meta->hash, 0, sizeof(*meta) - offsetof(struct packet_meta, hash));
	meta->rx_mono_ns = worker->now.mono_ns;
	meta->rx_real_ns = worker->now.real_ns;
	meta->vip_slot = DT_SLOT_NONE;
	meta->backend_slot = DT_SLOT_NONE;
	meta->frame_bytes = (uint16_t)RTE_MIN(packet->pkt_len, (uint32_t)UINT16_MAX);
	meta->direction = DT_DIR_FORWARD;
	meta->stage = DT_TP_RX;
	meta->port_in = (uint8_t)port;
}

// A frame that does not fit into its buffer: fills in what is known of it, for its drop.
void receive_oversized(struct worker *worker, struct rte_mbuf *packet, unsigned int port,
	const uint8_t *frame, size_t len);

#endif
