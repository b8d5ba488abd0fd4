// SPDX-License-Identifier: Apache-2.0
#include "services_check.h"

#include "../datapath/rate_limit.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool services_refuse(char *error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(error, SERVICES_ERROR_BYTES, format, arguments);
	va_end(arguments);
	return false;
}

const char *services_backend_key(
	const struct services_request *request, uint32_t index, char key[64])
{
	if (request->backend == (int)index)
		snprintf(key, 64, "backend");
	else
		snprintf(key, 64, "%s.backends[%u]", request->vip, index);
	return key;
}

static bool check_others(const struct services_request *request, const struct vip *vip, char *error)
{
	char address[IP_ADDRESS_TEXT_BYTES];

	for (unsigned int i = 0; i < request->count; i++) {
		const struct vip *other = request->vips[i];

		if ((int)i == request->replaced)
			continue;
		if (strcmp(other->name, vip->name) == 0)
			return services_refuse(
				error, "%s.name: '%s' exists", request->vip, vip->name);
		if (other->port == vip->port && other->protocol == vip->protocol &&
			ip_equal(&other->address, &vip->address))
			return services_refuse(error, "%s.address: %s port %u is taken by '%s'",
				request->vip, ip_text(&vip->address, address), vip->port,
				other->name);
	}
	return true;
}

static bool check_limits(
	const struct services_request *request, const struct vip_limits *limits, char *error)
{
	const struct {
		const char *key;
		uint64_t value;
	} rates[] = {
		{"packets_per_second", limits->packets_per_second},
		{"bits_per_second", limits->bits_per_second},
	};

	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		if (rates[i].value > RATE_LIMIT_MAX)
			return services_refuse(error, "%s.limits.%s: %" PRIu64 " is more than %llu",
				request->vip, rates[i].key, rates[i].value, RATE_LIMIT_MAX);
	}
	return true;
}

static bool same_server(const struct quic_server_id *a, const struct quic_server_id *b)
{
	return a->len != 0 && a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

// Of two backends that clash the request's own is to blame, else the later one.
static bool check_pair(const struct services_request *request, const struct vip *vip, uint32_t i,
	uint32_t j, char *error)
{
	uint32_t blamed = request->backend == (int)j ? j : i, other = blamed == i ? j : i;
	const struct backend *b = &vip->backends[blamed], *o = &vip->backends[other];
	char key[64];

	if (strcmp(b->name, o->name) == 0)
		return services_refuse(error, "%s.name: VIP '%s' has another backend '%s'",
			services_backend_key(request, blamed, key), vip->name, b->name);
	if (same_server(&b->server_id, &o->server_id))
		return services_refuse(error, "%s.server_id: is that of backend '%s'",
			services_backend_key(request, blamed, key), o->name);
	return true;
}

static bool check_backend(
	const struct services_request *request, const struct vip *vip, uint32_t i, char *error)
{
	const struct backend *b = &vip->backends[i];
	char key[64], address[IP_ADDRESS_TEXT_BYTES];
	bool is_v4 = ip_is_v4(&b->address);

	services_backend_key(request, i, key);
	ip_text(&b->address, address);
	if (b->weight > VIP_MAX_WEIGHT)
		return services_refuse(
			error, "%s.weight: %u is more than %d", key, b->weight, VIP_MAX_WEIGHT);
	if (!ip_is_set(&b->address))
		return services_refuse(error, "%s.address: is missing", key);
	if (vip->mode == VIP_DNAT && is_v4 != ip_is_v4(&vip->address))
		return services_refuse(error,
			"%s.address: %s is not of the VIP's family, as mode dnat needs", key,
			address);
	if (vip->mode == VIP_TUNNEL && ip_is_set(&vip->tunnel.local) &&
		is_v4 != ip_is_v4(&vip->tunnel.local))
		return services_refuse(error,
			"%s.address: %s is not of the family of the tunnel's local end", key,
			address);
	return true;
}

static bool check_backends(
	const struct services_request *request, const struct vip *vip, char *error)
{
	if (vip->backend_count > VIP_MAX_BACKENDS)
		return services_refuse(error, "%s: VIP '%s' has %d backends, which is the limit",
			request->backend == SERVICES_NO_INDEX ? request->vip : "backend", vip->name,
			VIP_MAX_BACKENDS);
	for (uint32_t i = 0; i < vip->backend_count; i++) {
		if (!check_backend(request, vip, i, error))
			return false;
		for (uint32_t j = 0; j < i; j++) {
			if (!check_pair(request, vip, i, j, error))
				return false;
		}
	}
	return true;
}

bool services_check(const struct services_config *config, const struct services_request *request,
	const struct vip *vip, char error[SERVICES_ERROR_BYTES])
{
	char address[IP_ADDRESS_TEXT_BYTES];

	if (config->is_own_address(config->context, &vip->address))
		return services_refuse(error, "%s.address: %s is an address of the gateway itself",
			request->vip, ip_text(&vip->address, address));
	return check_others(request, vip, error) && check_limits(request, &vip->limits, error) &&
	       check_backends(request, vip, error);
}
