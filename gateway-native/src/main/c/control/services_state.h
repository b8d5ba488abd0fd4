// SPDX-License-Identifier: Apache-2.0
//
// What services.c and services_change.c share.
#ifndef DYETRACE_SERVICES_STATE_H
#define DYETRACE_SERVICES_STATE_H

#include "service_ids.h"
#include "services.h"
#include "services_check.h"

struct retired {
	struct vip_table *table;
	uint64_t token;
	struct retired *next;
};

struct services {
	struct services_config config;
	struct service_ids *ids;
	struct vip_table *table; // the current one: holds the references of the VIPs
	struct vip **vips;
	unsigned int count;
	struct retired *retired;
	uint64_t now_ns;
};

int services_index_of(const struct services *services, const char *name); // or SERVICES_NO_INDEX
int services_backend_index_of(const struct vip *vip, const char *name);

// index: of the VIP that this one replaces, or the number of VIPs. backend: index of the only one
// that the request is about, or SERVICES_NO_INDEX. Takes the VIP in any case.
bool services_install(
	struct services *services, unsigned int index, struct vip *vip, int backend, char *error);

bool services_withdraw(struct services *services, unsigned int index, char *error);

#endif
