// SPDX-License-Identifier: Apache-2.0
#include "services_state.h"

#include <rte_rcu_qsbr.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define VISIBLE_STEP_NS 200000 // a change is visible after one poll of each worker …
#define VISIBLE_STEPS                                                                              \
	500 // … which is waited for 100 ms at most: a stopped worker must not stop the control
	    // thread

uint32_t services_version(const struct services *services)
{
	return services->table->config_version;
}

unsigned int services_count(const struct services *services)
{
	return services->count;
}

const struct vip *services_get(const struct services *services, unsigned int index)
{
	return services->vips[index];
}

const struct target *services_targets(const struct services *services)
{
	return service_ids_targets(services->ids);
}

int services_index_of(const struct services *services, const char *name)
{
	for (unsigned int i = 0; i < services->count; i++) {
		if (strcmp(services->vips[i]->name, name) == 0)
			return (int)i;
	}
	return SERVICES_NO_INDEX;
}

int services_backend_index_of(const struct vip *vip, const char *name)
{
	for (uint32_t i = 0; i < vip->backend_count; i++) {
		if (strcmp(vip->backends[i].name, name) == 0)
			return (int)i;
	}
	return SERVICES_NO_INDEX;
}

const struct vip *services_find(const struct services *services, const char *name)
{
	int i = services_index_of(services, name);

	return i < 0 ? NULL : services->vips[i];
}

const struct backend *services_find_backend(
	const struct services *services, const char *vip, const char *backend)
{
	const struct vip *found = services_find(services, vip);
	int i = found ? services_backend_index_of(found, backend) : SERVICES_NO_INDEX;

	return i < 0 ? NULL : &found->backends[i];
}

static bool take_slots(struct services *services, const struct services_request *request,
	struct vip *vip, char *error)
{
	const struct slot_names *names = &services->config.names;
	int slot = names->vip_slot(names->context, vip->name);
	char key[64];

	if (slot < 0)
		return services_refuse(error,
			"%s.name: '%s' gets no slot: %s; %d names is the limit of a process",
			request->vip, vip->name, strerror(-slot), DT_MAX_NAMES);
	vip->slot = (uint16_t)slot;
	for (uint32_t i = 0; i < vip->backend_count; i++) {
		struct backend *b = &vip->backends[i];

		slot = names->backend_slot(names->context, b->name);
		if (slot < 0)
			return services_refuse(error,
				"%s.name: '%s' gets no slot: %s; %d names is the limit of a "
				"process",
				services_backend_key(request, i, key), b->name, strerror(-slot),
				DT_MAX_NAMES);
		b->slot = (uint16_t)slot;
	}
	return true;
}

static bool take_ids(struct services *services, const struct services_request *request,
	struct vip *vip, char *error)
{
	switch (service_ids_assign(services->ids, vip)) {
	case IDS_NO_SERVICE:
		return services_refuse(
			error, "%s: %d VIPs with sessions is the limit", request->vip, SERVICE_MAX);
	case IDS_NO_TARGET:
		return services_refuse(error, "%s: %d backends with sessions is the limit",
			request->backend == SERVICES_NO_INDEX ? request->vip : "backend",
			TARGET_MAX);
	default:
		return true;
	}
}

// Everything of a VIP but its place in a table. The ids are to be settled afterwards.
static bool prepare(struct services *services, const struct services_request *request,
	struct vip *vip, char *error)
{
	if (!services_check(&services->config, request, vip, error) ||
		!take_slots(services, request, vip, error) ||
		!take_ids(services, request, vip, error))
		return false;
	vip_slow_start(vip, services->now_ns);
	if (vip_finish(vip) != 0)
		return services_refuse(error, "%s: out of memory", request->vip);
	return true;
}

static void free_retired(struct services *services)
{
	struct rte_rcu_qsbr *qsbr = services->config.qsbr;
	struct retired **link = &services->retired;

	while (*link) {
		struct retired *r = *link;

		if (qsbr && rte_rcu_qsbr_check(qsbr, r->token, false) == 0) {
			link = &r->next;
			continue;
		}
		*link = r->next;
		vip_table_free(r->table);
		free(r);
	}
}

static void wait_until_visible(struct rte_rcu_qsbr *qsbr, uint64_t token)
{
	const struct timespec step = {.tv_nsec = VISIBLE_STEP_NS};

	for (int i = 0; i < VISIBLE_STEPS && rte_rcu_qsbr_check(qsbr, token, false) == 0; i++)
		nanosleep(&step, NULL);
}

static void settle_ids(struct services *services)
{
	struct rte_rcu_qsbr *qsbr = services->config.qsbr;

	service_ids_settle(services->ids, services->vips, services->count,
		qsbr ? rte_rcu_qsbr_start(qsbr) : 0, services->now_ns);
}

// Makes these VIPs the current ones; takes the list when it succeeds.
static bool publish(
	struct services *services, struct vip **vips, unsigned int count, uint32_t version)
{
	// The table last: to free it again would free a VIP that is still the caller's.
	struct retired *retired = malloc(sizeof(*retired));
	struct vip_table *table = retired ? vip_table_new(vips, count, version) : NULL;

	if (!table) {
		free(retired);
		return false;
	}
	*retired = (struct retired){.table = services->table, .next = services->retired};
	services->table = table;
	atomic_store_explicit(services->config.published, table, memory_order_release);
	if (services->config.qsbr)
		retired->token = rte_rcu_qsbr_start(services->config.qsbr);
	services->retired = retired;
	free(services->vips);
	services->vips = vips;
	services->count = count;
	return true;
}

// The list with place `index` set to vip (NULL: taken out; index == count: appended).
static struct vip **changed_list(
	const struct services *services, unsigned int index, struct vip *vip, unsigned int *count)
{
	struct vip **vips = calloc(services->count + 1, sizeof(struct vip *));

	*count = 0;
	for (unsigned int i = 0; vips && i < services->count; i++) {
		if (i != index)
			vips[(*count)++] = services->vips[i];
		else if (vip)
			vips[(*count)++] = vip;
	}
	if (vips && vip && index == services->count)
		vips[(*count)++] = vip;
	return vips;
}

static bool change(struct services *services, unsigned int index, struct vip *vip, char *error)
{
	unsigned int count;
	struct vip **vips = changed_list(services, index, vip, &count);

	if (!vips || !publish(services, vips, count, services_version(services) + 1)) {
		free(vips);
		return services_refuse(error, "vips: out of memory");
	}
	if (services->config.qsbr)
		wait_until_visible(services->config.qsbr, services->retired->token);
	return true;
}

// A backend that was not there before, or was not enabled, has no warm caches and no connections.
static void set_up_since(const struct services *services, const struct vip *old, struct vip *vip)
{
	for (uint32_t i = 0; i < vip->backend_count; i++) {
		struct backend *b = &vip->backends[i];
		int at = services_backend_index_of(old, b->name);
		const struct backend *before = at < 0 ? NULL : &old->backends[at];

		if (before && (before->port != b->port || !ip_equal(&before->address, &b->address)))
			before = NULL;
		if (!b->enabled)
			b->up_since_ns = 0;
		else if (before && before->enabled)
			b->up_since_ns = before->up_since_ns;
		else
			b->up_since_ns = services->now_ns;
	}
}

bool services_install(
	struct services *services, unsigned int index, struct vip *vip, int backend, char *error)
{
	struct services_request request = {
		.vip = "vip",
		.backend = backend,
		.replaced = index < services->count ? (int)index : SERVICES_NO_INDEX,
		.vips = services->vips,
		.count = services->count,
	};
	bool ok;

	if (index < services->count)
		set_up_since(services, services->vips[index], vip);
	ok = prepare(services, &request, vip, error) && change(services, index, vip, error);
	if (!ok)
		vip_free(vip);
	settle_ids(services);
	free_retired(services);
	return ok;
}

bool services_withdraw(struct services *services, unsigned int index, char *error)
{
	bool ok = change(services, index, NULL, error);

	settle_ids(services);
	free_retired(services);
	return ok;
}

// The next weights of a VIP whose backends start, or the VIP as it is.
static struct vip *stepped(const struct services *services, struct vip *vip)
{
	struct vip *fresh;

	if (!vip->slow_start_ns || !vip_slow_start_due(vip, services->now_ns))
		return vip;
	fresh = vip_copy_unfinished(vip, vip->backend_count);
	if (!fresh)
		return vip;
	vip_slow_start(fresh, services->now_ns);
	if (vip_finish(fresh) == 0)
		return fresh;
	vip_free(fresh);
	return vip; // once more at the next step
}

static void step_weights(struct services *services)
{
	struct vip **vips = calloc(services->count + 1, sizeof(struct vip *));
	unsigned int changed = 0;

	for (unsigned int i = 0; vips && i < services->count; i++) {
		vips[i] = stepped(services, services->vips[i]);
		changed += vips[i] != services->vips[i];
	}
	if (changed && publish(services, vips, services->count, services_version(services)))
		return; // the configuration is the same, and nobody waits for this
	for (unsigned int i = 0; changed && i < services->count; i++) {
		if (vips[i] != services->vips[i])
			vip_free(vips[i]);
	}
	free(vips);
}

void services_step(struct services *services, uint64_t now_ns)
{
	services->now_ns = now_ns;
	step_weights(services);
	free_retired(services);
	service_ids_collect(services->ids, &services->config, now_ns);
}

static bool take_first(
	struct services *services, struct vip *const *vips, unsigned int count, char *error)
{
	for (unsigned int i = 0; i < count; i++) {
		struct services_request request = {
			.backend = SERVICES_NO_INDEX,
			.replaced = SERVICES_NO_INDEX,
			.vips = services->vips,
			.count = services->count,
		};

		snprintf(request.vip, sizeof(request.vip), "vips[%u]", i);
		if (!prepare(services, &request, vips[i], error))
			return false;
		services->vips[services->count++] = vips[i];
	}
	return true;
}

struct services *services_create(const struct services_config *config, struct vip *const *vips,
	unsigned int count, uint32_t version, char error[SERVICES_ERROR_BYTES])
{
	struct services *s = calloc(1, sizeof(*s));

	snprintf(error, SERVICES_ERROR_BYTES, "vips: out of memory");
	if (!s)
		return NULL;
	s->config = *config;
	s->vips = calloc(count + 1, sizeof(struct vip *));
	s->ids = service_ids_create();
	if (!s->vips || !s->ids || !take_first(s, vips, count, error))
		goto fail;
	s->table = vip_table_new(s->vips, s->count, version);
	if (!s->table)
		goto fail;
	atomic_store_explicit(config->published, s->table, memory_order_release);
	return s;

fail:
	service_ids_free(s->ids);
	free(s->vips);
	free(s);
	return NULL;
}

void services_free(struct services *services)
{
	if (!services)
		return;
	services->config.qsbr = NULL;
	free_retired(services);
	atomic_store_explicit(services->config.published, NULL, memory_order_release);
	vip_table_free(services->table);
	service_ids_free(services->ids);
	free(services->vips);
	free(services);
}
