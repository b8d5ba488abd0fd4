// SPDX-License-Identifier: Apache-2.0
//
// The index of the EIP table: hashes to values, in buckets of a cache line. Readers look without
// locks beside one writer. A slot's value is published before its tag, and what it names before
// either; a value once there is always some entry's, so that a reader who sees an old tag with a
// newer value only compares one address in vain. Keys never move: what stays is always found.
#ifndef DYETRACE_EIP_INDEX_H
#define DYETRACE_EIP_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#if defined(__SSE2__) && !defined(__SANITIZE_THREAD__)
#include <emmintrin.h>
#endif

#define EIP_BUCKET_SLOTS 12
#define EIP_INDEX_NONE UINT32_MAX

// Tags and next are one load; tag 0 marks an empty slot.
struct eip_bucket {
	uint8_t tags[EIP_BUCKET_SLOTS];
	uint32_t next; // into overflow
	uint32_t values[EIP_BUCKET_SLOTS];
};

_Static_assert(sizeof(struct eip_bucket) == 64, "a bucket is one cache line");

// Of an overflow bucket that is free or waits: in the bucket itself readers may still be.
struct eip_overflow_link {
	uint64_t token;
	uint32_t next;
};

struct rte_rcu_qsbr;

struct eip_index {
	struct eip_bucket *buckets;
	struct eip_bucket *overflow;
	uint32_t mask;
	// The writer's.
	uint32_t free_head;
	uint32_t waiting_head; // in the order in which they were given up
	uint32_t waiting_tail;
	struct eip_overflow_link *links;
	struct rte_rcu_qsbr *qsbr;
};

static inline uint8_t eip_index_tag(uint64_t hash)
{
	uint8_t tag = (uint8_t)(hash >> 32);

	return (uint8_t)(tag + (tag == 0));
}

static inline struct eip_bucket *eip_index_bucket(const struct eip_index *index, uint64_t hash)
{
	return &index->buckets[(uint32_t)hash & index->mask];
}

static inline uint32_t eip_index_load(const uint32_t *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

static inline struct eip_bucket *eip_index_next(
	const struct eip_index *index, const struct eip_bucket *bucket)
{
	uint32_t next = eip_index_load(&bucket->next);

	return __builtin_expect(next == EIP_INDEX_NONE, 1) ? NULL : &index->overflow[next];
}

// A bit for each slot with this tag.
static inline uint32_t eip_index_matches(const struct eip_bucket *bucket, uint8_t tag)
{
#if defined(__SSE2__) && !defined(__SANITIZE_THREAD__)
	__m128i tags = _mm_load_si128((const __m128i *)bucket->tags);
	int equal = _mm_movemask_epi8(_mm_cmpeq_epi8(tags, _mm_set1_epi8((char)tag)));

	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return (uint32_t)equal & ((1u << EIP_BUCKET_SLOTS) - 1);
#else
	uint32_t equal = 0;

	for (int i = 0; i < EIP_BUCKET_SLOTS; i++)
		equal |= (uint32_t)(__atomic_load_n(&bucket->tags[i], __ATOMIC_ACQUIRE) == tag)
			 << i;
	return equal;
#endif
}

// For 2 keys an entry. Buckets and overflow buckets together stand in one piece of memory.
size_t eip_index_buckets(uint32_t entries);
size_t eip_index_overflow(uint32_t entries);

// memory: of so many buckets, aligned to 64 bytes. -ENOMEM, or 0.
int eip_index_init(
	struct eip_index *index, void *memory, uint32_t entries, struct rte_rcu_qsbr *qsbr);
void eip_index_free(struct eip_index *index);

// The writer's. Values below 2^31. false: no overflow bucket is free, yet or at all.
bool eip_index_add(struct eip_index *index, uint64_t hash, uint32_t value);
void eip_index_replace(struct eip_index *index, uint64_t hash, uint32_t old, uint32_t new);
void eip_index_remove(struct eip_index *index, uint64_t hash, uint32_t value);
void eip_index_collect(struct eip_index *index);

#endif
