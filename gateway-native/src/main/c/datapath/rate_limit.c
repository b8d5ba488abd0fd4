// SPDX-License-Identifier: Apache-2.0
#include "rate_limit.h"

#define SCALE 1000000000 // tokens a unit: `limit` of them flow in each nanosecond
#define BURSTS_PER_SECOND 10

__extension__ typedef __int128 token_count;

// 128 bits: the greatest limit times the longest time is 104 bits long.
bool rate_limit_take(struct rate_limit *bucket, uint64_t limit, uint64_t units,
	unsigned int workers, uint64_t now_ns)
{
	token_count one = (token_count)SCALE * workers, cost = one * units;
	token_count burst = (token_count)limit * (SCALE / BURSTS_PER_SECOND);
	token_count tokens;

	if (burst < one)
		burst = one;
	tokens = burst;
	if (bucket->used) {
		tokens = bucket->tokens;
		if (now_ns > bucket->refilled_ns)
			tokens += (token_count)(now_ns - bucket->refilled_ns) * limit;
		if (tokens > burst)
			tokens = burst;
	}
	bucket->used = true;
	bucket->refilled_ns = now_ns;
	if (tokens < cost && tokens < burst) {
		bucket->tokens = tokens;
		return false;
	}
	bucket->tokens = tokens - cost;
	return true;
}
