// SPDX-License-Identifier: Apache-2.0
//
// One worker's share of the local ports: those with port % workers == worker, so that a reply's
// destination port names its owner. A port is used once per (local address, backend), which the
// session table's reply keys decide; ports are tried in turn, so that one is not used again soon. A
// block of ports in use (long-lived sessions) is jumped over.
#ifndef DYETRACE_PORT_POOL_H
#define DYETRACE_PORT_POOL_H

#include "session_table.h"

#include <stdbool.h>
#include <stdint.h>

#define PORT_POOL_MAX_LOCALS 64
#define PORT_POOL_TRIES 128  // ports looked at one after the other …
#define PORT_POOL_JUMPS 4096 // … and then all over the range, before the pool counts as exhausted

struct port_pool {
	uint32_t locals[PORT_POOL_MAX_LOCALS]; // raw
	unsigned int local_count;
	unsigned int backend_slots;
	unsigned int workers;
	unsigned int worker;
	uint16_t first; // of this worker
	uint32_t size;  // ports of this worker per (local address, backend)
	uint32_t start; // where the turns begin: differs after each start, as backends may remember
			// the ports of before
	uint32_t stride;   // of a jump: has no divisor in common with size
	uint16_t *cursors; // [local][backend slot]
	uint16_t *used;
};

struct port_pool_config {
	const uint32_t *locals;
	unsigned int local_count;
	unsigned int backend_slots;
	unsigned int workers;
	unsigned int worker;
	uint16_t first_port;
	uint16_t last_port;
	uint32_t start;
};

// -ENOMEM, or 0.
int port_pool_init(struct port_pool *pool, const struct port_pool_config *config);
void port_pool_free(struct port_pool *pool);

// Fills in local, local_port and local_index of a session whose backend, backend_port, backend_slot
// and protocol are set. hash spreads flows over the local addresses. false: all are taken.
bool port_pool_take(struct port_pool *pool, const struct session_table *table,
	struct session *session, uint64_t hash);

// The session is gone.
void port_pool_give(struct port_pool *pool, const struct session *session);

static inline unsigned int port_pool_owner(uint16_t local_port, unsigned int workers)
{
	return local_port % workers;
}

#endif
