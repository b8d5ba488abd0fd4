// SPDX-License-Identifier: Apache-2.0
//
// The counters of each second, into the control thread's ring; they are the node's heartbeat.
#ifndef DYETRACE_HEARTBEAT_H
#define DYETRACE_HEARTBEAT_H

#include "port.h"
#include "services.h"

#include "../telemetry/ring.h"

#include <jansson.h>

struct rte_mempool;

struct heartbeat {
	struct node *node;
	const struct services *services;
	struct dt_ring_producer *producer;
	struct dt_ring_writer *writer; // the control thread's ring
	struct rte_mempool *pool;
	struct port_losses losses[NODE_MAX_PORTS];
	uint64_t session_capacity; // of all workers
	uint64_t beats;
	uint32_t slots_used; // VIP slots that drops can stand under: those of removed VIPs too
	uint64_t last_vip_packets[VIP_MAX]; // to tell which changed
};

// Sums over the workers, now.
struct node_totals {
	struct dt_node_counters node;
	uint64_t handed_over;
};

struct node_totals heartbeat_totals(struct heartbeat *heartbeat);
void heartbeat_write(struct heartbeat *heartbeat, uint64_t now_real_ns);

// Of one VIP, now.
uint64_t heartbeat_vip_sessions(const struct heartbeat *heartbeat, const struct vip *vip);

// The counters as the control socket shows them.
json_t *heartbeat_json(struct heartbeat *heartbeat);

#endif
