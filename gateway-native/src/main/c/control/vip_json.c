// SPDX-License-Identifier: Apache-2.0
#include "vip_json.h"

#include "parse_value.h"

#include "../packet/parse.h"

#include <inttypes.h>
#include <stdio.h>

json_t *address_json(const struct ip_address *address)
{
	char text[IP_ADDRESS_TEXT_BYTES];

	return json_string(ip_text(address, text));
}

json_t *prefix_json(const struct ip_address *prefix, unsigned int bits)
{
	char text[IP_ADDRESS_TEXT_BYTES];

	return json_sprintf("%s/%u", ip_text(prefix, text), bits);
}

json_t *duration_json(uint64_t ns)
{
	char text[DURATION_TEXT_BYTES];

	return json_string(ns ? duration_text(ns, text) : "0s");
}

json_t *hex_json(const uint8_t *bytes, size_t len, bool secrets)
{
	char text[2 * 32 + 1] = "";

	if (!secrets)
		return json_string(SECRET_TEXT);
	for (size_t i = 0; i < len && i < 32; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	return json_string(text);
}

const char *protocol_name(uint8_t protocol)
{
	switch (protocol) {
	case PROTOCOL_TCP:
		return "tcp";
	case PROTOCOL_UDP:
		return "udp";
	case PROTOCOL_SCTP:
		return "sctp";
	default:
		return "other";
	}
}

static const char *mode_name(uint8_t mode)
{
	static const char *const names[] = {"full-nat", "dnat", "tunnel"};

	return names[mode];
}

static const char *scheduler_name(uint8_t scheduler)
{
	static const char *const names[] = {"maglev", "round-robin", "least-connections"};

	return names[scheduler];
}

static json_t *server_id_json(const struct quic_server_id *id)
{
	char text[2 + 2 * QUIC_MAX_SERVER_ID_BYTES + 1] = "0x";

	for (unsigned int i = 0; i < id->len; i++)
		snprintf(text + 2 + (size_t)2 * i, 3, "%02x", id->bytes[i]);
	return json_string(text);
}

static json_t *backend_json(const struct backend *b)
{
	json_t *json = json_pack("{s:s, s:o, s:i, s:i, s:b, s:b}", "name", b->name, "address",
		address_json(&b->address), "port", b->port, "weight", b->weight, "enabled",
		b->enabled, "draining", b->draining);

	if (b->server_id.len)
		json_object_set_new(json, "server_id", server_id_json(&b->server_id));
	return json;
}

// The rest of a tunnel, behind its name.
static void add_tunnel(json_t *json, const struct tunnel *t)
{
	char mac[18];

	json_object_set_new(json, "kind", json_string(tunnel_kind_name(t->kind)));
	json_object_set_new(json, "local", address_json(&t->local));
	if (ip_is_set(&t->remote))
		json_object_set_new(json, "remote", address_json(&t->remote));
	if (t->has_id)
		json_object_set_new(json, "id", json_integer(t->id));
	if (t->port)
		json_object_set_new(json, "port", json_integer(t->port));
	if (t->kind != TUNNEL_VXLAN)
		return;
	snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", t->inner_mac[0],
		t->inner_mac[1], t->inner_mac[2], t->inner_mac[3], t->inner_mac[4],
		t->inner_mac[5]);
	json_object_set_new(json, "inner_mac", json_string(mac));
}

json_t *tunnel_json(const struct settings_tunnel *tunnel)
{
	json_t *json = json_pack("{s:s}", "name", tunnel->name);

	add_tunnel(json, &tunnel->tunnel);
	return json;
}

static json_t *quic_json(const struct quic_config *quic, bool secrets)
{
	bool katran = quic->layout == QUIC_LAYOUT_KATRAN;
	json_t *json = json_pack("{s:s}", "layout", katran ? "katran" : "quic-lb");
	json_t *configs = json_array();

	for (int i = 0; i < QUIC_LB_CONFIGS; i++) {
		const struct quic_lb_config *c = &quic->lb[i];
		json_t *config;

		if (!c->used)
			continue;
		config = json_pack("{s:i, s:i, s:i}", "id", i, "server_id_bytes",
			c->server_id_bytes, "nonce_bytes", c->nonce_bytes);
		if (c->encrypted) // the first round's key is the key
			json_object_set_new(config, "key", hex_json(c->round_keys, 16, secrets));
		json_array_append_new(configs, config);
	}
	if (katran)
		json_decref(configs);
	else
		json_object_set_new(json, "configs", configs);
	return json;
}

json_t *vip_json(const struct vip *vip, bool secrets)
{
	json_t *backends = json_array(), *json, *tunnel;

	for (uint32_t i = 0; i < vip->backend_count; i++)
		json_array_append_new(backends, backend_json(&vip->backends[i]));
	json = json_pack("{s:s, s:o, s:i, s:s, s:b, s:s, s:s, s:b, s:i, s:o, s:I, s:{s:I, s:I, "
			 "s:I}}",
		"name", vip->name, "address", address_json(&vip->address), "port", vip->port,
		"protocol", protocol_name(vip->protocol), "enabled", vip->enabled, "mode",
		mode_name(vip->mode), "scheduler", scheduler_name(vip->scheduler), "toa", vip->toa,
		"mss_clamp", vip->mss_clamp, "slow_start", duration_json(vip->slow_start_ns),
		"new_connection_limit", (json_int_t)vip->limits.new_connections_per_second,
		"limits", "packets_per_second", (json_int_t)vip->limits.packets_per_second,
		"bits_per_second", (json_int_t)vip->limits.bits_per_second, "sessions",
		(json_int_t)vip->limits.sessions);
	if (vip->mode == VIP_TUNNEL) {
		tunnel = json_object();
		add_tunnel(tunnel, &vip->tunnel);
		json_object_set_new(json, "tunnel", tunnel);
	}
	if (vip->quic)
		json_object_set_new(json, "quic", quic_json(vip->quic, secrets));
	json_object_set_new(json, "backends", backends);
	return json;
}

json_t *eip_json(const struct settings *settings, const struct settings_eip *eip)
{
	json_t *json = json_object();

	if (eip->name[0])
		json_object_set_new(json, "name", json_string(eip->name));
	json_object_set_new(json, "public", address_json(&eip->public_address));
	json_object_set_new(json, "private", address_json(&eip->private_address));
	if (eip->tunnel)
		json_object_set_new(
			json, "tunnel", json_string(settings->tunnels[eip->tunnel - 1].name));
	json_object_set_new(json, "enabled", json_boolean(eip->enabled));
	return json;
}

json_t *blacklist_entry_json(
	const struct ip_address *prefix, unsigned int bits, uint64_t expires_ns, uint64_t now_ns)
{
	json_t *json = json_pack("{s:o}", "prefix", prefix_json(prefix, bits));
	uint64_t left = expires_ns > now_ns ? expires_ns - now_ns : 0;

	if (expires_ns) // in whole seconds, and one that is about to run out has a last one
		json_object_set_new(json, "expires_after",
			json_sprintf("%" PRIu64 "s", left < 1000000000 ? 1 : left / 1000000000));
	return json;
}
