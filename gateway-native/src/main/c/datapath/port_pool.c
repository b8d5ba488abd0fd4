// SPDX-License-Identifier: Apache-2.0
#include "port_pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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
	size_t cells = (size_t)config->local_count * config->backend_slots;
	uint32_t first = config->first_port;

	*pool = (struct port_pool){
		.local_count = config->local_count,
		.backend_slots = config->backend_slots,
		.workers = config->workers,
		.worker = config->worker,
	};
	memcpy(pool->locals, config->locals, config->local_count * sizeof(pool->locals[0]));
	while (port_pool_owner((uint16_t)first, config->workers) != config->worker)
		first++;
	pool->first = (uint16_t)first;
	if (first <= config->last_port)
		pool->size = (config->last_port - first) / config->workers + 1;
	pool->start = pool->size ? config->start % pool->size : 0;
	pool->stride = stride_of(pool->size);
	pool->cursors = calloc(cells, sizeof(pool->cursors[0]));
	pool->used = calloc(cells, sizeof(pool->used[0]));
	if (!pool->cursors || !pool->used) {
		port_pool_free(pool);
		return -ENOMEM;
	}
	return 0;
}

void port_pool_free(struct port_pool *pool)
{
	free(pool->cursors);
	free(pool->used);
	pool->cursors = NULL;
	pool->used = NULL;
}

static bool take_from(struct port_pool *pool, const struct session_table *table,
	struct session *session, unsigned int local_index, uint32_t *jumps)
{
	size_t cell = (size_t)local_index * pool->backend_slots + session->backend_slot;
	uint32_t local = pool->locals[local_index];

	if (pool->used[cell] >= pool->size)
		return false;
	for (uint32_t try = 0; try < PORT_POOL_TRIES + pool->size; try++) {
		uint32_t turn = (pool->start + pool->cursors[cell]) % pool->size;
		uint32_t step = try < PORT_POOL_TRIES ? 1 : pool->stride;
		uint16_t port = (uint16_t)(pool->first + turn * pool->workers);
		uint64_t hash = session_reply_hash(table, session->backend, local,
			session->backend_port, port, session->protocol);

		if (try >= PORT_POOL_TRIES && *jumps == 0)
			return false;
		*jumps -= try >= PORT_POOL_TRIES;
		pool->cursors[cell] = (uint16_t)((pool->cursors[cell] + step) % pool->size);
		if (session_find_reply(table, hash, session->backend, local, session->backend_port,
			    port, session->protocol))
			continue;
		session->local = local;
		session->local_port = port;
		session->local_index = (uint8_t)local_index;
		pool->used[cell]++;
		return true;
	}
	return false;
}

bool port_pool_take(struct port_pool *pool, const struct session_table *table,
	struct session *session, uint64_t hash)
{
	unsigned int first = (unsigned int)((hash & 0xffff) * pool->local_count >> 16);
	uint32_t jumps = PORT_POOL_JUMPS;

	for (unsigned int i = 0; i < pool->local_count; i++) {
		if (take_from(pool, table, session, (first + i) % pool->local_count, &jumps))
			return true;
	}
	return false;
}

void port_pool_give(struct port_pool *pool, const struct session *session)
{
	pool->used[(size_t)session->local_index * pool->backend_slots + session->backend_slot]--;
}
