// SPDX-License-Identifier: Apache-2.0
//
// What all workers share. Written before they start; afterwards only the atomics change.
#ifndef DYETRACE_NODE_H
#define DYETRACE_NODE_H

#include "colour_guard.h"
#include "vip_table.h"

#include "../telemetry/registry.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define NODE_MAX_WORKERS 64
#define NODE_MAX_PORTS 8
#define NODE_MAX_LOCALS 64
#define NODE_OWN_SLOTS 256 // of a hash set, more than twice the addresses it holds

struct rte_mbuf;
struct rte_rcu_qsbr;
struct worker;

// counters.proto's NodeState.
enum node_state { NODE_STARTING = 1, NODE_READY = 2, NODE_DRAINING = 3 };

struct node_port {
	uint16_t id; // DPDK's
	uint16_t mtu;
	uint16_t rx_queues;
	uint16_t tx_queues;
	uint8_t mac[6];
	bool accept_any_mac; // recorded traffic was addressed to somebody else
	bool has_gateway;
	uint32_t address; // raw
	uint32_t mask;    // raw
	uint32_t gateway; // raw
};

enum own_kind { OWN_NOT, OWN_PORT, OWN_LOCAL };

struct node_time {
	uint64_t mono_ns; // for ageing and intervals
	uint64_t real_ns; // for records and colours
};

struct node {
	unsigned int worker_count;
	struct worker *workers[NODE_MAX_WORKERS];
	struct node_port ports[NODE_MAX_PORTS];
	unsigned int port_count;
	int default_port; // with a gateway; -1: none
	uint32_t locals[NODE_MAX_LOCALS];
	unsigned int local_count;
	uint32_t own_addresses[NODE_OWN_SLOTS];
	uint8_t own_kinds[NODE_OWN_SLOTS];
	uint8_t tier;
	uint64_t idle_sleep_ns;
	uint64_t hash_seed;
	uint64_t sample_threshold; // a random 32-bit number below it: the drop is stamped
	uint32_t sample_weight;
	uint32_t sample_limit; // sampled drop points a second and worker
	const struct dt_colour_guard *guard;
	struct rte_rcu_qsbr *qsbr; // NULL in replay

	struct node_time (*clock)(void *context);
	void *clock_context;
	// Sends what it can and returns how many; the rest stays the caller's.
	uint16_t (*send)(struct worker *worker, unsigned int port, struct rte_mbuf **packets,
		uint16_t count);

	_Atomic(const struct vip_table *) vips;
	_Atomic uint32_t state; // enum node_state
	_Atomic bool stop;
};

void node_add_own_address(struct node *node, uint32_t address, enum own_kind kind);

static inline uint32_t node_own_slot(uint32_t address)
{
	return (uint32_t)((address * 0x9e3779b97f4a7c15ull) >> 40) % NODE_OWN_SLOTS;
}

static inline enum own_kind node_own_address(const struct node *node, uint32_t address)
{
	uint32_t i = node_own_slot(address);

	for (; node->own_kinds[i] != OWN_NOT; i = (i + 1) % NODE_OWN_SLOTS) {
		if (node->own_addresses[i] == address)
			return (enum own_kind)node->own_kinds[i];
	}
	return OWN_NOT;
}

#endif
