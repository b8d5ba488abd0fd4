// SPDX-License-Identifier: Apache-2.0
#include "session_table.h"

#define NONE UINT32_MAX

size_t session_table_bytes(uint32_t capacity)
{
	return (size_t)capacity * sizeof(struct session) +
	       session_index_buckets(2 * capacity) * sizeof(struct session_bucket);
}

void session_table_init(struct session_table *table, void *memory, uint32_t capacity, uint64_t seed,
	const struct target *targets, const uint32_t timeout_ticks[SESSION_CLASSES])
{
	*table = (struct session_table){
		.sessions = memory,
		.targets = targets,
		.seed = seed,
		.capacity = capacity,
	};
	session_index_init(
		&table->index, (struct session_bucket *)(table->sessions + capacity), 2 * capacity);
	for (uint32_t i = 0; i < capacity; i++) {
		table->sessions[i].state = SESSION_FREE;
		table->sessions[i].next = i + 1 < capacity ? i + 1 : NONE;
	}
	for (int i = 0; i < SESSION_CLASSES; i++) {
		table->head[i] = NONE;
		table->tail[i] = NONE;
		table->timeout_ticks[i] = timeout_ticks[i];
	}
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
	uint32_t number = (uint32_t)(s - table->sessions);

	s->queued_tick = tick;
	s->next = NONE;
	s->previous = table->tail[s->class];
	if (s->previous == NONE)
		table->head[s->class] = number;
	else
		table->sessions[s->previous].next = number;
	table->tail[s->class] = number;
}

static bool has_reply_key(const struct session *s)
{
	return s->local_index != SESSION_LOCAL_NONE;
}

struct session *session_insert(struct session_table *table, const struct session *session,
	uint64_t forward_hash, uint64_t reply_hash, uint32_t tick)
{
	uint32_t number = table->free_head;
	struct session *s;

	if (number == NONE || !session_index_add(&table->index, forward_hash, number << 1))
		return NULL;
	if (has_reply_key(session) &&
		!session_index_add(&table->index, reply_hash, number << 1 | 1)) {
		session_index_remove(&table->index, (uint32_t)forward_hash, number << 1);
		return NULL;
	}
	s = &table->sessions[number];
	table->free_head = s->next;
	if (table->free_head != NONE) // the next new session's
		__builtin_prefetch(&table->sessions[table->free_head], 1);
	*s = *session;
	s->created_tick = tick;
	s->forward_bucket = (uint32_t)forward_hash;
	s->reply_bucket = (uint32_t)reply_hash;
	queue_append(table, s, tick);
	table->count++;
	return s;
}

void session_remove(struct session_table *table, struct session *s)
{
	uint32_t number = (uint32_t)(s - table->sessions);

	session_index_remove(&table->index, s->forward_bucket, number << 1);
	if (has_reply_key(s))
		session_index_remove(&table->index, s->reply_bucket, number << 1 | 1);
	queue_remove(table, s);
	if (table->on_remove)
		table->on_remove(table->context, s);
	s->state = SESSION_FREE;
	s->next = table->free_head;
	table->free_head = number;
	table->count--;
}

void session_requeue(struct session_table *table, struct session *s, uint32_t tick)
{
	queue_remove(table, s);
	queue_append(table, s, tick);
}

void session_set_class(
	struct session_table *table, struct session *s, enum session_class class, uint32_t tick)
{
	queue_remove(table, s);
	s->class = (uint8_t) class;
	queue_append(table, s, tick);
}

// The session behind s in its queue is the next to go.
SESSION_PREFETCH void prefetch_next(const struct session_table *table, const struct session *s)
{
	const struct session *next;

	if (s->next == NONE)
		return;
	next = &table->sessions[s->next];
	__builtin_prefetch(session_index_bucket(&table->index, next->forward_bucket), 1);
	__builtin_prefetch(session_index_bucket(&table->index, next->reply_bucket), 1);
	if (next->next != NONE)
		__builtin_prefetch(&table->sessions[next->next], 1);
}

uint32_t session_table_age(struct session_table *table, uint32_t tick, uint32_t steps)
{
	uint32_t removed = 0;

	if (table->count == 0)
		return 0;
	for (uint32_t i = 0, idle = 0; i < steps && idle < SESSION_CLASSES; i++) {
		uint32_t class = table->next_class;
		uint32_t number = table->head[class];
		uint32_t timeout = table->timeout_ticks[class];

		if (number == NONE ||
			tick - table->sessions[number].queued_tick < timeout + timeout / 8) {
			table->next_class = (class + 1) % SESSION_CLASSES;
			idle++;
			continue;
		}
		idle = 0;
		prefetch_next(table, &table->sessions[number]);
		session_remove(table, &table->sessions[number]);
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
