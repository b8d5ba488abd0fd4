// SPDX-License-Identifier: Apache-2.0
#include "services.h"

#include <arpa/inet.h>
#include <rte_rcu_qsbr.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define VISIBLE_STEP_NS 200000 // a change is visible after one poll of each worker …
#define VISIBLE_STEPS                                                                              \
	500 // … which is waited for 100 ms at most: a stopped worker must not stop the control
	    // thread

struct retired {
	struct vip_table *table;
	uint64_t token;
	struct retired *next;
};

struct services {
	struct node *node;
	struct slot_names names;
	struct vip_table *table; // the current one: holds the references of the VIPs
	struct vip **vips;
	unsigned int count;
	struct retired *retired;
};

#define FAIL(error, ...) (snprintf(error, SETTINGS_ERROR_BYTES, __VA_ARGS__), false)

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

static int index_of(const struct services *services, const char *name)
{
	for (unsigned int i = 0; i < services->count; i++) {
		if (strcmp(services->vips[i]->name, name) == 0)
			return (int)i;
	}
	return -1;
}

const struct vip *services_find(const struct services *services, const char *name)
{
	int i = index_of(services, name);

	return i < 0 ? NULL : services->vips[i];
}

static bool take_slots(struct services *services, struct vip *vip, char *error)
{
	int slot = services->names.vip_slot(services->names.context, vip->name);

	if (slot < 0)
		return FAIL(error,
			"vip.name: '%s' gets no slot: %s; %d names is the limit of a process",
			vip->name, strerror(-slot), DT_MAX_NAMES);
	vip->slot = (uint16_t)slot;
	for (uint32_t i = 0; i < vip->backend_count; i++) {
		struct backend *b = &vip->backends[i];

		slot = services->names.backend_slot(services->names.context, b->name);
		if (slot < 0)
			return FAIL(error,
				"vip.backends[%u].name: '%s' gets no slot: %s; %d names is the "
				"limit of a process",
				i, b->name, strerror(-slot), DT_MAX_NAMES);
		b->slot = (uint16_t)slot;
	}
	return true;
}

// ignored: the index of a VIP that is about to be replaced, or -1.
static bool admissible(
	const struct services *services, const struct vip *vip, int ignored, char *error)
{
	char address[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, &vip->address, address, sizeof(address));
	if (node_own_address(services->node, vip->address) != OWN_NOT)
		return FAIL(error, "vip.address: %s is an address of the gateway itself", address);
	for (unsigned int i = 0; i < services->count; i++) {
		const struct vip *other = services->vips[i];

		if ((int)i == ignored)
			continue;
		if (strcmp(other->name, vip->name) == 0)
			return FAIL(error, "vip.name: '%s' exists", vip->name);
		if (other->address == vip->address && other->port == vip->port &&
			other->protocol == vip->protocol)
			return FAIL(error, "vip.address: %s:%u is taken by '%s'", address,
				vip->port, other->name);
	}
	return true;
}

void services_collect(struct services *services)
{
	struct rte_rcu_qsbr *qsbr = services->node->qsbr;
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

static bool publish(struct services *services, struct vip **vips, unsigned int count,
	uint32_t version, char *error)
{
	// The table last: to free it again would free the VIP that is still the caller's.
	struct retired *retired = malloc(sizeof(*retired));
	struct vip_table *table = retired ? vip_table_new(vips, count, version) : NULL;

	if (!table) {
		free(retired);
		return FAIL(error, "vips: out of memory");
	}
	*retired = (struct retired){.table = services->table, .next = services->retired};
	services->table = table;
	atomic_store_explicit(&services->node->vips, table, memory_order_release);
	if (services->node->qsbr) {
		retired->token = rte_rcu_qsbr_start(services->node->qsbr);
		wait_until_visible(services->node->qsbr, retired->token);
	}
	services->retired = retired;
	services_collect(services);
	return true;
}

// Makes the list with place `index` set to vip (NULL: taken out; index == count: appended) the
// current one.
static bool change(struct services *services, unsigned int index, struct vip *vip, char *error)
{
	struct vip **vips = calloc(services->count + 1, sizeof(struct vip *));
	unsigned int count = 0;

	if (!vips)
		return FAIL(error, "vips: out of memory");
	for (unsigned int i = 0; i < services->count; i++) {
		if (i != index)
			vips[count++] = services->vips[i];
		else if (vip)
			vips[count++] = vip;
	}
	if (vip && index == services->count)
		vips[count++] = vip;
	if (!publish(services, vips, count, services_version(services) + 1, error)) {
		free(vips);
		return false;
	}
	free(services->vips);
	services->vips = vips;
	services->count = count;
	return true;
}

static bool change_or_free(
	struct services *services, unsigned int index, struct vip *vip, char *error)
{
	if (change(services, index, vip, error))
		return true;
	vip_free(vip);
	return false;
}

bool services_add(struct services *services, struct vip *vip, char error[SETTINGS_ERROR_BYTES])
{
	bool ok = services->count < VIP_MAX || FAIL(error, "vip: %d VIPs is the limit", VIP_MAX);

	if (!ok || !admissible(services, vip, -1, error) || !take_slots(services, vip, error)) {
		vip_free(vip);
		return false;
	}
	return change_or_free(services, services->count, vip, error);
}

bool services_set(struct services *services, struct vip *vip, char error[SETTINGS_ERROR_BYTES])
{
	int index = index_of(services, vip->name);
	bool ok = index >= 0 || FAIL(error, "vip.name: no VIP '%s'", vip->name);

	if (!ok || !admissible(services, vip, index, error) || !take_slots(services, vip, error)) {
		vip_free(vip);
		return false;
	}
	return change_or_free(services, (unsigned int)index, vip, error);
}

bool services_remove(struct services *services, const char *name, char error[SETTINGS_ERROR_BYTES])
{
	int index = index_of(services, name);

	if (index < 0)
		return FAIL(error, "name: no VIP '%s'", name);
	return change(services, (unsigned int)index, NULL, error);
}

static struct vip *copy(const struct vip *vip)
{
	struct vip *fresh = vip_new(vip->backend_count);

	if (!fresh)
		return NULL;
	memcpy(fresh, vip, sizeof(*vip) + vip->backend_count * sizeof(vip->backends[0]));
	fresh->references = 0;
	fresh->maglev = NULL;
	fresh->maglev_size = 0;
	return fresh;
}

static bool replace_by_copy(
	struct services *services, unsigned int index, struct vip *fresh, char *error)
{
	if (vip_finish(fresh) != 0) {
		vip_free(fresh);
		return FAIL(error, "vips: out of memory");
	}
	return change_or_free(services, index, fresh, error);
}

bool services_enable(
	struct services *services, const char *name, bool enabled, char error[SETTINGS_ERROR_BYTES])
{
	int index = index_of(services, name);
	struct vip *fresh;

	if (index < 0)
		return FAIL(error, "name: no VIP '%s'", name);
	fresh = copy(services->vips[index]);
	if (!fresh)
		return FAIL(error, "vips: out of memory");
	fresh->enabled = enabled;
	return replace_by_copy(services, (unsigned int)index, fresh, error);
}

bool services_enable_backend(struct services *services, const char *name, const char *backend,
	bool enabled, char error[SETTINGS_ERROR_BYTES])
{
	int index = index_of(services, name);
	struct vip *fresh;

	if (index < 0)
		return FAIL(error, "vip: no VIP '%s'", name);
	fresh = copy(services->vips[index]);
	if (!fresh)
		return FAIL(error, "vips: out of memory");
	for (uint32_t i = 0; i < fresh->backend_count; i++) {
		if (strcmp(fresh->backends[i].name, backend) == 0) {
			fresh->backends[i].enabled = enabled;
			return replace_by_copy(services, (unsigned int)index, fresh, error);
		}
	}
	vip_free(fresh);
	return FAIL(error, "backend: VIP '%s' has no backend '%s'", name, backend);
}

struct services *services_create(struct node *node, struct settings *settings,
	const struct slot_names *names, char error[SETTINGS_ERROR_BYTES])
{
	struct services *s = calloc(1, sizeof(*s));

	if (!s)
		goto no_memory;
	s->node = node;
	s->names = *names;
	s->vips = calloc(settings->vip_count + 1, sizeof(struct vip *));
	for (unsigned int i = 0; s->vips && i < settings->vip_count; i++) {
		struct vip *vip = settings->vips[i];

		if (!admissible(s, vip, -1, error) || !take_slots(s, vip, error)) {
			free(s->vips);
			free(s);
			return NULL;
		}
		s->vips[s->count++] = vip;
	}
	s->table = s->vips ? vip_table_new(s->vips, s->count, settings->version) : NULL;
	if (!s->table)
		goto no_memory;
	settings->vip_count = 0; // they are the table's now
	atomic_store_explicit(&node->vips, s->table, memory_order_release);
	return s;

no_memory:
	if (s)
		free(s->vips);
	free(s);
	snprintf(error, SETTINGS_ERROR_BYTES, "vips: out of memory");
	return NULL;
}

void services_free(struct services *services)
{
	if (!services)
		return;
	services->node->qsbr = NULL;
	services_collect(services);
	vip_table_free(services->table);
	free(services->vips);
	free(services);
}
