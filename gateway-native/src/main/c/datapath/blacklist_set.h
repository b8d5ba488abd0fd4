// SPDX-License-Identifier: Apache-2.0
//
// The prefixes of one family as a hash set that one thread writes while others read: a slot is one
// word, so a reader sees a prefix or does not. What the set consists of (it grows by a new one) is
// freed by its owner once no reader is left.
//
// Prefixes of each length in use cost a reader one probe. IPv4 has a map before it that knows of
// every /24 whether it is listed as a whole or has longer prefixes in it: two bits each, so that a
// look-up is mostly one load, and the number of shorter lengths costs nothing.
#ifndef DYETRACE_BLACKLIST_SET_H
#define DYETRACE_BLACKLIST_SET_H

#include "flow_hash.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define LISTED_NONE UINT32_MAX

enum { LISTED_FREE, LISTED_V4, LISTED_V6 };

// An entry of the list. Readers look at the first line of members only.
struct listed {
	uint64_t high, low; // of the prefix, host order; IPv4: 0 and the address
	uint64_t expires_ns;
	uint32_t place; // in the queue of expiry, or LISTED_NONE; of a free one: the next
	uint8_t bits;
	uint8_t family; // LISTED_*
};

// A slot: 43 bits of the key (all of an IPv4 key, of the hash of an IPv6 one) above 21 bits of the
// entry's index + 1.
#define SET_INDEX_BITS 21
#define SET_INDEX_MASK ((1u << SET_INDEX_BITS) - 1)
#define SET_REMOVED SET_INDEX_MASK // with no key
#define SET_MAX_SLOTS (1u << SET_INDEX_BITS)

enum { MAP_LISTED = 1, MAP_LONGER = 2 };

#define MAP_BYTES (1u << 22)

struct blacklist_set {
	const struct listed *entries;
	_Atomic uint64_t *map; // IPv4
	uint64_t seed;
	_Atomic uint64_t lengths[3]; // a bit for each length in use
	uint32_t mask;
	uint32_t filled; // slots that are not empty
	_Atomic uint64_t slots[];
};

struct set_key {
	uint64_t hash;
	uint64_t tag;
};

static inline struct set_key set_key_v4(uint64_t seed, uint32_t prefix, unsigned int bits)
{
	uint64_t tag = (uint64_t)prefix << 6 | bits;

	return (struct set_key){flow_hash_mix(tag ^ seed, 0xa0761d6478bd642full), tag};
}

static inline struct set_key set_key_v6(
	uint64_t seed, uint64_t high, uint64_t low, unsigned int bits)
{
	uint64_t h = flow_hash_mix(high ^ seed, low ^ 0xe7037ed1a0b428dbull);

	h = flow_hash_mix(h ^ bits, seed ^ 0x8ebc6af09c88c6e3ull);
	return (struct set_key){h, h >> SET_INDEX_BITS};
}

// Index of the entry, or LISTED_NONE.
static inline uint32_t set_find_v4(
	const struct blacklist_set *set, uint32_t prefix, unsigned int bits)
{
	struct set_key key = set_key_v4(set->seed, prefix, bits);

	for (uint64_t i = key.hash;; i++) {
		uint64_t slot =
			atomic_load_explicit(&set->slots[i & set->mask], memory_order_acquire);

		if (slot == 0)
			return LISTED_NONE;
		if (slot >> SET_INDEX_BITS == key.tag && slot != SET_REMOVED)
			return (uint32_t)(slot & SET_INDEX_MASK) - 1;
	}
}

static inline uint32_t set_find_v6(
	const struct blacklist_set *set, uint64_t high, uint64_t low, unsigned int bits)
{
	struct set_key key = set_key_v6(set->seed, high, low, bits);

	for (uint64_t i = key.hash;; i++) {
		uint64_t slot =
			atomic_load_explicit(&set->slots[i & set->mask], memory_order_acquire);
		const struct listed *e;

		if (slot == 0)
			return LISTED_NONE;
		if (slot >> SET_INDEX_BITS != key.tag || slot == SET_REMOVED)
			continue;
		e = &set->entries[(slot & SET_INDEX_MASK) - 1];
		if (e->high == high && e->low == low && e->bits == bits)
			return (uint32_t)(slot & SET_INDEX_MASK) - 1;
	}
}

static inline unsigned int set_map_state(const struct blacklist_set *set, uint32_t address)
{
	uint64_t word = atomic_load_explicit(&set->map[address >> 13], memory_order_relaxed);

	return (unsigned int)(word >> ((address >> 8 & 31) * 2)) & 3;
}

bool set_matches_v4(const struct blacklist_set *set, uint32_t address);
bool set_matches_v6(const struct blacklist_set *set, uint64_t high, uint64_t low);

// Memory of zeros, in great pages when there are any. free() it. NULL: no memory.
void *set_memory(size_t bytes);

// An empty set for `count` prefixes and as many again. map: NULL for IPv6. NULL: no memory.
struct blacklist_set *set_new(
	const struct listed *entries, _Atomic uint64_t *map, uint64_t seed, uint32_t count);

// No room for another prefix: a new set is due.
bool set_is_full(const struct blacklist_set *set);

// entry: index of one that is not in the set.
void set_insert(struct blacklist_set *set, uint32_t index);
void set_remove(struct blacklist_set *set, uint32_t index);

// The lengths that a reader tries.
void set_use_length(struct blacklist_set *set, unsigned int bits, bool used);

// Of the map: an entry came; one went (and is no longer in the set). Longer prefixes leave their
// mark until the next map.
void set_map_add(struct blacklist_set *set, uint32_t prefix, unsigned int bits);
void set_map_remove(struct blacklist_set *set, uint32_t prefix, unsigned int bits);

#endif
