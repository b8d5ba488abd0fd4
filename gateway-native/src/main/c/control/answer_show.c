// SPDX-License-Identifier: Apache-2.0
//
// What the node is and does, over the control socket.
#include "answers.h"
#include "parse_value.h"
#include "vip_json.h"

#include "../datapath/worker.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

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

static json_t *port_json(const struct node_port *p, const char *name)
{
	json_t *json;
	char mac[18];

	snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", p->mac[0], p->mac[1], p->mac[2],
		p->mac[3], p->mac[4], p->mac[5]);
	json = json_pack("{s:s, s:i, s:s, s:i, s:i, s:i, s:i}", "name", name, "dpdk_port", p->id,
		"mac", mac, "mtu", p->mtu, "rx_queues", p->rx_queues, "tx_queues", p->tx_queues,
		"vlan", p->vlan);
	if (ip_is_set(&p->v4.address))
		json_object_set_new(json, "address", address_json(&p->v4.address));
	if (ip_is_set(&p->v6.address))
		json_object_set_new(json, "address6", address_json(&p->v6.address));
	return json;
}

static json_t *ports_json(const struct commands *c)
{
	json_t *ports = json_array();

	for (unsigned int i = 0; i < c->node->port_count; i++)
		json_array_append_new(
			ports, port_json(&c->node->ports[i], c->settings->ports[i].name));
	return ports;
}

static bool next_hop_answers(const struct node *node)
{
	bool answers = true;

	for (unsigned int i = 0; i < node->worker_count; i++)
		answers = answers && atomic_load(&node->workers[i]->next_hop_reachable);
	return answers;
}

json_t *answer_status(struct commands *c, const struct raw_request *request)
{
	struct node_totals t = heartbeat_totals(c->heartbeat);
	struct timespec now;
	json_t *json;

	(void)request;
	clock_gettime(CLOCK_REALTIME, &now);
	json = json_pack("{s:b, s:s, s:s, s:s, s:I, s:i, s:I, s:I, s:s, s:i, s:i, s:i, s:I, s:I, "
			 "s:I, s:I, s:b}",
		"ok", 1, "node", c->settings->node, "tier", dt_tier_name(c->settings->tier),
		"state", state_name(atomic_load(&c->node->state)), "config_version",
		(json_int_t)heartbeat_version(c->heartbeat), "pid", (int)getpid(), "boot_id",
		(json_int_t)c->boot_id, "uptime_seconds",
		(json_int_t)now.tv_sec - (json_int_t)(c->boot_id / 1000000000ull), "telemetry_file",
		c->telemetry_path, "workers", (int)node_owners(c->node), "dispatchers",
		(int)c->node->dispatcher_count, "vips", (int)services_count(c->services),
		"blacklist_entries", (json_int_t)blacklist_count(c->blacklist), "sessions",
		(json_int_t)t.node.sessions, "session_capacity",
		(json_int_t)t.node.session_capacity, "session_limit",
		(json_int_t)atomic_load(&c->node->session_limit), "next_hop_reachable",
		next_hop_answers(c->node));
	if (c->eips) {
		json_object_set_new(json, "eips", json_integer(eips_count(c->eips)));
		json_object_set_new(json, "eip_capacity", json_integer(c->settings->eip_capacity));
	}
	json_object_set_new(json, "ports", ports_json(c));
	return json;
}

json_t *answer_state(struct commands *c, const struct raw_request *request)
{
	const char *state = request->state;

	if (strcmp(state, "READY") != 0 && strcmp(state, "DRAINING") != 0)
		return refuse("state: '%.60s' is not READY or DRAINING", state);
	atomic_store(&c->node->state, state[0] == 'R' ? NODE_READY : NODE_DRAINING);
	return json_pack("{s:b, s:s, s:I}", "ok", 1, "state", state, "config_version",
		(json_int_t)heartbeat_version(c->heartbeat));
}

json_t *answer_node_limits_set(struct commands *c, const struct raw_request *request)
{
	char error[SETTINGS_ERROR_BYTES];
	struct check check = {.error = error, .error_bytes = sizeof(error)};
	uint64_t limit = 0;
	bool ok =
		raw_session_limit_check(&check, request->sessions, c->settings, "sessions", &limit);

	if (ok)
		atomic_store(&c->node->session_limit, limit);
	return outcome_of_change(c, ok, error);
}

json_t *answer_counters(struct commands *c, const struct raw_request *request)
{
	(void)request;
	return accept_with("counters", heartbeat_json(c->heartbeat));
}

json_t *answer_workers(struct commands *c, const struct raw_request *request)
{
	(void)request;
	return accept_with("workers", heartbeat_workers_json(c->heartbeat));
}

json_t *answer_rings(struct commands *c, const struct raw_request *request)
{
	(void)request;
	return accept_with("rings", heartbeat_rings_json(c->heartbeat));
}

json_t *answer_drops(struct commands *c, const struct raw_request *request)
{
	json_t *drops = heartbeat_drops_json(c->heartbeat, request->vip_name);

	return drops ? accept_with("drops", drops)
		     : refuse("vip: no VIP or EIP '%.60s'", request->vip_name);
}

json_t *answer_tunnels(struct commands *c, const struct raw_request *request)
{
	json_t *tunnels = json_array();

	(void)request;
	for (unsigned int i = 0; i < c->settings->tunnel_count; i++)
		json_array_append_new(tunnels, tunnel_json(&c->settings->tunnels[i]));
	return accept_with("tunnels", tunnels);
}
