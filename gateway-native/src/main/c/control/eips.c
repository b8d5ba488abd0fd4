// SPDX-License-Identifier: Apache-2.0
#include "eips.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FAIL(error, ...) (snprintf(error, SETTINGS_ERROR_BYTES, __VA_ARGS__), false)

struct eip_name {
	char text[DT_NAME_LEN];
	uint32_t uses;
};

struct eips {
	struct eip_table *table;
	struct slot_names names;
	uint32_t capacity;
	uint32_t slots;
	struct eip_name by_slot[DT_MAX_NAMES];
};

static bool take_name(
	struct eips *eips, const char *name, const char *prefix, uint32_t *slot, char *error)
{
	int taken;

	*slot = DT_SLOT_NONE;
	if (!name[0])
		return true;
	taken = eips->names.vip_slot(eips->names.context, name);
	if (taken < 0)
		return FAIL(error,
			"%s.name: '%s' gets no slot: %s; %d names is the limit of a process",
			prefix, name, strerror(-taken), DT_MAX_NAMES);
	*slot = (uint32_t)taken;
	snprintf(eips->by_slot[taken].text, DT_NAME_LEN, "%s", name);
	eips->by_slot[taken].uses++;
	if (eips->slots <= *slot)
		eips->slots = *slot + 1;
	return true;
}

static void give_name(struct eips *eips, uint32_t slot)
{
	if (slot != DT_SLOT_NONE)
		eips->by_slot[slot].uses--;
}

static bool complain(const struct eips *eips, const struct settings_eip *eip, const char *prefix,
	int status, char *error)
{
	char public[IP_ADDRESS_TEXT_BYTES], private[IP_ADDRESS_TEXT_BYTES];

	ip_text(&eip->public_address, public);
	ip_text(&eip->private_address, private);
	switch (status) {
	case -ENOENT:
		return FAIL(error, "%s.public: no EIP %s", prefix, public);
	case -EEXIST:
		return FAIL(error, "%s.private: %s or public %s is another EIP's", prefix, private,
			public);
	case -ENOSPC:
		return FAIL(error, "%s: eip_capacity %u is the limit", prefix, eips->capacity);
	default:
		return FAIL(error, "%s: %s", prefix, strerror(-status));
	}
}

static struct eip entry_of(const struct settings_eip *eip, uint32_t slot)
{
	return (struct eip){
		.public_address = eip->public_address,
		.private_address = eip->private_address,
		.slot = slot,
		.tunnel = eip->tunnel,
		.enabled = eip->enabled,
	};
}

static const struct eip *find(const struct eips *eips, const struct ip_address *address)
{
	return eip_find_public(eips->table, eip_hash(eips->table, address), address);
}

bool eips_add(struct eips *eips, const struct settings_eip *eip, const char *prefix,
	char error[SETTINGS_ERROR_BYTES])
{
	struct eip entry;
	uint32_t slot;
	int status;

	if (!take_name(eips, eip->name, prefix, &slot, error))
		return false;
	entry = entry_of(eip, slot);
	status = eip_table_add(eips->table, &entry);
	if (status == 0)
		return true;
	give_name(eips, slot);
	return complain(eips, eip, prefix, status, error);
}

bool eips_set(struct eips *eips, const struct settings_eip *eip, const char *prefix,
	char error[SETTINGS_ERROR_BYTES])
{
	const struct eip *found = find(eips, &eip->public_address);
	uint32_t slot, before;
	struct eip entry;
	int status;

	if (!found)
		return complain(eips, eip, prefix, -ENOENT, error);
	before = found->slot;
	if (!take_name(eips, eip->name, prefix, &slot, error))
		return false;
	entry = entry_of(eip, slot);
	status = eip_table_set(eips->table, &entry);
	give_name(eips, status == 0 ? before : slot);
	return status == 0 || complain(eips, eip, prefix, status, error);
}

bool eips_remove(struct eips *eips, const struct ip_address *public_address,
	char error[SETTINGS_ERROR_BYTES])
{
	const struct eip *found = find(eips, public_address);
	char text[IP_ADDRESS_TEXT_BYTES];
	uint32_t slot;
	int status;

	if (!found)
		return FAIL(error, "public: no EIP %s", ip_text(public_address, text));
	slot = found->slot;
	status = eip_table_remove(eips->table, public_address);
	if (status != 0)
		return FAIL(
			error, "public: %s: %s", ip_text(public_address, text), strerror(-status));
	give_name(eips, slot);
	return true;
}

const char *eips_name(const struct eips *eips, uint32_t slot)
{
	return slot < DT_MAX_NAMES && eips->by_slot[slot].uses ? eips->by_slot[slot].text : "";
}

uint32_t eips_slots(const struct eips *eips)
{
	return eips ? eips->slots : 0;
}

static void describe(const struct eips *eips, const struct eip *eip, struct settings_eip *out)
{
	*out = (struct settings_eip){
		.public_address = eip->public_address,
		.private_address = eip->private_address,
		.tunnel = eip->tunnel,
		.enabled = eip->enabled,
	};
	snprintf(out->name, sizeof(out->name), "%s", eips_name(eips, eip->slot));
}

bool eips_find(
	const struct eips *eips, const struct ip_address *public_address, struct settings_eip *out)
{
	const struct eip *found = find(eips, public_address);

	if (found)
		describe(eips, found, out);
	return found != NULL;
}

bool eips_next(const struct eips *eips, uint32_t *cursor, struct settings_eip *out)
{
	const struct eip *found = eip_table_next(eips->table, cursor);

	if (found)
		describe(eips, found, out);
	return found != NULL;
}

struct eip_table *eips_table(const struct eips *eips)
{
	return eips->table;
}

uint32_t eips_count(const struct eips *eips)
{
	return eip_table_count(eips->table);
}

void eips_collect(struct eips *eips)
{
	eip_table_collect(eips->table);
}

struct eips *eips_create(const struct settings *settings, const struct slot_names *names,
	uint64_t seed, struct rte_rcu_qsbr *qsbr, char error[SETTINGS_ERROR_BYTES])
{
	struct eips *eips = calloc(1, sizeof(*eips));

	if (eips) {
		eips->names = *names;
		eips->capacity = settings->eip_capacity;
		eips->table = eip_table_create(settings->eip_capacity, seed, qsbr);
	}
	if (!eips || !eips->table) {
		snprintf(error, SETTINGS_ERROR_BYTES, "eip_capacity: %u EIPs need %zu MiB",
			settings->eip_capacity, eip_table_bytes(settings->eip_capacity) >> 20);
		free(eips);
		return NULL;
	}
	for (unsigned int i = 0; i < settings->eip_count; i++) {
		char prefix[32];

		snprintf(prefix, sizeof(prefix), "eips[%u]", i);
		if (!eips_add(eips, &settings->eips[i], prefix, error)) {
			eips_free(eips);
			return NULL;
		}
	}
	return eips;
}

void eips_free(struct eips *eips)
{
	if (!eips)
		return;
	eip_table_free(eips->table);
	free(eips);
}
