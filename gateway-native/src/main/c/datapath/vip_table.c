// SPDX-License-Identifier: Apache-2.0
#include "vip_table.h"

#include "flow_hash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint32_t key_hash(uint32_t address, uint16_t port, uint8_t protocol)
{
	return (uint32_t)flow_hash(FLOW_HASH_FIXED_SEED, 0, address, 0, port, protocol);
}

static struct vip *find_key(
	const struct vip_table *table, uint32_t address, uint16_t port, uint8_t protocol)
{
	uint32_t i = key_hash(address, port, protocol) & table->mask;

	for (; table->by_key[i]; i = (i + 1) & table->mask) {
		struct vip *vip = table->by_key[i];

		if (vip->address == address && vip->port == port && vip->protocol == protocol)
			return vip;
	}
	return NULL;
}

enum vip_lookup_outcome vip_lookup(const struct vip_table *table, uint32_t address, uint16_t port,
	uint8_t protocol, const struct vip **vip)
{
	*vip = find_key(table, address, port, protocol);
	if (*vip)
		return (*vip)->enabled ? VIP_FOUND : VIP_DISABLED;
	*vip = find_key(table, address, port, protocol == 6 ? 17 : 6);
	return *vip ? VIP_PROTOCOL_UNSUPPORTED : VIP_UNKNOWN;
}

bool vip_address_known(const struct vip_table *table, uint32_t address)
{
	uint32_t i = key_hash(address, 0, 0) & table->mask;

	for (; table->by_address[i]; i = (i + 1) & table->mask) {
		if (table->by_address[i]->address == address)
			return true;
	}
	return false;
}

enum backend_choice_outcome vip_choose_backend(const struct vip *vip, uint32_t client,
	uint16_t client_port, const struct backend **backend)
{
	uint64_t hash;

	if (vip->backend_count == 0)
		return BACKEND_NONE;
	if (vip->maglev_size == 0)
		return BACKEND_NONE_HEALTHY;
	hash = flow_hash(
		FLOW_HASH_FIXED_SEED, client, vip->address, client_port, vip->port, vip->protocol);
	*backend = &vip->backends[vip->maglev[(hash >> 16) % vip->maglev_size]];
	return BACKEND_CHOSEN;
}

struct vip *vip_new(uint32_t backend_count)
{
	struct vip *vip = calloc(1, sizeof(*vip) + backend_count * sizeof(vip->backends[0]));

	if (vip)
		vip->backend_count = backend_count;
	return vip;
}

void vip_free(struct vip *vip)
{
	if (vip)
		free(vip->maglev);
	free(vip);
}

// A prime, about a hundred entries a backend: the shares are then right within a percent or so.
static uint32_t maglev_prime(uint32_t backends)
{
	static const uint32_t primes[] = {1021, 4093, 16381, 65521};

	for (size_t i = 0; i < sizeof(primes) / sizeof(primes[0]) - 1; i++) {
		if (backends * 100 <= primes[i])
			return primes[i];
	}
	return primes[3];
}

static uint64_t name_hash(const char *name, uint64_t seed)
{
	uint64_t h = seed;

	for (; *name; name++)
		h = flow_hash_mix(h ^ (uint8_t)*name, 0xa0761d6478bd642full);
	return flow_hash_mix(h, 0xe7037ed1a0b428dbull);
}

struct turn {
	uint32_t backend;
	uint32_t offset;
	uint32_t skip;
	uint32_t next;   // place in its permutation
	uint32_t credit; // weighted turns: takes an entry when it reaches the greatest weight
};

// Eisenbud et al., "Maglev" (NSDI 2016), 3.4: backends take turns in choosing the next free entry
// of a permutation of their own; a weight is the share of rounds in which a backend has a turn. The
// order of backends in the configuration must not matter: by name.
static void maglev_fill(struct vip *vip, struct turn *turns, uint32_t count, uint32_t max_weight)
{
	uint32_t size = vip->maglev_size, filled = 0;

	memset(vip->maglev, 0xff, size * sizeof(vip->maglev[0]));
	for (;;) {
		for (uint32_t i = 0; i < count; i++) {
			struct turn *t = &turns[i];
			uint32_t entry;

			t->credit += vip->backends[t->backend].weight;
			if (t->credit < max_weight)
				continue;
			t->credit -= max_weight;
			do {
				entry = (uint32_t)((t->offset + (uint64_t)t->next * t->skip) %
						   size);
				t->next++;
			} while (vip->maglev[entry] != UINT16_MAX);
			vip->maglev[entry] = (uint16_t)t->backend;
			if (++filled == size)
				return;
		}
	}
}

static int by_name(const void *a, const void *b, void *vip)
{
	const struct backend *backends = ((const struct vip *)vip)->backends;
	const struct turn *x = a, *y = b;

	return strcmp(backends[x->backend].name, backends[y->backend].name);
}

int vip_finish(struct vip *vip)
{
	uint32_t count = 0, max_weight = 0, size = maglev_prime(vip->backend_count);
	struct turn *turns = calloc(vip->backend_count + 1, sizeof(*turns));

	if (!turns)
		return -ENOMEM;
	free(vip->maglev);
	vip->maglev = NULL;
	vip->maglev_size = 0;
	for (uint32_t i = 0; i < vip->backend_count; i++) {
		const struct backend *b = &vip->backends[i];

		if (!b->enabled || b->weight == 0)
			continue;
		if (b->weight > max_weight)
			max_weight = b->weight;
		turns[count++] = (struct turn){
			.backend = i,
			.offset = (uint32_t)(name_hash(b->name, 1) % size),
			.skip = (uint32_t)(name_hash(b->name, 2) % (size - 1) + 1),
		};
	}
	if (count > 0) {
		vip->maglev = malloc(size * sizeof(vip->maglev[0]));
		if (!vip->maglev) {
			free(turns);
			return -ENOMEM;
		}
		vip->maglev_size = size;
		qsort_r(turns, count, sizeof(*turns), by_name, vip);
		maglev_fill(vip, turns, count, max_weight);
	}
	free(turns);
	return 0;
}

static void insert(struct vip **slots, uint32_t mask, uint32_t hash, struct vip *vip)
{
	while (slots[hash & mask])
		hash++;
	slots[hash & mask] = vip;
}

struct vip_table *vip_table_new(struct vip *const *vips, uint32_t count, uint32_t config_version)
{
	struct vip_table *table = calloc(1, sizeof(*table));
	uint32_t slots = 16;

	if (!table)
		return NULL;
	while (slots < count * 2 + 1)
		slots <<= 1;
	table->config_version = config_version;
	table->count = count;
	table->mask = slots - 1;
	table->by_key = calloc(slots, sizeof(struct vip *));
	table->by_address = calloc(slots, sizeof(struct vip *));
	if (!table->by_key || !table->by_address) {
		free(table->by_key);
		free(table->by_address);
		free(table);
		return NULL;
	}
	for (uint32_t i = 0; i < count; i++) {
		struct vip *vip = vips[i];

		vip->references++;
		table->by_slot[vip->slot] = vip;
		insert(table->by_key, table->mask, key_hash(vip->address, vip->port, vip->protocol),
			vip);
		if (!vip_address_known(table, vip->address))
			insert(table->by_address, table->mask, key_hash(vip->address, 0, 0), vip);
	}
	return table;
}

void vip_table_free(struct vip_table *table)
{
	if (!table)
		return;
	for (uint32_t i = 0; i <= table->mask; i++) {
		struct vip *vip = table->by_key[i];

		if (vip && --vip->references == 0)
			vip_free(vip);
	}
	free(table->by_key);
	free(table->by_address);
	free(table);
}
