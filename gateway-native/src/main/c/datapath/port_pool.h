// SPDX-License-Identifier: Apache-2.0
//
// One worker's share of the local ports: those with port % workers == worker, so that a reply's
// destination port names its owner. A port is used once per (local address, target), which the
// session table's reply keys decide; ports are tried in turn, so that one is not used again soon. A
// block of ports in use (long-lived sessions) is jumped over.
#ifndef DYETRACE_PORT_POOL_H
#define DYETRACE_PORT_POOL_H

#include "session_table.h"

#include <stdbool.h>
#include <stdint.h>

#define PORT_POOL_MAX_LOCALS 64
#define PORT_POOL_TRIES 128   // ports looked at one after the other, then all over the range …
#define PORT_POOL_BUDGET 1024 // … of all local addresses together, before they count as exhausted

struct port_pool_cell {
	uint16_t cursor;
	uint16_t used;
	uint16_t freed; // the port given back last, when the search finds none; 0: none yet
	uint16_t reserved;
};

// The local addresses of one family, by their index in the node's list.
struct port_pool_family {
	unsigned int count;
	uint8_t indices[PORT_POOL_MAX_LOCALS];
};

struct port_pool {
	struct ip_address locals[PORT_POOL_MAX_LOCALS];
	struct port_pool_family v4;
	struct port_pool_family v6;
	unsigned int local_count;
	unsigned int workers;
	unsigned int worker;
	uint16_t first; // of this worker
	uint32_t size;  // ports of this worker per (local address, target)
	uint32_t start; // where the turns begin: differs after each start, as backends may remember
			// the ports of before
	uint32_t stride; // of a jump: has no divisor in common with size
	// [target][local]: zero pages, of which only those of targets in use take memory.
	struct port_pool_cell *cells;
};

struct port_pool_config {
	const struct ip_address *locals; // the node's list: a session's local_index counts in it
	unsigned int local_count;
	unsigned int workers;
	unsigned int worker;
	uint16_t first_port;
	uint16_t last_port;
	uint32_t start;
};

// -ENOMEM, or 0.
int port_pool_init(struct port_pool *pool, const struct port_pool_config *config);
void port_pool_free(struct port_pool *pool);

// Fills in local_index and local_port of a session whose target and protocol are set, from the
// local addresses of the target's family, and says the hash of the reply key that this makes. hash
// spreads flows over the local addresses. false: all are taken, or the family has none. Not for
// sessions with one of SESSION_LOCAL_*.
bool port_pool_take(struct port_pool *pool, const struct session_table *table,
	struct session *session, uint64_t hash, uint64_t *reply_hash);

// The session is gone. One with one of SESSION_LOCAL_* had no port.
void port_pool_give(struct port_pool *pool, const struct session *session);

static inline unsigned int port_pool_owner(uint16_t local_port, unsigned int workers)
{
	return local_port % workers;
}

#endif
