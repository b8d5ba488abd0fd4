// SPDX-License-Identifier: Apache-2.0
#include "vip_table.h"

#include "flow_hash.h"

#include <stdlib.h>
#include <string.h>

static const struct ip_address no_address;

static uint32_t key_hash(const struct ip_address *address, uint16_t port, uint8_t protocol)
{
	return (uint32_t)flow_hash(FLOW_HASH_FIXED_SEED, &no_address, address, 0, port, protocol);
}

static struct vip *find_key(const struct vip_table *table, const struct ip_address *address,
	uint16_t port, uint8_t protocol)
{
	uint32_t i = key_hash(address, port, protocol) & table->mask;

	for (; table->by_key[i]; i = (i + 1) & table->mask) {
		struct vip *vip = table->by_key[i];

		if (vip_has_key(vip, address, port, protocol))
			return vip;
	}
	return NULL;
}

enum vip_lookup_outcome vip_lookup(const struct vip_table *table, const struct ip_address *address,
	uint16_t port, uint8_t protocol, const struct vip **vip)
{
	static const uint8_t protocols[] = {PROTOCOL_TCP, PROTOCOL_UDP, PROTOCOL_SCTP};

	*vip = find_key(table, address, port, protocol);
	if (*vip)
		return (*vip)->enabled ? VIP_FOUND : VIP_DISABLED;
	for (size_t i = 0; i < sizeof(protocols) && !*vip; i++)
		*vip = find_key(table, address, port, protocols[i]);
	return *vip ? VIP_PROTOCOL_UNSUPPORTED : VIP_UNKNOWN;
}

bool vip_address_known(const struct vip_table *table, const struct ip_address *address)
{
	uint32_t i = key_hash(address, 0, 0) & table->mask;

	for (; table->by_address[i]; i = (i + 1) & table->mask) {
		if (ip_equal(&table->by_address[i]->address, address))
			return true;
	}
	return false;
}

struct vip *vip_new(uint32_t backend_count)
{
	struct vip *vip = calloc(1, sizeof(*vip) + backend_count * sizeof(vip->backends[0]));

	if (vip)
		vip->backend_count = backend_count;
	return vip;
}

struct vip *vip_copy_unfinished(const struct vip *vip, uint32_t backend_count)
{
	uint32_t same = backend_count < vip->backend_count ? backend_count : vip->backend_count;
	struct vip *copy = vip_new(backend_count);

	if (!copy)
		return NULL;
	memcpy(copy, vip, sizeof(*vip) + same * sizeof(vip->backends[0]));
	copy->backend_count = backend_count;
	copy->references = 0;
	copy->schedule = NULL;
	copy->candidates = NULL;
	copy->schedule_size = 0;
	copy->servers = NULL;
	copy->server_mask = 0;
	copy->quic = vip->quic ? malloc(sizeof(*vip->quic)) : NULL;
	if (copy->quic)
		*copy->quic = *vip->quic;
	if (vip->quic && !copy->quic) {
		vip_free(copy);
		return NULL;
	}
	return copy;
}

struct vip *vip_copy(const struct vip *vip)
{
	struct vip *copy = vip_copy_unfinished(vip, vip->backend_count);

	if (copy && vip_finish(copy) != 0) {
		vip_free(copy);
		return NULL;
	}
	return copy;
}

void vip_free(struct vip *vip)
{
	if (!vip)
		return;
	free(vip->schedule);
	free(vip->candidates);
	free(vip->servers);
	free(vip->quic);
	free(vip);
}

static void insert(struct vip **slots, uint32_t mask, uint32_t hash, struct vip *vip)
{
	while (slots[hash & mask])
		hash++;
	slots[hash & mask] = vip;
}

struct vip_table *vip_table_new(struct vip *const *vips, uint32_t count, uint32_t config_version)
{
	static uint32_t generations;
	struct vip_table *table = calloc(1, sizeof(*table));
	uint32_t slots = 16;

	if (!table)
		return NULL;
	table->generation = __atomic_add_fetch(&generations, 1, __ATOMIC_RELAXED);
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
		table->by_service[vip->service] = vip;
		insert(table->by_key, table->mask,
			key_hash(&vip->address, vip->port, vip->protocol), vip);
		if (!vip_address_known(table, &vip->address))
			insert(table->by_address, table->mask, key_hash(&vip->address, 0, 0), vip);
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
