// SPDX-License-Identifier: Apache-2.0
#include "settings.h"

#include "parse_value.h"
#include "settings_raw.h"
#include "yaml_json.h"

#include "../telemetry/ring.h"

#include <inttypes.h>
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
				[SESSION_CLASS_SCTP] = 900 * SECOND_NS,
				[SESSION_CLASS_HALF_CLOSED] = 120 * SECOND_NS,
			},
		.ring_records = 65536,
		.drop_sample_share = 0.01,
		.stamp_rate_limit = 1000,
		.eip_capacity = 65536,
		.blacklist_capacity = 65536,
	};
}

static bool check_threads(struct check *check, const struct raw_settings *raw, struct settings *s)
{
	uint64_t workers = s->workers, dispatchers = s->dispatchers;

	if (!check_number(check, "workers", raw->workers, 1, NODE_MAX_WORKERS, &workers) ||
		!check_number(check, "dispatchers", raw->dispatchers, 0, NODE_MAX_WORKERS - 1,
			&dispatchers))
		return false;
	if (workers + dispatchers > NODE_MAX_WORKERS)
		return check_fail(check,
			"dispatchers: %s beside %" PRIu64 " workers are more than %d threads",
			raw->dispatchers, workers, NODE_MAX_WORKERS);
	s->workers = (unsigned int)workers;
	s->dispatchers = (unsigned int)dispatchers;
	return true;
}

static bool check_node(struct check *check, const struct raw_settings *raw, struct settings *s)
{
	static const char *const tiers[] = {"clb", "eip"};
	uint64_t version = 1, priority = (uint64_t)s->realtime_priority;
	unsigned int tier = 0;

	if (!check_number(check, "version", raw->version, 1, UINT32_MAX, &version) ||
		!check_name(check, "node", raw->node, s->node, sizeof(s->node)) ||
		!check_threads(check, raw, s) ||
		!check_duration(
			check, "idle_sleep", raw->idle_sleep, 0, 100000000, &s->idle_sleep_ns) ||
		!check_bool(check, "realtime", raw->realtime, &s->realtime) ||
		!check_number(
			check, "realtime_priority", raw->realtime_priority, 1, 99, &priority) ||
		!check_bool(
			check, "verify_checksums", raw->verify_checksums, &s->verify_checksums) ||
		!check_word(check, "tier", raw->tier, tiers, 2, &tier))
		return false;
	if (s->realtime && s->idle_sleep_ns == 0)
		return check_fail(check, "idle_sleep: 0us together with realtime: true would "
					 "starve the machine; at least 1us");
	s->version = (uint32_t)version;
	s->tier = tier == 0 ? DT_TIER_CLB : DT_TIER_EIP;
	s->realtime_priority = (int)priority;
	return true;
}

bool raw_session_limit_check(struct check *check, const char *text, const struct settings *s,
	const char *key, uint64_t *limit)
{
	uint64_t checked = *limit;

	if (!check_number(
		    check, key, text, 0, (uint64_t)s->session_capacity * s->workers, &checked))
		return false;
	if (checked && s->tier != DT_TIER_CLB)
		return check_fail(check, "%s: %s for tier eip, which has no sessions", key, text);
	// Whose share were nothing would refuse all flows that are its own.
	if (checked && checked < s->workers)
		return check_fail(check, "%s: %s is less than one for each of %u workers", key,
			text, s->workers);
	*limit = checked;
	return true;
}

static bool check_sessions(struct check *check, const struct raw_sessions *raw, struct settings *s)
{
	uint64_t capacity = s->session_capacity;

	if (!raw)
		return true;
	if (!check_number(check, "sessions.capacity", raw->capacity, SESSION_MIN_CAPACITY,
		    SESSION_MAX_CAPACITY, &capacity))
		return false;
	for (int class = 0; class < SESSION_CLASSES; class ++) {
		char key[48];

		snprintf(key, sizeof(key), "sessions.%s", raw_timeout_keys[class]);
		if (!check_duration(check, key, raw->timeouts[class], SESSION_TICK_NS,
			    MAX_TIMEOUT_NS, &s->session_timeout_ns[class]))
			return false;
	}
	s->session_capacity = (uint32_t)capacity;
	return raw_session_limit_check(check, raw->limit, s, "sessions.limit", &s->session_limit);
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

static bool check_keys(struct check *check, const struct raw_colour *raw, struct settings *s)
{
	uint64_t id = 0;
	char key[48];

	for (unsigned int i = 0; i < raw->keys_count; i++) {
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
	return true;
}

static bool check_prober(struct check *check, const struct raw_prober *raw, unsigned int index,
	struct dt_colour_prober_config *prober)
{
	struct ip_address prefix, mask;
	unsigned int bits = 0;
	uint64_t id = 0;
	char key[48];

	snprintf(key, sizeof(key), "colour.probers[%u].id", index);
	if (!check_number(check, key, raw->id, 1, 65535, &id))
		return false;
	snprintf(key, sizeof(key), "colour.probers[%u].prefix", index);
	if (!check_prefix(check, key, raw->prefix, &prefix, &bits))
		return false;
	mask = prefix_mask(&prefix, bits);
	*prober = (struct dt_colour_prober_config){
		.id = (uint16_t)id,
		.address_len = ip_is_v4(&prefix) ? 4 : 16,
		.prefix_bits = (uint8_t)bits,
	};
	for (unsigned int i = 0; i < 16; i++)
		prefix.bytes[i] &= mask.bytes[i];
	memcpy(prober->prefix, prefix.bytes + 16 - prober->address_len, prober->address_len);
	return true;
}

static bool check_colour(struct check *check, const struct raw_colour *raw, struct settings *s)
{
	s->erase_colour = s->tier == DT_TIER_CLB;
	if (!raw)
		return true;
	if (!check_bool(check, "colour.erase", raw->erase, &s->erase_colour) ||
		!check_keys(check, raw, s))
		return false;
	for (unsigned int i = 0; i < raw->probers_count; i++) {
		if (!check_prober(check, &raw->probers[i], i, &s->probers[i]))
			return false;
		s->prober_count = i + 1;
	}
	return true;
}

static bool check_vips(struct check *check, const struct raw_settings *raw, struct settings *s)
{
	if (raw->vips_count && s->tier != DT_TIER_CLB)
		return check_fail(check, "vips: %u are configured and tier is %s, which has none",
			raw->vips_count, raw->tier);
	s->vips = calloc(raw->vips_count + 1, sizeof(struct vip *));
	if (!s->vips)
		return check_fail(check, "vips: out of memory");
	for (unsigned int i = 0; i < raw->vips_count; i++) {
		char prefix[32];

		snprintf(prefix, sizeof(prefix), "vips[%u]", i);
		s->vips[i] = raw_vip_check(&raw->vips[i], s, prefix, check->error);
		if (!s->vips[i])
			return false;
		s->vip_count = i + 1;
	}
	return true;
}

static bool check_all(struct check *check, const struct raw_settings *raw, struct settings *s)
{
	return check_node(check, raw, s) && check_network(check, raw, s) &&
	       check_sessions(check, raw->sessions, s) &&
	       copy_path(check, "control_socket", raw->control_socket, s->control_socket,
		       sizeof(s->control_socket)) &&
	       check_telemetry(check, raw->telemetry, s) && check_colour(check, raw->colour, s) &&
	       check_entries(check, raw, s) && check_vips(check, raw, s);
}

static struct settings *from_json(const json_t *json, char complaint[SETTINGS_ERROR_BYTES])
{
	struct check check = {.error = complaint, .error_bytes = SETTINGS_ERROR_BYTES};
	struct raw_settings raw = {.version = NULL};
	struct settings *s = malloc(sizeof(*s));

	if (!s) {
		check_fail(&check, "out of memory");
		return NULL;
	}
	set_defaults(s);
	if (!raw_read(&raw_settings_shape, json, "", true, &raw, complaint, SETTINGS_ERROR_BYTES) ||
		!check_all(&check, &raw, s)) {
		settings_free(s);
		s = NULL;
	}
	raw_free(&raw_settings_shape, &raw);
	return s;
}

static struct settings *load(
	const char *path, const char *yaml, size_t len, char error[SETTINGS_ERROR_BYTES])
{
	char complaint[SETTINGS_ERROR_BYTES] = "";
	json_t *json = yaml_to_json(path, yaml, len, false, error, SETTINGS_ERROR_BYTES);
	struct settings *s;

	if (!json)
		return NULL;
	s = from_json(json, complaint);
	if (!s)
		snprintf(error, SETTINGS_ERROR_BYTES, "%.100s: %.210s", path, complaint);
	json_decref(json);
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
	free(s->eips);
	free(s->blacklist);
	free(s);
}
