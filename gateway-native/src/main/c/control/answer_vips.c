// SPDX-License-Identifier: Apache-2.0
//
// VIPs, their backends and limits over the control socket.
#include "answers.h"
#include "parse_value.h"
#include "vip_json.h"

#include <string.h>

static bool wants_secrets(const struct raw_request *request)
{
	return request->secrets && strcmp(request->secrets, "true") == 0;
}

json_t *answer_vip_list(struct commands *c, const struct raw_request *request)
{
	json_t *vips = json_array();

	for (unsigned int i = 0; i < services_count(c->services); i++)
		json_array_append_new(
			vips, vip_json(services_get(c->services, i), wants_secrets(request)));
	return accept_with("vips", vips);
}

// NULL, with *error filled in.
static struct vip *take_vip(
	const struct commands *c, const struct raw_request *request, char *error)
{
	if (c->settings->tier == DT_TIER_CLB)
		return raw_vip_check(request->vip, c->settings, "vip", error);
	snprintf(error, SETTINGS_ERROR_BYTES, "vip: tier eip has none");
	return NULL;
}

json_t *answer_vip_add(struct commands *c, const struct raw_request *request)
{
	char error[SETTINGS_ERROR_BYTES];
	struct vip *vip = take_vip(c, request, error);

	return outcome(c, vip && services_add(c->services, vip, error), error);
}

json_t *answer_vip_set(struct commands *c, const struct raw_request *request)
{
	char error[SETTINGS_ERROR_BYTES];
	struct vip *vip = take_vip(c, request, error);

	return outcome(c, vip && services_set(c->services, vip, error), error);
}

json_t *answer_vip_remove(struct commands *c, const struct raw_request *request)
{
	char error[SETTINGS_ERROR_BYTES];

	return outcome(c, services_remove(c->services, request->name, error), error);
}

json_t *answer_vip_enable(struct commands *c, const struct raw_request *request)
{
	char error[SETTINGS_ERROR_BYTES];

	return outcome(c, services_enable(c->services, request->name, true, error), error);
}

json_t *answer_vip_disable(struct commands *c, const struct raw_request *request)
{
	char error[SETTINGS_ERROR_BYTES];

	return outcome(c, services_enable(c->services, request->name, false, error), error);
}

// What is not given stays.
json_t *answer_limits_set(struct commands *c, const struct raw_request *request)
{
	char error[SETTINGS_ERROR_BYTES];
	struct check check = {.error = error, .error_bytes = sizeof(error)};
	const struct vip *vip = services_find(c->services, request->vip_name);
	struct vip_limits limits;
	uint64_t connections;

	if (!vip)
		return refuse("vip: no VIP '%.60s'", request->vip_name);
	if (!request->limits && !request->new_connection_limit)
		return refuse("limits: is missing (or new_connection_limit)");
	limits = vip->limits;
	connections = limits.new_connections_per_second;
	if ((request->limits && !raw_limits_check(&check, request->limits, "limits", &limits)) ||
		!check_number(&check, "new_connection_limit", request->new_connection_limit, 0,
			SETTINGS_MAX_NEW_CONNECTIONS, &connections))
		return refuse("%s", error);
	limits.new_connections_per_second = (uint32_t)connections;
	return outcome(
		c, services_set_limits(c->services, request->vip_name, &limits, error), error);
}

static bool check_new_backend(const struct commands *c, const struct raw_request *request,
	struct backend *backend, char *error)
{
	struct check check = {.error = error, .error_bytes = SETTINGS_ERROR_BYTES};
	const struct vip *vip = services_find(c->services, request->vip_name);

	*backend = (struct backend){.port = 0};
	if (!vip)
		return check_fail(&check, "vip: no VIP '%.60s'", request->vip_name);
	return raw_backend_check(&check, request->backend, c->settings, "backend", vip, backend);
}

json_t *answer_backend_add(struct commands *c, const struct raw_request *request)
{
	char error[SETTINGS_ERROR_BYTES];
	struct backend backend;

	return outcome(c,
		check_new_backend(c, request, &backend, error) &&
			services_add_backend(c->services, request->vip_name, &backend, error),
		error);
}

json_t *answer_backend_set(struct commands *c, const struct raw_request *request)
{
	char error[SETTINGS_ERROR_BYTES];
	struct backend backend;

	return outcome(c,
		check_new_backend(c, request, &backend, error) &&
			services_set_backend(c->services, request->vip_name, &backend, error),
		error);
}

json_t *answer_backend_remove(struct commands *c, const struct raw_request *request)
{
	char error[SETTINGS_ERROR_BYTES];

	return outcome(c,
		services_remove_backend(
			c->services, request->vip_name, request->backend_name, error),
		error);
}

static json_t *enable_backend(struct commands *c, const struct raw_request *request, bool enabled)
{
	char error[SETTINGS_ERROR_BYTES];

	return outcome(c,
		services_enable_backend(
			c->services, request->vip_name, request->backend_name, enabled, error),
		error);
}

json_t *answer_backend_enable(struct commands *c, const struct raw_request *request)
{
	return enable_backend(c, request, true);
}

json_t *answer_backend_disable(struct commands *c, const struct raw_request *request)
{
	return enable_backend(c, request, false);
}

json_t *answer_backend_drain(struct commands *c, const struct raw_request *request)
{
	char error[SETTINGS_ERROR_BYTES];
	const struct backend *found;
	struct backend backend;

	if (!services_find(c->services, request->vip_name))
		return refuse("vip: no VIP '%.60s'", request->vip_name);
	found = services_find_backend(c->services, request->vip_name, request->backend_name);
	if (!found)
		return refuse("backend: VIP '%.60s' has no backend '%.60s'", request->vip_name,
			request->backend_name);
	backend = *found;
	backend.draining = !request->draining || strcmp(request->draining, "true") == 0;
	return outcome(
		c, services_set_backend(c->services, request->vip_name, &backend, error), error);
}
