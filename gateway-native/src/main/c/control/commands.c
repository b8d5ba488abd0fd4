// SPDX-License-Identifier: Apache-2.0
#include "commands.h"

#include "vip_json.h"

#include "../datapath/session_follow.h"
#include "../datapath/worker.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SAMPLE_STEP_NS 500000
#define SAMPLE_STEPS 200 // 100 ms for a worker to copy its sessions

static json_t *refuse(const char *format, ...) __attribute__((format(printf, 1, 2)));

static json_t *refuse(const char *format, ...)
{
	char text[SETTINGS_ERROR_BYTES + 64];
	va_list arguments;
	json_t *complaint;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	// What was cut off may have been half a character: no longer UTF-8, so no longer JSON.
	complaint = json_string(text);
	if (!complaint) {
		for (char *c = text; *c; c++)
			*c = *c & 0x80 ? '?' : *c;
		complaint = json_string(text);
	}
	return json_pack("{s:b, s:o}", "ok", 0, "error", complaint);
}

static json_t *accept_change(const struct commands *c)
{
	return json_pack(
		"{s:b, s:I}", "ok", 1, "config_version", (json_int_t)services_version(c->services));
}

static json_t *accept_with(const char *key, json_t *value)
{
	return json_pack("{s:b, s:o}", "ok", 1, key, value);
}

static const char *state_name(uint32_t state)
{
	switch (state) {
	case NODE_STARTING:
		return "STARTING";
	case NODE_READY:
		return "READY";
	default:
		return "DRAINING";
	}
}

static json_t *address_text(uint32_t address)
{
	char text[INET_ADDRSTRLEN];

	return json_string(inet_ntop(AF_INET, &address, text, sizeof(text)));
}

static json_t *ports_json(const struct commands *c)
{
	json_t *ports = json_array();

	for (unsigned int i = 0; i < c->node->port_count; i++) {
		const struct node_port *p = &c->node->ports[i];
		char mac[18];

		snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", p->mac[0], p->mac[1],
			p->mac[2], p->mac[3], p->mac[4], p->mac[5]);
		json_array_append_new(
			ports, json_pack("{s:s, s:i, s:s, s:o, s:i, s:i, s:i}", "name",
				       c->settings->ports[i].name, "dpdk_port", p->id, "mac", mac,
				       "address", address_text(p->address), "mtu", p->mtu,
				       "rx_queues", p->rx_queues, "tx_queues", p->tx_queues));
	}
	return ports;
}

static json_t *answer_status(struct commands *c, const json_t *request)
{
	struct node_totals t = heartbeat_totals(c->heartbeat);
	struct timespec now;
	bool next_hop = true;

	(void)request;
	for (unsigned int i = 0; i < c->node->worker_count; i++)
		next_hop = next_hop && atomic_load(&c->node->workers[i]->next_hop_reachable);
	clock_gettime(CLOCK_REALTIME, &now);
	return json_pack(
		"{s:b, s:s, s:s, s:s, s:I, s:i, s:I, s:I, s:s, s:i, s:i, s:I, s:I, s:b, s:o}", "ok",
		1, "node", c->settings->node, "tier", dt_tier_name(c->settings->tier), "state",
		state_name(atomic_load(&c->node->state)), "config_version",
		(json_int_t)services_version(c->services), "pid", (int)getpid(), "boot_id",
		(json_int_t)c->boot_id, "uptime_seconds",
		(json_int_t)now.tv_sec - (json_int_t)(c->boot_id / 1000000000ull), "telemetry_file",
		c->telemetry_path, "workers", (int)c->node->worker_count, "vips",
		(int)services_count(c->services), "sessions", (json_int_t)t.node.sessions,
		"session_capacity", (json_int_t)t.node.session_capacity, "next_hop_reachable",
		next_hop, "ports", ports_json(c));
}

static json_t *answer_vip_list(struct commands *c, const json_t *request)
{
	json_t *vips = json_array();

	(void)request;
	for (unsigned int i = 0; i < services_count(c->services); i++)
		json_array_append_new(vips, vip_to_json(services_get(c->services, i)));
	return accept_with("vips", vips);
}

static json_t *outcome(const struct commands *c, bool ok, const char *error)
{
	return ok ? accept_change(c) : refuse("%s", error);
}

static json_t *answer_vip_add(struct commands *c, const json_t *request)
{
	char error[SETTINGS_ERROR_BYTES];
	struct vip *vip = vip_from_json(json_object_get(request, "vip"), error);

	return outcome(c, vip && services_add(c->services, vip, error), error);
}

static json_t *answer_vip_set(struct commands *c, const json_t *request)
{
	char error[SETTINGS_ERROR_BYTES];
	struct vip *vip = vip_from_json(json_object_get(request, "vip"), error);

	return outcome(c, vip && services_set(c->services, vip, error), error);
}

static const char *text_of(const json_t *request, const char *key)
{
	return json_string_value(json_object_get(request, key));
}

static json_t *answer_vip_remove(struct commands *c, const json_t *request)
{
	char error[SETTINGS_ERROR_BYTES];

	return outcome(c, services_remove(c->services, text_of(request, "name"), error), error);
}

static json_t *answer_vip_enable(struct commands *c, const json_t *request)
{
	char error[SETTINGS_ERROR_BYTES];

	return outcome(
		c, services_enable(c->services, text_of(request, "name"), true, error), error);
}

static json_t *answer_vip_disable(struct commands *c, const json_t *request)
{
	char error[SETTINGS_ERROR_BYTES];

	return outcome(
		c, services_enable(c->services, text_of(request, "name"), false, error), error);
}

static json_t *enable_backend(struct commands *c, const json_t *request, bool enabled)
{
	char error[SETTINGS_ERROR_BYTES];

	return outcome(c,
		services_enable_backend(c->services, text_of(request, "vip"),
			text_of(request, "backend"), enabled, error),
		error);
}

static json_t *answer_backend_enable(struct commands *c, const json_t *request)
{
	return enable_backend(c, request, true);
}

static json_t *answer_backend_disable(struct commands *c, const json_t *request)
{
	return enable_backend(c, request, false);
}

static json_t *answer_counters(struct commands *c, const json_t *request)
{
	(void)request;
	return accept_with("counters", heartbeat_json(c->heartbeat));
}

static json_t *session_json(const struct commands *c, const struct session *s, uint32_t tick)
{
	double tick_seconds = (double)SESSION_TICK_NS / 1e9;
	const struct vip *vip = NULL;

	for (unsigned int i = 0; i < services_count(c->services) && !vip; i++) {
		if (services_get(c->services, i)->slot == s->vip_slot)
			vip = services_get(c->services, i);
	}
	return json_pack("{s:s, s:o, s:i, s:o, s:i, s:o, s:i, s:o, s:i, s:s, s:s, s:f, s:b}", "vip",
		vip ? vip->name : "", "client_address", address_text(s->client), "client_port",
		s->client_port, "vip_address", address_text(s->vip), "vip_port", s->vip_port,
		"local_address", address_text(s->local), "local_port", s->local_port,
		"backend_address", address_text(s->backend), "backend_port", s->backend_port,
		"protocol", s->protocol == PROTOCOL_TCP ? "tcp" : "udp", "state",
		session_state_name(s->state), "age_seconds",
		(double)(tick - s->created_tick) * tick_seconds, "probe",
		(s->flags & SESSION_MARKED) != 0);
}

static bool fetch_sample(struct session_sample *sample)
{
	const struct timespec step = {.tv_nsec = SAMPLE_STEP_NS};
	uint32_t ticket = atomic_load(&sample->wanted) + 1;

	atomic_store_explicit(&sample->wanted, ticket, memory_order_release);
	for (int i = 0; i < SAMPLE_STEPS; i++) {
		if (atomic_load_explicit(&sample->served, memory_order_acquire) == ticket)
			return true;
		nanosleep(&step, NULL);
	}
	return false;
}

static json_t *answer_sessions(struct commands *c, const json_t *request)
{
	struct node_totals t = heartbeat_totals(c->heartbeat);
	const char *name = text_of(request, "vip");
	const struct vip *only = name ? services_find(c->services, name) : NULL;
	json_t *sample;

	if (name && !only)
		return refuse("vip: no VIP '%.60s'", name);
	sample = json_array();
	for (unsigned int i = 0; i < c->node->worker_count; i++) {
		struct session_sample *from = &c->node->workers[i]->sample;

		if (!fetch_sample(from))
			continue;
		for (uint32_t n = 0; n < from->count; n++) {
			const struct session *s = &from->sessions[n];

			if (!only || s->vip_slot == only->slot)
				json_array_append_new(sample, session_json(c, s, from->tick));
		}
	}
	return json_pack("{s:b, s:I, s:I, s:o}", "ok", 1, "count",
		(json_int_t)(only ? heartbeat_vip_sessions(c->heartbeat, only) : t.node.sessions),
		"capacity", (json_int_t)t.node.session_capacity, "sample", sample);
}

static json_t *answer_state(struct commands *c, const json_t *request)
{
	const char *state = text_of(request, "state");

	if (strcmp(state, "READY") != 0 && strcmp(state, "DRAINING") != 0)
		return refuse("state: '%.60s' is not READY or DRAINING", state);
	atomic_store(&c->node->state, state[0] == 'R' ? NODE_READY : NODE_DRAINING);
	return json_pack("{s:b, s:s, s:I}", "ok", 1, "state", state, "config_version",
		(json_int_t)services_version(c->services));
}

#define MAX_ARGUMENTS 2

// An argument's value is a string, except that "vip" may be an object.
static const struct command {
	const char *name;
	json_t *(*answer)(struct commands *commands, const json_t *request);
	const char *arguments[MAX_ARGUMENTS];
	json_type type;
	const char *optional; // an argument that may be missing
} table[] = {
	{"status", answer_status, {NULL}, JSON_STRING, NULL},
	{"vip-list", answer_vip_list, {NULL}, JSON_STRING, NULL},
	{"vip-add", answer_vip_add, {"vip"}, JSON_OBJECT, NULL},
	{"vip-set", answer_vip_set, {"vip"}, JSON_OBJECT, NULL},
	{"vip-remove", answer_vip_remove, {"name"}, JSON_STRING, NULL},
	{"vip-enable", answer_vip_enable, {"name"}, JSON_STRING, NULL},
	{"vip-disable", answer_vip_disable, {"name"}, JSON_STRING, NULL},
	{"backend-enable", answer_backend_enable, {"vip", "backend"}, JSON_STRING, NULL},
	{"backend-disable", answer_backend_disable, {"vip", "backend"}, JSON_STRING, NULL},
	{"counters", answer_counters, {NULL}, JSON_STRING, NULL},
	{"sessions", answer_sessions, {NULL}, JSON_STRING, "vip"},
	{"state", answer_state, {"state"}, JSON_STRING, NULL},
};

static json_t *check_arguments(const struct command *command, const json_t *request)
{
	const char *key;
	json_t *value;

	for (int i = 0; i < MAX_ARGUMENTS && command->arguments[i]; i++) {
		const json_t *argument = json_object_get(request, command->arguments[i]);

		if (!argument)
			return refuse("%s: is missing", command->arguments[i]);
		if (json_typeof(argument) != command->type)
			return refuse("%s: is not %s", command->arguments[i],
				command->type == JSON_STRING ? "a string" : "an object");
	}
	json_object_foreach((json_t *)request, key, value)
	{
		bool known = strcmp(key, "command") == 0 ||
			     (command->optional && strcmp(key, command->optional) == 0 &&
				     json_is_string(value));

		for (int i = 0; i < MAX_ARGUMENTS && command->arguments[i]; i++)
			known = known || strcmp(key, command->arguments[i]) == 0;
		if (!known)
			return refuse("%.60s: unknown key", key);
	}
	return NULL;
}

static json_t *answer(struct commands *c, const json_t *request)
{
	const char *name = json_is_object(request) ? text_of(request, "command") : NULL;

	if (!name)
		return refuse("command: is missing");
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		json_t *complaint;

		if (strcmp(table[i].name, name) != 0)
			continue;
		complaint = check_arguments(&table[i], request);
		return complaint ? complaint : table[i].answer(c, request);
	}
	return refuse("command: '%.60s' is unknown", name);
}

char *commands_answer(struct commands *c, const char *line, size_t len)
{
	json_error_t where;
	json_t *request = json_loadb(line, len, JSON_REJECT_DUPLICATES, &where);
	json_t *reply = request ? answer(c, request)
				: refuse("not JSON: column %d: %s", where.column, where.text);
	char *text = reply ? json_dumps(reply, JSON_COMPACT) : NULL;

	json_decref(request);
	json_decref(reply);
	return text;
}
