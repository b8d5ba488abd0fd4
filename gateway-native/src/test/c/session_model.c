// SPDX-License-Identifier: Apache-2.0
#include "session_model.h"

#include <stdlib.h>

struct model_session *model_find_forward(
	const struct model *model, const struct ip_address *client, uint16_t port, uint16_t service)
{
	struct model_session *m = model->first;

	while (m && !(ip_equal(&m->keys.client, client) && m->keys.client_port == port &&
			    m->keys.service == service))
		m = m->next;
	return m;
}

static bool is_replied_by(const struct model *model, const struct session *s,
	const struct ip_address *backend, uint16_t backend_port, uint8_t local_index,
	const struct ip_address *client, uint16_t local_port, uint8_t protocol)
{
	if (s->local_index == SESSION_LOCAL_NONE)
		return false;
	if (local_index == SESSION_LOCAL_CLIENT && !ip_equal(&s->client, client))
		return false;
	return ip_equal(&model->targets[s->target].address, backend) &&
	       model->targets[s->target].port == backend_port && s->local_index == local_index &&
	       s->local_port == local_port && s->protocol == protocol;
}

struct model_session *model_find_reply(const struct model *model, const struct ip_address *backend,
	uint16_t backend_port, uint8_t local_index, const struct ip_address *client,
	uint16_t local_port, uint8_t protocol)
{
	struct model_session *m = model->first;

	while (m && !is_replied_by(model, &m->keys, backend, backend_port, local_index, client,
			    local_port, protocol))
		m = m->next;
	return m;
}

struct model_session *model_find_real(const struct model *model, const struct session *real)
{
	struct model_session *m = model->first;

	while (m && m->real != real)
		m = m->next;
	return m;
}

void model_insert(
	struct model *model, const struct session *keys, struct session *real, uint32_t tick)
{
	struct model_session *m = malloc(sizeof(*m));

	*m = (struct model_session){
		.keys = *keys, .real = real, .used_tick = tick, .next = model->first};
	model->first = m;
	model->count++;
}

void model_remove(struct model *model, struct model_session *session)
{
	struct model_session **link = &model->first;

	while (*link != session)
		link = &(*link)->next;
	*link = session->next;
	model->count--;
	free(session);
}

struct model_session *model_at(const struct model *model, uint32_t n)
{
	struct model_session *m = model->first;

	while (n--)
		m = m->next;
	return m;
}
