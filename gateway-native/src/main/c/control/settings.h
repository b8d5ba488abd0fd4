// SPDX-License-Identifier: Apache-2.0
//
// The configuration, checked. An error is one line that names the key, its value and the limit.
#ifndef DYETRACE_SETTINGS_H
#define DYETRACE_SETTINGS_H

#include "../datapath/blacklist.h"
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
#define SETTINGS_MAX_EIPS (1u << 20) // in the file; more come over the control socket
#define SETTINGS_MIN_MTU 576
#define SETTINGS_MIN_MTU6 1280
#define SETTINGS_MAX_MTU 9216
#define SETTINGS_PATH_BYTES 100 // of a UNIX socket, with the file's name for the lock

struct settings_port {
	char name[32];
	struct node_link v4;
	struct node_link v6;
	unsigned int v4_bits; // of the prefixes
	unsigned int v6_bits;
	uint16_t vlan; // 0: untagged
	uint16_t mtu;  // 0: as the port has it
};

struct settings_neighbour {
	struct ip_address address;
	uint8_t mac[6];
};

struct settings_tunnel {
	char name[DT_NAME_LEN];
	struct tunnel tunnel; // without remote: it takes packets from any sender
};

struct settings_eip {
	char name[DT_NAME_LEN]; // "": none
	struct ip_address public_address;
	struct ip_address private_address;
	uint8_t tunnel; // tunnels[tunnel - 1]; 0: none
	bool enabled;
};

struct settings_blacklist_entry {
	struct ip_address prefix;
	uint8_t bits;              // in its own family
	uint64_t expires_after_ns; // 0: never
};

struct settings {
	uint32_t version;
	char node[DT_NAME_LEN];
	uint8_t tier;
	unsigned int workers; // that own flows; the threads are these and the dispatchers
	unsigned int dispatchers;
	uint64_t idle_sleep_ns;
	bool realtime;
	int realtime_priority;
	bool verify_checksums;
	bool erase_colour;
	struct settings_port ports[NODE_MAX_PORTS];
	unsigned int port_count;
	struct ip_address local_addresses[NODE_MAX_LOCALS];
	unsigned int local_count;
	uint16_t first_local_port;
	uint16_t last_local_port;
	struct settings_neighbour neighbours[SETTINGS_MAX_NEIGHBOURS];
	unsigned int neighbour_count;
	struct settings_tunnel tunnels[NODE_MAX_TUNNELS];
	unsigned int tunnel_count;
	uint16_t gue_port; // on which packets are taken; 0: none
	uint16_t vxlan_port;
	uint32_t session_capacity; // of each worker
	uint64_t session_limit;    // of the node; 0: none
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
	uint32_t eip_capacity;
	struct settings_eip *eips;
	unsigned int eip_count;
	uint32_t blacklist_capacity;
	struct settings_blacklist_entry *blacklist;
	unsigned int blacklist_count;
	struct vip **vips; // without slots
	unsigned int vip_count;
};

static inline unsigned int settings_threads(const struct settings *settings)
{
	return settings->workers + settings->dispatchers;
}

// NULL, with *error filled in.
struct settings *settings_load(const char *path, char error[SETTINGS_ERROR_BYTES]);

// The same from memory; name stands in errors for the file's.
struct settings *settings_parse(
	const char *name, const char *yaml, size_t len, char error[SETTINGS_ERROR_BYTES]);

// Frees the VIPs too, unless the caller has taken them and set vip_count to 0.
void settings_free(struct settings *settings);

#endif
