// SPDX-License-Identifier: Apache-2.0
//
// EIPs and the blacklist: what can be many.
#include "parse_value.h"
#include "settings_raw.h"

#include "../telemetry/registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY(name) check_key(key, prefix, name)
#define MAX_EXPIRY_NS (365 * 24 * 3600 * 1000000000ull)

static bool find_tunnel(struct check *check, const char *key, const char *name,
	const struct settings *s, uint8_t *out)
{
	for (unsigned int i = 0; i < s->tunnel_count; i++) {
		if (strcmp(s->tunnels[i].name, name) != 0)
			continue;
		if (!ip_is_set(&s->tunnels[i].tunnel.remote))
			return check_fail(check, "%s: '%s' has no remote to send to", key, name);
		*out = (uint8_t)(i + 1);
		return true;
	}
	return check_fail(check, "%s: no tunnel '%s'", key, name);
}

bool raw_eip_check(struct check *check, const struct raw_eip *raw, const struct settings *s,
	const char *prefix, struct settings_eip *eip)
{
	char key[CHECK_KEY_BYTES];

	*eip = (struct settings_eip){.enabled = true};
	if ((raw->name &&
		    !check_name(check, KEY("name"), raw->name, eip->name, sizeof(eip->name))) ||
		!check_address(check, KEY("public"), raw->public, &eip->public_address) ||
		!check_address(check, KEY("private"), raw->private, &eip->private_address) ||
		!check_bool(check, KEY("enabled"), raw->enabled, &eip->enabled))
		return false;
	if (ip_is_v4(&eip->public_address) != ip_is_v4(&eip->private_address))
		return check_fail(check, "%s: %s and public %s are not of one family",
			KEY("private"), raw->private, raw->public);
	return !raw->tunnel || find_tunnel(check, KEY("tunnel"), raw->tunnel, s, &eip->tunnel);
}

static bool check_eips(struct check *check, const struct raw_settings *raw, struct settings *s)
{
	uint64_t capacity = s->eip_capacity;

	if (!check_number(check, "eip_capacity", raw->eip_capacity, 1, EIP_MAX, &capacity))
		return false;
	s->eip_capacity = (uint32_t)capacity;
	if (raw->eips_count && s->tier != DT_TIER_EIP)
		return check_fail(check, "eips: %u are configured and tier is %s, which has none",
			raw->eips_count, raw->tier);
	if (raw->eips_count > s->eip_capacity)
		return check_fail(check, "eips: %u are more than eip_capacity %u", raw->eips_count,
			s->eip_capacity);
	s->eips = calloc(raw->eips_count + 1ul, sizeof(s->eips[0]));
	if (!s->eips)
		return check_fail(check, "eips: out of memory");
	for (unsigned int i = 0; i < raw->eips_count; i++) {
		char prefix[32];

		snprintf(prefix, sizeof(prefix), "eips[%u]", i);
		if (!raw_eip_check(check, &raw->eips[i], s, prefix, &s->eips[i]))
			return false;
		s->eip_count = i + 1;
	}
	return true;
}

bool raw_blacklist_check(struct check *check, const struct raw_blacklist_entry *raw,
	const char *prefix, struct settings_blacklist_entry *entry)
{
	struct ip_address mask;
	unsigned int bits = 0;
	char key[CHECK_KEY_BYTES];

	entry->expires_after_ns = 0;
	if (!check_prefix(check, KEY("prefix"), raw->prefix, &entry->prefix, &bits) ||
		!check_duration(check, KEY("expires_after"), raw->expires_after, 1000000000ull,
			MAX_EXPIRY_NS, &entry->expires_after_ns))
		return false;
	mask = prefix_mask(&entry->prefix, bits);
	for (int i = 0; i < 16; i++)
		entry->prefix.bytes[i] &= mask.bytes[i];
	entry->bits = (uint8_t)bits;
	return true;
}

static bool check_blacklist(struct check *check, const struct raw_settings *raw, struct settings *s)
{
	uint64_t capacity = s->blacklist_capacity;

	if (!check_number(check, "blacklist_capacity", raw->blacklist_capacity, 1, BLACKLIST_MAX,
		    &capacity))
		return false;
	s->blacklist_capacity = (uint32_t)capacity;
	if (raw->blacklist_count > s->blacklist_capacity)
		return check_fail(check,
			"blacklist: %u entries are more than blacklist_capacity %u",
			raw->blacklist_count, s->blacklist_capacity);
	s->blacklist = calloc(raw->blacklist_count + 1ul, sizeof(s->blacklist[0]));
	if (!s->blacklist)
		return check_fail(check, "blacklist: out of memory");
	for (unsigned int i = 0; i < raw->blacklist_count; i++) {
		char prefix[32];

		snprintf(prefix, sizeof(prefix), "blacklist[%u]", i);
		if (!raw_blacklist_check(check, &raw->blacklist[i], prefix, &s->blacklist[i]))
			return false;
		s->blacklist_count = i + 1;
	}
	return true;
}

bool check_entries(struct check *check, const struct raw_settings *raw, struct settings *s)
{
	return check_eips(check, raw, s) && check_blacklist(check, raw, s);
}
