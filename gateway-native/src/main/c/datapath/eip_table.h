// SPDX-License-Identifier: Apache-2.0
//
// Elastic IPs: public address to private address and the tunnel in between, both ways, without
// state per flow. One writer (the control thread) changes single entries while workers look up
// without locks; a removed entry's place is used again only after every worker has passed a
// quiescent state. Exact keys; a look-up is one bucket and one entry, each a cache line.
#ifndef DYETRACE_EIP_TABLE_H
#define DYETRACE_EIP_TABLE_H

#include "eip_index.h"
#include "flow_hash.h"
#include "prefetch.h"

#include "../packet/ip_address.h"
#include "../telemetry/ring_layout.h"

#include <endian.h>
#include <stddef.h>

#define EIP_MAX (1u << 24)

struct rte_rcu_qsbr;

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

// A value in the index is an entry's index << 1 | is of the private address.
struct eip_table {
	struct eip *entries;
	struct eip_index index;
	uint64_t seed;
	uint64_t *near_private; // NEAR_BITS; a bit once set stays
	// The writer's.
	_Alignas(64) uint32_t capacity;
	uint32_t count;
	uint32_t entry_count; // with the spare ones
	uint32_t entries_used;
	uint32_t free_head;
	uint32_t waiting_head; // in the order in which they were given up
	uint32_t waiting_tail;
	struct rte_rcu_qsbr *qsbr;
	void *memory;
};

// What a table of this capacity takes: at most 128 bytes an entry, spare places included.
size_t eip_table_bytes(uint32_t capacity);

// The workers'. The hash is of one address; the same for both directions.
static inline uint64_t eip_hash(const struct eip_table *table, const struct ip_address *address)
{
	return flow_hash_end(table->seed, address, 0);
}

// The same of IPv4 addresses, with what they have in common.
struct eip_hash_v4 {
	uint64_t high;
	uint64_t low;
	uint64_t seed;
};

static inline struct eip_hash_v4 eip_hash_v4_of(const struct eip_table *table)
{
	uint64_t seed = table->seed;

	return (struct eip_hash_v4){
		.high = seed ^ 0xa0761d6478bd642full,
		.low = (seed >> 32 | seed << 32) ^ 0xe7037ed1a0b428dbull ^ ip_from_v4(0).halves[1],
		.seed = seed,
	};
}

static inline uint64_t eip_hash_v4(const struct eip_hash_v4 *h, uint32_t address)
{
	return flow_hash_finish(flow_hash_mix(h->high, ip_v4_half(address) ^ h->low) ^ h->seed);
}

// The first two bytes, in some order.
static inline uint32_t eip_near_bit_v4(uint32_t raw)
{
	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? raw & 0xffff : raw >> 16;
}

static inline uint32_t eip_near_bit(const struct ip_address *address)
{
	if (ip_is_v4(address))
		return eip_near_bit_v4(ip_v4(address));
	return (uint32_t)(flow_hash_mix(be64toh(address->halves[0]) >> 16, 0x9e3779b97f4a7c15ull) >>
			  48);
}

// Whether the address lies in a /16 (IPv6: a /48, as good as) in which some entry has or had its
// private address: false is certain, true is to be looked up. Tells which way a packet that came
// without a tunnel goes, so that only one of its addresses is looked up; a few kilobytes for all.
static inline bool eip_near_private_bit(const struct eip_table *table, uint32_t bit)
{
	return __atomic_load_n(&table->near_private[bit / 64], __ATOMIC_RELAXED) >> bit % 64 & 1;
}

static inline bool eip_near_private(const struct eip_table *table, const struct ip_address *address)
{
	return eip_near_private_bit(table, eip_near_bit(address));
}

static inline void eip_prefetch_bucket(const struct eip_table *table, uint64_t hash)
{
	prefetch(eip_index_bucket(&table->index, hash));
}

// Fetches what seems to be the entry, without a look into it: most likely it is, when there is one.
// NULL: nothing in the first bucket seems to be.
static inline const struct eip *eip_prefetch_entry_in(const struct eip_table *table,
	const struct eip_bucket *bucket, uint8_t tag, bool by_private)
{
	uint32_t found = eip_index_matches(bucket, tag);

	for (; found; found &= found - 1) {
		uint32_t value = eip_index_load(&bucket->values[__builtin_ctz(found)]);

		if ((value & 1) == by_private) {
			prefetch(&table->entries[value >> 1]);
			return &table->entries[value >> 1];
		}
	}
	return NULL;
}

static inline const struct eip *eip_prefetch_entry(
	const struct eip_table *table, uint64_t hash, bool by_private)
{
	return eip_prefetch_entry_in(
		table, eip_index_bucket(&table->index, hash), eip_index_tag(hash), by_private);
}

static inline bool eip_is(const struct eip *eip, const struct ip_address *address, bool by_private)
{
	return ip_equal(by_private ? &eip->private_address : &eip->public_address, address);
}

static inline const struct eip *eip_find(const struct eip_table *table, uint64_t hash,
	const struct ip_address *address, bool by_private)
{
	const struct eip_bucket *bucket = eip_index_bucket(&table->index, hash);

	for (; bucket; bucket = eip_index_next(&table->index, bucket)) {
		uint32_t found = eip_index_matches(bucket, eip_index_tag(hash));

		for (; found; found &= found - 1) {
			uint32_t value = eip_index_load(&bucket->values[__builtin_ctz(found)]);
			const struct eip *eip = &table->entries[value >> 1];

			if ((value & 1) == by_private && eip_is(eip, address, by_private))
				return eip;
		}
	}
	return NULL;
}

static inline const struct eip *eip_find_public(
	const struct eip_table *table, uint64_t hash, const struct ip_address *address)
{
	return eip_find(table, hash, address, false);
}

static inline const struct eip *eip_find_private(
	const struct eip_table *table, uint64_t hash, const struct ip_address *address)
{
	return eip_find(table, hash, address, true);
}

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
