// SPDX-License-Identifier: Apache-2.0
#include "blacklist_set.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define GREAT_PAGE_BYTES (1u << 21)
#define MIN_SLOTS 64u
#define MAP_WHOLE_BITS 19 // a prefix of this length is 32 × /24: one word of the map

static uint32_t mask_v4(unsigned int bits)
{
	return bits ? UINT32_MAX << (32 - bits) : 0;
}

bool set_matches_v4(const struct blacklist_set *set, uint32_t address)
{
	unsigned int state = set_map_state(set, address);
	uint64_t lengths;

	if (state != MAP_LONGER)
		return state != 0;
	lengths = atomic_load_explicit(&set->lengths[0], memory_order_relaxed) >> 25 << 25;
	for (; lengths; lengths &= lengths - 1) {
		unsigned int bits = (unsigned int)__builtin_ctzll(lengths);

		if (set_find_v4(set, address & mask_v4(bits), bits) != LISTED_NONE)
			return true;
	}
	return false;
}

static bool matches_length(
	const struct blacklist_set *set, uint64_t high, uint64_t low, unsigned int bits)
{
	if (bits == 0)
		high = 0;
	else if (bits < 64)
		high &= UINT64_MAX << (64 - bits);
	if (bits <= 64)
		low = 0;
	else
		low &= UINT64_MAX << (128 - bits);
	return set_find_v6(set, high, low, bits) != LISTED_NONE;
}

bool set_matches_v6(const struct blacklist_set *set, uint64_t high, uint64_t low)
{
	for (unsigned int word = 0; word < 3; word++) {
		uint64_t lengths = atomic_load_explicit(&set->lengths[word], memory_order_relaxed);

		for (; lengths; lengths &= lengths - 1) {
			unsigned int bits = word * 64 + (unsigned int)__builtin_ctzll(lengths);

			if (matches_length(set, high, low, bits))
				return true;
		}
	}
	return false;
}

void *set_memory(size_t bytes)
{
	size_t alignment = bytes >= GREAT_PAGE_BYTES ? GREAT_PAGE_BYTES : 64;
	size_t whole = (bytes + alignment - 1) / alignment * alignment;
	void *memory = aligned_alloc(alignment, whole);

	if (!memory)
		return NULL;
	if (alignment == GREAT_PAGE_BYTES)
		madvise(memory, whole, MADV_HUGEPAGE); // faster where it can be had
	return memset(memory, 0, whole);
}

struct blacklist_set *set_new(
	const struct listed *entries, _Atomic uint64_t *map, uint64_t seed, uint32_t count)
{
	struct blacklist_set *set;
	uint32_t slots = MIN_SLOTS;

	while (slots < count * 2 && slots < SET_MAX_SLOTS)
		slots <<= 1;
	set = set_memory(sizeof(*set) + slots * sizeof(set->slots[0]));
	if (!set)
		return NULL;
	set->entries = entries;
	set->map = map;
	set->seed = seed;
	set->mask = slots - 1;
	return set;
}

bool set_is_full(const struct blacklist_set *set)
{
	return set->filled >= (set->mask + 1) / 4 * 3;
}

static struct set_key key_of(const struct blacklist_set *set, uint32_t index)
{
	const struct listed *e = &set->entries[index];

	return e->family == LISTED_V4 ? set_key_v4(set->seed, (uint32_t)e->low, e->bits)
				      : set_key_v6(set->seed, e->high, e->low, e->bits);
}

static uint64_t load(const struct blacklist_set *set, uint64_t i)
{
	return atomic_load_explicit(&set->slots[i & set->mask], memory_order_relaxed);
}

static void store(struct blacklist_set *set, uint64_t i, uint64_t slot)
{
	atomic_store_explicit(&set->slots[i & set->mask], slot, memory_order_release);
}

void set_insert(struct blacklist_set *set, uint32_t index)
{
	struct set_key key = key_of(set, index);
	uint64_t i = key.hash;

	while (load(set, i) != 0 && load(set, i) != SET_REMOVED)
		i++;
	set->filled += load(set, i) == 0;
	store(set, i, key.tag << SET_INDEX_BITS | (index + 1));
}

void set_remove(struct blacklist_set *set, uint32_t index)
{
	struct set_key key = key_of(set, index);
	uint64_t slot = key.tag << SET_INDEX_BITS | (index + 1), i = key.hash;

	while (load(set, i) != slot)
		i++;
	store(set, i, SET_REMOVED);
	// Nothing stands behind it: then it may be empty, and what was removed before it.
	for (; load(set, i + 1) == 0 && load(set, i) == SET_REMOVED; i--) {
		store(set, i, 0);
		set->filled--;
	}
}

void set_use_length(struct blacklist_set *set, unsigned int bits, bool used)
{
	_Atomic uint64_t *word = &set->lengths[bits / 64];
	uint64_t bit = 1ull << bits % 64, lengths = atomic_load(word);

	atomic_store_explicit(word, used ? lengths | bit : lengths & ~bit, memory_order_release);
}

static void map_mark(struct blacklist_set *set, uint32_t address, uint64_t bits, bool marked)
{
	_Atomic uint64_t *word = &set->map[address >> 13];
	uint64_t mark = bits << ((address >> 8 & 31) * 2), old = atomic_load(word);

	atomic_store_explicit(word, marked ? old | mark : old & ~mark, memory_order_release);
}

void set_map_add(struct blacklist_set *set, uint32_t prefix, unsigned int bits)
{
	uint64_t end = (uint64_t)prefix + (1ull << (32 - bits));

	if (bits > 24) {
		map_mark(set, prefix, MAP_LONGER, true);
		return;
	}
	for (uint64_t a = prefix; a < end && bits > MAP_WHOLE_BITS; a += 1u << 8)
		map_mark(set, (uint32_t)a, MAP_LISTED, true);
	for (uint64_t a = prefix; a < end && bits <= MAP_WHOLE_BITS; a += 1u << 13)
		atomic_fetch_or(&set->map[a >> 13], 0x5555555555555555ull * MAP_LISTED);
}

// Of the lengths between these two, one has a prefix of this address.
static bool listed_between(
	const struct blacklist_set *set, uint32_t address, unsigned int from, unsigned int to)
{
	uint64_t lengths = atomic_load_explicit(&set->lengths[0], memory_order_relaxed);

	lengths = lengths >> from << from & ((1ull << (to + 1)) - 1);
	for (; lengths; lengths &= lengths - 1) {
		unsigned int bits = (unsigned int)__builtin_ctzll(lengths);

		if (set_find_v4(set, address & mask_v4(bits), bits) != LISTED_NONE)
			return true;
	}
	return false;
}

void set_map_remove(struct blacklist_set *set, uint32_t prefix, unsigned int bits)
{
	uint64_t end = (uint64_t)prefix + (1ull << (32 - bits));

	if (bits > 24 || listed_between(set, prefix, 0, bits))
		return;
	for (uint64_t a = prefix; a < end; a += 1u << 8) {
		if (!listed_between(set, (uint32_t)a, bits, 24))
			map_mark(set, (uint32_t)a, MAP_LISTED, false);
	}
}
