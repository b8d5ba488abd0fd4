// SPDX-License-Identifier: Apache-2.0
//
// Every key of the configuration, and what stands behind it.
#include "settings_raw.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define SHAPE(structure, table)                                                                    \
	{                                                                                          \
		sizeof(structure), table, LENGTH(table)                                            \
	}
#define MUST(structure, name, kind)                                                                \
	{                                                                                          \
#name, kind, true, offsetof(structure, name), 0, NULL, 0, 0                        \
	}
#define MAY(structure, name, kind)                                                                 \
	{                                                                                          \
#name, kind, false, offsetof(structure, name), 0, NULL, 0, 0                       \
	}
#define OBJECT(structure, name, required, shape)                                                   \
	{                                                                                          \
#name, RAW_OBJECT, required, offsetof(structure, name), 0, &(shape), 0, 0          \
	}
#define LIST(structure, name, shape, min, max)                                                     \
	{                                                                                          \
#name, RAW_LIST, (min)> 0, offsetof(structure, name),                              \
			offsetof(structure, name##_count), &(shape), min, max                      \
	}

static const struct raw_field backend_fields[] = {
	MUST(struct raw_backend, name, RAW_TEXT),
	MUST(struct raw_backend, address, RAW_TEXT),
	MAY(struct raw_backend, port, RAW_NUMBER),
	MAY(struct raw_backend, weight, RAW_NUMBER),
	MAY(struct raw_backend, enabled, RAW_BOOL),
	MAY(struct raw_backend, draining, RAW_BOOL),
	MAY(struct raw_backend, server_id, RAW_EITHER),
};
const struct raw_shape raw_backend_shape = SHAPE(struct raw_backend, backend_fields);

static const struct raw_field limits_fields[] = {
	MAY(struct raw_limits, packets_per_second, RAW_NUMBER),
	MAY(struct raw_limits, bits_per_second, RAW_NUMBER),
	MAY(struct raw_limits, sessions, RAW_NUMBER),
};
const struct raw_shape raw_limits_shape = SHAPE(struct raw_limits, limits_fields);

static const struct raw_field quic_config_fields[] = {
	MUST(struct raw_quic_config, id, RAW_NUMBER),
	MUST(struct raw_quic_config, server_id_bytes, RAW_NUMBER),
	MUST(struct raw_quic_config, nonce_bytes, RAW_NUMBER),
	MAY(struct raw_quic_config, key, RAW_TEXT),
};
static const struct raw_shape quic_config_shape = SHAPE(struct raw_quic_config, quic_config_fields);

static const struct raw_field quic_fields[] = {
	MUST(struct raw_quic, layout, RAW_TEXT),
	LIST(struct raw_quic, configs, quic_config_shape, 0, QUIC_LB_CONFIGS),
};
static const struct raw_shape quic_shape = SHAPE(struct raw_quic, quic_fields);

static const struct raw_field vip_tunnel_fields[] = {
	MUST(struct raw_tunnel, kind, RAW_TEXT),
	MUST(struct raw_tunnel, local, RAW_TEXT),
	MAY(struct raw_tunnel, id, RAW_NUMBER),
	MAY(struct raw_tunnel, port, RAW_NUMBER),
	MAY(struct raw_tunnel, inner_mac, RAW_TEXT),
};
static const struct raw_shape vip_tunnel_shape = SHAPE(struct raw_tunnel, vip_tunnel_fields);

static const struct raw_field vip_fields[] = {
	MUST(struct raw_vip, name, RAW_TEXT),
	MUST(struct raw_vip, address, RAW_TEXT),
	MUST(struct raw_vip, port, RAW_NUMBER),
	MUST(struct raw_vip, protocol, RAW_TEXT),
	MAY(struct raw_vip, enabled, RAW_BOOL),
	MAY(struct raw_vip, mode, RAW_TEXT),
	MAY(struct raw_vip, scheduler, RAW_TEXT),
	OBJECT(struct raw_vip, tunnel, false, vip_tunnel_shape),
	MAY(struct raw_vip, toa, RAW_BOOL),
	MAY(struct raw_vip, mss_clamp, RAW_NUMBER),
	MAY(struct raw_vip, slow_start, RAW_TEXT),
	MAY(struct raw_vip, new_connection_limit, RAW_NUMBER),
	OBJECT(struct raw_vip, limits, false, raw_limits_shape),
	OBJECT(struct raw_vip, quic, false, quic_shape),
	LIST(struct raw_vip, backends, raw_backend_shape, 0, VIP_MAX_BACKENDS),
};
const struct raw_shape raw_vip_shape = SHAPE(struct raw_vip, vip_fields);

static const struct raw_field eip_fields[] = {
	MAY(struct raw_eip, name, RAW_TEXT),
	MUST(struct raw_eip, public, RAW_TEXT),
	MUST(struct raw_eip, private, RAW_TEXT),
	MAY(struct raw_eip, tunnel, RAW_TEXT),
	MAY(struct raw_eip, enabled, RAW_BOOL),
};
const struct raw_shape raw_eip_shape = SHAPE(struct raw_eip, eip_fields);

static const struct raw_field blacklist_fields[] = {
	MUST(struct raw_blacklist_entry, prefix, RAW_TEXT),
	MAY(struct raw_blacklist_entry, expires_after, RAW_TEXT),
};
const struct raw_shape raw_blacklist_entry_shape =
	SHAPE(struct raw_blacklist_entry, blacklist_fields);

static const struct raw_field port_fields[] = {
	MUST(struct raw_port, name, RAW_TEXT),
	MAY(struct raw_port, address, RAW_TEXT),
	MAY(struct raw_port, gateway, RAW_TEXT),
	MAY(struct raw_port, address6, RAW_TEXT),
	MAY(struct raw_port, gateway6, RAW_TEXT),
	MAY(struct raw_port, vlan, RAW_NUMBER),
	MAY(struct raw_port, mtu, RAW_NUMBER),
};
static const struct raw_shape port_shape = SHAPE(struct raw_port, port_fields);

static const struct raw_field neighbour_fields[] = {
	MUST(struct raw_neighbour, address, RAW_TEXT),
	MUST(struct raw_neighbour, mac, RAW_TEXT),
};
static const struct raw_shape neighbour_shape = SHAPE(struct raw_neighbour, neighbour_fields);

static const struct raw_field local_ports_fields[] = {
	MUST(struct raw_local_ports, first, RAW_NUMBER),
	MUST(struct raw_local_ports, last, RAW_NUMBER),
};
static const struct raw_shape local_ports_shape = SHAPE(struct raw_local_ports, local_ports_fields);

static const struct raw_field tunnel_fields[] = {
	MUST(struct raw_tunnel, name, RAW_TEXT),
	MUST(struct raw_tunnel, kind, RAW_TEXT),
	MUST(struct raw_tunnel, local, RAW_TEXT),
	MAY(struct raw_tunnel, remote, RAW_TEXT),
	MAY(struct raw_tunnel, id, RAW_NUMBER),
	MAY(struct raw_tunnel, port, RAW_NUMBER),
	MAY(struct raw_tunnel, inner_mac, RAW_TEXT),
};
static const struct raw_shape tunnel_shape = SHAPE(struct raw_tunnel, tunnel_fields);

#define TIMEOUT(class, name)                                                                       \
	{                                                                                          \
		name, RAW_TEXT, false,                                                             \
			offsetof(struct raw_sessions, timeouts) + (class) * sizeof(char *), 0,     \
			NULL, 0, 0                                                                 \
	}
#define TIMEOUTS(X)                                                                                \
	X(SESSION_CLASS_SYN, "timeout_syn")                                                        \
	X(SESSION_CLASS_ESTABLISHED, "timeout_established")                                        \
	X(SESSION_CLASS_CLOSING, "timeout_closing")                                                \
	X(SESSION_CLASS_RESET, "timeout_reset")                                                    \
	X(SESSION_CLASS_UDP, "timeout_udp")                                                        \
	X(SESSION_CLASS_SCTP, "timeout_sctp")                                                      \
	X(SESSION_CLASS_HALF_CLOSED, "timeout_half_closed")

#define KEY(class, name) [class] = name,
const char *const raw_timeout_keys[SESSION_CLASSES] = {TIMEOUTS(KEY)};

#define FIELD(class, name) TIMEOUT(class, name),
static const struct raw_field sessions_fields[] = {MAY(struct raw_sessions, capacity, RAW_NUMBER),
	MAY(struct raw_sessions, limit, RAW_NUMBER), TIMEOUTS(FIELD)};
static const struct raw_shape sessions_shape = SHAPE(struct raw_sessions, sessions_fields);

static const struct raw_field telemetry_fields[] = {
	MUST(struct raw_telemetry, directory, RAW_TEXT),
	MAY(struct raw_telemetry, ring_records, RAW_NUMBER),
	MAY(struct raw_telemetry, drop_sample_share, RAW_TEXT),
	MAY(struct raw_telemetry, stamp_rate_limit, RAW_NUMBER),
};
static const struct raw_shape telemetry_shape = SHAPE(struct raw_telemetry, telemetry_fields);

static const struct raw_field key_fields[] = {
	MUST(struct raw_key, id, RAW_NUMBER),
	MUST(struct raw_key, hex, RAW_TEXT),
};
static const struct raw_shape key_shape = SHAPE(struct raw_key, key_fields);

static const struct raw_field prober_fields[] = {
	MUST(struct raw_prober, id, RAW_NUMBER),
	MUST(struct raw_prober, prefix, RAW_TEXT),
};
static const struct raw_shape prober_shape = SHAPE(struct raw_prober, prober_fields);

static const struct raw_field colour_fields[] = {
	LIST(struct raw_colour, keys, key_shape, 0, DT_COLOUR_KEY_IDS),
	LIST(struct raw_colour, probers, prober_shape, 0, SETTINGS_MAX_PROBERS),
	MAY(struct raw_colour, erase, RAW_BOOL),
};
static const struct raw_shape colour_shape = SHAPE(struct raw_colour, colour_fields);

static const struct raw_field settings_fields[] = {
	MUST(struct raw_settings, version, RAW_NUMBER),
	MUST(struct raw_settings, node, RAW_TEXT),
	MUST(struct raw_settings, tier, RAW_TEXT),
	MAY(struct raw_settings, workers, RAW_NUMBER),
	MAY(struct raw_settings, dispatchers, RAW_NUMBER),
	MAY(struct raw_settings, idle_sleep, RAW_TEXT),
	MAY(struct raw_settings, realtime, RAW_BOOL),
	MAY(struct raw_settings, realtime_priority, RAW_NUMBER),
	MAY(struct raw_settings, verify_checksums, RAW_BOOL),
	LIST(struct raw_settings, ports, port_shape, 1, NODE_MAX_PORTS),
	{"local_addresses", RAW_TEXTS, false, offsetof(struct raw_settings, local_addresses),
		offsetof(struct raw_settings, local_addresses_count), NULL, 0, NODE_MAX_LOCALS},
	OBJECT(struct raw_settings, local_ports, false, local_ports_shape),
	LIST(struct raw_settings, neighbours, neighbour_shape, 0, SETTINGS_MAX_NEIGHBOURS),
	LIST(struct raw_settings, tunnels, tunnel_shape, 0, NODE_MAX_TUNNELS),
	OBJECT(struct raw_settings, sessions, false, sessions_shape),
	MUST(struct raw_settings, control_socket, RAW_TEXT),
	OBJECT(struct raw_settings, telemetry, true, telemetry_shape),
	OBJECT(struct raw_settings, colour, false, colour_shape),
	MAY(struct raw_settings, eip_capacity, RAW_NUMBER),
	LIST(struct raw_settings, eips, raw_eip_shape, 0, SETTINGS_MAX_EIPS),
	MAY(struct raw_settings, blacklist_capacity, RAW_NUMBER),
	LIST(struct raw_settings, blacklist, raw_blacklist_entry_shape, 0, BLACKLIST_MAX),
	LIST(struct raw_settings, vips, raw_vip_shape, 0, VIP_MAX),
};
const struct raw_shape raw_settings_shape = SHAPE(struct raw_settings, settings_fields);
