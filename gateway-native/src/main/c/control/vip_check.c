// SPDX-License-Identifier: Apache-2.0
#include "parse_value.h"
#include "settings_raw.h"

#include "../packet/parse.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define KEY_BYTES 96

static bool check_backend(struct check *check, const struct raw_backend *raw, const char *prefix,
	struct backend *backend)
{
	uint64_t port = 0, weight = 1;
	char key[KEY_BYTES + 16];

#define KEY(name) (snprintf(key, sizeof(key), "%s.%s", prefix, name), key)
	backend->enabled = true;
	if (!check_name(check, KEY("name"), raw->name, backend->name, sizeof(backend->name)) ||
		!check_address(check, KEY("address"), raw->address, &backend->address) ||
		!check_number(check, KEY("port"), raw->port, 1, 65535, &port) ||
		!check_number(check, KEY("weight"), raw->weight, 0, VIP_MAX_WEIGHT, &weight) ||
		!check_bool(check, KEY("enabled"), raw->enabled, &backend->enabled))
		return false;
#undef KEY
	backend->port = (uint16_t)port;
	backend->weight = (uint16_t)weight;
	return true;
}

static bool check_backends(
	struct check *check, const struct raw_vip *raw, const char *prefix, struct vip *vip)
{
	for (unsigned int i = 0; i < raw->backends_count; i++) {
		char key[KEY_BYTES];

		snprintf(key, sizeof(key), "%.40s.backends[%u]", prefix, i);
		if (!check_backend(check, &raw->backends[i], key, &vip->backends[i]))
			return false;
		for (unsigned int j = 0; j < i; j++) {
			if (strcmp(vip->backends[i].name, vip->backends[j].name) == 0)
				return check_fail(check,
					"%s.name: '%s' is taken by %.40s.backends[%u]", key,
					vip->backends[i].name, prefix, j);
		}
	}
	return true;
}

static bool check_vip(
	struct check *check, const struct raw_vip *raw, const char *prefix, struct vip *vip)
{
	uint64_t port = 0, limit = 0;
	char key[KEY_BYTES];

#define KEY(name) (snprintf(key, sizeof(key), "%s.%s", prefix, name), key)
	vip->enabled = true;
	if (!check_name(check, KEY("name"), raw->name, vip->name, sizeof(vip->name)) ||
		!check_address(check, KEY("address"), raw->address, &vip->address) ||
		!check_number(check, KEY("port"), raw->port, 1, 65535, &port) ||
		!check_bool(check, KEY("enabled"), raw->enabled, &vip->enabled) ||
		!check_number(check, KEY("new_connection_limit"), raw->new_connection_limit, 0,
			1000000000, &limit))
		return false;
	if (strcmp(raw->protocol, "tcp") != 0 && strcmp(raw->protocol, "udp") != 0)
		return check_fail(
			check, "%s: '%s' is not tcp or udp", KEY("protocol"), raw->protocol);
#undef KEY
	vip->port = (uint16_t)port;
	vip->new_connection_limit = (uint32_t)limit;
	vip->protocol = raw->protocol[0] == 't' ? PROTOCOL_TCP : PROTOCOL_UDP;
	return check_backends(check, raw, prefix, vip);
}

struct vip *raw_vip_check(
	const struct raw_vip *raw, const char *prefix, char error[SETTINGS_ERROR_BYTES])
{
	struct check check = {.error = error, .error_bytes = SETTINGS_ERROR_BYTES};
	struct vip *vip = vip_new(raw->backends_count);

	if (!vip) {
		check_fail(&check, "%s: out of memory", prefix);
		return NULL;
	}
	if (!check_vip(&check, raw, prefix, vip)) {
		vip_free(vip);
		return NULL;
	}
	if (vip_finish(vip) != 0) {
		check_fail(&check, "%s: out of memory", prefix);
		vip_free(vip);
		return NULL;
	}
	return vip;
}
