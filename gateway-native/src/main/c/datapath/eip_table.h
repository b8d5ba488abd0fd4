// SPDX-License-Identifier: Apache-2.0
//
// Elastic IPs: public address to private address and the tunnel in between, both ways, without
// state per flow. One writer (the control thread) changes single entries while workers look up
// without locks; a removed entry's place is used again only after every worker has passed a
// quiescent state. Exact keys; a look-up is one bucket and one entry, each a cache line.
#ifndef DYETRACE_EIP_TABLE_H
#define DYETRACE_EIP_TABLE_H

#include "../packet/ip_address.h"
#include "../telemetry/ring_layout.h"

#include <stddef.h>

#define EIP_MAX (1u << 24)

struct rte_rcu_qsbr;
struct eip_table;

// One cache line.
struct eip {
	struct ip_address public_address;
	struct ip_address private_address; // of the same family
	uint32_t slot;                     // of its name in telemetry, or DT_SLOT_NONE
	uint16_t address_delta;            // inbound: what the change does to a checksum
	uint8_t tunnel;                    // tunnels[tunnel - 1]; 0: none
	bool enabled;
	// The table's, as address_delta is: whatever the caller has put there.
	uint32_t index; // its own
	uint32_t next;  // of places that are free, or wait to be
	uint64_t token; // of the grace period it waits for
	bool live;
	uint8_t reserved[7];
};

_Static_assert(sizeof(struct eip) == 64, "an EIP is one cache line");

// capacity: at most EIP_MAX. qsbr: NULL when nothing runs beside (replay, tests). NULL: no memory.
struct eip_table *eip_table_create(uint32_t capacity, uint64_t seed, struct rte_rcu_qsbr *qsbr);
void eip_table_free(struct eip_table *table);

// What a table of this capacity takes: at most 128 bytes an entry, spare places included.
size_t eip_table_bytes(uint32_t capacity);

// The workers'. The hash is of one address; the same for both directions.
uint64_t eip_hash(const struct eip_table *table, const struct ip_address *address);
// Whether the address lies in a /16 (IPv6: a /48, as good as) in which some entry has or had its
// private address: false is certain, true is to be looked up. Tells which way a packet that came
// without a tunnel goes, so that only one of its addresses is looked up; a few kilobytes for all.
bool eip_near_private(const struct eip_table *table, const struct ip_address *address);
void eip_prefetch_bucket(const struct eip_table *table, uint64_t hash);
void eip_prefetch_public(const struct eip_table *table, uint64_t hash);
void eip_prefetch_private(const struct eip_table *table, uint64_t hash);
const struct eip *eip_find_public(
	const struct eip_table *table, uint64_t hash, const struct ip_address *address);
const struct eip *eip_find_private(
	const struct eip_table *table, uint64_t hash, const struct ip_address *address);

// The control thread's. -EEXIST (either address), -ENOSPC, -EINVAL (families differ, or none), or
// 0. A table whose places are all taken or waiting waits itself, up to 0.1 s, for one to come back.
int eip_table_add(struct eip_table *table, const struct eip *eip);
// Replaces the entry with this public address as one change. -ENOENT, -EEXIST, -ENOSPC, or 0.
int eip_table_set(struct eip_table *table, const struct eip *eip);
int eip_table_remove(struct eip_table *table, const struct ip_address *public_address);
uint32_t eip_table_count(const struct eip_table *table);
const struct eip *eip_table_next(const struct eip_table *table, uint32_t *cursor);
// Gives places of removed entries back once no worker reads them; now and then.
void eip_table_collect(struct eip_table *table);

#endif
