// SPDX-License-Identifier: Apache-2.0
//
// A token bucket of one worker. The limit is the node's; each of n workers sees about an nth of the
// flows, so here a unit costs n. A tenth of a second's worth may come at once.
#ifndef DYETRACE_RATE_LIMIT_H
#define DYETRACE_RATE_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

struct rate_limit {
	__extension__ __int128 tokens; // 1 / 1e9 of a unit; a tenth of 1e12 of them needs 67 bits
	uint64_t refilled_ns;
	bool used; // before, it is full
};

#define RATE_LIMIT_MAX 1000000000000ull

// Takes `units` (packets, bits, connections) from a bucket of `limit` a second (1 …
// RATE_LIMIT_MAX); false: it has not that many left, and keeps what it has. A single request
// greater than the burst passes when the bucket is full, so that a jumbo frame is not stuck for
// ever behind a small limit; what it took too much flows in before the next one passes.
bool rate_limit_take(struct rate_limit *bucket, uint64_t limit, uint64_t units,
	unsigned int workers, uint64_t now_ns);

#endif
