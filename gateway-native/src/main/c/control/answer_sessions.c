// SPDX-License-Identifier: Apache-2.0
//
// Sessions over the control socket: the workers copy pages of them, so that nothing of theirs is
// read while they write it.
#include "answers.h"
#include "parse_value.h"
#include "vip_json.h"

#include "../datapath/session_follow.h"
#include "../datapath/worker.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define WAIT_STEP_NS 500000
#define WAIT_STEPS 200 // 100 ms for a worker that was stopped; also what a whole request may take

struct look {
	struct commands *commands;
	const struct vip_table *vips;
	struct session_filter filter;
	json_t *rows;
	uint64_t limit;
	unsigned int worker;
	uint32_t cursor;
	int steps_left;
};

static const struct backend *backend_of(const struct vip *vip, uint16_t target)
{
	for (uint32_t i = 0; vip && i < vip->backend_count; i++) {
		if (vip->backends[i].target == target)
			return &vip->backends[i];
	}
	return NULL;
}

static void add_local(json_t *json, const struct node *node, const struct session *s)
{
	if (s->local_index >= node->local_count)
		return; // DNAT and tunnels have none
	json_object_set_new(json, "local_address", address_json(&node->locals[s->local_index]));
	json_object_set_new(json, "local_port", json_integer(s->local_port));
}

static json_t *session_json(const struct look *look, const struct session *s, uint32_t tick)
{
	const struct commands *c = look->commands;
	const struct vip *vip =
		s->service < SERVICE_MAX ? look->vips->by_service[s->service] : NULL;
	const struct target *target = &services_targets(c->services)[s->target];
	const struct backend *backend = backend_of(vip, s->target);
	double age = (double)(tick - s->created_tick) * ((double)SESSION_TICK_NS / 1e9);
	json_t *json = json_pack("{s:s, s:s, s:o, s:i}", "vip", vip ? vip->name : "", "protocol",
		protocol_name(s->protocol), "client_address", address_json(&s->client),
		"client_port", s->client_port);

	if (vip) {
		json_object_set_new(json, "vip_address", address_json(&vip->address));
		json_object_set_new(json, "vip_port", json_integer(vip->port));
	}
	add_local(json, c->node, s);
	json_object_set_new(json, "backend", json_string(backend ? backend->name : ""));
	json_object_set_new(json, "backend_address", address_json(&target->address));
	json_object_set_new(json, "backend_port", json_integer(target->port));
	json_object_set_new(json, "state", json_string(session_state_name(s->state)));
	json_object_set_new(json, "age_seconds", json_real(age));
	json_object_set_new(json, "worker", json_integer(look->worker));
	json_object_set_new(json, "probe", json_boolean((s->flags & SESSION_MARKED) != 0));
	return json;
}

static bool is_served(const struct session_sample *sample)
{
	return atomic_load_explicit(&sample->served, memory_order_acquire) ==
	       atomic_load_explicit(&sample->wanted, memory_order_relaxed);
}

// false: the worker does not answer in what is left of the time.
static bool wait_for(struct look *look, const struct session_sample *sample)
{
	const struct timespec step = {.tv_nsec = WAIT_STEP_NS};

	while (!is_served(sample)) {
		if (look->steps_left-- <= 0)
			return false;
		nanosleep(&step, NULL);
	}
	return true;
}

// One page of the worker where the look is.
static bool take_page(struct look *look)
{
	struct session_sample *sample = &look->commands->node->workers[look->worker]->sample;

	if (!wait_for(look, sample)) // of an earlier request
		return false;
	sample->filter = look->filter;
	sample->cursor = look->cursor;
	atomic_fetch_add_explicit(&sample->wanted, 1, memory_order_release);
	if (!wait_for(look, sample))
		return false;
	for (uint32_t i = 0; i < sample->count; i++)
		json_array_append_new(
			look->rows, session_json(look, &sample->sessions[i], sample->tick));
	look->cursor = sample->cursor;
	if (sample->ended) {
		look->cursor = 0;
		look->worker++;
	}
	return true;
}

static bool read_filter(
	struct look *look, const struct raw_request *request, const struct vip *only, char *error)
{
	struct check check = {.error = error, .error_bytes = SETTINGS_ERROR_BYTES};

	look->filter = (struct session_filter){.by_service = only, .by_client = request->client};
	if (only)
		look->filter.service = only->service;
	return !request->client ||
	       check_address(&check, "client", request->client, &look->filter.client);
}

json_t *answer_sessions(struct commands *c, const struct raw_request *request)
{
	const struct vip *only =
		request->vip_name ? services_find(c->services, request->vip_name) : NULL;
	struct look look = {.commands = c, .vips = c->node->vips, .steps_left = WAIT_STEPS};
	struct node_totals t = heartbeat_totals(c->heartbeat);
	char error[SETTINGS_ERROR_BYTES];
	struct page page;
	json_t *answer;
	bool answered = true;

	if (request->vip_name && !only)
		return refuse("vip: no VIP '%.60s'", request->vip_name);
	if (!read_page(request, &page, error) || !read_filter(&look, request, only, error))
		return refuse("%s", error);
	look.worker = (unsigned int)(page.cursor >> 32);
	if (look.worker < c->node->dispatcher_count) // they have none
		look.worker = c->node->dispatcher_count;
	look.cursor = (uint32_t)page.cursor;
	look.rows = json_array();
	while (answered && look.worker < c->node->worker_count && look.steps_left > 0 &&
		json_array_size(look.rows) < page.limit)
		answered = take_page(&look);
	answer = json_pack("{s:b, s:I, s:I, s:o}", "ok", 1, "count",
		(json_int_t)(only ? heartbeat_vip_sessions(c->heartbeat, only) : t.node.sessions),
		"capacity", (json_int_t)t.node.session_capacity, "sessions", look.rows);
	if (look.worker < c->node->worker_count)
		json_object_set_new(answer, "cursor",
			json_integer((json_int_t)((uint64_t)look.worker << 32 | look.cursor)));
	if (!answered)
		json_object_set_new(answer, "not_answering", json_integer(look.worker));
	return answer;
}
