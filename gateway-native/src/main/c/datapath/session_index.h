// SPDX-License-Identifier: Apache-2.0
//
// From hashes to 32-bit values: buckets of one cache line with ten slots, chained when more meet
// in one. It knows no keys: a find walks the values that share the hash's tag, and the caller
// compares. The low half of a hash names the bucket, the next 16 bits are the tag.
//
// The EIP table's index (eip_index.h) has the same shape and is another one on purpose. All workers
// read that one beside a writer: it publishes value and tag in an order and lets overflow buckets
// rest until no reader is in them, which a table with one thread would pay for with each session
// made and ended. With tags of 8 bits it has 12 slots and finds tags and next in one load; here
// five others share a bucket, so that one find in fifty would touch a session in vain, in a table
// far greater than the caches.
#ifndef DYETRACE_SESSION_INDEX_H
#define DYETRACE_SESSION_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define SESSION_INDEX_SLOTS 10
#define SESSION_INDEX_MAX_CHAIN 8 // buckets: a longer walk is refused when a value is added
#define SESSION_INDEX_NONE UINT32_MAX

struct session_bucket {
	uint32_t values[SESSION_INDEX_SLOTS];
	uint16_t tags[SESSION_INDEX_SLOTS]; // 0: the slot is empty
	uint32_t next;                      // into overflow
};

_Static_assert(sizeof(struct session_bucket) == 64, "a bucket is one cache line");
_Static_assert(offsetof(struct session_bucket, tags) == 40, "tags are loaded as 16 and 8 bytes");

struct session_index {
	struct session_bucket *buckets;
	struct session_bucket *overflow;
	uint32_t bucket_count;
	uint32_t overflow_head; // of the free ones
};

// How many buckets, chained ones included, an index of so many values has.
size_t session_index_buckets(uint32_t values);

// memory: session_index_buckets(values) buckets, aligned to 64 bytes.
void session_index_init(
	struct session_index *index, struct session_bucket *memory, uint32_t values);

// false: there is no room in this bucket's chain; nothing has changed.
bool session_index_add(struct session_index *index, uint64_t hash, uint32_t value);

// low_hash: the low half of the hash that it was added with.
void session_index_remove(struct session_index *index, uint32_t low_hash, uint32_t value);

static inline uint16_t session_index_tag(uint64_t hash)
{
	return (uint16_t)(hash >> 32 | 1); // never 0
}

static inline struct session_bucket *session_index_bucket(
	const struct session_index *index, uint32_t low_hash)
{
	return &index->buckets[(uint64_t)low_hash * index->bucket_count >> 32];
}

static inline struct session_bucket *session_index_chained(
	const struct session_index *index, const struct session_bucket *bucket)
{
	return bucket->next == SESSION_INDEX_NONE ? NULL : &index->overflow[bucket->next];
}

// A bit for each slot with this tag.
static inline uint32_t session_bucket_match(const struct session_bucket *bucket, uint16_t tag)
{
#ifdef __SSE2__
	__m128i wanted = _mm_set1_epi16((short)tag);
	__m128i first = _mm_loadu_si128((const __m128i *)(const void *)bucket->tags);
	__m128i rest = _mm_loadl_epi64((const __m128i *)(const void *)&bucket->tags[8]);
	__m128i equal =
		_mm_packs_epi16(_mm_cmpeq_epi16(first, wanted), _mm_cmpeq_epi16(rest, wanted));

	return (uint32_t)_mm_movemask_epi8(equal) & ((1u << SESSION_INDEX_SLOTS) - 1);
#else
	uint32_t match = 0;

	for (unsigned int i = 0; i < SESSION_INDEX_SLOTS; i++)
		match |= (uint32_t)(bucket->tags[i] == tag) << i;
	return match;
#endif
}

#endif
