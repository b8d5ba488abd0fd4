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

// A frame that does not fit into its buffer: fills in what is known of it, for its drop.
void receive_oversized(struct worker *worker, struct rte_mbuf *packet, unsigned int port,
	const uint8_t *frame, size_t len);

#endif
