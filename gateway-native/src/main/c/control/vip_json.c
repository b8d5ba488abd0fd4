// SPDX-License-Identifier: Apache-2.0
#include "vip_json.h"

#include "settings_raw.h"

#include "../packet/parse.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct json_field {
	const char *key;
	json_type type; // JSON_TRUE stands for both
	bool required;
	size_t offset; // of a char *
};

static const struct json_field backend_fields[] = {
	{"name", JSON_STRING, true, offsetof(struct raw_backend, name)},
	{"address", JSON_STRING, true, offsetof(struct raw_backend, address)},
	{"port", JSON_INTEGER, true, offsetof(struct raw_backend, port)},
	{"weight", JSON_INTEGER, false, offsetof(struct raw_backend, weight)},
	{"enabled", JSON_TRUE, false, offsetof(struct raw_backend, enabled)},
};

static const struct json_field vip_fields[] = {
	{"name", JSON_STRING, true, offsetof(struct raw_vip, name)},
	{"address", JSON_STRING, true, offsetof(struct raw_vip, address)},
	{"port", JSON_INTEGER, true, offsetof(struct raw_vip, port)},
	{"protocol", JSON_STRING, true, offsetof(struct raw_vip, protocol)},
	{"enabled", JSON_TRUE, false, offsetof(struct raw_vip, enabled)},
	{"new_connection_limit", JSON_INTEGER, false,
		offsetof(struct raw_vip, new_connection_limit)},
};

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static const char *type_name(json_type type)
{
	switch (type) {
	case JSON_STRING:
		return "a string";
	case JSON_INTEGER:
		return "an integer";
	default:
		return "true or false";
	}
}

static char *as_text(const json_t *value)
{
	char number[32];

	switch (json_typeof(value)) {
	case JSON_STRING:
		return strdup(json_string_value(value));
	case JSON_INTEGER:
		snprintf(
			number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		return strdup(number);
	default:
		return strdup(json_is_true(value) ? "true" : "false");
	}
}

static bool read_fields(const json_t *json, const char *path, const struct json_field *fields,
	size_t count, void *out, char *error)
{
	if (!json_is_object(json)) {
		snprintf(error, SETTINGS_ERROR_BYTES, "%s: is not an object", path);
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		const json_t *value = json_object_get(json, fields[i].key);
		bool right = value &&
			     (fields[i].type == JSON_TRUE ? json_is_boolean(value)
							  : json_typeof(value) == fields[i].type);
		char *text;

		if (!value && !fields[i].required)
			continue;
		if (!right) {
			snprintf(error, SETTINGS_ERROR_BYTES, "%s.%s: %s%s", path, fields[i].key,
				value ? "is not " : "is missing",
				value ? type_name(fields[i].type) : "");
			return false;
		}
		text = as_text(value);
		memcpy((char *)out + fields[i].offset, &text, sizeof(text));
	}
	return true;
}

static bool no_other_keys(const json_t *json, const char *path, const struct json_field *fields,
	size_t count, const char *also, char *error)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)json, key, value)
	{
		bool known = also && strcmp(key, also) == 0;

		for (size_t i = 0; i < count && !known; i++)
			known = strcmp(key, fields[i].key) == 0;
		if (!known) {
			snprintf(error, SETTINGS_ERROR_BYTES, "%s.%.60s: unknown key", path, key);
			return false;
		}
	}
	return true;
}

static bool read_backends(const json_t *json, struct raw_vip *raw, char *error)
{
	const json_t *backends = json_object_get(json, "backends");

	if (!backends)
		return true;
	if (!json_is_array(backends) || json_array_size(backends) > VIP_MAX_BACKENDS) {
		snprintf(error, SETTINGS_ERROR_BYTES, "vip.backends: is not a list of at most %d",
			VIP_MAX_BACKENDS);
		return false;
	}
	raw->backends = calloc(json_array_size(backends) + 1, sizeof(raw->backends[0]));
	if (!raw->backends)
		return false;
	raw->backends_count = (unsigned int)json_array_size(backends);
	for (unsigned int i = 0; i < raw->backends_count; i++) {
		const json_t *backend = json_array_get(backends, i);
		char path[40];

		snprintf(path, sizeof(path), "vip.backends[%u]", i);
		if (!read_fields(backend, path, backend_fields, LENGTH(backend_fields),
			    &raw->backends[i], error) ||
			!no_other_keys(
				backend, path, backend_fields, LENGTH(backend_fields), NULL, error))
			return false;
	}
	return true;
}

static void free_fields(void *raw, const struct json_field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char *text;

		memcpy(&text, (char *)raw + fields[i].offset, sizeof(text));
		free(text);
	}
}

struct vip *vip_from_json(const json_t *json, char error[SETTINGS_ERROR_BYTES])
{
	struct raw_vip raw = {.name = NULL};
	struct vip *vip = NULL;

	snprintf(error, SETTINGS_ERROR_BYTES, "vip: out of memory");
	if (read_fields(json, "vip", vip_fields, LENGTH(vip_fields), &raw, error) &&
		no_other_keys(json, "vip", vip_fields, LENGTH(vip_fields), "backends", error) &&
		read_backends(json, &raw, error))
		vip = raw_vip_check(&raw, "vip", error);
	for (unsigned int i = 0; i < raw.backends_count; i++)
		free_fields(&raw.backends[i], backend_fields, LENGTH(backend_fields));
	free(raw.backends);
	free_fields(&raw, vip_fields, LENGTH(vip_fields));
	return vip;
}

static json_t *address_json(uint32_t address)
{
	char text[INET_ADDRSTRLEN];

	return json_string(inet_ntop(AF_INET, &address, text, sizeof(text)));
}

json_t *vip_to_json(const struct vip *vip)
{
	json_t *backends = json_array();

	for (uint32_t i = 0; i < vip->backend_count; i++) {
		const struct backend *b = &vip->backends[i];

		json_array_append_new(
			backends, json_pack("{s:s, s:o, s:i, s:i, s:b}", "name", b->name, "address",
					  address_json(b->address), "port", b->port, "weight",
					  b->weight, "enabled", b->enabled));
	}
	return json_pack("{s:s, s:o, s:i, s:s, s:b, s:I, s:o}", "name", vip->name, "address",
		address_json(vip->address), "port", vip->port, "protocol",
		vip->protocol == PROTOCOL_TCP ? "tcp" : "udp", "enabled", vip->enabled,
		"new_connection_limit", (json_int_t)vip->new_connection_limit, "backends",
		backends);
}
