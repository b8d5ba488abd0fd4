// SPDX-License-Identifier: Apache-2.0
#include "eip_table.h"

#include "grace.h"
#include "huge_memory.h"

#include "../packet/checksum.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

enum {
	ENTRIES_PER_SPARE = 16, // places more than the capacity: they wait for workers
	NEAR_BITS = 65536,
	GRACE_TRIES = 1000,
	GRACE_TRY_NS = 100000,
};

#define NONE UINT32_MAX

static uint32_t entry_count(uint32_t capacity)
{
	return capacity + capacity / ENTRIES_PER_SPARE + 64;
}

// Buckets before entries: the first are read at random by every packet.
static size_t bucket_bytes(uint32_t capacity)
{
	return (eip_index_buckets(capacity) + eip_index_overflow(capacity)) *
	       sizeof(struct eip_bucket);
}

size_t eip_table_bytes(uint32_t capacity)
{
	return sizeof(struct eip_table) + bucket_bytes(capacity) +
	       entry_count(capacity) * sizeof(struct eip) + NEAR_BITS / 8 +
	       eip_index_overflow(capacity) * sizeof(struct eip_overflow_link);
}

struct eip_table *eip_table_create(uint32_t capacity, uint64_t seed, struct rte_rcu_qsbr *qsbr)
{
	uint32_t entries = entry_count(capacity);
	struct eip_table *table = aligned_alloc(64, sizeof(*table));
	uint8_t *memory;

	if (!table)
		return NULL;
	*table = (struct eip_table){
		.seed = seed,
		.capacity = capacity,
		.entry_count = entries,
		.free_head = NONE,
		.waiting_head = NONE,
		.waiting_tail = NONE,
		.qsbr = qsbr,
	};
	memory = capacity > EIP_MAX
			 ? NULL
			 : huge_memory_map(bucket_bytes(capacity) + entries * sizeof(struct eip));
	if (!memory) {
		free(table);
		return NULL;
	}
	table->memory = memory;
	table->entries = (struct eip *)(memory + bucket_bytes(capacity));
	table->near_private = calloc(NEAR_BITS / 64, sizeof(uint64_t));
	// Takes the memory of the buckets now, since workers read them; an entry's comes with the
	// first to use it.
	if (!table->near_private || eip_index_init(&table->index, memory, capacity, qsbr) != 0) {
		eip_table_free(table);
		return NULL;
	}
	return table;
}

void eip_table_free(struct eip_table *table)
{
	if (!table)
		return;
	huge_memory_unmap(table->memory,
		bucket_bytes(table->capacity) + table->entry_count * sizeof(struct eip));
	eip_index_free(&table->index);
	free(table->near_private);
	free(table);
}

static void note_private(struct eip_table *table, const struct ip_address *address)
{
	uint32_t bit = eip_near_bit(address);

	__atomic_fetch_or(&table->near_private[bit / 64], 1ull << bit % 64, __ATOMIC_RELEASE);
}

// What stands there stays until every worker has passed it.
static void entry_give_up(struct eip_table *table, struct eip *eip)
{
	eip->live = false;
	eip->token = grace_begin(table->qsbr);
	eip->next = NONE;
	if (table->waiting_head == NONE)
		table->waiting_head = eip->index;
	else
		table->entries[table->waiting_tail].next = eip->index;
	table->waiting_tail = eip->index;
}

static void entry_give_back(struct eip_table *table, struct eip *eip)
{
	eip->live = false;
	eip->next = table->free_head;
	table->free_head = eip->index;
}

void eip_table_collect(struct eip_table *table)
{
	while (table->waiting_head != NONE &&
		grace_over(table->qsbr, table->entries[table->waiting_head].token)) {
		struct eip *eip = &table->entries[table->waiting_head];

		table->waiting_head = eip->next;
		entry_give_back(table, eip);
	}
	eip_index_collect(&table->index);
}

// Workers pass a quiescent state each poll, so what waits is back in no time; a worker that hangs
// must not hang the control thread too.
static void wait_for_places(struct eip_table *table)
{
	const struct timespec pause = {.tv_nsec = GRACE_TRY_NS};

	for (int i = 0; i < GRACE_TRIES; i++) {
		eip_table_collect(table);
		if (table->waiting_head == NONE && table->index.waiting_head == EIP_INDEX_NONE)
			return;
		nanosleep(&pause, NULL);
	}
}

static struct eip *entry_take(struct eip_table *table)
{
	struct eip *eip;

	if (table->free_head == NONE && table->entries_used < table->entry_count) {
		eip = &table->entries[table->entries_used];
		eip->index = table->entries_used++;
		return eip;
	}
	if (table->free_head == NONE)
		wait_for_places(table);
	if (table->free_head == NONE)
		return NULL;
	eip = &table->entries[table->free_head];
	table->free_head = eip->next;
	return eip;
}

static bool index_add(struct eip_table *table, uint64_t hash, uint32_t value)
{
	if (eip_index_add(&table->index, hash, value))
		return true;
	wait_for_places(table);
	return eip_index_add(&table->index, hash, value);
}

static bool is_possible(const struct eip *eip)
{
	return ip_is_set(&eip->public_address) && ip_is_set(&eip->private_address) &&
	       ip_is_v4(&eip->public_address) == ip_is_v4(&eip->private_address);
}

static void entry_fill(struct eip_table *table, struct eip *place, const struct eip *eip)
{
	uint32_t index = place->index;

	*place = *eip;
	place->index = index;
	place->live = true;
	note_private(table, &eip->private_address);
	place->address_delta =
		checksum_fold(checksum_delta_address(&eip->public_address, &eip->private_address));
}

int eip_table_add(struct eip_table *table, const struct eip *eip)
{
	uint64_t public_hash = eip_hash(table, &eip->public_address);
	uint64_t private_hash = eip_hash(table, &eip->private_address);
	struct eip *place;

	if (!is_possible(eip))
		return -EINVAL;
	eip_prefetch_bucket(table, private_hash);
	if (eip_find_public(table, public_hash, &eip->public_address) ||
		eip_find_private(table, private_hash, &eip->private_address))
		return -EEXIST;
	place = table->count < table->capacity ? entry_take(table) : NULL;
	if (!place)
		return -ENOSPC;
	entry_fill(table, place, eip);
	if (!index_add(table, public_hash, place->index << 1)) {
		entry_give_back(table, place);
		return -ENOSPC;
	}
	if (!index_add(table, private_hash, place->index << 1 | 1)) {
		eip_index_remove(&table->index, public_hash, place->index << 1);
		entry_give_up(table, place); // a reader may have seen it
		return -ENOSPC;
	}
	table->count++;
	return 0;
}

int eip_table_set(struct eip_table *table, const struct eip *eip)
{
	uint64_t public_hash = eip_hash(table, &eip->public_address);
	uint64_t private_hash = eip_hash(table, &eip->private_address);
	const struct eip *holder;
	struct eip *old, *place;

	if (!is_possible(eip))
		return -EINVAL;
	old = (struct eip *)eip_find_public(table, public_hash, &eip->public_address);
	if (!old)
		return -ENOENT;
	holder = eip_find_private(table, private_hash, &eip->private_address);
	if (holder && holder != old)
		return -EEXIST;
	place = entry_take(table);
	if (!place)
		return -ENOSPC;
	entry_fill(table, place, eip);
	if (holder) {
		eip_index_replace(
			&table->index, private_hash, old->index << 1 | 1, place->index << 1 | 1);
	} else if (!index_add(table, private_hash, place->index << 1 | 1)) {
		entry_give_back(table, place);
		return -ENOSPC;
	}
	eip_index_replace(&table->index, public_hash, old->index << 1, place->index << 1);
	if (!holder)
		eip_index_remove(
			&table->index, eip_hash(table, &old->private_address), old->index << 1 | 1);
	entry_give_up(table, old);
	return 0;
}

int eip_table_remove(struct eip_table *table, const struct ip_address *public_address)
{
	uint64_t hash = eip_hash(table, public_address);
	struct eip *eip = (struct eip *)eip_find_public(table, hash, public_address);

	if (!eip)
		return -ENOENT;
	eip_index_remove(&table->index, hash, eip->index << 1);
	eip_index_remove(
		&table->index, eip_hash(table, &eip->private_address), eip->index << 1 | 1);
	entry_give_up(table, eip);
	table->count--;
	return 0;
}

uint32_t eip_table_count(const struct eip_table *table)
{
	return table->count;
}

const struct eip *eip_table_next(const struct eip_table *table, uint32_t *cursor)
{
	while (*cursor < table->entries_used) {
		const struct eip *eip = &table->entries[(*cursor)++];

		if (eip->live)
			return eip;
	}
	return NULL;
}
