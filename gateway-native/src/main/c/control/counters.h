// SPDX-License-Identifier: Apache-2.0
//
// Reading the workers' counters: the heartbeat and the control socket share it.
#ifndef DYETRACE_COUNTERS_H
#define DYETRACE_COUNTERS_H

#include "heartbeat.h"

#include "../datapath/worker.h"

// What is counted under a name of its own: VIPs, and EIPs that have one.
struct counted {
	uint32_t slot;
	const char *name;
};

uint32_t counters_max(const struct heartbeat *heartbeat);
// false: the n-th is none.
bool counters_at(const struct heartbeat *heartbeat, uint32_t n, struct counted *out);

// The n-th place that drops can stand under: 0 is that of no VIP, then come all names that there
// have been, those of removed VIPs too. false: no more.
bool counters_drop_slot(const struct heartbeat *heartbeat, uint32_t n, struct counted *out);

struct vip_counter counters_of_vip(const struct node *node, uint32_t slot);
struct drop_counter counters_of_drop(const struct node *node, uint32_t slot, uint32_t reason);

// The workers write these words without a lock; each is read whole.
static inline uint64_t counters_peek(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

#endif
