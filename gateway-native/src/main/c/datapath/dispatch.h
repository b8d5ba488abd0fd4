// SPDX-License-Identifier: Apache-2.0
//
// Finds the worker that owns a packet's flow and hands the packet over, through a ring with one
// writer and one reader. What one poll finds for an owner goes into its ring in one go.
#ifndef DYETRACE_DISPATCH_H
#define DYETRACE_DISPATCH_H

#include "worker.h"

// Whoever sends from this address and port: both directions of a DNAT flow have it in common, and
// the forward direction of every flow is owned by it, so that the owner is known before the VIP is.
static inline unsigned int dispatch_owner_of_client(
	const struct worker *worker, const struct ip_address *address, uint16_t port)
{
	const struct node *node = worker->node;

	if (node_owners(node) == 1)
		return node->dispatcher_count;
	return node_owner_of_hash(node, flow_hash_end(node->hash_seed, address, port));
}

// meta->hash is set before; meta->work is set here. false: another worker has the packet now.
bool dispatch(
	struct worker *worker, struct rte_mbuf *packet, enum packet_work work, unsigned int owner);

// Hands over what has been collected; what a ring has no room for is dropped.
void dispatch_flush(struct worker *worker);

#endif
