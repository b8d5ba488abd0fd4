// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "frame.h"

#include "../../main/c/control/settings.h"
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
	assert_int_equal(s->ports[0].address, frame_address("198.18.21.2"));
	assert_int_equal(s->ports[0].mask, frame_address("255.255.255.0"));
	assert_int_equal(s->ports[0].gateway, frame_address("198.18.21.1"));
	assert_int_equal(s->session_capacity, 262144);
	assert_int_equal(s->session_timeout_ns[SESSION_CLASS_SYN], 10000000000);
	assert_int_equal(s->session_timeout_ns[SESSION_CLASS_ESTABLISHED], 900000000000);
	assert_int_equal(s->session_timeout_ns[SESSION_CLASS_CLOSING], 10000000000);
	assert_int_equal(s->session_timeout_ns[SESSION_CLASS_RESET], 2000000000);
	assert_int_equal(s->session_timeout_ns[SESSION_CLASS_UDP], 30000000000);
	assert_int_equal(s->first_local_port, 1024);
	assert_int_equal(s->last_local_port, 65535);
	assert_int_equal(s->ring_records, 65536);
	assert_true(s->drop_sample_share == 0.01);
	assert_int_equal(s->stamp_rate_limit, 1000);
	assert_int_equal(s->vip_count, 1);
	assert_true(s->vips[0]->enabled);
	assert_int_equal(s->vips[0]->new_connection_limit, 0);
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

static void should_refuse_unknown_and_missing_keys(void **state)
{
	char error[SETTINGS_ERROR_BYTES];
	static const char missing[] = "version: 1\nnode: gw-1\n";

	(void)state;
	expect((struct lines){.top = "worker: 1"}, "worker");
	expect((struct lines){.backend = ", wait: 1"}, "wait");
	assert_null(settings_parse("x", missing, strlen(missing), error));
	assert_non_null(strstr(error, "tier"));
	assert_null(settings_load("/nonexistent/gateway.yaml", error));
	assert_non_null(strstr(error, "/nonexistent/gateway.yaml"));
}

// The example of the reference page.
static void should_read_the_example(void **state)
{
	const char *path = getenv("GATEWAY_EXAMPLE");
	char error[SETTINGS_ERROR_BYTES] = "";
	struct settings *s;

	(void)state;
	assert_non_null(path);
	s = settings_load(path, error);
	if (!s)
		fail_msg("%s", error);
	assert_int_equal(s->vip_count, 2);
	settings_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(should_read_what_stands_there_and_default_the_rest),
		cmocka_unit_test(should_name_key_value_and_limit),
		cmocka_unit_test(should_refuse_unknown_and_missing_keys),
		cmocka_unit_test(should_read_the_example),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
