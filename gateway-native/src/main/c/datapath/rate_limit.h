// SPDX-License-Identifier: Apache-2.0
//
// A token bucket of one worker. The limit is the node's; each of n workers sees about an nth of the
// flows, so here a unit costs n. A tenth of a second's worth may come at once.
#ifndef DYETRACE_RATE_LIMIT_H
#define DYETRACE_RATE_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

struct rate_limit {
	uint64_t tokens; // 1 / 1e9 of a unit
	uint64_t refilled_ns;
	bool used; // before, it is full
};

// Takes `units` (packets, bits, connections) from a bucket of `limit` a second (1 … 1e12); false:
// it has not that many left, and keeps what it has. A single request greater than the burst passes
// when the bucket is full, so that a jumbo frame is not stuck for ever behind a small limit.
bool rate_limit_take(struct rate_limit *bucket, uint64_t limit, uint64_t units,
	unsigned int workers, uint64_t now_ns);

#endif
