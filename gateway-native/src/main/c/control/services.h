// SPDX-License-Identifier: Apache-2.0
//
// The VIPs as the control thread knows them, and how a change reaches the workers: a new table
// replaces the old one in one store, and the old one is freed once no worker can read it any more.
// No packet waits.
#ifndef DYETRACE_SERVICES_H
#define DYETRACE_SERVICES_H

#include "settings.h"

#include "../datapath/node.h"

struct services;

// Where names become slots: the telemetry file, or a list of its own in replay. The functions
// return -errno or a slot.
struct slot_names {
	int (*vip_slot)(void *context, const char *name);
	int (*backend_slot)(void *context, const char *name);
	void *context;
};

// Takes the VIPs of the settings and publishes the first table. NULL, with *error filled in.
struct services *services_create(struct node *node, struct settings *settings,
	const struct slot_names *names, char error[SETTINGS_ERROR_BYTES]);

// After the workers have stopped.
void services_free(struct services *services);

uint32_t services_version(const struct services *services);
unsigned int services_count(const struct services *services);
const struct vip *services_get(const struct services *services, unsigned int index);
const struct vip *services_find(const struct services *services, const char *name);

// Each takes effect as a whole or not at all, raises the version and returns true once the workers
// see it; false with *error filled in. add and set take the VIP in any case.
bool services_add(struct services *services, struct vip *vip, char error[SETTINGS_ERROR_BYTES]);
bool services_set(struct services *services, struct vip *vip, char error[SETTINGS_ERROR_BYTES]);
bool services_remove(struct services *services, const char *name, char error[SETTINGS_ERROR_BYTES]);
bool services_enable(struct services *services, const char *name, bool enabled,
	char error[SETTINGS_ERROR_BYTES]);
bool services_enable_backend(struct services *services, const char *name, const char *backend,
	bool enabled, char error[SETTINGS_ERROR_BYTES]);

// Frees what no worker reads any more; now and then.
void services_collect(struct services *services);

#endif
