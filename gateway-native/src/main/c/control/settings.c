// SPDX-License-Identifier: Apache-2.0
#include "settings.h"

#include "parse_value.h"
#include "settings_raw.h"

#include "../telemetry/ring.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_NS 1000000000ull
#define MAX_TIMEOUT_NS (7 * 24 * 3600 * SECOND_NS)

static void set_defaults(struct settings *s)
{
	*s = (struct settings){
		.workers = 1,
		.idle_sleep_ns = 200000,
		.realtime_priority = 10,
		.first_local_port = 1024,
		.last_local_port = 65535,
		.session_capacity = 262144,
		.session_timeout_ns =
			{
				[SESSION_CLASS_SYN] = 10 * SECOND_NS,
				[SESSION_CLASS_ESTABLISHED] = 900 * SECOND_NS,
				[SESSION_CLASS_CLOSING] = 10 * SECOND_NS,
				[SESSION_CLASS_RESET] = 2 * SECOND_NS,
				[SESSION_CLASS_UDP] = 30 * SECOND_NS,
			},
		.ring_records = 65536,
		.drop_sample_share = 0.01,
		.stamp_rate_limit = 1000,
	};
}

static bool check_node(struct check *check, const struct raw_settings *raw, struct settings *s)
{
	uint64_t version = 1, workers = s->workers, priority = (uint64_t)s->realtime_priority;

	if (!check_number(check, "version", raw->version, 1, UINT32_MAX, &version) ||
		!check_name(check, "node", raw->node, s->node, sizeof(s->node)) ||
		!check_number(check, "workers", raw->workers, 1, NODE_MAX_WORKERS, &workers) ||
		!check_duration(
			check, "idle_sleep", raw->idle_sleep, 0, 100000000, &s->idle_sleep_ns) ||
		!check_bool(check, "realtime", raw->realtime, &s->realtime) ||
		!check_number(check, "realtime_priority", raw->realtime_priority, 1, 99, &priority))
		return false;
	if (strcmp(raw->tier, "clb") != 0)
		return check_fail(
			check, "tier: '%s' is not clb, the only tier of this version", raw->tier);
	if (s->realtime && s->idle_sleep_ns == 0)
		return check_fail(check, "idle_sleep: 0us together with realtime: true would "
					 "starve the machine; at least 1us");
	s->version = (uint32_t)version;
	s->tier = DT_TIER_CLB;
	s->workers = (unsigned int)workers;
	s->realtime_priority = (int)priority;
	return true;
}

static bool check_port(struct check *check, const struct raw_port *raw, unsigned int index,
	struct settings_port *port)
{
	unsigned int bits;
	char key[32];

	snprintf(key, sizeof(key), "ports[%u].name", index);
	if (!check_name(check, key, raw->name, port->name, sizeof(port->name)))
		return false;
	snprintf(key, sizeof(key), "ports[%u].address", index);
	if (!check_prefix(check, key, raw->address, &port->address, &bits))
		return false;
	port->mask = prefix_mask(bits);
	snprintf(key, sizeof(key), "ports[%u].gateway", index);
	if (!raw->gateway)
		return true;
	if (!check_address(check, key, raw->gateway, &port->gateway))
		return false;
	if (((port->gateway ^ port->address) & port->mask) != 0)
		return check_fail(
			check, "%s: %s is not within %s", key, raw->gateway, raw->address);
	if (port->gateway == port->address)
		return check_fail(check, "%s: %s is the port's own address", key, raw->gateway);
	return true;
}

static bool check_ports(struct check *check, const struct raw_settings *raw, struct settings *s)
{
	int with_gateway = -1;

	s->port_count = raw->ports_count;
	for (unsigned int i = 0; i < raw->ports_count; i++) {
		if (!check_port(check, &raw->ports[i], i, &s->ports[i]))
			return false;
		if (!s->ports[i].gateway)
			continue;
		if (with_gateway >= 0)
			return check_fail(check,
				"ports[%u].gateway: %s is a second one beside ports[%d]'s; one is "
				"the limit",
				i, raw->ports[i].gateway, with_gateway);
		with_gateway = (int)i;
	}
	return true;
}

static bool check_locals(struct check *check, const struct raw_settings *raw, struct settings *s)
{
	uint64_t first = s->first_local_port, last = s->last_local_port;

	s->local_count = raw->local_addresses_count;
	for (unsigned int i = 0; i < s->local_count; i++) {
		char key[40];

		snprintf(key, sizeof(key), "local_addresses[%u]", i);
		if (!check_address(check, key, raw->local_addresses[i], &s->local_addresses[i]))
			return false;
		for (unsigned int j = 0; j < i; j++) {
			if (s->local_addresses[i] == s->local_addresses[j])
				return check_fail(check, "%s: %s stands there twice", key,
					raw->local_addresses[i]);
		}
	}
	if (!raw->local_ports)
		return true;
	if (!check_number(check, "local_ports.first", raw->local_ports->first, 1, 65535, &first) ||
		!check_number(
			check, "local_ports.last", raw->local_ports->last, first, 65535, &last))
		return false;
	if (last - first + 1 < s->workers)
		return check_fail(check,
			"local_ports.last: %s leaves fewer ports than the %u workers need, one "
			"each",
			raw->local_ports->last, s->workers);
	s->first_local_port = (uint16_t)first;
	s->last_local_port = (uint16_t)last;
	return true;
}

static bool check_neighbours(
	struct check *check, const struct raw_settings *raw, struct settings *s)
{
	s->neighbour_count = raw->neighbours_count;
	for (unsigned int i = 0; i < s->neighbour_count; i++) {
		char key[40];

		snprintf(key, sizeof(key), "neighbours[%u].address", i);
		if (!check_address(
			    check, key, raw->neighbours[i].address, &s->neighbours[i].address))
			return false;
		snprintf(key, sizeof(key), "neighbours[%u].mac", i);
		if (!check_mac(check, key, raw->neighbours[i].mac, s->neighbours[i].mac))
			return false;
	}
	return true;
}

static bool check_sessions(struct check *check, const struct raw_sessions *raw, struct settings *s)
{
	uint64_t capacity = s->session_capacity, *timeout = s->session_timeout_ns;

	if (!raw)
		return true;
	if (!check_number(check, "sessions.capacity", raw->capacity, SESSION_MIN_CAPACITY,
		    SESSION_MAX_CAPACITY, &capacity) ||
		!check_duration(check, "sessions.timeout_syn", raw->timeout_syn, SESSION_TICK_NS,
			MAX_TIMEOUT_NS, &timeout[SESSION_CLASS_SYN]) ||
		!check_duration(check, "sessions.timeout_established", raw->timeout_established,
			SESSION_TICK_NS, MAX_TIMEOUT_NS, &timeout[SESSION_CLASS_ESTABLISHED]) ||
		!check_duration(check, "sessions.timeout_closing", raw->timeout_closing,
			SESSION_TICK_NS, MAX_TIMEOUT_NS, &timeout[SESSION_CLASS_CLOSING]) ||
		!check_duration(check, "sessions.timeout_reset", raw->timeout_reset,
			SESSION_TICK_NS, MAX_TIMEOUT_NS, &timeout[SESSION_CLASS_RESET]) ||
		!check_duration(check, "sessions.timeout_udp", raw->timeout_udp, SESSION_TICK_NS,
			MAX_TIMEOUT_NS, &timeout[SESSION_CLASS_UDP]))
		return false;
	s->session_capacity = (uint32_t)capacity;
	return true;
}

static bool copy_path(
	struct check *check, const char *key, const char *text, char *out, size_t bytes)
{
	if (strlen(text) == 0 || strlen(text) >= bytes)
		return check_fail(check, "%s: '%s' has not between 1 and %zu characters", key, text,
			bytes - 1);
	strcpy(out, text);
	return true;
}

static bool check_telemetry(
	struct check *check, const struct raw_telemetry *raw, struct settings *s)
{
	uint64_t records = s->ring_records, rate = s->stamp_rate_limit;

	if (!copy_path(check, "telemetry.directory", raw->directory, s->telemetry_directory,
		    sizeof(s->telemetry_directory)) ||
		!check_number(check, "telemetry.ring_records", raw->ring_records,
			DT_RING_MIN_RECORDS, DT_RING_MAX_RECORDS, &records) ||
		!check_share(check, "telemetry.drop_sample_share", raw->drop_sample_share,
			&s->drop_sample_share) ||
		!check_number(check, "telemetry.stamp_rate_limit", raw->stamp_rate_limit, 0,
			UINT32_MAX, &rate))
		return false;
	if (records & (records - 1))
		return check_fail(check, "telemetry.ring_records: %s is not a power of two",
			raw->ring_records);
	s->ring_records = (uint32_t)records;
	s->stamp_rate_limit = (uint32_t)rate;
	return true;
}

static bool check_colour(struct check *check, const struct raw_colour *raw, struct settings *s)
{
	uint64_t id = 0;
	uint32_t prefix;
	unsigned int bits;
	char key[48];

	for (unsigned int i = 0; raw && i < raw->keys_count; i++) {
		snprintf(key, sizeof(key), "colour.keys[%u].id", i);
		if (!check_number(check, key, raw->keys[i].id, 0, DT_COLOUR_KEY_IDS - 1, &id))
			return false;
		for (unsigned int j = 0; j < i; j++) {
			if (s->keys[j].id == id)
				return check_fail(check, "%s: %s is taken by colour.keys[%u]", key,
					raw->keys[i].id, j);
		}
		s->keys[i].id = (uint8_t)id;
		snprintf(key, sizeof(key), "colour.keys[%u].hex", i);
		if (!check_hex(
			    check, key, raw->keys[i].hex, s->keys[i].bytes, DT_SIPHASH_KEY_BYTES))
			return false;
		s->key_count = i + 1;
	}
	for (unsigned int i = 0; raw && i < raw->probers_count; i++) {
		snprintf(key, sizeof(key), "colour.probers[%u].id", i);
		if (!check_number(check, key, raw->probers[i].id, 1, 65535, &id))
			return false;
		snprintf(key, sizeof(key), "colour.probers[%u].prefix", i);
		if (!check_prefix(check, key, raw->probers[i].prefix, &prefix, &bits))
			return false;
		prefix &= prefix_mask(bits);
		s->probers[i] = (struct dt_colour_prober_config){
			.id = (uint16_t)id,
			.address_len = 4,
			.prefix_bits = (uint8_t)bits,
		};
		memcpy(s->probers[i].prefix, &prefix, 4);
		s->prober_count = i + 1;
	}
	return true;
}

static bool check_vips(struct check *check, const struct raw_settings *raw, struct settings *s)
{
	s->vips = calloc(raw->vips_count + 1, sizeof(struct vip *));
	if (!s->vips)
		return check_fail(check, "vips: out of memory");
	for (unsigned int i = 0; i < raw->vips_count; i++) {
		char prefix[32];

		snprintf(prefix, sizeof(prefix), "vips[%u]", i);
		s->vips[i] = raw_vip_check(&raw->vips[i], prefix, check->error);
		if (!s->vips[i])
			return false;
		s->vip_count = i + 1;
	}
	return true;
}

static bool check_all(struct check *check, const struct raw_settings *raw, struct settings *s)
{
	return check_node(check, raw, s) && check_ports(check, raw, s) &&
	       check_locals(check, raw, s) && check_neighbours(check, raw, s) &&
	       check_sessions(check, raw->sessions, s) &&
	       copy_path(check, "control_socket", raw->control_socket, s->control_socket,
		       sizeof(s->control_socket)) &&
	       check_telemetry(check, raw->telemetry, s) && check_colour(check, raw->colour, s) &&
	       check_vips(check, raw, s);
}

static struct settings *load(
	const char *path, const char *yaml, size_t len, char error[SETTINGS_ERROR_BYTES])
{
	char complaint[SETTINGS_ERROR_BYTES] = "";
	struct check check = {.error = complaint, .error_bytes = sizeof(complaint)};
	struct raw_settings *raw = raw_settings_load(path, yaml, len, error);
	struct settings *s;

	if (!raw)
		return NULL;
	s = malloc(sizeof(*s));
	if (s) {
		set_defaults(s);
		if (!check_all(&check, raw, s)) {
			snprintf(error, SETTINGS_ERROR_BYTES, "%.100s: %.210s", path, complaint);
			settings_free(s);
			s = NULL;
		}
	} else {
		snprintf(error, SETTINGS_ERROR_BYTES, "%.100s: out of memory", path);
	}
	raw_settings_free(raw);
	return s;
}

struct settings *settings_load(const char *path, char error[SETTINGS_ERROR_BYTES])
{
	return load(path, NULL, 0, error);
}

struct settings *settings_parse(
	const char *name, const char *yaml, size_t len, char error[SETTINGS_ERROR_BYTES])
{
	return load(name, yaml, len, error);
}

void settings_free(struct settings *s)
{
	if (!s)
		return;
	for (unsigned int i = 0; i < s->vip_count; i++)
		vip_free(s->vips[i]);
	free(s->vips);
	free(s);
}
