// SPDX-License-Identifier: Apache-2.0
//
// The hash of a flow: 64 x 64 -> 128 bit multiplications folded. With a secret seed nobody outside
// can aim at one bucket; with the fixed seed every node and every run finds the same backend.
#ifndef DYETRACE_FLOW_HASH_H
#define DYETRACE_FLOW_HASH_H

#include "../packet/ip_address.h"

#include <stdint.h>

#define FLOW_HASH_FIXED_SEED 0x9e3779b97f4a7c15ull

static inline uint64_t flow_hash_mix(uint64_t a, uint64_t b)
{
	__extension__ unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

// The ports come in turn: one multiplication would leave the flows of one client at equal distances
// in the table, for some seeds many in one bucket. Two, and no bit is left out.
static inline uint64_t flow_hash_finish(uint64_t h)
{
	h = (h ^ h >> 32) * 0x9fb21c651e98df25ull;
	h = (h ^ h >> 32) * 0xd6e8feb86659fd93ull;
	return h ^ h >> 32;
}

static inline uint64_t flow_hash(uint64_t seed, const struct ip_address *source,
	const struct ip_address *destination, uint16_t source_port, uint16_t destination_port,
	uint8_t protocol)
{
	uint64_t rest = (uint64_t)source_port << 32 | (uint64_t)destination_port << 16 | protocol;
	uint64_t low, high;

	// The lower halves tell IPv4 addresses apart; IPv6 mixes the prefixes in.
	low = flow_hash_mix(source->halves[1] ^ seed ^ 0xa0761d6478bd642full,
		destination->halves[1] ^ (seed >> 32 | seed << 32) ^ 0xe7037ed1a0b428dbull);
	high = source->halves[0] | destination->halves[0];
	if (high)
		low ^= flow_hash_mix(source->halves[0] ^ seed ^ 0x2d358dccaa6c78a5ull,
			destination->halves[0] ^ 0x8bb84b93962eacc9ull);
	return flow_hash_finish(low ^ rest ^ seed);
}

// Of one end of a flow: what both directions of a DNAT flow have in common.
static inline uint64_t flow_hash_end(uint64_t seed, const struct ip_address *address, uint16_t port)
{
	uint64_t h = flow_hash_mix(address->halves[0] ^ seed ^ 0xa0761d6478bd642full,
		address->halves[1] ^ (seed >> 32 | seed << 32) ^ 0xe7037ed1a0b428dbull);

	// Not beside the address: one who has a prefix could balance the two.
	return flow_hash_finish(h ^ port ^ seed);
}

// Which of n owns the flow, from bits that the session table does not use.
static inline unsigned int flow_hash_owner(uint64_t hash, unsigned int n)
{
	return (unsigned int)(((hash >> 48) * n) >> 16);
}

#endif
