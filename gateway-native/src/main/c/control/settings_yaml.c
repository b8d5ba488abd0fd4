// SPDX-License-Identifier: Apache-2.0
#include "settings_raw.h"

#include <cyaml/cyaml.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TEXT(key, structure)                                                                       \
	CYAML_FIELD_STRING_PTR(#key, CYAML_FLAG_POINTER, structure, key, 0, 4096)
#define OPTIONAL_TEXT(key, structure)                                                              \
	CYAML_FIELD_STRING_PTR(                                                                    \
		#key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, structure, key, 0, 4096)

static const cyaml_schema_field_t backend_fields[] = {
	TEXT(name, struct raw_backend),
	TEXT(address, struct raw_backend),
	TEXT(port, struct raw_backend),
	OPTIONAL_TEXT(weight, struct raw_backend),
	OPTIONAL_TEXT(enabled, struct raw_backend),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t backend_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_backend, backend_fields),
};

static const cyaml_schema_field_t vip_fields[] = {
	TEXT(name, struct raw_vip),
	TEXT(address, struct raw_vip),
	TEXT(port, struct raw_vip),
	TEXT(protocol, struct raw_vip),
	OPTIONAL_TEXT(enabled, struct raw_vip),
	OPTIONAL_TEXT(new_connection_limit, struct raw_vip),
	CYAML_FIELD_SEQUENCE("backends", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct raw_vip,
		backends, &backend_schema, 0, VIP_MAX_BACKENDS),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t vip_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_vip, vip_fields),
};

static const cyaml_schema_field_t port_fields[] = {
	TEXT(name, struct raw_port),
	TEXT(address, struct raw_port),
	OPTIONAL_TEXT(gateway, struct raw_port),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t port_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_port, port_fields),
};

static const cyaml_schema_field_t neighbour_fields[] = {
	TEXT(address, struct raw_neighbour),
	TEXT(mac, struct raw_neighbour),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t neighbour_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_neighbour, neighbour_fields),
};

static const cyaml_schema_value_t address_schema = {
	CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 0, 64),
};

static const cyaml_schema_field_t local_ports_fields[] = {
	TEXT(first, struct raw_local_ports),
	TEXT(last, struct raw_local_ports),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t sessions_fields[] = {
	OPTIONAL_TEXT(capacity, struct raw_sessions),
	OPTIONAL_TEXT(timeout_syn, struct raw_sessions),
	OPTIONAL_TEXT(timeout_established, struct raw_sessions),
	OPTIONAL_TEXT(timeout_closing, struct raw_sessions),
	OPTIONAL_TEXT(timeout_reset, struct raw_sessions),
	OPTIONAL_TEXT(timeout_udp, struct raw_sessions),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t telemetry_fields[] = {
	TEXT(directory, struct raw_telemetry),
	OPTIONAL_TEXT(ring_records, struct raw_telemetry),
	OPTIONAL_TEXT(drop_sample_share, struct raw_telemetry),
	OPTIONAL_TEXT(stamp_rate_limit, struct raw_telemetry),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t key_fields[] = {
	TEXT(id, struct raw_key),
	TEXT(hex, struct raw_key),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t key_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_key, key_fields),
};

static const cyaml_schema_field_t prober_fields[] = {
	TEXT(id, struct raw_prober),
	TEXT(prefix, struct raw_prober),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t prober_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_prober, prober_fields),
};

static const cyaml_schema_field_t colour_fields[] = {
	CYAML_FIELD_SEQUENCE("keys", CYAML_FLAG_POINTER, struct raw_colour, keys, &key_schema, 0,
		DT_COLOUR_KEY_IDS),
	CYAML_FIELD_SEQUENCE("probers", CYAML_FLAG_POINTER, struct raw_colour, probers,
		&prober_schema, 0, SETTINGS_MAX_PROBERS),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t settings_fields[] = {
	TEXT(version, struct raw_settings),
	TEXT(node, struct raw_settings),
	TEXT(tier, struct raw_settings),
	OPTIONAL_TEXT(workers, struct raw_settings),
	OPTIONAL_TEXT(idle_sleep, struct raw_settings),
	OPTIONAL_TEXT(realtime, struct raw_settings),
	OPTIONAL_TEXT(realtime_priority, struct raw_settings),
	CYAML_FIELD_SEQUENCE("ports", CYAML_FLAG_POINTER, struct raw_settings, ports, &port_schema,
		1, NODE_MAX_PORTS),
	CYAML_FIELD_SEQUENCE("local_addresses", CYAML_FLAG_POINTER, struct raw_settings,
		local_addresses, &address_schema, 1, NODE_MAX_LOCALS),
	CYAML_FIELD_MAPPING_PTR("local_ports", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
		struct raw_settings, local_ports, local_ports_fields),
	CYAML_FIELD_SEQUENCE("neighbours", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
		struct raw_settings, neighbours, &neighbour_schema, 0, SETTINGS_MAX_NEIGHBOURS),
	CYAML_FIELD_MAPPING_PTR("sessions", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
		struct raw_settings, sessions, sessions_fields),
	TEXT(control_socket, struct raw_settings),
	CYAML_FIELD_MAPPING_PTR(
		"telemetry", CYAML_FLAG_POINTER, struct raw_settings, telemetry, telemetry_fields),
	CYAML_FIELD_MAPPING_PTR("colour", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
		struct raw_settings, colour, colour_fields),
	CYAML_FIELD_SEQUENCE("vips", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct raw_settings,
		vips, &vip_schema, 0, VIP_MAX),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t settings_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct raw_settings, settings_fields),
};

// libcyaml tells what is wrong in one message and where in further ones, from the inside outwards.
struct complaint {
	char what[160];
	char where[128];
};

static void listen_to_cyaml(cyaml_log_t level, void *context, const char *format, va_list arguments)
{
	struct complaint *complaint = context;
	char line[160];
	size_t len;

	if (level < CYAML_LOG_ERROR)
		return;
	vsnprintf(line, sizeof(line), format, arguments);
	len = strlen(line);
	while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == ' '))
		line[--len] = '\0';
	if (!complaint->what[0])
		snprintf(complaint->what, sizeof(complaint->what), "%s",
			strncmp(line, "Load: ", 6) == 0 ? line + 6 : line);
	else if (!complaint->where[0] && strstr(line, "in "))
		snprintf(complaint->where, sizeof(complaint->where), "%.127s", strstr(line, "in "));
}

static cyaml_config_t cyaml_settings(struct complaint *complaint)
{
	return (cyaml_config_t){
		.log_fn = listen_to_cyaml,
		.log_ctx = complaint,
		.mem_fn = cyaml_mem,
		.log_level = CYAML_LOG_ERROR,
	};
}

struct raw_settings *raw_settings_load(
	const char *path, const char *yaml, size_t len, char error[SETTINGS_ERROR_BYTES])
{
	struct complaint complaint = {.what = ""};
	const cyaml_config_t config = cyaml_settings(&complaint);
	struct raw_settings *raw = NULL;
	cyaml_err_t outcome;

	if (yaml)
		outcome = cyaml_load_data((const uint8_t *)yaml, len, &config, &settings_schema,
			(cyaml_data_t **)&raw, NULL);
	else
		outcome = cyaml_load_file(
			path, &config, &settings_schema, (cyaml_data_t **)&raw, NULL);
	if (outcome == CYAML_OK)
		return raw;
	snprintf(error, SETTINGS_ERROR_BYTES, "%s: %s%s%s", path,
		complaint.what[0] ? complaint.what : cyaml_strerror(outcome),
		complaint.where[0] ? " " : "", complaint.where);
	return NULL;
}

void raw_settings_free(struct raw_settings *raw)
{
	struct complaint complaint;
	const cyaml_config_t config = cyaml_settings(&complaint);

	if (raw)
		cyaml_free(&config, &settings_schema, raw, 0);
}
