// SPDX-License-Identifier: Apache-2.0
//
// The changes one can ask for: each makes a copy of the VIP, changes it and installs it.
#include "services_state.h"

#include <string.h>

bool services_add(struct services *services, struct vip *vip, char error[SERVICES_ERROR_BYTES])
{
	if (services->count >= VIP_MAX) {
		vip_free(vip);
		return services_refuse(error, "vip: %d VIPs is the limit", VIP_MAX);
	}
	return services_install(services, services->count, vip, SERVICES_NO_INDEX, error);
}

bool services_set(struct services *services, struct vip *vip, char error[SERVICES_ERROR_BYTES])
{
	int index = services_index_of(services, vip->name);

	if (index < 0) {
		services_refuse(error, "vip.name: no VIP '%s'", vip->name);
		vip_free(vip);
		return false;
	}
	return services_install(services, (unsigned int)index, vip, SERVICES_NO_INDEX, error);
}

bool services_remove(struct services *services, const char *name, char error[SERVICES_ERROR_BYTES])
{
	int index = services_index_of(services, name);

	if (index < 0)
		return services_refuse(error, "name: no VIP '%s'", name);
	return services_withdraw(services, (unsigned int)index, error);
}

// A copy of the VIP to change, with room for `more` backends; NULL, with *error filled in.
static struct vip *open_vip(const struct services *services, const char *key, const char *name,
	uint32_t more, unsigned int *index, char *error)
{
	int at = services_index_of(services, name);
	struct vip *vip;

	if (at < 0) {
		services_refuse(error, "%s: no VIP '%s'", key, name);
		return NULL;
	}
	*index = (unsigned int)at;
	vip = vip_copy_unfinished(services->vips[at], services->vips[at]->backend_count + more);
	if (!vip)
		services_refuse(error, "vips: out of memory");
	return vip;
}

bool services_enable(
	struct services *services, const char *name, bool enabled, char error[SERVICES_ERROR_BYTES])
{
	unsigned int index;
	struct vip *vip = open_vip(services, "name", name, 0, &index, error);

	if (!vip)
		return false;
	vip->enabled = enabled;
	return services_install(services, index, vip, SERVICES_NO_INDEX, error);
}

bool services_set_limits(struct services *services, const char *name,
	const struct vip_limits *limits, char error[SERVICES_ERROR_BYTES])
{
	unsigned int index;
	struct vip *vip = open_vip(services, "vip", name, 0, &index, error);

	if (!vip)
		return false;
	vip->limits = *limits;
	return services_install(services, index, vip, SERVICES_NO_INDEX, error);
}

// Of the request: what the services keep of a backend is not in it.
static void take_backend(struct backend *backend, const struct backend *requested)
{
	*backend = *requested;
	backend->name[sizeof(backend->name) - 1] = '\0';
	backend->effective_weight = 0;
	backend->up_since_ns = 0;
}

bool services_add_backend(struct services *services, const char *vip, const struct backend *backend,
	char error[SERVICES_ERROR_BYTES])
{
	unsigned int index;
	struct vip *fresh = open_vip(services, "vip", vip, 1, &index, error);

	if (!fresh)
		return false;
	take_backend(&fresh->backends[fresh->backend_count - 1], backend);
	return services_install(services, index, fresh, (int)fresh->backend_count - 1, error);
}

// Opens the VIP of a request about one of its backends.
static struct vip *open_backend(const struct services *services, const char *key, const char *vip,
	const char *name, unsigned int *index, int *backend, char *error)
{
	struct vip *fresh = open_vip(services, "vip", vip, 0, index, error);

	if (!fresh)
		return NULL;
	*backend = services_backend_index_of(fresh, name);
	if (*backend >= 0)
		return fresh;
	vip_free(fresh);
	services_refuse(error, "%s: VIP '%s' has no backend '%s'", key, vip, name);
	return NULL;
}

bool services_set_backend(struct services *services, const char *vip, const struct backend *backend,
	char error[SERVICES_ERROR_BYTES])
{
	unsigned int index;
	int at;
	struct vip *fresh =
		open_backend(services, "backend.name", vip, backend->name, &index, &at, error);

	if (!fresh)
		return false;
	take_backend(&fresh->backends[at], backend);
	return services_install(services, index, fresh, at, error);
}

bool services_enable_backend(struct services *services, const char *vip, const char *backend,
	bool enabled, char error[SERVICES_ERROR_BYTES])
{
	unsigned int index;
	int at;
	struct vip *fresh = open_backend(services, "backend", vip, backend, &index, &at, error);

	if (!fresh)
		return false;
	fresh->backends[at].enabled = enabled;
	return services_install(services, index, fresh, at, error);
}

bool services_remove_backend(struct services *services, const char *vip, const char *backend,
	char error[SERVICES_ERROR_BYTES])
{
	unsigned int index;
	int at;
	struct vip *fresh = open_backend(services, "backend", vip, backend, &index, &at, error);

	if (!fresh)
		return false;
	fresh->backend_count--;
	memmove(&fresh->backends[at], &fresh->backends[at + 1],
		(fresh->backend_count - (uint32_t)at) * sizeof(fresh->backends[0]));
	return services_install(services, index, fresh, SERVICES_NO_INDEX, error);
}
