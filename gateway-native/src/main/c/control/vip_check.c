// SPDX-License-Identifier: Apache-2.0
#include "parse_value.h"
#include "settings_raw.h"

#include "../datapath/rate_limit.h"
#include "../packet/parse.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY(name) check_key(key, prefix, name)
#define MIN_MSS 64
#define MAX_SLOW_START_NS 3600000000000ull

static const char *const modes[] = {"full-nat", "dnat", "tunnel"};

static const char *family_of(const struct ip_address *address)
{
	return ip_is_v4(address) ? "IPv4" : "IPv6";
}

static bool has_local(const struct settings *s, bool v4)
{
	for (unsigned int i = 0; i < s->local_count; i++) {
		if (ip_is_v4(&s->local_addresses[i]) == v4)
			return true;
	}
	return false;
}

// What a backend of this VIP can be reached as. Full NAT speaks to it from a local address of its
// family.
static bool check_reach(struct check *check, const struct vip *vip, const struct settings *s,
	const char *prefix, const struct backend *backend)
{
	bool v4 = ip_is_v4(&backend->address);

	if (vip->mode == VIP_FULL_NAT && !has_local(s, v4))
		return check_fail(check,
			"%s.address: is %s, and full-nat has no %s address in local_addresses",
			prefix, family_of(&backend->address), family_of(&backend->address));
	if (vip->mode == VIP_DNAT && v4 != ip_is_v4(&vip->address))
		return check_fail(check,
			"%s.address: is %s and the VIP %s; mode dnat keeps the "
			"family",
			prefix, family_of(&backend->address), family_of(&vip->address));
	if (vip->mode != VIP_TUNNEL)
		return true;
	if (v4 != ip_is_v4(&vip->tunnel.local))
		return check_fail(check, "%s.address: is %s and the VIP's tunnel.local %s", prefix,
			family_of(&backend->address), family_of(&vip->tunnel.local));
	if (backend->port != vip->port)
		return check_fail(check, "%s.port: %u is not the VIP's %u, which mode tunnel keeps",
			prefix, backend->port, vip->port);
	return true;
}

bool raw_backend_check(struct check *check, const struct raw_backend *raw,
	const struct settings *settings, const char *prefix, const struct vip *vip,
	struct backend *backend)
{
	uint64_t port = vip->port, weight = 1;
	char key[CHECK_KEY_BYTES];

	backend->enabled = true;
	if (!check_name(check, KEY("name"), raw->name, backend->name, sizeof(backend->name)) ||
		!check_address(check, KEY("address"), raw->address, &backend->address) ||
		!check_number(check, KEY("port"), raw->port, 1, 65535, &port) ||
		!check_number(check, KEY("weight"), raw->weight, 0, VIP_MAX_WEIGHT, &weight) ||
		!check_bool(check, KEY("enabled"), raw->enabled, &backend->enabled) ||
		!check_bool(check, KEY("draining"), raw->draining, &backend->draining))
		return false;
	backend->port = (uint16_t)port;
	backend->weight = (uint16_t)weight;
	if (raw->server_id && !raw_server_id_check(check, raw->server_id, KEY("server_id"),
				      vip->quic, &backend->server_id))
		return false;
	return check_reach(check, vip, settings, prefix, backend);
}

static bool same_server(const struct quic_server_id *a, const struct quic_server_id *b)
{
	return a->len > 0 && a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

static bool check_backends(struct check *check, const struct raw_vip *raw, const struct settings *s,
	const char *prefix, struct vip *vip)
{
	for (unsigned int i = 0; i < raw->backends_count; i++) {
		const struct backend *b = &vip->backends[i];
		char key[CHECK_KEY_BYTES];

		snprintf(key, sizeof(key), "%.40s.backends[%u]", prefix, i);
		if (!raw_backend_check(check, &raw->backends[i], s, key, vip, &vip->backends[i]))
			return false;
		for (unsigned int j = 0; j < i; j++) {
			if (strcmp(b->name, vip->backends[j].name) == 0)
				return check_fail(check,
					"%s.name: '%s' is taken by %.40s.backends[%u]", key,
					b->name, prefix, j);
			if (same_server(&b->server_id, &vip->backends[j].server_id))
				return check_fail(check,
					"%s.server_id: %s is taken by %.40s.backends[%u]", key,
					raw->backends[i].server_id, prefix, j);
		}
	}
	return true;
}

bool raw_limits_check(struct check *check, const struct raw_limits *raw, const char *prefix,
	struct vip_limits *limits)
{
	uint64_t sessions = limits->sessions;
	char key[CHECK_KEY_BYTES];

	if (!check_number(check, KEY("packets_per_second"), raw->packets_per_second, 0,
		    RATE_LIMIT_MAX, &limits->packets_per_second) ||
		!check_number(check, KEY("bits_per_second"), raw->bits_per_second, 0,
			RATE_LIMIT_MAX, &limits->bits_per_second) ||
		!check_number(check, KEY("sessions"), raw->sessions, 0, UINT32_MAX, &sessions))
		return false;
	limits->sessions = (uint32_t)sessions;
	return true;
}

static bool check_limits(
	struct check *check, const struct raw_vip *raw, const char *prefix, struct vip *vip)
{
	uint64_t connections = 0;
	char key[CHECK_KEY_BYTES];

	if (!check_number(check, KEY("new_connection_limit"), raw->new_connection_limit, 0,
		    SETTINGS_MAX_NEW_CONNECTIONS, &connections) ||
		(raw->limits && !raw_limits_check(check, raw->limits, KEY("limits"), &vip->limits)))
		return false;
	vip->limits.new_connections_per_second = (uint32_t)connections;
	return true;
}

static bool check_mode(
	struct check *check, const struct raw_vip *raw, const char *prefix, struct vip *vip)
{
	static const char *const schedulers[] = {"maglev", "round-robin", "least-connections"};
	unsigned int mode = VIP_FULL_NAT, scheduler = SCHEDULER_MAGLEV;
	char key[CHECK_KEY_BYTES];

	if (!check_word(check, KEY("mode"), raw->mode, modes, 3, &mode) ||
		!check_word(check, KEY("scheduler"), raw->scheduler, schedulers, 3, &scheduler))
		return false;
	vip->mode = (uint8_t)mode;
	vip->scheduler = (uint8_t)scheduler;
	if (raw->tunnel && mode != VIP_TUNNEL)
		return check_fail(check, "%s: mode %s has none", KEY("tunnel"), modes[mode]);
	if (!raw->tunnel && mode == VIP_TUNNEL)
		return check_fail(check, "%s: is missing: mode tunnel needs it", KEY("tunnel"));
	return !raw->tunnel || raw_tunnel_check(check, raw->tunnel, KEY("tunnel"), &vip->tunnel);
}

static bool check_tcp(
	struct check *check, const struct raw_vip *raw, const char *prefix, struct vip *vip)
{
	uint64_t mss = 0;
	char key[CHECK_KEY_BYTES];

	if (!check_bool(check, KEY("toa"), raw->toa, &vip->toa) ||
		!check_number(check, KEY("mss_clamp"), raw->mss_clamp, 0, 65495, &mss))
		return false;
	if (mss > 0 && mss < MIN_MSS)
		return check_fail(
			check, "%s: %s is neither 0 nor at least %d", key, raw->mss_clamp, MIN_MSS);
	if (vip->toa && (vip->mode != VIP_FULL_NAT || vip->protocol != PROTOCOL_TCP))
		return check_fail(
			check, "%s: true needs mode full-nat and protocol tcp", KEY("toa"));
	if (mss > 0 && vip->protocol != PROTOCOL_TCP)
		return check_fail(check, "%s: %s needs protocol tcp", key, raw->mss_clamp);
	vip->mss_clamp = (uint16_t)mss;
	return check_duration(check, KEY("slow_start"), raw->slow_start, 0, MAX_SLOW_START_NS,
		&vip->slow_start_ns);
}

static bool check_quic(
	struct check *check, const struct raw_vip *raw, const char *prefix, struct vip *vip)
{
	char key[CHECK_KEY_BYTES];

	if (!raw->quic)
		return true;
	if (vip->protocol != PROTOCOL_UDP)
		return check_fail(check, "%s: needs protocol udp", KEY("quic"));
	vip->quic = calloc(1, sizeof(*vip->quic));
	if (!vip->quic)
		return check_fail(check, "%s: out of memory", KEY("quic"));
	return raw_quic_check(check, raw->quic, KEY("quic"), vip->quic);
}

static bool check_vip(struct check *check, const struct raw_vip *raw, const struct settings *s,
	const char *prefix, struct vip *vip)
{
	static const char *const protocols[] = {"tcp", "udp", "sctp"};
	static const uint8_t numbers[] = {PROTOCOL_TCP, PROTOCOL_UDP, PROTOCOL_SCTP};
	unsigned int protocol = 0;
	uint64_t port = 0;
	char key[CHECK_KEY_BYTES];

	vip->enabled = true;
	if (!check_name(check, KEY("name"), raw->name, vip->name, sizeof(vip->name)) ||
		!check_address(check, KEY("address"), raw->address, &vip->address) ||
		!check_number(check, KEY("port"), raw->port, 1, 65535, &port) ||
		!check_bool(check, KEY("enabled"), raw->enabled, &vip->enabled) ||
		!check_word(check, KEY("protocol"), raw->protocol, protocols, 3, &protocol))
		return false;
	vip->port = (uint16_t)port;
	vip->protocol = numbers[protocol];
	return check_mode(check, raw, prefix, vip) && check_limits(check, raw, prefix, vip) &&
	       check_tcp(check, raw, prefix, vip) && check_quic(check, raw, prefix, vip) &&
	       check_backends(check, raw, s, prefix, vip);
}

struct vip *raw_vip_check(const struct raw_vip *raw, const struct settings *settings,
	const char *prefix, char error[SETTINGS_ERROR_BYTES])
{
	struct check check = {.error = error, .error_bytes = SETTINGS_ERROR_BYTES};
	struct vip *vip = vip_new(raw->backends_count);

	if (!vip) {
		check_fail(&check, "%s: out of memory", prefix);
		return NULL;
	}
	if (!check_vip(&check, raw, settings, prefix, vip)) {
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
