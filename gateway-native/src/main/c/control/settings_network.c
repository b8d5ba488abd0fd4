// SPDX-License-Identifier: Apache-2.0
//
// Ports, local addresses, neighbours and tunnels of the configuration.
#include "parse_value.h"
#include "settings_raw.h"

#include "../packet/ndp.h"

#include <stdio.h>
#include <string.h>

#define KEY(name) check_key(key, prefix, name)

// One family of a port. names: of the keys of its address and its gateway.
static bool check_link(struct check *check, const char *prefix, const char *const names[2],
	const char *address, const char *gateway, bool v6, struct node_link *link,
	unsigned int *bits)
{
	char key[CHECK_KEY_BYTES];

	if (gateway && !address)
		return check_fail(check, "%s: %s needs %s", KEY(names[1]), gateway, names[0]);
	if (!address)
		return true;
	if (!check_prefix(check, KEY(names[0]), address, &link->address, bits))
		return false;
	if (ip_is_v4(&link->address) == v6)
		return check_fail(
			check, "%s: %s is not an %s address", key, address, v6 ? "IPv6" : "IPv4");
	link->mask = prefix_mask(&link->address, *bits);
	if (!gateway)
		return true;
	if (!check_address(check, KEY(names[1]), gateway, &link->gateway))
		return false;
	if (!ip_in_prefix(&link->gateway, &link->address, &link->mask) &&
		!ip_is_link_local(&link->gateway))
		return check_fail(check, "%s: %s is not within %s", key, gateway, address);
	if (ip_equal(&link->gateway, &link->address))
		return check_fail(check, "%s: %s is the port's own address", key, gateway);
	return true;
}

static bool check_port(struct check *check, const struct raw_port *raw, const char *prefix,
	struct settings_port *port)
{
	static const char *const v4[2] = {"address", "gateway"};
	static const char *const v6[2] = {"address6", "gateway6"};
	uint64_t vlan = 0, mtu = 0;
	char key[CHECK_KEY_BYTES];

	if (!check_name(check, KEY("name"), raw->name, port->name, sizeof(port->name)))
		return false;
	if (!raw->address && !raw->address6)
		return check_fail(check, "%s: is missing (or address6)", KEY("address"));
	if (!check_link(check, prefix, v4, raw->address, raw->gateway, false, &port->v4,
		    &port->v4_bits) ||
		!check_link(check, prefix, v6, raw->address6, raw->gateway6, true, &port->v6,
			&port->v6_bits) ||
		!check_number(check, KEY("vlan"), raw->vlan, 0, 4094, &vlan) ||
		!check_number(check, KEY("mtu"), raw->mtu,
			raw->address6 ? SETTINGS_MIN_MTU6 : SETTINGS_MIN_MTU, SETTINGS_MAX_MTU,
			&mtu))
		return false;
	port->vlan = (uint16_t)vlan;
	port->mtu = (uint16_t)mtu;
	return true;
}

static bool one_gateway(
	struct check *check, const char *name, const char *gateway, unsigned int i, int *first)
{
	if (gateway && *first >= 0)
		return check_fail(check,
			"ports[%u].%s: %s is a second one beside ports[%d]'s; one is the limit", i,
			name, gateway, *first);
	if (gateway)
		*first = (int)i;
	return true;
}

static bool check_ports(struct check *check, const struct raw_settings *raw, struct settings *s)
{
	int v4 = -1, v6 = -1;

	s->port_count = raw->ports_count;
	for (unsigned int i = 0; i < raw->ports_count; i++) {
		char prefix[32];

		snprintf(prefix, sizeof(prefix), "ports[%u]", i);
		if (!check_port(check, &raw->ports[i], prefix, &s->ports[i]) ||
			!one_gateway(check, "gateway", raw->ports[i].gateway, i, &v4) ||
			!one_gateway(check, "gateway6", raw->ports[i].gateway6, i, &v6))
			return false;
	}
	return true;
}

static bool check_local_ports(
	struct check *check, const struct raw_local_ports *raw, struct settings *s)
{
	uint64_t first = s->first_local_port, last = s->last_local_port;

	if (!raw)
		return true;
	if (!check_number(check, "local_ports.first", raw->first, 1, 65535, &first) ||
		!check_number(check, "local_ports.last", raw->last, first, 65535, &last))
		return false;
	if (last - first + 1 < s->workers)
		return check_fail(check,
			"local_ports.last: %s leaves fewer ports than the %u workers need, one "
			"each",
			raw->last, s->workers);
	s->first_local_port = (uint16_t)first;
	s->last_local_port = (uint16_t)last;
	return true;
}

static bool check_locals(struct check *check, const struct raw_settings *raw, struct settings *s)
{
	s->local_count = raw->local_addresses_count;
	for (unsigned int i = 0; i < s->local_count; i++) {
		char key[40];

		snprintf(key, sizeof(key), "local_addresses[%u]", i);
		if (!check_address(check, key, raw->local_addresses[i], &s->local_addresses[i]))
			return false;
		for (unsigned int j = 0; j < i; j++) {
			if (ip_equal(&s->local_addresses[i], &s->local_addresses[j]))
				return check_fail(check, "%s: %s stands there twice", key,
					raw->local_addresses[i]);
		}
	}
	return check_local_ports(check, raw->local_ports, s);
}

static bool check_neighbours(
	struct check *check, const struct raw_settings *raw, struct settings *s)
{
	s->neighbour_count = raw->neighbours_count;
	for (unsigned int i = 0; i < s->neighbour_count; i++) {
		char key[40];

		snprintf(key, sizeof(key), "neighbours[%u].address", i);
		if (!check_address(
			    check, key, raw->neighbours[i].address, &s->neighbours[i].address))
			return false;
		snprintf(key, sizeof(key), "neighbours[%u].mac", i);
		if (!check_mac(check, key, raw->neighbours[i].mac, s->neighbours[i].mac))
			return false;
	}
	return true;
}

#define DEFAULT_TTL 64
#define MAX_VNI 0xffffffu

static const uint8_t default_inner_mac[6] = {0x02, 0, 0, 0, 0, 0x01};

static bool check_tunnel_id(
	struct check *check, const struct raw_tunnel *raw, const char *key, struct tunnel *tunnel)
{
	uint64_t id = 0;

	if (tunnel->kind == TUNNEL_VXLAN && !raw->id)
		return check_fail(check, "%s: is missing (the VNI)", key);
	if (raw->id && tunnel->kind != TUNNEL_VXLAN && tunnel->kind != TUNNEL_GRE)
		return check_fail(check, "%s: %s: %s has none", key, raw->id, raw->kind);
	if (!check_number(check, key, raw->id, 0,
		    tunnel->kind == TUNNEL_VXLAN ? MAX_VNI : UINT32_MAX, &id))
		return false;
	tunnel->id = (uint32_t)id;
	tunnel->has_id = raw->id != NULL;
	return true;
}

bool raw_tunnel_check(struct check *check, const struct raw_tunnel *raw, const char *prefix,
	struct tunnel *tunnel)
{
	static const char *const kinds[] = {"ipip", "gre", "gue", "vxlan"};
	uint64_t port = 0;
	unsigned int kind = 0;
	char key[CHECK_KEY_BYTES];

	if (!check_word(check, KEY("kind"), raw->kind, kinds, 4, &kind) ||
		!check_address(check, KEY("local"), raw->local, &tunnel->local))
		return false;
	tunnel->kind = (uint8_t)(TUNNEL_IPIP + kind);
	tunnel->ttl = DEFAULT_TTL;
	memcpy(tunnel->inner_mac, default_inner_mac, sizeof(tunnel->inner_mac));
	if (!check_tunnel_id(check, raw, KEY("id"), tunnel) ||
		!check_number(check, KEY("port"), raw->port, 1, 65535, &port))
		return false;
	if (raw->port && tunnel->kind != TUNNEL_GUE && tunnel->kind != TUNNEL_VXLAN)
		return check_fail(check, "%s: %s: %s has none", key, raw->port, raw->kind);
	if (tunnel->kind == TUNNEL_GUE)
		tunnel->port = port ? (uint16_t)port : TUNNEL_GUE_PORT;
	if (tunnel->kind == TUNNEL_VXLAN)
		tunnel->port = port ? (uint16_t)port : TUNNEL_VXLAN_PORT;
	if (raw->inner_mac && tunnel->kind != TUNNEL_VXLAN)
		return check_fail(
			check, "%s: %s: %s has none", KEY("inner_mac"), raw->inner_mac, raw->kind);
	return !raw->inner_mac ||
	       check_mac(check, KEY("inner_mac"), raw->inner_mac, tunnel->inner_mac);
}

// Packets are taken on one UDP port of each kind.
static bool check_tunnel_port(struct check *check, const char *prefix, const struct tunnel *tunnel,
	enum tunnel_kind kind, uint16_t *taken)
{
	if (tunnel->kind != kind)
		return true;
	if (*taken && *taken != tunnel->port)
		return check_fail(check, "%s.port: %u differs from the %u of another %s tunnel",
			prefix, tunnel->port, *taken, tunnel_kind_name(kind));
	*taken = tunnel->port;
	return true;
}

static bool check_tunnel(struct check *check, const struct raw_tunnel *raw, const char *prefix,
	struct settings *s, struct settings_tunnel *out)
{
	struct tunnel *tunnel = &out->tunnel;
	char key[CHECK_KEY_BYTES];

	if (!check_name(check, KEY("name"), raw->name, out->name, sizeof(out->name)) ||
		!raw_tunnel_check(check, raw, prefix, tunnel) ||
		(raw->remote && !check_address(check, KEY("remote"), raw->remote, &tunnel->remote)))
		return false;
	if (raw->remote && ip_is_v4(&tunnel->remote) != ip_is_v4(&tunnel->local))
		return check_fail(check, "%s: %s and local %s are not of one family", key,
			raw->remote, raw->local);
	for (unsigned int i = 0; i < s->tunnel_count; i++) {
		if (strcmp(s->tunnels[i].name, out->name) == 0)
			return check_fail(check, "%s: '%s' is taken by tunnels[%u]", KEY("name"),
				out->name, i);
	}
	return check_tunnel_port(check, prefix, tunnel, TUNNEL_GUE, &s->gue_port) &&
	       check_tunnel_port(check, prefix, tunnel, TUNNEL_VXLAN, &s->vxlan_port);
}

static bool check_tunnels(struct check *check, const struct raw_settings *raw, struct settings *s)
{
	for (unsigned int i = 0; i < raw->tunnels_count; i++) {
		char prefix[32];

		snprintf(prefix, sizeof(prefix), "tunnels[%u]", i);
		if (!check_tunnel(check, &raw->tunnels[i], prefix, s, &s->tunnels[i]))
			return false;
		s->tunnel_count = i + 1;
	}
	return true;
}

bool check_network(struct check *check, const struct raw_settings *raw, struct settings *s)
{
	return check_ports(check, raw, s) && check_locals(check, raw, s) &&
	       check_neighbours(check, raw, s) && check_tunnels(check, raw, s);
}
