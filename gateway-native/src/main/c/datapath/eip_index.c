// SPDX-License-Identifier: Apache-2.0
#include "eip_index.h"

#include "grace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	PREFERRED_LOAD = 5,        // keys a bucket at most, when the table is full
	ENTRIES_PER_OVERFLOW = 32, // one bucket in 500 has overflow
};

size_t eip_index_buckets(uint32_t entries)
{
	size_t n = 16;

	while (n * PREFERRED_LOAD < 2ull * entries)
		n <<= 1;
	return n;
}

size_t eip_index_overflow(uint32_t entries)
{
	return entries / ENTRIES_PER_OVERFLOW + 16;
}

static void bucket_clear(struct eip_bucket *bucket)
{
	memset(bucket, 0, sizeof(*bucket));
	bucket->next = EIP_INDEX_NONE;
}

int eip_index_init(
	struct eip_index *index, void *memory, uint32_t entries, struct rte_rcu_qsbr *qsbr)
{
	size_t buckets = eip_index_buckets(entries), overflow = eip_index_overflow(entries);

	*index = (struct eip_index){
		.buckets = memory,
		.overflow = (struct eip_bucket *)memory + buckets,
		.mask = (uint32_t)(buckets - 1),
		.free_head = EIP_INDEX_NONE,
		.waiting_head = EIP_INDEX_NONE,
		.waiting_tail = EIP_INDEX_NONE,
		.qsbr = qsbr,
	};
	index->links = calloc(overflow, sizeof(*index->links));
	if (!index->links)
		return -ENOMEM;
	for (size_t i = 0; i < buckets + overflow; i++)
		bucket_clear(&index->buckets[i]);
	for (uint32_t i = 0; i < overflow; i++) {
		index->links[i].next = index->free_head;
		index->free_head = i;
	}
	return 0;
}

void eip_index_free(struct eip_index *index)
{
	free(index->links);
}

static void store_release(uint32_t *p, uint32_t v)
{
	__atomic_store_n(p, v, __ATOMIC_RELEASE);
}

static void slot_publish(struct eip_bucket *bucket, uint32_t slot, uint8_t tag, uint32_t value)
{
	store_release(&bucket->values[slot], value);
	__atomic_store_n(&bucket->tags[slot], tag, __ATOMIC_RELEASE);
}

bool eip_index_add(struct eip_index *index, uint64_t hash, uint32_t value)
{
	struct eip_bucket *bucket = eip_index_bucket(index, hash), *last = NULL;
	uint32_t fresh = index->free_head;

	for (; bucket; last = bucket, bucket = eip_index_next(index, bucket)) {
		uint32_t empty = eip_index_matches(bucket, 0);

		if (empty) {
			slot_publish(
				bucket, (uint32_t)__builtin_ctz(empty), eip_index_tag(hash), value);
			return true;
		}
	}
	if (fresh == EIP_INDEX_NONE)
		return false;
	index->free_head = index->links[fresh].next;
	bucket_clear(&index->overflow[fresh]);
	slot_publish(&index->overflow[fresh], 0, eip_index_tag(hash), value);
	store_release(&last->next, fresh);
	return true;
}

struct place {
	struct eip_bucket *before; // that leads there; NULL: nobody
	struct eip_bucket *bucket;
	uint32_t slot;
};

static bool place_of(
	const struct eip_index *index, uint64_t hash, uint32_t value, struct place *place)
{
	struct eip_bucket *bucket = eip_index_bucket(index, hash), *before = NULL;

	for (; bucket; before = bucket, bucket = eip_index_next(index, bucket)) {
		uint32_t found = eip_index_matches(bucket, eip_index_tag(hash));

		for (; found; found &= found - 1) {
			uint32_t slot = (uint32_t)__builtin_ctz(found);

			if (bucket->values[slot] == value) {
				*place = (struct place){before, bucket, slot};
				return true;
			}
		}
	}
	return false;
}

void eip_index_replace(struct eip_index *index, uint64_t hash, uint32_t old, uint32_t new)
{
	struct place place;

	if (place_of(index, hash, old, &place))
		store_release(&place.bucket->values[place.slot], new);
}

static void give_up(struct eip_index *index, uint32_t overflow)
{
	index->links[overflow] = (struct eip_overflow_link){
		.token = grace_begin(index->qsbr),
		.next = EIP_INDEX_NONE,
	};
	if (index->waiting_head == EIP_INDEX_NONE)
		index->waiting_head = overflow;
	else
		index->links[index->waiting_tail].next = overflow;
	index->waiting_tail = overflow;
}

void eip_index_remove(struct eip_index *index, uint64_t hash, uint32_t value)
{
	struct place place;
	uint32_t overflow;

	if (!place_of(index, hash, value, &place))
		return;
	__atomic_store_n(&place.bucket->tags[place.slot], 0, __ATOMIC_RELEASE);
	if (!place.before || eip_index_matches(place.bucket, 0) != (1u << EIP_BUCKET_SLOTS) - 1)
		return;
	overflow = place.before->next;
	store_release(&place.before->next, place.bucket->next); // who reads it still finds on
	give_up(index, overflow);
}

void eip_index_collect(struct eip_index *index)
{
	while (index->waiting_head != EIP_INDEX_NONE &&
		grace_over(index->qsbr, index->links[index->waiting_head].token)) {
		uint32_t overflow = index->waiting_head;

		index->waiting_head = index->links[overflow].next;
		index->links[overflow].next = index->free_head;
		index->free_head = overflow;
	}
}
