// SPDX-License-Identifier: Apache-2.0
#include "session_table.h"

#include <string.h>

enum { BUCKET_SLOTS = 10, SESSIONS_PER_OVERFLOW = 8, PREFERRED_LOAD = 5 };

#define NONE UINT32_MAX

// One cache line. A value is the session's index << 1 | is the reply key; tag 0 marks an empty
// slot.
struct session_bucket {
	uint32_t values[BUCKET_SLOTS];
	uint16_t tags[BUCKET_SLOTS];
	uint32_t next; // into overflow
};

_Static_assert(sizeof(struct session_bucket) == 64, "a bucket is one cache line");

static uint32_t bucket_count(uint32_t capacity)
{
	uint32_t n = 16;

	while ((uint64_t)n * PREFERRED_LOAD < 2ull * capacity)
		n <<= 1;
	return n;
}

// Every key may have to stand in overflow when hashes are unlucky in tests of small tables; big
// ones need about 1 % of this.
static uint32_t overflow_count(uint32_t capacity)
{
	return capacity / SESSIONS_PER_OVERFLOW + 16;
}

size_t session_table_bytes(uint32_t capacity)
{
	return (size_t)capacity * sizeof(struct session) +
	       ((size_t)bucket_count(capacity) + overflow_count(capacity)) *
		       sizeof(struct session_bucket);
}

static void bucket_clear(struct session_bucket *bucket)
{
	memset(bucket->tags, 0, sizeof(bucket->tags));
	bucket->next = NONE;
}

void session_table_init(struct session_table *table, void *memory, uint32_t capacity, uint64_t seed,
	const uint32_t timeout_ticks[SESSION_CLASSES])
{
	uint32_t buckets = bucket_count(capacity), overflow = overflow_count(capacity);

	*table = (struct session_table){
		.sessions = memory,
		.seed = seed,
		.bucket_mask = buckets - 1,
		.capacity = capacity,
	};
	table->buckets = (struct session_bucket *)(table->sessions + capacity);
	table->overflow = table->buckets + buckets;
	for (uint32_t i = 0; i < capacity; i++) {
		table->sessions[i].state = SESSION_FREE;
		table->sessions[i].next = i + 1 < capacity ? i + 1 : NONE;
	}
	for (uint32_t i = 0; i < buckets; i++)
		bucket_clear(&table->buckets[i]);
	for (uint32_t i = 0; i < overflow; i++) {
		bucket_clear(&table->overflow[i]);
		table->overflow[i].next = i + 1 < overflow ? i + 1 : NONE;
	}
	for (int i = 0; i < SESSION_CLASSES; i++) {
		table->head[i] = NONE;
		table->tail[i] = NONE;
		table->timeout_ticks[i] = timeout_ticks[i];
	}
}

static inline uint16_t tag_of(uint64_t hash)
{
	uint16_t tag = (uint16_t)(hash >> 32);

	return tag ? tag : 1;
}

static inline struct session_bucket *bucket_of(const struct session_table *table, uint64_t hash)
{
	return &table->buckets[(uint32_t)hash & table->bucket_mask];
}

static inline struct session_bucket *bucket_next(
	const struct session_table *table, const struct session_bucket *bucket)
{
	return bucket->next == NONE ? NULL : &table->overflow[bucket->next];
}

struct session *session_find_forward(const struct session_table *table, uint64_t hash,
	uint32_t client, uint32_t vip, uint16_t client_port, uint16_t vip_port, uint8_t protocol)
{
	const struct session_bucket *bucket = bucket_of(table, hash);
	uint16_t tag = tag_of(hash);

	for (; bucket; bucket = bucket_next(table, bucket)) {
		for (int i = 0; i < BUCKET_SLOTS; i++) {
			struct session *s;

			if (bucket->tags[i] != tag || (bucket->values[i] & 1))
				continue;
			s = &table->sessions[bucket->values[i] >> 1];
			if (s->client == client && s->vip == vip && s->client_port == client_port &&
				s->vip_port == vip_port && s->protocol == protocol)
				return s;
		}
	}
	return NULL;
}

struct session *session_find_reply(const struct session_table *table, uint64_t hash,
	uint32_t backend, uint32_t local, uint16_t backend_port, uint16_t local_port,
	uint8_t protocol)
{
	const struct session_bucket *bucket = bucket_of(table, hash);
	uint16_t tag = tag_of(hash);

	for (; bucket; bucket = bucket_next(table, bucket)) {
		for (int i = 0; i < BUCKET_SLOTS; i++) {
			struct session *s;

			if (bucket->tags[i] != tag || !(bucket->values[i] & 1))
				continue;
			s = &table->sessions[bucket->values[i] >> 1];
			if (s->backend == backend && s->local == local &&
				s->backend_port == backend_port && s->local_port == local_port &&
				s->protocol == protocol)
				return s;
		}
	}
	return NULL;
}

void session_prefetch_bucket(const struct session_table *table, uint64_t hash)
{
	__builtin_prefetch(bucket_of(table, hash));
}

void session_prefetch_session(const struct session_table *table, uint64_t hash)
{
	const struct session_bucket *bucket = bucket_of(table, hash);
	uint16_t tag = tag_of(hash);

	for (int i = 0; i < BUCKET_SLOTS; i++) {
		if (bucket->tags[i] == tag) {
			__builtin_prefetch(&table->sessions[bucket->values[i] >> 1]);
			return;
		}
	}
}

static bool index_add(struct session_table *table, uint64_t hash, uint32_t value)
{
	struct session_bucket *bucket = bucket_of(table, hash), *last = NULL;
	uint32_t fresh;

	for (; bucket; last = bucket, bucket = bucket_next(table, bucket)) {
		for (int i = 0; i < BUCKET_SLOTS; i++) {
			if (bucket->tags[i] == 0) {
				bucket->tags[i] = tag_of(hash);
				bucket->values[i] = value;
				return true;
			}
		}
	}
	fresh = table->overflow_head;
	if (table->overflow[fresh].next == NONE) // the last one stays: the list never gets empty
		return false;
	table->overflow_head = table->overflow[fresh].next;
	bucket_clear(&table->overflow[fresh]);
	table->overflow[fresh].tags[0] = tag_of(hash);
	table->overflow[fresh].values[0] = value;
	last->next = fresh;
	return true;
}

static bool bucket_is_empty(const struct session_bucket *bucket)
{
	for (int i = 0; i < BUCKET_SLOTS; i++) {
		if (bucket->tags[i])
			return false;
	}
	return true;
}

static void index_remove(struct session_table *table, uint64_t hash, uint32_t value)
{
	struct session_bucket *bucket = bucket_of(table, hash), *before = NULL;
	uint16_t tag = tag_of(hash);

	for (; bucket; before = bucket, bucket = bucket_next(table, bucket)) {
		for (int i = 0; i < BUCKET_SLOTS; i++) {
			if (bucket->tags[i] != tag || bucket->values[i] != value)
				continue;
			bucket->tags[i] = 0;
			if (before && bucket_is_empty(bucket)) {
				uint32_t index = before->next;

				before->next = bucket->next;
				bucket->next = table->overflow_head;
				table->overflow_head = index;
			}
			return;
		}
	}
}

static uint64_t forward_hash_of(const struct session_table *table, const struct session *s)
{
	return session_forward_hash(
		table, s->client, s->vip, s->client_port, s->vip_port, s->protocol);
}

static uint64_t reply_hash_of(const struct session_table *table, const struct session *s)
{
	return session_reply_hash(
		table, s->backend, s->local, s->backend_port, s->local_port, s->protocol);
}

static void queue_remove(struct session_table *table, struct session *s)
{
	if (s->previous == NONE)
		table->head[s->class] = s->next;
	else
		table->sessions[s->previous].next = s->next;
	if (s->next == NONE)
		table->tail[s->class] = s->previous;
	else
		table->sessions[s->next].previous = s->previous;
}

static void queue_append(struct session_table *table, struct session *s, uint32_t tick)
{
	uint32_t index = (uint32_t)(s - table->sessions);

	s->queued_tick = tick;
	s->next = NONE;
	s->previous = table->tail[s->class];
	if (s->previous == NONE)
		table->head[s->class] = index;
	else
		table->sessions[s->previous].next = index;
	table->tail[s->class] = index;
}

struct session *session_insert(
	struct session_table *table, const struct session *session, uint32_t tick)
{
	uint32_t index = table->free_head;
	struct session *s;

	if (table->count == table->capacity)
		return NULL;
	s = &table->sessions[index];
	if (!index_add(table, forward_hash_of(table, session), index << 1))
		return NULL;
	if (!index_add(table, reply_hash_of(table, session), index << 1 | 1)) {
		index_remove(table, forward_hash_of(table, session), index << 1);
		return NULL;
	}
	table->free_head = s->next;
	*s = *session;
	s->created_tick = tick;
	queue_append(table, s, tick);
	table->count++;
	return s;
}

void session_remove(struct session_table *table, struct session *s)
{
	uint32_t index = (uint32_t)(s - table->sessions);

	index_remove(table, forward_hash_of(table, s), index << 1);
	index_remove(table, reply_hash_of(table, s), index << 1 | 1);
	queue_remove(table, s);
	if (table->on_remove)
		table->on_remove(table->context, s);
	s->state = SESSION_FREE;
	s->next = table->free_head;
	table->free_head = index;
	table->count--;
}

void session_touch(struct session_table *table, struct session *s, uint32_t tick)
{
	if (tick - s->queued_tick > table->timeout_ticks[s->class] / 8) {
		queue_remove(table, s);
		queue_append(table, s, tick);
	}
}

void session_set_class(
	struct session_table *table, struct session *s, enum session_class class, uint32_t tick)
{
	queue_remove(table, s);
	s->class = (uint8_t) class;
	queue_append(table, s, tick);
}

uint32_t session_table_age(struct session_table *table, uint32_t tick, uint32_t steps)
{
	uint32_t removed = 0;

	for (uint32_t i = 0, idle = 0; i < steps && idle < SESSION_CLASSES; i++) {
		uint32_t class = table->next_class;
		uint32_t index = table->head[class];
		uint32_t timeout = table->timeout_ticks[class];

		if (index == NONE ||
			tick - table->sessions[index].queued_tick < timeout + timeout / 8) {
			table->next_class = (class + 1) % SESSION_CLASSES;
			idle++;
			continue;
		}
		idle = 0;
		session_remove(table, &table->sessions[index]);
		removed++;
	}
	// The next call begins elsewhere: no class waits for the end of another's backlog.
	table->next_class = (table->next_class + 1) % SESSION_CLASSES;
	return removed;
}

const struct session *session_table_next(const struct session_table *table, uint32_t *cursor)
{
	while (*cursor < table->capacity) {
		const struct session *s = &table->sessions[(*cursor)++];

		if (s->state != SESSION_FREE)
			return s;
	}
	return NULL;
}
