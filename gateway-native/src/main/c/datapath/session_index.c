// SPDX-License-Identifier: Apache-2.0
#include "session_index.h"

#include <string.h>

enum {
	MIN_BUCKETS = 16,
	PREFERRED_LOAD = 5,       // values a bucket: one bucket in 70 has more than ten then
	VALUES_PER_OVERFLOW = 64, // of which that needs a fifth
	MIN_OVERFLOW = 16,
};

static uint32_t main_count(uint32_t values)
{
	uint32_t n = values / PREFERRED_LOAD + 1;

	return n < MIN_BUCKETS ? MIN_BUCKETS : n;
}

static uint32_t overflow_count(uint32_t values)
{
	return values / VALUES_PER_OVERFLOW + MIN_OVERFLOW;
}

size_t session_index_buckets(uint32_t values)
{
	return (size_t)main_count(values) + overflow_count(values);
}

static void clear(struct session_bucket *bucket)
{
	memset(bucket->tags, 0, sizeof(bucket->tags));
	bucket->next = SESSION_INDEX_NONE;
}

void session_index_init(struct session_index *index, struct session_bucket *memory, uint32_t values)
{
	uint32_t overflow = overflow_count(values);

	*index = (struct session_index){.buckets = memory, .bucket_count = main_count(values)};
	index->overflow = memory + index->bucket_count;
	for (uint32_t i = 0; i < index->bucket_count; i++)
		clear(&index->buckets[i]);
	for (uint32_t i = 0; i < overflow; i++) {
		clear(&index->overflow[i]);
		index->overflow[i].next = i + 1 < overflow ? i + 1 : SESSION_INDEX_NONE;
	}
}

static void put(struct session_bucket *bucket, unsigned int slot, uint64_t hash, uint32_t value)
{
	bucket->tags[slot] = session_index_tag(hash);
	bucket->values[slot] = value;
}

bool session_index_add(struct session_index *index, uint64_t hash, uint32_t value)
{
	struct session_bucket *bucket = session_index_bucket(index, (uint32_t)hash), *last = NULL;
	uint32_t fresh = index->overflow_head;
	unsigned int length = 0;

	for (; bucket; last = bucket, bucket = session_index_chained(index, bucket), length++) {
		uint32_t empty = session_bucket_match(bucket, 0);

		if (empty) {
			put(bucket, (unsigned int)__builtin_ctz(empty), hash, value);
			return true;
		}
	}
	if (length >= SESSION_INDEX_MAX_CHAIN || fresh == SESSION_INDEX_NONE)
		return false;
	index->overflow_head = index->overflow[fresh].next;
	clear(&index->overflow[fresh]);
	put(&index->overflow[fresh], 0, hash, value);
	last->next = fresh;
	return true;
}

static void free_if_empty(
	struct session_index *index, struct session_bucket *before, struct session_bucket *bucket)
{
	uint32_t number = before->next;

	if (session_bucket_match(bucket, 0) != (1u << SESSION_INDEX_SLOTS) - 1)
		return;
	before->next = bucket->next;
	bucket->next = index->overflow_head;
	index->overflow_head = number;
}

void session_index_remove(struct session_index *index, uint32_t low_hash, uint32_t value)
{
	struct session_bucket *bucket = session_index_bucket(index, low_hash), *before = NULL;

	for (; bucket; before = bucket, bucket = session_index_chained(index, bucket)) {
		for (unsigned int i = 0; i < SESSION_INDEX_SLOTS; i++) {
			if (bucket->tags[i] == 0 || bucket->values[i] != value)
				continue;
			bucket->tags[i] = 0;
			if (before)
				free_if_empty(index, before, bucket);
			return;
		}
	}
}
