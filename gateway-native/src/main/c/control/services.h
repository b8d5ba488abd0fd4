// SPDX-License-Identifier: Apache-2.0
//
// The VIPs as the control thread knows them, and how a change reaches the workers: a new table
// replaces the old one in one store, and the old one is freed once no worker can read it any more.
// No packet waits, and sessions live on: a VIP that keeps its name, address, port, protocol and
// mode keeps its service id, a backend that keeps its name, address and port its target id.
#ifndef DYETRACE_SERVICES_H
#define DYETRACE_SERVICES_H

#include "../datapath/vip_table.h"

#include <stdatomic.h>

#define SERVICES_ERROR_BYTES 320

struct rte_rcu_qsbr;
struct services;

// Where names become slots: the telemetry file, or a list of its own in replay. The functions
// return -errno or a slot.
struct slot_names {
	int (*vip_slot)(void *context, const char *name);
	int (*backend_slot)(void *context, const char *name);
	void *context;
};

struct services_config {
	struct slot_names names;
	_Atomic(const struct vip_table *) *published; // where the workers take their table
	struct rte_rcu_qsbr *qsbr;                    // NULL: nothing runs beside
	bool (*is_own_address)(void *context, const struct ip_address *address);
	// Of all workers now; may be read while they count.
	uint64_t (*service_sessions)(void *context, uint16_t service);
	uint64_t (*target_sessions)(void *context, uint16_t target);
	void *context;
};

// Takes the VIPs and publishes the first table; they need no vip_finish() before. NULL, with *error
// filled in: then the VIPs are still the caller's.
struct services *services_create(const struct services_config *config, struct vip *const *vips,
	unsigned int count, uint32_t version, char error[SERVICES_ERROR_BYTES]);

// After the workers have stopped.
void services_free(struct services *services);

// [TARGET_MAX], for as long as the services live.
const struct target *services_targets(const struct services *services);

uint32_t services_version(const struct services *services);
unsigned int services_count(const struct services *services);
const struct vip *services_get(const struct services *services, unsigned int index);
const struct vip *services_find(const struct services *services, const char *name);
const struct backend *services_find_backend(
	const struct services *services, const char *vip, const char *backend);

// Each takes effect as a whole or not at all, raises the version and returns true once the workers
// see it; false with *error filled in, which names the key of the request. add and set take the VIP
// in any case.
bool services_add(struct services *services, struct vip *vip, char error[SERVICES_ERROR_BYTES]);
bool services_set(struct services *services, struct vip *vip, char error[SERVICES_ERROR_BYTES]);
bool services_remove(struct services *services, const char *name, char error[SERVICES_ERROR_BYTES]);
bool services_enable(struct services *services, const char *name, bool enabled,
	char error[SERVICES_ERROR_BYTES]);
bool services_set_limits(struct services *services, const char *name,
	const struct vip_limits *limits, char error[SERVICES_ERROR_BYTES]);

// Of *backend count: name, address, port, weight, enabled, draining, server_id. set replaces the
// backend of that name: begin with a copy of what services_find_backend() has.
bool services_add_backend(struct services *services, const char *vip, const struct backend *backend,
	char error[SERVICES_ERROR_BYTES]);
bool services_set_backend(struct services *services, const char *vip, const struct backend *backend,
	char error[SERVICES_ERROR_BYTES]);
bool services_remove_backend(struct services *services, const char *vip, const char *backend,
	char error[SERVICES_ERROR_BYTES]);
bool services_enable_backend(struct services *services, const char *vip, const char *backend,
	bool enabled, char error[SERVICES_ERROR_BYTES]);

// About every 100 ms, with the monotonic time that the next changes count from: gives backends that
// start slowly their next weight, frees what no worker reads any more and the ids that no session
// has.
void services_step(struct services *services, uint64_t now_ns);

#endif
