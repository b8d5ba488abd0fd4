// SPDX-License-Identifier: Apache-2.0
//
// From settings to a node and its workers; the daemon and the replay share it.
#ifndef DYETRACE_SETUP_H
#define DYETRACE_SETUP_H

#include "services.h"
#include "settings.h"

#include "../datapath/worker.h"

// The node without DPDK ports: addresses, tunnels, guard, sampling, seeds. -errno with *error
// filled in, or 0.
int setup_node(struct node *node, const struct settings *settings, uint64_t seed,
	char error[SETTINGS_ERROR_BYTES]);
void setup_node_free(struct node *node);

// Publishes the VIPs, which it takes from the settings. The node's qsbr is set before. NULL with
// *error filled in.
struct services *setup_services(struct node *node, struct settings *settings,
	const struct slot_names *names, char error[SETTINGS_ERROR_BYTES]);

// A buffer pool for so many workers and ports. NULL with *error filled in.
struct rte_mempool *setup_pool(
	const struct settings *settings, unsigned int workers, char error[SETTINGS_ERROR_BYTES]);

// One for a replay: few buffers, each of a whole frame of up to frame_bytes.
struct rte_mempool *setup_replay_pool(uint16_t frame_bytes, char error[SETTINGS_ERROR_BYTES]);

// The node's workers with their hand-over rings, neighbours of the configuration and pinned next
// hop. The node's clock, VIPs and ports are set before. On failure too, setup_workers_free() is
// due.
int setup_workers(struct node *node, const struct settings *settings, struct rte_mempool *pool,
	uint64_t seed, bool assume_neighbours, char error[SETTINGS_ERROR_BYTES]);
void setup_workers_free(struct node *node);

#endif
