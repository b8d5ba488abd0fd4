// SPDX-License-Identifier: Apache-2.0
//
// The configuration as text: every scalar a string, NULL where the key is missing. YAML and the
// control socket's JSON both end here, so one set of checks serves both.
#ifndef DYETRACE_SETTINGS_RAW_H
#define DYETRACE_SETTINGS_RAW_H

#include "raw_shape.h"
#include "settings.h"

#define SETTINGS_MAX_NEW_CONNECTIONS 1000000000u // a second

struct raw_backend {
	char *name;
	char *address;
	char *port;
	char *weight;
	char *enabled;
	char *draining;
	char *server_id;
};

struct raw_limits {
	char *packets_per_second;
	char *bits_per_second;
	char *sessions;
};

struct raw_quic_config {
	char *id;
	char *server_id_bytes;
	char *nonce_bytes;
	char *key;
};

struct raw_quic {
	char *layout;
	struct raw_quic_config *configs;
	unsigned int configs_count;
};

// Of a tunnel of its own, and of a VIP's towards its backends.
struct raw_tunnel {
	char *name;
	char *kind;
	char *local;
	char *remote;
	char *id;
	char *port;
	char *inner_mac;
};

struct raw_vip {
	char *name;
	char *address;
	char *port;
	char *protocol;
	char *enabled;
	char *mode;
	char *scheduler;
	struct raw_tunnel *tunnel;
	char *toa;
	char *mss_clamp;
	char *slow_start;
	char *new_connection_limit;
	struct raw_limits *limits;
	struct raw_quic *quic;
	struct raw_backend *backends;
	unsigned int backends_count;
};

struct raw_eip {
	char *name;
	char *public;
	char *private;
	char *tunnel;
	char *enabled;
};

struct raw_blacklist_entry {
	char *prefix;
	char *expires_after;
};

struct raw_port {
	char *name;
	char *address;
	char *gateway;
	char *address6;
	char *gateway6;
	char *vlan;
	char *mtu;
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
	char *limit;
	char *timeouts[SESSION_CLASSES];
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
	char *erase;
};

struct raw_settings {
	char *version;
	char *node;
	char *tier;
	char *workers;
	char *dispatchers;
	char *idle_sleep;
	char *realtime;
	char *realtime_priority;
	char *verify_checksums;
	struct raw_port *ports;
	unsigned int ports_count;
	char **local_addresses;
	unsigned int local_addresses_count;
	struct raw_local_ports *local_ports;
	struct raw_neighbour *neighbours;
	unsigned int neighbours_count;
	struct raw_tunnel *tunnels;
	unsigned int tunnels_count;
	struct raw_sessions *sessions;
	char *control_socket;
	struct raw_telemetry *telemetry;
	struct raw_colour *colour;
	char *eip_capacity;
	struct raw_eip *eips;
	unsigned int eips_count;
	char *blacklist_capacity;
	struct raw_blacklist_entry *blacklist;
	unsigned int blacklist_count;
	struct raw_vip *vips;
	unsigned int vips_count;
};

// What the control socket takes too.
extern const struct raw_shape raw_settings_shape, raw_vip_shape, raw_backend_shape,
	raw_limits_shape, raw_eip_shape, raw_blacklist_entry_shape;

// The names of the timeouts' keys, by session class.
extern const char *const raw_timeout_keys[SESSION_CLASSES];

struct check;

// Each fills in what the raw one says; prefix stands before the keys in errors ("vip", "eips[3]").
// What stands in settings (tunnels, local addresses) must be checked before. The VIP comes without
// slots, its schedule filled in; NULL, with *error filled in.
struct vip *raw_vip_check(const struct raw_vip *raw, const struct settings *settings,
	const char *prefix, char error[SETTINGS_ERROR_BYTES]);
bool raw_backend_check(struct check *check, const struct raw_backend *raw,
	const struct settings *settings, const char *prefix, const struct vip *vip,
	struct backend *backend);
bool raw_limits_check(struct check *check, const struct raw_limits *raw, const char *prefix,
	struct vip_limits *limits);
bool raw_eip_check(struct check *check, const struct raw_eip *raw, const struct settings *settings,
	const char *prefix, struct settings_eip *eip);
bool raw_blacklist_check(struct check *check, const struct raw_blacklist_entry *raw,
	const char *prefix, struct settings_blacklist_entry *entry);
bool raw_quic_check(struct check *check, const struct raw_quic *raw, const char *prefix,
	struct quic_config *config);
bool raw_server_id_check(struct check *check, const char *text, const char *key,
	const struct quic_config *config, struct quic_server_id *id);
// Of the node's sessions. What stands in settings (tier, workers, capacity) must be checked before.
bool raw_session_limit_check(struct check *check, const char *text, const struct settings *settings,
	const char *key, uint64_t *limit);
// of a VIP: no name, no remote.
bool raw_tunnel_check(struct check *check, const struct raw_tunnel *raw, const char *prefix,
	struct tunnel *tunnel);

// Parts of the whole, in this order.
bool check_network(struct check *check, const struct raw_settings *raw, struct settings *settings);
bool check_entries(struct check *check, const struct raw_settings *raw, struct settings *settings);

#endif
