// SPDX-License-Identifier: Apache-2.0
#include "service_ids.h"

#include <rte_rcu_qsbr.h>

#include <stdlib.h>
#include <string.h>

#define NO_TARGET UINT16_MAX

_Static_assert(TARGET_MAX <= NO_TARGET, "an id is not NO_TARGET");

enum id_state { ID_FREE, ID_USED, ID_RESTING };

struct id {
	uint8_t state; // enum id_state
	bool named;    // while settling
	uint64_t token;
	uint64_t resting_since_ns;
};

struct service {
	struct id id;
	struct ip_address address;
	uint16_t slot;
	uint16_t port;
	uint8_t protocol;
	uint8_t mode;
	uint16_t first_target; // whatever their state
};

struct service_ids {
	struct target *targets;
	struct id target_ids[TARGET_MAX];
	uint16_t next_of_service[TARGET_MAX];
	struct service services[SERVICE_MAX];
	unsigned int next_service; // where the search for a free one begins: they rest longest
	unsigned int next_target;
	unsigned int resting;
};

struct service_ids *service_ids_create(void)
{
	struct service_ids *ids = calloc(1, sizeof(*ids));
	size_t bytes = TARGET_MAX * sizeof(struct target);

	if (!ids)
		return NULL;
	ids->targets = aligned_alloc(64, bytes);
	if (!ids->targets) {
		free(ids);
		return NULL;
	}
	memset(ids->targets, 0, bytes);
	return ids;
}

void service_ids_free(struct service_ids *ids)
{
	if (ids)
		free(ids->targets);
	free(ids);
}

const struct target *service_ids_targets(const struct service_ids *ids)
{
	return ids->targets;
}

static bool is_of(const struct service *s, const struct vip *vip)
{
	return s->id.state != ID_FREE && s->slot == vip->slot && s->port == vip->port &&
	       s->protocol == vip->protocol && s->mode == vip->mode &&
	       ip_equal(&s->address, &vip->address);
}

static void use(struct service_ids *ids, struct id *id)
{
	if (id->state == ID_RESTING)
		ids->resting--;
	id->state = ID_USED;
}

static struct service *service_of(struct service_ids *ids, const struct vip *vip)
{
	for (unsigned int i = 0; i < SERVICE_MAX; i++) {
		if (is_of(&ids->services[i], vip))
			return &ids->services[i];
	}
	for (unsigned int i = 0; i < SERVICE_MAX; i++) {
		unsigned int at = (ids->next_service + i) % SERVICE_MAX;
		struct service *s = &ids->services[at];

		if (s->id.state != ID_FREE)
			continue;
		ids->next_service = at + 1;
		*s = (struct service){
			.address = vip->address,
			.slot = vip->slot,
			.port = vip->port,
			.protocol = vip->protocol,
			.mode = vip->mode,
			.first_target = NO_TARGET,
		};
		return s;
	}
	return NULL;
}

static bool leads_to(const struct target *target, const struct backend *backend)
{
	return target->port == backend->port && target->backend_slot == backend->slot &&
	       ip_equal(&target->address, &backend->address);
}

static uint16_t target_of(
	struct service_ids *ids, struct service *service, const struct backend *backend)
{
	for (uint16_t t = service->first_target; t != NO_TARGET; t = ids->next_of_service[t]) {
		if (leads_to(&ids->targets[t], backend))
			return t;
	}
	for (unsigned int i = 0; i < TARGET_MAX; i++) {
		uint16_t t = (uint16_t)((ids->next_target + i) % TARGET_MAX);

		if (ids->target_ids[t].state != ID_FREE)
			continue;
		ids->next_target = t + 1u;
		ids->targets[t] = (struct target){
			.address = backend->address,
			.port = backend->port,
			.backend_slot = backend->slot,
			.service = (uint16_t)(service - ids->services),
			.used = true,
		};
		ids->next_of_service[t] = service->first_target;
		service->first_target = t;
		return t;
	}
	return NO_TARGET;
}

enum service_ids_outcome service_ids_assign(struct service_ids *ids, struct vip *vip)
{
	struct service *service = service_of(ids, vip);

	if (!service)
		return IDS_NO_SERVICE;
	use(ids, &service->id);
	vip->service = (uint16_t)(service - ids->services);
	for (uint32_t i = 0; i < vip->backend_count; i++) {
		uint16_t target = target_of(ids, service, &vip->backends[i]);

		if (target == NO_TARGET)
			return IDS_NO_TARGET;
		use(ids, &ids->target_ids[target]);
		vip->backends[i].target = target;
	}
	return IDS_ASSIGNED;
}

static void settle(struct service_ids *ids, struct id *id, uint64_t token, uint64_t now_ns)
{
	if (id->state == ID_USED && !id->named) {
		*id = (struct id){
			.state = ID_RESTING,
			.token = token,
			.resting_since_ns = now_ns,
		};
		ids->resting++;
	}
	id->named = false;
}

void service_ids_settle(struct service_ids *ids, struct vip *const *vips, unsigned int count,
	uint64_t token, uint64_t now_ns)
{
	for (unsigned int i = 0; i < count; i++) {
		ids->services[vips[i]->service].id.named = true;
		for (uint32_t j = 0; j < vips[i]->backend_count; j++)
			ids->target_ids[vips[i]->backends[j].target].named = true;
	}
	for (unsigned int i = 0; i < SERVICE_MAX; i++)
		settle(ids, &ids->services[i].id, token, now_ns);
	for (unsigned int i = 0; i < TARGET_MAX; i++)
		settle(ids, &ids->target_ids[i], token, now_ns);
}

static bool has_rested(const struct id *id, const struct services_config *config, uint64_t now_ns)
{
	return id->state == ID_RESTING && now_ns >= id->resting_since_ns + SERVICE_IDS_REST_NS &&
	       (!config->qsbr || rte_rcu_qsbr_check(config->qsbr, id->token, false) != 0);
}

static void unlink_target(struct service_ids *ids, uint16_t target)
{
	uint16_t *link = &ids->services[ids->targets[target].service].first_target;

	while (*link != target)
		link = &ids->next_of_service[*link];
	*link = ids->next_of_service[target];
}

void service_ids_collect(
	struct service_ids *ids, const struct services_config *config, uint64_t now_ns)
{
	if (ids->resting == 0)
		return;
	for (unsigned int t = 0; t < TARGET_MAX; t++) {
		if (!has_rested(&ids->target_ids[t], config, now_ns) ||
			config->target_sessions(config->context, (uint16_t)t) != 0)
			continue;
		unlink_target(ids, (uint16_t)t);
		ids->targets[t] = (struct target){.used = false};
		ids->target_ids[t].state = ID_FREE;
		ids->resting--;
	}
	for (unsigned int i = 0; i < SERVICE_MAX; i++) {
		struct service *s = &ids->services[i];

		if (s->first_target != NO_TARGET || !has_rested(&s->id, config, now_ns) ||
			config->service_sessions(config->context, (uint16_t)i) != 0)
			continue;
		s->id.state = ID_FREE;
		ids->resting--;
	}
}
