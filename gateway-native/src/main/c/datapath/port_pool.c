// SPDX-License-Identifier: Apache-2.0
#include "port_pool.h"

#include <errno.h>
#include <stdlib.h>

static uint32_t greatest_common_divisor(uint32_t a, uint32_t b)
{
	while (b) {
		uint32_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

// Far from a neighbour's place, and coming by every place before it is back.
static uint32_t stride_of(uint32_t size)
{
	uint32_t stride = size * 5 / 8 | 1;

	while (greatest_common_divisor(stride, size) > 1)
		stride++;
	return stride;
}

int port_pool_init(struct port_pool *pool, const struct port_pool_config *config)
{
	uint32_t first = config->first_port;

	*pool = (struct port_pool){
		.local_count = config->local_count,
		.workers = config->workers,
		.worker = config->worker,
	};
	for (unsigned int i = 0; i < config->local_count; i++) {
		struct port_pool_family *family =
			ip_is_v4(&config->locals[i]) ? &pool->v4 : &pool->v6;

		pool->locals[i] = config->locals[i];
		family->indices[family->count++] = (uint8_t)i;
	}
	while (port_pool_owner((uint16_t)first, config->workers) != config->worker)
		first++;
	pool->first = (uint16_t)first;
	if (first <= config->last_port)
		pool->size = (config->last_port - first) / config->workers + 1;
	pool->start = pool->size ? config->start % pool->size : 0;
	pool->stride = stride_of(pool->size);
	pool->cells = calloc((size_t)TARGET_MAX * (config->local_count + 1), sizeof(*pool->cells));
	return pool->cells ? 0 : -ENOMEM;
}

void port_pool_free(struct port_pool *pool)
{
	free(pool->cells);
	pool->cells = NULL;
}

static struct port_pool_cell *cell_of(
	const struct port_pool *pool, unsigned int target, unsigned int local_index)
{
	return &pool->cells[(size_t)target * pool->local_count + local_index];
}

static uint16_t port_at(const struct port_pool *pool, uint32_t cursor)
{
	return (uint16_t)(pool->first + (pool->start + cursor) % pool->size * pool->workers);
}

static uint64_t hash_at(const struct port_pool *pool, const struct session_table *table,
	const struct session *session, unsigned int local_index, uint16_t port)
{
	const struct target *target = &table->targets[session->target];

	return session_reply_hash(table, &target->address, &pool->locals[local_index], target->port,
		port, session->protocol);
}

static bool port_is_free(const struct session_table *table, const struct session *session,
	unsigned int local_index, uint16_t port, uint64_t reply_hash)
{
	const struct target *target = &table->targets[session->target];

	return !session_find_reply(table, reply_hash, &target->address, target->port,
		(uint8_t)local_index, NULL, port, session->protocol);
}

// The next new session here will look into this bucket.
SESSION_PREFETCH void prefetch_next(const struct port_pool *pool, const struct session_table *table,
	const struct session *session, const struct port_pool_cell *cell)
{
	uint16_t port = port_at(pool, cell->cursor);

	session_prefetch_bucket(table, hash_at(pool, table, session, session->local_index, port));
}

static bool take_port(struct port_pool *pool, const struct session_table *table,
	struct session *session, unsigned int local_index, uint16_t port, uint64_t *reply_hash)
{
	*reply_hash = hash_at(pool, table, session, local_index, port);
	if (!port_is_free(table, session, local_index, port, *reply_hash))
		return false;
	session->local_port = port;
	session->local_index = (uint8_t)local_index;
	cell_of(pool, session->target, local_index)->used++;
	return true;
}

static bool take_from(struct port_pool *pool, const struct session_table *table,
	struct session *session, unsigned int local_index, uint32_t tries, uint64_t *reply_hash)
{
	struct port_pool_cell *cell = cell_of(pool, session->target, local_index);

	if (cell->used >= pool->size)
		return false;
	for (uint32_t try = 0; try < tries; try++) {
		uint32_t step = try < PORT_POOL_TRIES ? 1 : pool->stride;
		uint16_t port = port_at(pool, cell->cursor);

		cell->cursor = (uint16_t)((cell->cursor + step) % pool->size);
		if (take_port(pool, table, session, local_index, port, reply_hash)) {
			prefetch_next(pool, table, session, cell);
			return true;
		}
	}
	return cell->freed && take_port(pool, table, session, local_index, cell->freed, reply_hash);
}

bool port_pool_take(struct port_pool *pool, const struct session_table *table,
	struct session *session, uint64_t hash, uint64_t *reply_hash)
{
	const struct target *target = &table->targets[session->target];
	const struct port_pool_family *family = ip_is_v4(&target->address) ? &pool->v4 : &pool->v6;
	unsigned int first = (unsigned int)((hash & 0xffff) * family->count >> 16);

	for (unsigned int i = 0; i < family->count; i++) {
		unsigned int local_index = family->indices[(first + i) % family->count];

		if (take_from(pool, table, session, local_index, PORT_POOL_BUDGET / family->count,
			    reply_hash))
			return true;
	}
	return false;
}

void port_pool_give(struct port_pool *pool, const struct session *session)
{
	struct port_pool_cell *cell;

	if (session->local_index >= SESSION_LOCAL_CLIENT)
		return;
	cell = cell_of(pool, session->target, session->local_index);
	cell->used--;
	cell->freed = session->local_port;
}
