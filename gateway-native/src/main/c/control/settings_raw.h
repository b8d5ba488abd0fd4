// SPDX-License-Identifier: Apache-2.0
//
// The configuration as text: every scalar a string, NULL where the key is missing. YAML and the
// control socket's JSON both end here, so one set of checks serves both.
#ifndef DYETRACE_SETTINGS_RAW_H
#define DYETRACE_SETTINGS_RAW_H

#include "settings.h"

struct raw_backend {
	char *name;
	char *address;
	char *port;
	char *weight;
	char *enabled;
};

struct raw_vip {
	char *name;
	char *address;
	char *port;
	char *protocol;
	char *enabled;
	char *new_connection_limit;
	struct raw_backend *backends;
	unsigned int backends_count;
};

struct raw_port {
	char *name;
	char *address;
	char *gateway;
};

struct raw_neighbour {
	char *address;
	char *mac;
};

struct raw_local_ports {
	char *first;
	char *last;
};

struct raw_sessions {
	char *capacity;
	char *timeout_syn;
	char *timeout_established;
	char *timeout_closing;
	char *timeout_reset;
	char *timeout_udp;
};

struct raw_telemetry {
	char *directory;
	char *ring_records;
	char *drop_sample_share;
	char *stamp_rate_limit;
};

struct raw_key {
	char *id;
	char *hex;
};

struct raw_prober {
	char *id;
	char *prefix;
};

struct raw_colour {
	struct raw_key *keys;
	unsigned int keys_count;
	struct raw_prober *probers;
	unsigned int probers_count;
};

struct raw_settings {
	char *version;
	char *node;
	char *tier;
	char *workers;
	char *idle_sleep;
	char *realtime;
	char *realtime_priority;
	struct raw_port *ports;
	unsigned int ports_count;
	char **local_addresses;
	unsigned int local_addresses_count;
	struct raw_local_ports *local_ports;
	struct raw_neighbour *neighbours;
	unsigned int neighbours_count;
	struct raw_sessions *sessions;
	char *control_socket;
	struct raw_telemetry *telemetry;
	struct raw_colour *colour;
	struct raw_vip *vips;
	unsigned int vips_count;
};

// Strict: an unknown or missing key is an error. path or (yaml, len).
struct raw_settings *raw_settings_load(
	const char *path, const char *yaml, size_t len, char error[SETTINGS_ERROR_BYTES]);
void raw_settings_free(struct raw_settings *raw);

// A VIP without slots, its Maglev table filled; prefix stands before the keys in errors ("vip" or
// "vips[3]"). NULL, with *error filled in.
struct vip *raw_vip_check(
	const struct raw_vip *raw, const char *prefix, char error[SETTINGS_ERROR_BYTES]);

#endif
