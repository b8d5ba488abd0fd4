// SPDX-License-Identifier: Apache-2.0
//
// The running configuration as one document: what a configuration file with all its defaults
// written out would say.
#include "answers.h"
#include "parse_value.h"
#include "vip_json.h"

#include <stdio.h>
#include <string.h>

#define MAX_ENTRIES 10000 // of EIPs and of the blacklist; the lists have pages

static json_t *link_port_json(const struct settings_port *p)
{
	json_t *json = json_pack("{s:s}", "name", p->name);

	if (ip_is_set(&p->v4.address))
		json_object_set_new(json, "address", prefix_json(&p->v4.address, p->v4_bits));
	if (ip_is_set(&p->v4.gateway))
		json_object_set_new(json, "gateway", address_json(&p->v4.gateway));
	if (ip_is_set(&p->v6.address))
		json_object_set_new(json, "address6", prefix_json(&p->v6.address, p->v6_bits));
	if (ip_is_set(&p->v6.gateway))
		json_object_set_new(json, "gateway6", address_json(&p->v6.gateway));
	json_object_set_new(json, "vlan", json_integer(p->vlan));
	if (p->mtu)
		json_object_set_new(json, "mtu", json_integer(p->mtu));
	return json;
}

static json_t *neighbour_json(const struct settings_neighbour *n)
{
	return json_pack("{s:o, s:o}", "address", address_json(&n->address), "mac",
		json_sprintf("%02x:%02x:%02x:%02x:%02x:%02x", n->mac[0], n->mac[1], n->mac[2],
			n->mac[3], n->mac[4], n->mac[5]));
}

static void add_network(json_t *json, const struct settings *s)
{
	json_t *ports = json_array(), *locals = json_array(), *neighbours = json_array(),
	       *tunnels = json_array();

	for (unsigned int i = 0; i < s->port_count; i++)
		json_array_append_new(ports, link_port_json(&s->ports[i]));
	for (unsigned int i = 0; i < s->local_count; i++)
		json_array_append_new(locals, address_json(&s->local_addresses[i]));
	for (unsigned int i = 0; i < s->neighbour_count; i++)
		json_array_append_new(neighbours, neighbour_json(&s->neighbours[i]));
	for (unsigned int i = 0; i < s->tunnel_count; i++)
		json_array_append_new(tunnels, tunnel_json(&s->tunnels[i]));
	json_object_set_new(json, "ports", ports);
	json_object_set_new(json, "local_addresses", locals);
	json_object_set_new(json, "local_ports",
		json_pack("{s:i, s:i}", "first", s->first_local_port, "last", s->last_local_port));
	json_object_set_new(json, "neighbours", neighbours);
	json_object_set_new(json, "tunnels", tunnels);
}

static json_t *sessions_json(const struct commands *c)
{
	const struct settings *s = c->settings;
	json_t *json = json_pack("{s:I, s:I}", "capacity", (json_int_t)s->session_capacity, "limit",
		(json_int_t)atomic_load(&c->node->session_limit));

	for (int class = 0; class < SESSION_CLASSES; class ++)
		json_object_set_new(
			json, raw_timeout_keys[class], duration_json(s->session_timeout_ns[class]));
	return json;
}

static json_t *telemetry_json(const struct settings *s)
{
	return json_pack("{s:s, s:I, s:f, s:I}", "directory", s->telemetry_directory,
		"ring_records", (json_int_t)s->ring_records, "drop_sample_share",
		s->drop_sample_share, "stamp_rate_limit", (json_int_t)s->stamp_rate_limit);
}

static json_t *prober_json(const struct dt_colour_prober_config *p)
{
	struct ip_address prefix;
	uint32_t v4;

	memcpy(&v4, p->prefix, sizeof(v4));
	prefix = p->address_len == 4 ? ip_from_v4(v4) : ip_load_v6(p->prefix);
	return json_pack("{s:i, s:o}", "id", p->id, "prefix", prefix_json(&prefix, p->prefix_bits));
}

static json_t *colour_json(const struct settings *s, bool secrets)
{
	json_t *keys = json_array(), *probers = json_array();

	for (unsigned int i = 0; i < s->key_count; i++)
		json_array_append_new(
			keys, json_pack("{s:i, s:o}", "id", s->keys[i].id, "hex",
				      hex_json(s->keys[i].bytes, DT_SIPHASH_KEY_BYTES, secrets)));
	for (unsigned int i = 0; i < s->prober_count; i++)
		json_array_append_new(probers, prober_json(&s->probers[i]));
	return json_pack(
		"{s:b, s:o, s:o}", "erase", s->erase_colour, "keys", keys, "probers", probers);
}

static json_t *head_json(const struct commands *c)
{
	const struct settings *s = c->settings;

	return json_pack("{s:I, s:s, s:s, s:i, s:i, s:o, s:b, s:i, s:b, s:s}", "version",
		(json_int_t)heartbeat_version(c->heartbeat), "node", s->node, "tier",
		s->tier == DT_TIER_EIP ? "eip" : "clb", "workers", (int)s->workers, "dispatchers",
		(int)s->dispatchers, "idle_sleep", duration_json(s->idle_sleep_ns), "realtime",
		s->realtime, "realtime_priority", s->realtime_priority, "verify_checksums",
		s->verify_checksums, "control_socket", s->control_socket);
}

static void add_eips(json_t *json, const struct commands *c, json_t *left_out)
{
	json_t *eips = json_array();
	struct settings_eip eip;
	uint32_t cursor = 0;

	json_object_set_new(json, "eip_capacity", json_integer(c->settings->eip_capacity));
	if (eips_count(c->eips) > MAX_ENTRIES)
		json_array_append_new(left_out, json_string("eips"));
	else
		while (eips_next(c->eips, &cursor, &eip))
			json_array_append_new(eips, eip_json(c->settings, &eip));
	json_object_set_new(json, "eips", eips);
}

static void add_blacklist(json_t *json, const struct commands *c, json_t *left_out)
{
	uint64_t now_ns = c->node->clock(c->node->clock_context).mono_ns;
	json_t *entries = json_array();
	struct blacklist_entry e;
	uint32_t cursor = 0;

	json_object_set_new(
		json, "blacklist_capacity", json_integer(c->settings->blacklist_capacity));
	if (blacklist_count(c->blacklist) > MAX_ENTRIES)
		json_array_append_new(left_out, json_string("blacklist"));
	else
		while (blacklist_next(c->blacklist, &cursor, &e))
			json_array_append_new(
				entries, blacklist_entry_json(
						 &e.prefix, e.prefix_bits, e.expires_ns, now_ns));
	json_object_set_new(json, "blacklist", entries);
}

json_t *answer_config(struct commands *c, const struct raw_request *request)
{
	bool secrets = request->secrets && strcmp(request->secrets, "true") == 0;
	json_t *json = head_json(c), *left_out = json_array(), *vips = json_array(), *answer;

	add_network(json, c->settings);
	json_object_set_new(json, "sessions", sessions_json(c));
	json_object_set_new(json, "telemetry", telemetry_json(c->settings));
	json_object_set_new(json, "colour", colour_json(c->settings, secrets));
	if (c->eips)
		add_eips(json, c, left_out);
	add_blacklist(json, c, left_out);
	for (unsigned int i = 0; i < services_count(c->services); i++)
		json_array_append_new(vips, vip_json(services_get(c->services, i), secrets));
	json_object_set_new(json, "vips", vips);
	answer = json_pack("{s:b, s:I, s:o}", "ok", 1, "config_version",
		(json_int_t)heartbeat_version(c->heartbeat), "config", json);
	if (json_array_size(left_out) > 0)
		json_object_set(answer, "left_out", left_out);
	json_decref(left_out);
	return answer;
}
