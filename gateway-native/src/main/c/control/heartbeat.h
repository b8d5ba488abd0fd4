// SPDX-License-Identifier: Apache-2.0
//
// The counters of each second, into the control thread's ring; they are the node's heartbeat.
#ifndef DYETRACE_HEARTBEAT_H
#define DYETRACE_HEARTBEAT_H

#include "eips.h"
#include "port.h"
#include "services.h"

#include "../telemetry/ring.h"

#include <jansson.h>

struct rte_mempool;

struct heartbeat {
	struct node *node;
	const struct services *services;
	const struct eips *eips; // NULL: another tier
	struct dt_ring_producer *producer;
	struct dt_ring_writer *writer; // the control thread's ring
	struct rte_mempool *pool;
	struct port_losses losses[NODE_MAX_PORTS];
	uint64_t session_capacity; // of all workers
	uint32_t other_changes;    // to EIPs and the blacklist, which services do not count
	uint64_t beats;
	uint64_t last_vip_packets[VIP_MAX];     // to tell which changed
	uint64_t last_gap_ns[NODE_MAX_WORKERS]; // longest poll gap of the last beat
};

// Of the whole configuration.
uint32_t heartbeat_version(const struct heartbeat *heartbeat);

// Sums over the workers, now.
struct node_totals {
	struct dt_node_counters node;
	struct dt_node_actions actions;
};

struct node_totals heartbeat_totals(struct heartbeat *heartbeat);
void heartbeat_write(struct heartbeat *heartbeat, uint64_t now_real_ns);

// Of one VIP, now.
uint64_t heartbeat_vip_sessions(const struct heartbeat *heartbeat, const struct vip *vip);

// The counters as the control socket shows them.
json_t *heartbeat_json(struct heartbeat *heartbeat);
json_t *heartbeat_workers_json(const struct heartbeat *heartbeat);
json_t *heartbeat_rings_json(const struct heartbeat *heartbeat);
// A row for each (VIP, reason) with drops; of this name only, or NULL for all.
json_t *heartbeat_drops_json(const struct heartbeat *heartbeat, const char *name);

#endif
