// SPDX-License-Identifier: Apache-2.0
//
// First stage: reads the headers, looks at whom the packet is for.
#ifndef DYETRACE_RECEIVE_H
#define DYETRACE_RECEIVE_H

#include "worker.h"

enum receive_outcome {
	RECEIVE_TO_VIP,   // TCP or UDP from a client, or to nobody we know: the VIP lookup decides
	RECEIVE_TO_LOCAL, // TCP or UDP to a local address: a backend's reply
	RECEIVE_ICMP,     // to an address of ours or a VIP
	RECEIVE_ARP,
	RECEIVE_DROP, // *reason says why
};

enum receive_outcome receive(struct worker *worker, struct rte_mbuf *packet, unsigned int port,
	enum dt_drop_reason *reason);

// A frame that does not fit into its buffer: fills in what is known of it, for its drop.
void receive_oversized(struct worker *worker, struct rte_mbuf *packet, unsigned int port,
	const uint8_t *frame, size_t len);

#endif
