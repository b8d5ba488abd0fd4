// SPDX-License-Identifier: Apache-2.0
//
// From settings to a node and its workers; the daemon and the replay share it.
#ifndef DYETRACE_SETUP_H
#define DYETRACE_SETUP_H

#include "settings.h"

#include "../datapath/worker.h"

// The node without DPDK ports and tables: addresses, guard, sampling, seeds. -errno with *error
// filled in, or 0.
int setup_node(struct node *node, const struct settings *settings, uint64_t seed,
	char error[SETTINGS_ERROR_BYTES]);
void setup_node_free(struct node *node);

// A buffer pool for so many threads and its ports. NULL with *error filled in.
struct rte_mempool *setup_pool(
	const struct settings *settings, unsigned int threads, char error[SETTINGS_ERROR_BYTES]);

// One for a replay: few buffers, each of a whole frame of up to frame_bytes.
struct rte_mempool *setup_replay_pool(
	unsigned int threads, uint16_t frame_bytes, char error[SETTINGS_ERROR_BYTES]);

// Of each worker; a tier without sessions still has a table to hash with.
uint32_t setup_session_capacity(const struct settings *settings);

// The node's workers with their hand-over rings, neighbours of the configuration and pinned next
// hop. The node's clock, tables and ports are set before. On failure too, setup_workers_free() is
// due.
int setup_workers(struct node *node, const struct settings *settings, struct rte_mempool *pool,
	uint64_t seed, bool assume_neighbours, char error[SETTINGS_ERROR_BYTES]);
void setup_workers_free(struct node *node);

#endif
