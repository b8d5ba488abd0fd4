// SPDX-License-Identifier: Apache-2.0
//
// ICMP: answers echo requests to our addresses and VIPs, and translates errors about a session's
// packets.
#ifndef DYETRACE_ICMP_H
#define DYETRACE_ICMP_H

#include "worker.h"

enum icmp_outcome {
	ICMP_ANSWERED,      // the packet is now its answer
	ICMP_ERROR_FORWARD, // about a reply of ours: goes to the owner of the flow in meta->hash
	ICMP_ERROR_REPLY,   // about a packet we forwarded: goes to the owner of the port in
			    // *local_port
	ICMP_BAD_CHECKSUM,
	ICMP_UNANSWERED,
};

// Looks at an ICMP packet for us.
enum icmp_outcome icmp_receive(
	struct worker *worker, struct rte_mbuf *packet, uint16_t *local_port);

// An error, at the worker that owns the session it is about.
void icmp_error(struct worker *worker, struct rte_mbuf *packet, bool forward);

#endif
