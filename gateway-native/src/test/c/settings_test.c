// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "../../main/c/control/settings.h"
#include "../../main/c/packet/parse.h"
#include "../../main/c/telemetry/registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// With places to put other lines into.
static const char pattern[] = "version: 3\n"
			      "node: %s\n"
			      "tier: clb\n"
			      "%s\n"
			      "ports:\n"
			      "  - {name: port0, address: 198.18.21.2/24, gateway: %s}\n"
			      "local_addresses: [198.18.21.16]\n"
			      "control_socket: /run/dyetrace/gw-1.sock\n"
			      "telemetry: {directory: /run/dyetrace/telemetry}\n"
			      "vips:\n"
			      "  - name: vip-web\n"
			      "    address: 198.19.0.1\n"
			      "    port: %s\n"
			      "    protocol: tcp\n"
			      "    backends:\n"
			      "      - {name: rs-1-web, address: 198.18.31.2, port: 80%s}\n";

struct lines {
	const char *node;
	const char *top;
	const char *gateway;
	const char *port;
	const char *backend;
};

static struct settings *parse(struct lines l, char *error)
{
	char yaml[4096];

	snprintf(yaml, sizeof(yaml), pattern, l.node ? l.node : "gw-1",
		l.top ? l.top : "workers: 1", l.gateway ? l.gateway : "198.18.21.1",
		l.port ? l.port : "80", l.backend ? l.backend : "");
	error[0] = '\0';
	return settings_parse("gateway.yaml", yaml, strlen(yaml), error);
}

static void expect_address(const struct ip_address *address, const char *text)
{
	char found[IP_ADDRESS_TEXT_BYTES];

	assert_string_equal(ip_text(address, found), text);
}

static void should_read_what_stands_there_and_default_the_rest(void **state)
{
	char error[SETTINGS_ERROR_BYTES];
	struct settings *s = parse((struct lines){.node = NULL}, error);

	(void)state;
	assert_non_null(s);
	assert_int_equal(s->version, 3);
	assert_string_equal(s->node, "gw-1");
	assert_int_equal(s->tier, DT_TIER_CLB);
	assert_int_equal(s->workers, 1);
	assert_int_equal(s->idle_sleep_ns, 200000);
	assert_false(s->realtime);
	assert_int_equal(s->realtime_priority, 10);
	assert_int_equal(s->dispatchers, 0);
	expect_address(&s->ports[0].v4.address, "198.18.21.2");
	expect_address(&s->ports[0].v4.gateway, "198.18.21.1");
	assert_int_equal(s->ports[0].v4_bits, 24);
	assert_false(ip_is_set(&s->ports[0].v6.address));
	assert_int_equal(s->ports[0].vlan, 0);
	assert_int_equal(s->ports[0].mtu, 0);
	assert_true(s->erase_colour);
	assert_false(s->verify_checksums);
	assert_int_equal(s->eip_capacity, 65536);
	assert_int_equal(s->blacklist_capacity, 65536);
	assert_int_equal(s->session_capacity, 262144);
	assert_int_equal(s->session_limit, 0);
	assert_int_equal(s->session_timeout_ns[SESSION_CLASS_SYN], 10000000000);
	assert_int_equal(s->session_timeout_ns[SESSION_CLASS_ESTABLISHED], 900000000000);
	assert_int_equal(s->session_timeout_ns[SESSION_CLASS_CLOSING], 10000000000);
	assert_int_equal(s->session_timeout_ns[SESSION_CLASS_RESET], 2000000000);
	assert_int_equal(s->session_timeout_ns[SESSION_CLASS_UDP], 30000000000);
	assert_int_equal(s->session_timeout_ns[SESSION_CLASS_SCTP], 900000000000);
	assert_int_equal(s->session_timeout_ns[SESSION_CLASS_HALF_CLOSED], 120000000000);
	assert_int_equal(s->first_local_port, 1024);
	assert_int_equal(s->last_local_port, 65535);
	assert_int_equal(s->ring_records, 65536);
	assert_true(s->drop_sample_share == 0.01);
	assert_int_equal(s->stamp_rate_limit, 1000);
	assert_int_equal(s->vip_count, 1);
	assert_true(s->vips[0]->enabled);
	assert_int_equal(s->vips[0]->mode, VIP_FULL_NAT);
	assert_int_equal(s->vips[0]->scheduler, SCHEDULER_MAGLEV);
	assert_false(s->vips[0]->toa);
	assert_int_equal(s->vips[0]->mss_clamp, 0);
	assert_int_equal(s->vips[0]->slow_start_ns, 0);
	assert_int_equal(s->vips[0]->limits.new_connections_per_second, 0);
	assert_int_equal(s->vips[0]->limits.packets_per_second, 0);
	assert_false(s->vips[0]->backends[0].draining);
	assert_int_equal(s->vips[0]->backends[0].weight, 1);
	assert_true(s->vips[0]->backends[0].enabled);
	settings_free(s);
}

static void expect(struct lines lines, const char *complaint)
{
	char error[SETTINGS_ERROR_BYTES];
	struct settings *s = parse(lines, error);

	if (s || !strstr(error, complaint))
		fail_msg("expected '%s', got '%s'", complaint, s ? "no error" : error);
}

static void should_name_key_value_and_limit(void **state)
{
	(void)state;
	expect((struct lines){.top = "workers: 65"},
		"gateway.yaml: workers: 65 is not within 1 and 64");
	expect((struct lines){.top = "workers: -1"}, "workers: -1 is not within 1 and 64");
	expect((struct lines){.top = "workers: two"}, "workers: two is not within 1 and 64");
	expect((struct lines){.top = "idle_sleep: 200"}, "idle_sleep: 200 has no unit");
	expect((struct lines){.top = "idle_sleep: 1s"},
		"idle_sleep: 1s is not within 0ns and 100ms");
	expect((struct lines){.top = "realtime: yes"}, "realtime: yes is not true or false");
	expect((struct lines){.top = "realtime: true\nidle_sleep: 0us"},
		"idle_sleep: 0us together with realtime");
	expect((struct lines){.top = "sessions: {capacity: 3}"},
		"sessions.capacity: 3 is not within 16 and");
	expect((struct lines){.top = "workers: 2\nsessions: {capacity: 16, limit: 33}"},
		"sessions.limit: 33 is not within 0 and 32");
	expect((struct lines){.top = "workers: 2\nsessions: {limit: 1}"},
		"sessions.limit: 1 is less than one for each of 2 workers");
	expect((struct lines){.top = "sessions: {timeout_syn: 1ms}"},
		"sessions.timeout_syn: 1ms is not within 10ms and 168h");
	expect((struct lines){.top = "local_ports: {first: 5000, last: 4000}"},
		"local_ports.last: 4000 is not within 5000 and 65535");
	expect((struct lines){.top = "colour: {keys: [{id: 0, hex: 00}], probers: []}"},
		"colour.keys[0].hex: the value has not 32 hexadecimal digits");
	expect((struct lines){.top = "colour: {keys: [], probers: [{id: 1, prefix: 198.18.11.0}]}"},
		"colour.probers[0].prefix: 198.18.11.0 is not an address and a prefix length");
	expect((struct lines){.node = "a/b"}, "node: 'a/b' has a character other than");
	expect((struct lines){.gateway = "198.18.22.1"},
		"ports[0].gateway: 198.18.22.1 is not within 198.18.21.2/24");
	expect((struct lines){.port = "70000"}, "vips[0].port: 70000 is not within 1 and 65535");
	expect((struct lines){.backend = ", weight: 101"},
		"vips[0].backends[0].weight: 101 is not within 0 and 100");
	expect((struct lines){.backend =
				      "}\n      - {name: rs-1-web, address: 198.18.31.3, port: 80"},
		"vips[0].backends[1].name: 'rs-1-web' is taken by vips[0].backends[0]");
}

static void should_refuse_in_one_line(void **state)
{
	char error[SETTINGS_ERROR_BYTES];

	(void)state;
	assert_null(parse((struct lines){.port = "\"8\\n\\r\\x7f0\""}, error));
	assert_non_null(strstr(error, "vips[0].port: 8???0 "));
}

static void should_refuse_unknown_and_missing_keys(void **state)
{
	char error[SETTINGS_ERROR_BYTES];
	static const char missing[] = "version: 1\nnode: gw-1\n";

	(void)state;
	expect((struct lines){.top = "worker: 1"}, "gateway.yaml: worker: unknown key");
	expect((struct lines){.top = "\"wor\\nker\": 1"}, "gateway.yaml: wor?ker: unknown key");
	expect((struct lines){.backend = ", wait: 1"}, "vips[0].backends[0].wait: unknown key");
	expect((struct lines){.top = "sessions: {capacity: [1]}"},
		"sessions.capacity: is not an integer");
	expect((struct lines){.top = "neighbours: []\nneighbours: []"},
		"line 5: neighbours: stands there twice");
	expect((struct lines){.top = "local_ports: {first: 1}"}, "local_ports.last: is missing");
	expect((struct lines){.top = "a: [1"}, "gateway.yaml: line ");
	assert_null(settings_parse("x", missing, strlen(missing), error));
	assert_non_null(strstr(error, "x: tier: is missing"));
	assert_null(settings_load("/nonexistent/gateway.yaml", error));
	assert_non_null(strstr(error, "/nonexistent/gateway.yaml"));
}

// A CLB configuration with these lines in the place of the VIPs.
static struct settings *parse_clb(const char *lines, char *error)
{
	static const char head[] =
		"version: 1\nnode: gw-1\ntier: clb\n"
		"ports: [{name: p, address: 10.0.0.2/24, address6: 2001:db8::2/64}]\n"
		"local_addresses: [10.0.0.16]\n"
		"control_socket: /s\ntelemetry: {directory: /t}\n";
	char yaml[4096];

	snprintf(yaml, sizeof(yaml), "%s%s\n", head, lines);
	error[0] = '\0';
	return settings_parse("g", yaml, strlen(yaml), error);
}

static struct settings *read_clb(const char *lines)
{
	char error[SETTINGS_ERROR_BYTES];
	struct settings *s = parse_clb(lines, error);

	if (!s)
		fail_msg("%s", error);
	return s;
}

static void refuse_clb(const char *lines, const char *complaint)
{
	char error[SETTINGS_ERROR_BYTES];
	struct settings *s = parse_clb(lines, error);

	if (s || strcmp(error + 3, complaint) != 0)
		fail_msg("expected '%s', got '%s'", complaint, s ? "no error" : error + 3);
}

#define VIP "vips: [{name: v, address: 10.9.0.1, port: 80, protocol: "
#define BACKENDS ", backends: [{name: b, address: 10.0.1.1"

static void should_read_ports_of_both_families(void **state)
{
	struct settings *s = read_clb("workers: 2\ndispatchers: 1\nverify_checksums: true\n"
				      "colour: {erase: false}");

	(void)state;
	expect_address(&s->ports[0].v6.address, "2001:db8::2");
	assert_int_equal(s->ports[0].v6_bits, 64);
	expect_address(&s->ports[0].v6.mask, "ffff:ffff:ffff:ffff::");
	assert_int_equal(settings_threads(s), 3);
	assert_true(s->verify_checksums);
	assert_false(s->erase_colour);
	settings_free(s);
	refuse_clb("workers: 60\ndispatchers: 5",
		"dispatchers: 5 beside 60 workers are more than 64 threads");
}

static void should_refuse_ports_that_cannot_be(void **state)
{
	static const struct {
		const char *port;
		const char *complaint;
	} cases[] = {
		{"", "ports[0].address: is missing (or address6)"},
		{"address: 10.0.0.2", "ports[0].address: 10.0.0.2 is not an address and a prefix "
				      "length, as in 10.0.0.1/24"},
		{"address: 2001:db8::1/64",
			"ports[0].address: 2001:db8::1/64 is not an IPv4 address"},
		{"address6: 2001:db8::1/129",
			"ports[0].address6: the prefix length of 2001:db8::1/129 is not within 0 "
			"and 128"},
		{"address6: '::ffff:10.0.0.1/120'",
			"ports[0].address6: ::ffff:10.0.0.1 is not an IPv4 or IPv6 address"},
		{"address6: 2001:db8::1/64, gateway6: 2001:db9::1",
			"ports[0].gateway6: 2001:db9::1 is not within 2001:db8::1/64"},
		{"address6: 2001:db8::1/64, gateway: 10.0.0.1",
			"ports[0].gateway: 10.0.0.1 needs address"},
		{"address: 10.0.0.2/24, vlan: 4095",
			"ports[0].vlan: 4095 is not within 0 and 4094"},
		{"address: 10.0.0.2/24, mtu: 500", "ports[0].mtu: 500 is not within 576 and 9216"},
		{"address6: 2001:db8::1/64, mtu: 1279",
			"ports[0].mtu: 1279 is not within 1280 and 9216"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char yaml[512], error[SETTINGS_ERROR_BYTES] = "";
		struct settings *s;

		snprintf(yaml, sizeof(yaml),
			"version: 1\nnode: n\ntier: clb\ncontrol_socket: /s\n"
			"telemetry: {directory: /t}\nports: [{name: p, %s}]\n",
			cases[i].port);
		s = settings_parse("g", yaml, strlen(yaml), error);
		if (s || strcmp(error + 3, cases[i].complaint) != 0)
			fail_msg("expected '%s', got '%s'", cases[i].complaint, error);
	}
}

static void should_read_every_key_of_a_vip(void **state)
{
	struct settings *s = read_clb(VIP
		"tcp, mode: full-nat, scheduler: least-connections, toa: true, mss_clamp: 1400, "
		"slow_start: 30s, new_connection_limit: 5, limits: {packets_per_second: 1, "
		"bits_per_second: 1000000000000, sessions: 3}" BACKENDS
		", port: 81, weight: 3, draining: true}]}]");
	const struct vip *vip = s->vips[0];

	(void)state;
	assert_int_equal(vip->mode, VIP_FULL_NAT);
	assert_int_equal(vip->scheduler, SCHEDULER_LEAST_CONNECTIONS);
	assert_true(vip->toa);
	assert_int_equal(vip->mss_clamp, 1400);
	assert_int_equal(vip->slow_start_ns, 30000000000);
	assert_int_equal(vip->limits.new_connections_per_second, 5);
	assert_int_equal(vip->limits.packets_per_second, 1);
	assert_int_equal(vip->limits.bits_per_second, 1000000000000);
	assert_int_equal(vip->limits.sessions, 3);
	assert_int_equal(vip->backends[0].port, 81);
	assert_true(vip->backends[0].draining);
	settings_free(s);
}

static void should_read_a_tunnel_vip(void **state)
{
	struct settings *s = read_clb(
		VIP "udp, mode: tunnel, tunnel: {kind: gre, id: 7, local: 2001:db8::2}, backends: "
		    "[{name: b, address: 2001:db8:1::1}]}]");
	const struct vip *vip = s->vips[0];

	(void)state;
	assert_int_equal(vip->mode, VIP_TUNNEL);
	assert_int_equal(vip->tunnel.kind, TUNNEL_GRE);
	assert_true(vip->tunnel.has_id);
	assert_int_equal(vip->tunnel.id, 7);
	assert_int_equal(vip->tunnel.ttl, 64);
	expect_address(&vip->tunnel.local, "2001:db8::2");
	assert_int_equal(vip->backends[0].port, 80);
	settings_free(s);
}

static void should_refuse_vips_that_cannot_be(void **state)
{
	(void)state;
	refuse_clb(VIP "icmp}]", "vips[0].protocol: 'icmp' is not tcp, udp or sctp");
	refuse_clb(VIP "tcp, mode: nat}]", "vips[0].mode: 'nat' is not full-nat, dnat or tunnel");
	refuse_clb(VIP "tcp, scheduler: wlc}]",
		"vips[0].scheduler: 'wlc' is not maglev, round-robin or least-connections");
	refuse_clb(VIP "tcp, mode: tunnel}]", "vips[0].tunnel: is missing: mode tunnel needs it");
	refuse_clb(VIP "tcp, tunnel: {kind: ipip, local: 10.0.0.2}}]",
		"vips[0].tunnel: mode full-nat has none");
	refuse_clb(VIP "tcp, mode: tunnel, tunnel: {kind: ipip, local: 10.0.0.2}" BACKENDS
		       ", port: 81}]}]",
		"vips[0].backends[0].port: 81 is not the VIP's 80, which mode tunnel keeps");
	refuse_clb(VIP "tcp, mode: tunnel, tunnel: {kind: ipip, local: 2001:db8::2}" BACKENDS
		       "}]}]",
		"vips[0].backends[0].address: is IPv4 and the VIP's tunnel.local IPv6");
	refuse_clb(VIP "tcp, mode: dnat, backends: [{name: b, address: 2001:db8:1::1}]}]",
		"vips[0].backends[0].address: is IPv6 and the VIP IPv4; mode dnat keeps the "
		"family");
	refuse_clb(VIP "tcp, backends: [{name: b, address: 2001:db8:1::1}]}]",
		"vips[0].backends[0].address: is IPv6, and full-nat has no IPv6 address in "
		"local_addresses");
	refuse_clb(
		VIP "udp, toa: true}]", "vips[0].toa: true needs mode full-nat and protocol tcp");
	refuse_clb(
		VIP "tcp, mss_clamp: 63}]", "vips[0].mss_clamp: 63 is neither 0 nor at least 64");
	refuse_clb(VIP "tcp, limits: {packets_per_second: 1000000000001}}]",
		"vips[0].limits.packets_per_second: 1000000000001 is not within 0 and "
		"1000000000000");
	refuse_clb(VIP "tcp, slow_start: 2h}]", "vips[0].slow_start: 2h is not within 0ns and 1h");
	refuse_clb(VIP "tcp, limits: {new: 1}}]", "vips[0].limits.new: unknown key");
}

static void should_read_server_ids(void **state)
{
	struct settings *s = read_clb(
		VIP "udp, quic: {layout: katran}" BACKENDS ", server_id: 258}]},"
		    "{name: w, address: 10.9.0.2, port: 443, protocol: udp, quic: {layout: "
		    "quic-lb, configs: [{id: 0, server_id_bytes: 2, nonce_bytes: 6, key: "
		    "000102030405060708090a0b0c0d0e0f}, {id: 6, server_id_bytes: 3, nonce_bytes: "
		    "4}]}" BACKENDS ", server_id: 0x0a0B0c}]}]");
	const struct quic_server_id *katran = &s->vips[0]->backends[0].server_id;
	const struct quic_server_id *lb = &s->vips[1]->backends[0].server_id;
	const struct quic_config *quic = s->vips[1]->quic;

	(void)state;
	assert_int_equal(s->vips[0]->quic->layout, QUIC_LAYOUT_KATRAN);
	assert_int_equal(katran->len, 4);
	assert_memory_equal(katran->bytes, "\0\0\1\2", 4);
	assert_int_equal(quic->layout, QUIC_LAYOUT_LB);
	assert_true(quic->lb[0].used && quic->lb[0].encrypted);
	assert_true(quic->lb[6].used && !quic->lb[6].encrypted);
	assert_int_equal(quic->lb[6].server_id_bytes, 3);
	assert_false(quic->lb[1].used);
	assert_int_equal(lb->len, 3);
	assert_memory_equal(lb->bytes, "\x0a\x0b\x0c", 3);
	settings_free(s);
}

#define QUIC_LB "udp, quic: {layout: quic-lb, configs: [{id: 0, server_id_bytes: "

static void should_refuse_quic_that_cannot_be(void **state)
{
	(void)state;
	refuse_clb(VIP "tcp, quic: {layout: katran}}]", "vips[0].quic: needs protocol udp");
	refuse_clb(VIP "udp, quic: {layout: google}}]",
		"vips[0].quic.layout: 'google' is not katran or quic-lb");
	refuse_clb(VIP "udp, quic: {layout: quic-lb}}]",
		"vips[0].quic.configs: is missing: layout quic-lb needs it");
	refuse_clb(VIP QUIC_LB "8, nonce_bytes: 12}]}}]",
		"vips[0].quic.configs[0].nonce_bytes: 12 and server_id_bytes 8 are more than 19 "
		"bytes");
	refuse_clb(VIP QUIC_LB "8, nonce_bytes: 4, key: 00}]}}]",
		"vips[0].quic.configs[0].key: the value has not 32 hexadecimal digits");
	refuse_clb(VIP "udp" BACKENDS ", server_id: 1}]}]",
		"vips[0].backends[0].server_id: 1 needs the VIP's quic");
	refuse_clb(VIP QUIC_LB "2, nonce_bytes: 4}]}" BACKENDS ", server_id: 65536}]}]",
		"vips[0].backends[0].server_id: 65536 is not within 0 and 65535");
	refuse_clb(VIP QUIC_LB "2, nonce_bytes: 4}]}" BACKENDS ", server_id: 0x010203}]}]",
		"vips[0].backends[0].server_id: 0x010203 has not as many bytes as a server id of "
		"the layout");
	refuse_clb(VIP QUIC_LB
		"2, nonce_bytes: 4}]}" BACKENDS
		", server_id: 1}, {name: c, address: 10.0.1.2, server_id: 0x0001}]}]",
		"vips[0].backends[1].server_id: 0x0001 is taken by vips[0].backends[0]");
}

static void should_read_tunnels_and_eips(void **state)
{
	static const char yaml[] =
		"version: 1\nnode: n\ntier: eip\ncontrol_socket: /s\n"
		"telemetry: {directory: /t}\nports: [{name: p, address: 10.0.0.2/24}]\n"
		"tunnels:\n"
		"  - {name: clb, kind: vxlan, local: 10.0.0.2, remote: 10.0.5.1, id: 77, "
		"inner_mac: '02:00:00:00:00:09'}\n"
		"  - {name: any, kind: gue, local: 10.0.0.2}\n"
		"eip_capacity: 3\n"
		"eips:\n"
		"  - {name: web, public: 203.0.113.1, private: 10.1.0.1, tunnel: clb}\n"
		"  - {public: 2001:db8::1, private: fd00::1, enabled: false}\n"
		"blacklist_capacity: 10\n"
		"blacklist: [{prefix: 192.0.2.77/24, expires_after: 10m}, {prefix: '::/0'}]\n";
	char error[SETTINGS_ERROR_BYTES] = "";
	struct settings *s = settings_parse("g", yaml, sizeof(yaml) - 1, error);

	(void)state;
	if (!s)
		fail_msg("%s", error);
	assert_int_equal(s->tier, DT_TIER_EIP);
	assert_false(s->erase_colour);
	assert_int_equal(s->tunnels[0].tunnel.kind, TUNNEL_VXLAN);
	assert_int_equal(s->tunnels[0].tunnel.id, 77);
	assert_int_equal(s->tunnels[0].tunnel.port, TUNNEL_VXLAN_PORT);
	assert_int_equal(s->tunnels[0].tunnel.inner_mac[5], 9);
	assert_int_equal(s->tunnels[1].tunnel.port, TUNNEL_GUE_PORT);
	assert_int_equal(s->gue_port, TUNNEL_GUE_PORT);
	assert_int_equal(s->vxlan_port, TUNNEL_VXLAN_PORT);
	assert_int_equal(s->eip_count, 2);
	assert_int_equal(s->eips[0].tunnel, 1);
	assert_true(s->eips[0].enabled);
	assert_int_equal(s->eips[1].tunnel, 0);
	assert_false(s->eips[1].enabled);
	expect_address(&s->eips[1].private_address, "fd00::1");
	expect_address(&s->blacklist[0].prefix, "192.0.2.0");
	assert_int_equal(s->blacklist[0].bits, 24);
	assert_int_equal(s->blacklist[0].expires_after_ns, 600000000000);
	assert_int_equal(s->blacklist[1].bits, 0);
	assert_int_equal(s->blacklist[1].expires_after_ns, 0);
	settings_free(s);
}

static void should_refuse_tunnels_and_eips_that_cannot_be(void **state)
{
	static const struct {
		const char *lines;
		const char *complaint;
	} cases[] = {
		{"tunnels: [{name: t, kind: geneve, local: 10.0.0.2}]",
			"tunnels[0].kind: 'geneve' is not ipip, gre, gue or vxlan"},
		{"tunnels: [{name: t, kind: vxlan, local: 10.0.0.2}]",
			"tunnels[0].id: is missing (the VNI)"},
		{"tunnels: [{name: t, kind: vxlan, local: 10.0.0.2, id: 16777216}]",
			"tunnels[0].id: 16777216 is not within 0 and 16777215"},
		{"tunnels: [{name: t, kind: ipip, local: 10.0.0.2, id: 1}]",
			"tunnels[0].id: 1: ipip has none"},
		{"tunnels: [{name: t, kind: gre, local: 10.0.0.2, port: 1}]",
			"tunnels[0].port: 1: gre has none"},
		{"tunnels: [{name: t, kind: gre, local: 10.0.0.2, remote: 2001:db8::1}]",
			"tunnels[0].remote: 2001:db8::1 and local 10.0.0.2 are not of one family"},
		{"tunnels: [{name: t, kind: gue, local: 10.0.0.2}, {name: u, kind: gue, local: "
		 "10.0.0.2, port: 1}]",
			"tunnels[1].port: 1 differs from the 6080 of another gue tunnel"},
		{"tunnels: [{name: t, kind: gre, local: 10.0.0.2}, {name: t, kind: gre, local: "
		 "10.0.0.2}]",
			"tunnels[1].name: 't' is taken by tunnels[0]"},
		{"eips: [{public: 203.0.113.1, private: fd00::1}]",
			"eips[0].private: fd00::1 and public 203.0.113.1 are not of one family"},
		{"eips: [{public: 203.0.113.1, private: 10.0.0.9, tunnel: t}]",
			"eips[0].tunnel: no tunnel 't'"},
		{"tunnels: [{name: t, kind: gre, local: 10.0.0.2}]\n"
		 "eips: [{public: 203.0.113.1, private: 10.0.0.9, tunnel: t}]",
			"eips[0].tunnel: 't' has no remote to send to"},
		{"eip_capacity: 1\neips: [{public: 203.0.113.1, private: 10.0.0.9}, {public: "
		 "203.0.113.2, private: 10.0.0.8}]",
			"eips: 2 are more than eip_capacity 1"},
		{"vips: [{name: v, address: 10.9.0.1, port: 80, protocol: tcp}]",
			"vips: 1 are configured and tier is eip, which has none"},
		{"blacklist: [{prefix: 10.0.0.0/8, expires_after: 1ms}]",
			"blacklist[0].expires_after: 1ms is not within 1s and 8760h"},
		{"blacklist_capacity: 1048577",
			"blacklist_capacity: 1048577 is not within 1 and 1048576"},
	};

	(void)state;
	refuse_clb("eips: [{public: 203.0.113.1, private: 10.0.0.9}]",
		"eips: 1 are configured and tier is clb, which has none");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char yaml[1024], error[SETTINGS_ERROR_BYTES] = "";
		struct settings *s;

		snprintf(yaml, sizeof(yaml),
			"version: 1\nnode: n\ntier: eip\ncontrol_socket: /s\n"
			"telemetry: {directory: /t}\nports: [{name: p, address: "
			"10.0.0.2/24}]\n%s\n",
			cases[i].lines);
		s = settings_parse("g", yaml, strlen(yaml), error);
		if (s || strcmp(error + 3, cases[i].complaint) != 0)
			fail_msg("expected '%s', got '%s'", cases[i].complaint, error);
	}
}

// Each level doubles: 2^40 values out of a page of text.
static void should_refuse_aliases_that_explode(void **state)
{
	char yaml[2048] = "a0: &a0 [x]\n", error[SETTINGS_ERROR_BYTES] = "";

	(void)state;
	for (int i = 1; i <= 25; i++) {
		size_t used = strlen(yaml);

		snprintf(yaml + used, sizeof(yaml) - used, "a%d: &a%d [*a%d, *a%d]\n", i, i, i - 1,
			i - 1);
	}
	assert_null(settings_parse("g", yaml, strlen(yaml), error));
	assert_non_null(strstr(error, "more than 8388608 values"));
}

// The examples of the reference page.
static struct settings *read_example(const char *variable)
{
	const char *path = getenv(variable);
	char error[SETTINGS_ERROR_BYTES] = "";
	struct settings *s;

	assert_non_null(path);
	s = settings_load(path, error);
	if (!s)
		fail_msg("%s", error);
	return s;
}

static void should_read_the_examples(void **state)
{
	struct settings *clb = read_example("GATEWAY_EXAMPLE");
	struct settings *eip = read_example("GATEWAY_EIP_EXAMPLE");

	(void)state;
	assert_int_equal(clb->vip_count, 5);
	assert_int_equal(eip->eip_count, 3);
	settings_free(clb);
	settings_free(eip);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(should_read_what_stands_there_and_default_the_rest),
		cmocka_unit_test(should_name_key_value_and_limit),
		cmocka_unit_test(should_refuse_in_one_line),
		cmocka_unit_test(should_refuse_unknown_and_missing_keys),
		cmocka_unit_test(should_read_ports_of_both_families),
		cmocka_unit_test(should_refuse_ports_that_cannot_be),
		cmocka_unit_test(should_read_every_key_of_a_vip),
		cmocka_unit_test(should_read_a_tunnel_vip),
		cmocka_unit_test(should_refuse_vips_that_cannot_be),
		cmocka_unit_test(should_read_server_ids),
		cmocka_unit_test(should_refuse_quic_that_cannot_be),
		cmocka_unit_test(should_read_tunnels_and_eips),
		cmocka_unit_test(should_refuse_tunnels_and_eips_that_cannot_be),
		cmocka_unit_test(should_refuse_aliases_that_explode),
		cmocka_unit_test(should_read_the_examples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
