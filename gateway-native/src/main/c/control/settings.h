// SPDX-License-Identifier: Apache-2.0
//
// The configuration, checked. An error is one line that names the key, its value and the limit.
#ifndef DYETRACE_SETTINGS_H
#define DYETRACE_SETTINGS_H

#include "../datapath/colour_guard.h"
#include "../datapath/node.h"
#include "../datapath/session_table.h"
#include "../datapath/vip_table.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SETTINGS_ERROR_BYTES 320
#define SETTINGS_MAX_PROBERS 1024
#define SETTINGS_MAX_NEIGHBOURS 256
#define SETTINGS_PATH_BYTES 100 // of a UNIX socket, with the file's name for the lock

struct settings_port {
	char name[32];
	uint32_t address;
	uint32_t mask;
	uint32_t gateway; // 0: none
};

struct settings_neighbour {
	uint32_t address;
	uint8_t mac[6];
};

struct settings {
	uint32_t version;
	char node[DT_NAME_LEN];
	uint8_t tier;
	unsigned int workers;
	uint64_t idle_sleep_ns;
	bool realtime;
	int realtime_priority;
	struct settings_port ports[NODE_MAX_PORTS];
	unsigned int port_count;
	uint32_t local_addresses[NODE_MAX_LOCALS];
	unsigned int local_count;
	uint16_t first_local_port;
	uint16_t last_local_port;
	struct settings_neighbour neighbours[SETTINGS_MAX_NEIGHBOURS];
	unsigned int neighbour_count;
	uint32_t session_capacity;
	uint64_t session_timeout_ns[SESSION_CLASSES];
	char control_socket[SETTINGS_PATH_BYTES];
	char telemetry_directory[256];
	uint32_t ring_records;
	double drop_sample_share;
	uint32_t stamp_rate_limit;
	struct dt_colour_key_config keys[DT_COLOUR_KEY_IDS];
	unsigned int key_count;
	struct dt_colour_prober_config probers[SETTINGS_MAX_PROBERS];
	unsigned int prober_count;
	struct vip **vips; // without slots
	unsigned int vip_count;
};

// NULL, with *error filled in.
struct settings *settings_load(const char *path, char error[SETTINGS_ERROR_BYTES]);

// The same from memory; name stands in errors for the file's.
struct settings *settings_parse(
	const char *name, const char *yaml, size_t len, char error[SETTINGS_ERROR_BYTES]);

// Frees the VIPs too, unless the caller has taken them and set vip_count to 0.
void settings_free(struct settings *settings);

#endif
