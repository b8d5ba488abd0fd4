// SPDX-License-Identifier: Apache-2.0
//
// What a lookup costs at least on this machine: a table that can do nothing else, with 64-byte
// sessions, exact keys, and buckets and sessions fetched before they are read, in bursts.
#ifndef DYETRACE_LOOKUP_FLOOR_H
#define DYETRACE_LOOKUP_FLOOR_H

#include <stdbool.h>
#include <stdint.h>

struct lookup_bench {
	uint32_t flows;
	uint32_t burst;   // at most LOOKUP_MAX_BURST
	uint64_t packets; // after as many bursts as bring each flow in once
	uint64_t seed;
	bool in_order; // flows one after the other instead of at random
};

#define LOOKUP_MAX_BURST 256

// Finds and touches one session a packet. Nanoseconds a packet; negative: no memory.
double bench_lookup_floor(const struct lookup_bench *bench);

// The numbers of the flows in the order of their packets, *count of them (a power of two), to be
// gone round in. NULL: no memory; free() it.
uint32_t *lookup_order(const struct lookup_bench *bench, uint64_t *count);

uint64_t lookup_now_ns(void);

#endif
