// SPDX-License-Identifier: Apache-2.0
//
// Backends by the server id of a QUIC connection id.
#include "vip_servers.h"

#include "flow_hash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NO_SERVER UINT16_MAX

_Static_assert(sizeof(struct quic_server_id) == 16, "hashed and compared as two words");
_Static_assert(VIP_MAX_BACKENDS <= NO_SERVER, "an index is not NO_SERVER");

// The bytes that count, the others as zero: a caller may leave rubbish behind them.
static struct quic_server_id tidy(const struct quic_server_id *id)
{
	static const uint8_t ones[2 * sizeof(*id)] = {[0 ... sizeof(*id) - 1] = 0xff};
	unsigned int len = id->len < QUIC_MAX_SERVER_ID_BYTES ? id->len : QUIC_MAX_SERVER_ID_BYTES;
	struct quic_server_id tidied;
	uint64_t words[2], mask[2];

	memcpy(words, id, sizeof(words));
	memcpy(mask, ones + QUIC_MAX_SERVER_ID_BYTES - len, sizeof(mask));
	words[0] &= mask[0];
	words[1] &= mask[1];
	memcpy(&tidied, words, sizeof(tidied));
	return tidied;
}

static uint32_t id_hash(const struct quic_server_id *id)
{
	uint64_t words[2];

	memcpy(words, id, sizeof(words));
	return (uint32_t)flow_hash_mix(words[0] ^ FLOW_HASH_FIXED_SEED,
		flow_hash_mix(words[1] ^ 0xa0761d6478bd642full, 0xe7037ed1a0b428dbull));
}

int vip_index_servers(struct vip *vip)
{
	uint32_t count = 0, slots = 4;

	free(vip->servers);
	vip->servers = NULL;
	vip->server_mask = 0;
	for (uint32_t i = 0; i < vip->backend_count; i++)
		count += vip->backends[i].server_id.len != 0;
	if (count == 0)
		return 0;
	while (slots < count * 2)
		slots <<= 1;
	vip->servers = malloc(slots * sizeof(vip->servers[0]));
	if (!vip->servers)
		return -ENOMEM;
	memset(vip->servers, 0xff, slots * sizeof(vip->servers[0]));
	vip->server_mask = slots - 1;
	for (uint32_t i = 0; i < vip->backend_count; i++) {
		struct backend *b = &vip->backends[i];
		uint32_t hash;

		b->server_id = tidy(&b->server_id);
		if (b->server_id.len == 0)
			continue;
		hash = id_hash(&b->server_id);
		while (vip->servers[hash & vip->server_mask] != NO_SERVER)
			hash++;
		vip->servers[hash & vip->server_mask] = (uint16_t)i;
	}
	return 0;
}

enum backend_choice_outcome vip_choose_server(const struct vip *vip,
	const struct quic_server_id *server_id, const struct backend **backend)
{
	const struct quic_server_id id = tidy(server_id);
	uint32_t hash;

	if (vip->backend_count == 0)
		return BACKEND_NONE;
	if (vip->server_mask == 0 || id.len == 0)
		return BACKEND_UNKNOWN_SERVER;
	for (hash = id_hash(&id);; hash++) {
		uint16_t index = vip->servers[hash & vip->server_mask];

		if (index == NO_SERVER)
			return BACKEND_UNKNOWN_SERVER;
		*backend = &vip->backends[index];
		if (memcmp(&(*backend)->server_id, &id, sizeof(id)) == 0)
			return (*backend)->enabled ? BACKEND_CHOSEN : BACKEND_NONE_HEALTHY;
	}
}
