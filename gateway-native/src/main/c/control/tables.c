// SPDX-License-Identifier: Apache-2.0
#include "tables.h"

#include "../datapath/worker.h"

#include <stdio.h>
#include <string.h>

#define SERVICES_STEP_NS 100000000ull
#define EXPIRY_STEPS 4096 // blacklist entries looked at a step

static bool is_own_address(void *context, const struct ip_address *address)
{
	return node_own_address(context, address) != NULL;
}

static uint64_t service_sessions(void *context, uint16_t service)
{
	const struct node *node = context;
	uint64_t sessions = 0;

	for (unsigned int i = 0; i < node->worker_count; i++) {
		if (node->workers[i])
			sessions += __atomic_load_n(
				&node->workers[i]->service_sessions[service], __ATOMIC_ACQUIRE);
	}
	return sessions;
}

static uint64_t target_sessions(void *context, uint16_t target)
{
	const struct node *node = context;
	uint64_t sessions = 0;

	for (unsigned int i = 0; i < node->worker_count; i++) {
		if (node->workers[i])
			sessions += __atomic_load_n(
				&node->workers[i]->target_sessions[target], __ATOMIC_ACQUIRE);
	}
	return sessions;
}

struct services *tables_make_services(struct node *node, struct settings *settings,
	const struct slot_names *names, char error[SETTINGS_ERROR_BYTES])
{
	const struct services_config config = {
		.names = *names,
		.published = &node->vips,
		.qsbr = node->qsbr,
		.is_own_address = is_own_address,
		.service_sessions = service_sessions,
		.target_sessions = target_sessions,
		.context = node,
	};
	struct services *services = services_create(
		&config, settings->vips, settings->vip_count, settings->version, error);

	if (!services)
		return NULL;
	settings->vip_count = 0; // they are the services' now
	node->targets = services_targets(services);
	return services;
}

static bool make_blacklist(
	struct tables *tables, struct node *node, const struct settings *settings, char *error)
{
	uint64_t now_ns = node->clock(node->clock_context).mono_ns;

	tables->blacklist = blacklist_create(settings->blacklist_capacity, node->qsbr);
	if (!tables->blacklist) {
		snprintf(error, SETTINGS_ERROR_BYTES, "blacklist_capacity: out of memory");
		return false;
	}
	for (unsigned int i = 0; i < settings->blacklist_count; i++) {
		const struct settings_blacklist_entry *e = &settings->blacklist[i];
		int status = blacklist_add(tables->blacklist, &e->prefix, e->bits,
			e->expires_after_ns ? now_ns + e->expires_after_ns : 0);

		if (status != 0) {
			snprintf(error, SETTINGS_ERROR_BYTES, "blacklist[%u]: %s", i,
				strerror(-status));
			return false;
		}
	}
	node->blacklist = tables->blacklist;
	return true;
}

bool tables_create(struct tables *tables, struct node *node, struct settings *settings,
	const struct slot_names *names, uint64_t seed, char error[SETTINGS_ERROR_BYTES])
{
	*tables = (struct tables){.stepped_ns = 0};
	tables->services = tables_make_services(node, settings, names, error);
	if (!tables->services)
		return false;
	if (settings->tier == DT_TIER_EIP) {
		tables->eips = eips_create(settings, names, seed, node->qsbr, error);
		if (!tables->eips)
			return false;
		node->eips = eips_table(tables->eips);
	}
	if (!make_blacklist(tables, node, settings, error))
		return false;
	tables_step(tables, node->clock(node->clock_context).mono_ns);
	return true;
}

void tables_free(struct tables *tables)
{
	services_free(tables->services);
	eips_free(tables->eips);
	if (tables->blacklist)
		blacklist_free(tables->blacklist);
	*tables = (struct tables){.services = NULL};
}

void tables_expire(struct tables *tables, uint64_t now_ns)
{
	while (blacklist_expire(tables->blacklist, now_ns, EXPIRY_STEPS) > 0)
		;
}

void tables_step(struct tables *tables, uint64_t now_ns)
{
	blacklist_expire(tables->blacklist, now_ns, EXPIRY_STEPS);
	if (tables->eips)
		eips_collect(tables->eips);
	if (tables->stepped_ns && now_ns - tables->stepped_ns < SERVICES_STEP_NS)
		return;
	tables->stepped_ns = now_ns;
	services_step(tables->services, now_ns);
}
