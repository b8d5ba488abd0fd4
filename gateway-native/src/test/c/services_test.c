// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "../../main/c/control/service_ids.h"
#include "../../main/c/control/services.h"
#include "../../main/c/datapath/rate_limit.h"

#include <rte_rcu_qsbr.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_NS 1000000000ull
#define MILLISECOND_NS 1000000ull

static char error[SERVICES_ERROR_BYTES];
static _Atomic(const struct vip_table *) published;
static uint64_t sessions_of_service[SERVICE_MAX];
static uint64_t sessions_of_target[TARGET_MAX];
static char names[DT_MAX_NAMES][DT_NAME_LEN]; // of VIPs and backends alike
static struct rte_rcu_qsbr *qsbr;
static uint64_t now_ns;

static int slot_of(void *context, const char *name)
{
	(void)context;
	assert_non_null(name);
	for (int i = 0; name && i < DT_MAX_NAMES; i++) {
		if (names[i][0] == '\0')
			snprintf(names[i], DT_NAME_LEN, "%s", name);
		if (strcmp(names[i], name) == 0)
			return i;
	}
	return -ENOSPC;
}

static bool is_own(void *context, const struct ip_address *address)
{
	(void)context;
	return ip_is_v4(address) && ip_v4(address) == inet_addr("10.0.0.1");
}

static uint64_t service_sessions(void *context, uint16_t id)
{
	(void)context;
	return sessions_of_service[id];
}

static uint64_t target_sessions(void *context, uint16_t id)
{
	(void)context;
	return sessions_of_target[id];
}

static struct ip_address address(const char *text)
{
	struct ip_address a = {.bytes = {0}};
	struct in_addr v4;

	if (inet_pton(AF_INET, text, &v4) == 1)
		return ip_from_v4(v4.s_addr);
	assert_int_equal(inet_pton(AF_INET6, text, a.bytes), 1);
	return a;
}

static struct backend backend_of(const char *name, const char *text)
{
	struct backend b = {
		.address = address(text),
		.port = 8080,
		.weight = 10,
		.enabled = true,
	};

	snprintf(b.name, sizeof(b.name), "%s", name);
	return b;
}

// Backends rs-1 … with 10.1.0.1 …
static struct vip *vip_of(const char *name, const char *text, uint32_t backends)
{
	struct vip *vip = vip_new(backends);

	snprintf(vip->name, sizeof(vip->name), "%s", name);
	vip->address = address(text);
	vip->port = 80;
	vip->protocol = PROTOCOL_TCP;
	vip->enabled = true;
	for (uint32_t i = 0; i < backends; i++) {
		char backend[16], at[16];

		snprintf(backend, sizeof(backend), "rs-%u", i + 1);
		snprintf(at, sizeof(at), "10.1.%u.%u", i / 250, i % 250 + 1);
		vip->backends[i] = backend_of(backend, at);
	}
	return vip;
}

static struct services *create(struct vip *const *vips, unsigned int count)
{
	const struct services_config config = {
		.names = {slot_of, slot_of, NULL},
		.published = &published,
		.qsbr = qsbr,
		.is_own_address = is_own,
		.service_sessions = service_sessions,
		.target_sessions = target_sessions,
	};
	struct services *s = services_create(&config, vips, count, 7, error);

	if (s)
		services_step(s, now_ns);
	return s;
}

static struct services *create_one(uint32_t backends)
{
	struct vip *vip = vip_of("a", "198.19.0.1", backends);
	struct services *s = create(&vip, 1);

	assert_non_null(s);
	return s;
}

static void step_by(struct services *s, uint64_t ns)
{
	now_ns += ns;
	services_step(s, now_ns);
}

static const struct vip *seen(const char *text)
{
	struct ip_address a = address(text);
	const struct vip *vip;

	vip_lookup(atomic_load(&published), &a, 80, PROTOCOL_TCP, &vip);
	return vip;
}

static void expect_error(const char *text)
{
	if (!strstr(error, text))
		fail_msg("'%s' does not say '%s'", error, text);
}

static int set_up(void **state)
{
	(void)state;
	memset(sessions_of_service, 0, sizeof(sessions_of_service));
	memset(sessions_of_target, 0, sizeof(sessions_of_target));
	memset(names, 0, sizeof(names));
	error[0] = '\0';
	qsbr = NULL;
	now_ns = 1000 * SECOND_NS;
	return 0;
}

static void should_publish_each_change_with_a_new_version(void **state)
{
	struct services *s = create_one(2);

	(void)state;
	assert_int_equal(services_version(s), 7);
	assert_int_equal(atomic_load(&published)->config_version, 7);
	assert_true(services_add(s, vip_of("b", "2001:db8::1", 1), error));
	assert_int_equal(atomic_load(&published)->config_version, 8);
	assert_string_equal(seen("2001:db8::1")->name, "b");
	assert_true(services_set(s, vip_of("a", "198.19.0.9", 3), error));
	assert_null(seen("198.19.0.1"));
	assert_int_equal(seen("198.19.0.9")->backend_count, 3);
	assert_true(services_remove(s, "b", error));
	assert_null(seen("2001:db8::1"));
	assert_int_equal(services_version(s), 10);
	assert_int_equal(services_count(s), 1);
	services_free(s);
	assert_null(atomic_load(&published));
}

static void should_refuse_with_the_key_and_change_nothing(void **state)
{
	struct services *s = create_one(2);
	const struct vip_table *before = atomic_load(&published);
	struct vip *vip;
	struct backend b;

	(void)state;
	assert_false(services_add(s, vip_of("a", "198.19.0.2", 1), error));
	expect_error("vip.name: 'a' exists");
	assert_false(services_add(s, vip_of("b", "198.19.0.1", 1), error));
	expect_error("vip.address: 198.19.0.1 port 80 is taken by 'a'");
	assert_false(services_add(s, vip_of("b", "10.0.0.1", 1), error));
	expect_error("vip.address: 10.0.0.1 is an address of the gateway itself");
	assert_false(services_set(s, vip_of("b", "198.19.0.1", 1), error));
	expect_error("vip.name: no VIP 'b'");
	assert_false(services_remove(s, "b", error));
	expect_error("name: no VIP 'b'");
	assert_false(services_enable(s, "b", true, error));
	expect_error("name: no VIP 'b'");
	vip = vip_of("b", "198.19.0.2", 3);
	vip->backends[2] = vip->backends[0];
	assert_false(services_add(s, vip, error));
	expect_error("vip.backends[2].name: VIP 'b' has another backend 'rs-1'");
	vip = vip_of("b", "2001:db8::2", 2);
	vip->mode = VIP_DNAT;
	assert_false(services_add(s, vip, error));
	expect_error("vip.backends[0].address: 10.1.0.1 is not of the VIP's family");
	vip = vip_of("b", "2001:db8::2", 2);
	vip->mode = VIP_TUNNEL;
	vip->tunnel.local = address("2001:db8::3");
	assert_false(services_add(s, vip, error));
	expect_error("vip.backends[0].address: 10.1.0.1 is not of the family of the tunnel");
	vip = vip_of("b", "198.19.0.2", 2);
	vip->limits.bits_per_second = RATE_LIMIT_MAX + 1;
	assert_false(services_add(s, vip, error));
	expect_error("vip.limits.bits_per_second: 1000000000001 is more than 1000000000000");
	b = backend_of("rs-1", "10.1.0.9");
	assert_false(services_add_backend(s, "a", &b, error));
	expect_error("backend.name: VIP 'a' has another backend 'rs-1'");
	assert_false(services_add_backend(s, "x", &b, error));
	expect_error("vip: no VIP 'x'");
	b = backend_of("rs-9", "10.1.0.9");
	b.weight = 101;
	assert_false(services_add_backend(s, "a", &b, error));
	expect_error("backend.weight: 101 is more than 100");
	assert_false(services_set_backend(s, "a", &b, error));
	expect_error("backend.name: VIP 'a' has no backend 'rs-9'");
	assert_false(services_remove_backend(s, "a", "rs-9", error));
	expect_error("backend: VIP 'a' has no backend 'rs-9'");
	assert_false(services_enable_backend(s, "a", "rs-9", true, error));
	expect_error("backend: VIP 'a' has no backend 'rs-9'");
	assert_ptr_equal(atomic_load(&published), before);
	assert_int_equal(services_version(s), 7);
	services_free(s);
}

static void should_refuse_two_backends_of_one_server_id(void **state)
{
	struct services *s = create_one(3);
	struct backend b = *services_find_backend(s, "a", "rs-1");

	(void)state;
	b.server_id = (struct quic_server_id){2, {1, 2}};
	assert_true(services_set_backend(s, "a", &b, error));
	b = *services_find_backend(s, "a", "rs-3");
	b.server_id = (struct quic_server_id){2, {1, 2}};
	assert_false(services_set_backend(s, "a", &b, error));
	expect_error("backend.server_id: is that of backend 'rs-1'");
	b.server_id.bytes[1] = 3;
	assert_true(services_set_backend(s, "a", &b, error));
	b = *services_find_backend(s, "a", "rs-1");
	b.server_id.bytes[1] = 3; // the first of the two is the one asked for
	assert_false(services_set_backend(s, "a", &b, error));
	expect_error("backend.server_id: is that of backend 'rs-3'");
	services_free(s);
}

static void should_name_the_place_in_a_configuration_that_is_wrong(void **state)
{
	struct vip *vips[2] = {vip_of("a", "198.19.0.1", 1), vip_of("b", "198.19.0.1", 1)};

	(void)state;
	assert_null(create(vips, 2));
	expect_error("vips[1].address: 198.19.0.1 port 80 is taken by 'a'");
	vip_free(vips[0]); // still the caller's
	vip_free(vips[1]);
}

static void should_allow_one_address_and_port_for_two_protocols(void **state)
{
	struct services *s = create_one(1);
	struct vip *udp = vip_of("b", "198.19.0.1", 1);

	(void)state;
	udp->protocol = PROTOCOL_UDP;
	assert_true(services_add(s, udp, error));
	assert_int_not_equal(services_find(s, "a")->service, services_find(s, "b")->service);
	services_free(s);
}

static void should_keep_ids_of_what_stays_the_same(void **state)
{
	struct services *s = create_one(3);
	uint16_t service = services_find(s, "a")->service, targets[3];
	struct vip *vip = vip_of("a", "198.19.0.1", 3);

	(void)state;
	for (int i = 0; i < 3; i++)
		targets[i] = services_find(s, "a")->backends[i].target;
	vip->scheduler = SCHEDULER_ROUND_ROBIN;
	vip->limits.sessions = 5;
	vip->backends[0] = backend_of("rs-3", "10.1.0.3"); // another order
	vip->backends[1] = backend_of("rs-2", "10.1.0.2");
	vip->backends[1].weight = 77;
	vip->backends[2] = backend_of("rs-1", "10.1.0.99"); // moved
	assert_true(services_set(s, vip, error));
	vip = (struct vip *)seen("198.19.0.1");
	assert_int_equal(vip->service, service);
	assert_int_equal(vip->backends[0].target, targets[2]);
	assert_int_equal(vip->backends[1].target, targets[1]);
	assert_int_not_equal(vip->backends[2].target, targets[0]);
	assert_int_equal(services_targets(s)[targets[1]].port, 8080);
	assert_int_equal(services_targets(s)[targets[1]].service, service);
	assert_int_equal(services_targets(s)[targets[1]].backend_slot, slot_of(NULL, "rs-2"));
	assert_int_equal(ip_v4(&services_targets(s)[targets[1]].address), inet_addr("10.1.0.2"));
	assert_true(services_enable(s, "a", false, error));
	assert_true(services_enable_backend(s, "a", "rs-2", false, error));
	assert_int_equal(seen("198.19.0.1")->service, service);
	assert_int_equal(seen("198.19.0.1")->backends[1].target, targets[1]);
	services_free(s);
}

static void should_give_another_service_id_when_what_a_session_knows_changes(void **state)
{
	struct services *s = create_one(1);
	uint16_t service = services_find(s, "a")->service;
	uint16_t target = services_find(s, "a")->backends[0].target;
	struct vip *vip = vip_of("a", "198.19.0.1", 1);

	(void)state;
	vip->mode = VIP_DNAT;
	assert_true(services_set(s, vip, error));
	assert_int_not_equal(services_find(s, "a")->service, service);
	assert_int_not_equal(services_find(s, "a")->backends[0].target, target);
	assert_null(atomic_load(&published)->by_service[service]);
	assert_ptr_equal(atomic_load(&published)->by_service[services_find(s, "a")->service],
		services_find(s, "a"));
	assert_true(services_targets(s)[target].used); // sessions may still be there
	services_free(s);
}

static void should_free_an_id_only_when_no_session_has_it(void **state)
{
	struct services *s = create_one(2);
	uint16_t target = services_find_backend(s, "a", "rs-2")->target;
	struct target kept = services_targets(s)[target];

	(void)state;
	sessions_of_target[target] = 3;
	assert_true(services_remove_backend(s, "a", "rs-2", error));
	step_by(s, 3600 * SECOND_NS);
	assert_memory_equal(&services_targets(s)[target], &kept, sizeof(kept));
	sessions_of_target[target] = 0;
	step_by(s, MILLISECOND_NS);
	assert_false(services_targets(s)[target].used);
	services_free(s);
}

static void should_let_an_id_rest_for_packets_on_their_way(void **state)
{
	struct services *s = create_one(2);
	uint16_t target = services_find_backend(s, "a", "rs-2")->target;

	(void)state;
	assert_true(services_remove_backend(s, "a", "rs-2", error));
	step_by(s, SERVICE_IDS_REST_NS - 1);
	assert_true(services_targets(s)[target].used);
	step_by(s, 1);
	assert_false(services_targets(s)[target].used);
	services_free(s);
}

static void should_free_a_service_after_its_targets(void **state)
{
	struct services *s = create_one(1);
	uint16_t service = services_find(s, "a")->service;
	uint16_t target = services_find(s, "a")->backends[0].target;

	(void)state;
	sessions_of_target[target] = 1;
	assert_true(services_remove(s, "a", error));
	step_by(s, 10 * SECOND_NS);
	// Were it free, a VIP that is another one could get it: all 8192 but this one can be had.
	for (unsigned int i = 0; i < SERVICE_MAX + 100; i++) {
		char text[20];

		snprintf(text, sizeof(text), "198.20.%u.%u", i / 250, i % 250 + 1);
		assert_true(services_add(s, vip_of("b", text, 1), error));
		assert_int_not_equal(services_find(s, "b")->service, service);
		assert_true(services_remove(s, "b", error));
		step_by(s, SERVICE_IDS_REST_NS);
	}
	sessions_of_target[target] = 0;
	step_by(s, SECOND_NS);
	assert_false(services_targets(s)[target].used);
	services_free(s);
}

static void should_give_back_the_ids_of_a_vip_that_returns_while_sessions_live(void **state)
{
	struct services *s = create_one(2);
	uint16_t service = services_find(s, "a")->service;
	uint16_t target = services_find_backend(s, "a", "rs-2")->target;

	(void)state;
	sessions_of_service[service] = 1;
	sessions_of_target[target] = 1;
	assert_true(services_remove(s, "a", error));
	step_by(s, 10 * SECOND_NS);
	assert_true(services_add(s, vip_of("a", "198.19.0.1", 2), error));
	assert_int_equal(services_find(s, "a")->service, service);
	assert_int_equal(services_find_backend(s, "a", "rs-2")->target, target);
	sessions_of_service[service] = 0;
	sessions_of_target[target] = 0;
	step_by(s, 10 * SECOND_NS); // it is in use again, sessions or not
	assert_true(services_targets(s)[target].used);
	assert_ptr_equal(atomic_load(&published)->by_service[service], services_find(s, "a"));
	services_free(s);
}

static void should_refuse_when_sessions_hold_every_target(void **state)
{
	struct vip *vip = vip_of("a", "198.19.0.1", VIP_MAX_BACKENDS);
	struct services *s = create(&vip, 1);

	(void)state;
	memset(sessions_of_target, 0xff, sizeof(sessions_of_target));
	for (uint16_t port = 1; port < TARGET_MAX / VIP_MAX_BACKENDS; port++) {
		vip = vip_of("a", "198.19.0.1", VIP_MAX_BACKENDS);
		for (uint32_t i = 0; i < VIP_MAX_BACKENDS; i++)
			vip->backends[i].port = port;
		assert_true(services_set(s, vip, error));
		step_by(s, 10 * SECOND_NS);
	}
	vip = vip_of("a", "198.19.0.1", 1);
	vip->backends[0].port = 60000;
	assert_false(services_set(s, vip, error));
	expect_error("vip: 16384 backends with sessions is the limit");
	assert_int_equal(seen("198.19.0.1")->backend_count, VIP_MAX_BACKENDS);
	memset(sessions_of_target, 0, sizeof(sessions_of_target));
	step_by(s, 10 * SECOND_NS);
	vip = vip_of("a", "198.19.0.1", 1);
	vip->backends[0].port = 60000;
	assert_true(services_set(s, vip, error));
	services_free(s);
}

static void should_not_leak_the_ids_of_a_refused_request(void **state)
{
	struct services *s = create_one(0);

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct vip *vip = vip_of("b", "198.19.0.2", VIP_MAX_BACKENDS);
		unsigned int used = 0;

		assert_true(services_add(s, vip, error));
		vip = vip_of("b", "198.19.0.2", VIP_MAX_BACKENDS);
		for (uint32_t j = 0; j < VIP_MAX_BACKENDS; j++) // too many names in all
			snprintf(vip->backends[j].name, DT_NAME_LEN, "x-%d-%u", i, j);
		if (i == 2) {
			for (int j = 0; j < DT_MAX_NAMES; j++)
				names[j][0] = names[j][0] ? names[j][0] : '!';
			assert_false(services_set(s, vip, error));
			expect_error("gets no slot");
		} else {
			assert_true(services_set(s, vip, error));
		}
		assert_true(services_remove(s, "b", error));
		step_by(s, 2 * SECOND_NS);
		for (int j = 0; j < TARGET_MAX; j++)
			used += services_targets(s)[j].used;
		assert_int_equal(used, 0);
	}
	services_free(s);
}

static void should_change_single_backends(void **state)
{
	struct services *s = create_one(3);
	struct backend b = backend_of("rs-9", "2001:db8::9");
	uint16_t first = services_find_backend(s, "a", "rs-1")->target;

	(void)state;
	b.server_id = (struct quic_server_id){1, {9}};
	assert_true(services_add_backend(s, "a", &b, error));
	assert_int_equal(seen("198.19.0.1")->backend_count, 4);
	assert_true(services_remove_backend(s, "a", "rs-2", error));
	assert_int_equal(seen("198.19.0.1")->backend_count, 3);
	assert_null(services_find_backend(s, "a", "rs-2"));
	assert_string_equal(seen("198.19.0.1")->backends[1].name, "rs-3");
	assert_string_equal(seen("198.19.0.1")->backends[2].name, "rs-9");
	b = *services_find_backend(s, "a", "rs-1");
	b.draining = true;
	b.weight = 42;
	assert_true(services_set_backend(s, "a", &b, error));
	assert_true(services_find_backend(s, "a", "rs-1")->draining);
	assert_int_equal(services_find_backend(s, "a", "rs-1")->weight, 42);
	assert_int_equal(services_find_backend(s, "a", "rs-1")->target, first);
	for (uint32_t i = 0; i < seen("198.19.0.1")->schedule_size; i++)
		assert_int_not_equal(seen("198.19.0.1")->schedule[i], 0);
	for (int i = 1; i <= 9; i++) {
		char name[8];

		snprintf(name, sizeof(name), "rs-%d", i);
		services_remove_backend(s, "a", name, error);
	}
	assert_int_equal(seen("198.19.0.1")->backend_count, 0);
	services_free(s);
}

static void should_refuse_a_backend_too_many(void **state)
{
	struct services *s = create_one(VIP_MAX_BACKENDS);
	struct backend b = backend_of("more", "10.9.9.9");

	(void)state;
	assert_false(services_add_backend(s, "a", &b, error));
	expect_error("backend: VIP 'a' has 1024 backends");
	services_free(s);
}

static void should_change_limits_alone(void **state)
{
	struct services *s = create_one(1);
	struct vip_limits limits = {.packets_per_second = 5, .new_connections_per_second = 6};

	(void)state;
	assert_true(services_set_limits(s, "a", &limits, error));
	assert_int_equal(seen("198.19.0.1")->limits.packets_per_second, 5);
	assert_true(seen("198.19.0.1")->limited);
	limits.packets_per_second = 0;
	assert_true(services_set_limits(s, "a", &limits, error));
	assert_false(seen("198.19.0.1")->limited);
	assert_false(services_set_limits(s, "x", &limits, error));
	expect_error("vip: no VIP 'x'");
	services_free(s);
}

static uint16_t effective(const char *backend)
{
	const struct vip *vip = seen("198.19.0.1");

	for (uint32_t i = 0; i < vip->backend_count; i++) {
		if (strcmp(vip->backends[i].name, backend) == 0)
			return vip->backends[i].effective_weight;
	}
	fail_msg("no backend %s", backend);
	return 0;
}

static void should_start_what_is_new_or_enabled_slowly(void **state)
{
	struct vip *vip = vip_of("a", "198.19.0.1", 2);
	struct services *s;
	struct backend b = backend_of("new", "10.1.1.1");
	const struct vip_table *table;
	uint32_t version;

	(void)state;
	vip->slow_start_ns = 10 * SECOND_NS;
	s = create(&vip, 1);
	assert_int_equal(effective("rs-1"), 100); // there from the start
	assert_true(services_add_backend(s, "a", &b, error));
	assert_int_equal(effective("new"), 10);
	assert_int_equal(effective("rs-1"), 100);
	version = services_version(s);
	table = atomic_load(&published);
	step_by(s, SECOND_NS - 1);
	assert_ptr_equal(atomic_load(&published), table);
	step_by(s, 1);
	assert_ptr_not_equal(atomic_load(&published), table);
	assert_int_equal(effective("new"), 20);
	assert_int_equal(services_version(s), version); // the configuration is the same
	assert_true(services_enable_backend(s, "a", "rs-1", false, error));
	step_by(s, 4 * SECOND_NS);
	assert_int_equal(effective("new"), 60); // another's change does not start it again
	assert_true(services_enable_backend(s, "a", "rs-1", true, error));
	assert_int_equal(effective("rs-1"), 10);
	step_by(s, 20 * SECOND_NS);
	assert_int_equal(effective("rs-1"), 100);
	assert_int_equal(effective("new"), 100);
	table = atomic_load(&published);
	step_by(s, 20 * SECOND_NS);
	assert_ptr_equal(atomic_load(&published), table);
	services_free(s);
}

static void should_keep_a_slow_start_over_a_whole_set(void **state)
{
	struct services *s;
	struct vip *vip = vip_of("a", "198.19.0.1", 1);

	(void)state;
	vip->slow_start_ns = 10 * SECOND_NS;
	s = create(&vip, 1);
	for (int i = 0; i < 2; i++) {
		vip = vip_of("a", "198.19.0.1", 2);
		vip->slow_start_ns = 10 * SECOND_NS;
		assert_true(services_set(s, vip, error));
		assert_int_equal(effective("rs-1"), 100);
		assert_int_equal(effective("rs-2"), i == 0 ? 10 : 40);
		step_by(s, 3 * SECOND_NS);
	}
	services_free(s);
}

static void should_wait_for_readers_before_it_frees_tables_and_ids(void **state)
{
	struct services *s;
	const struct vip *old;
	uint16_t target;

	(void)state;
	qsbr = aligned_alloc(64, (rte_rcu_qsbr_get_memsize(1) + 63) / 64 * 64);
	assert_int_equal(rte_rcu_qsbr_init(qsbr, 1), 0);
	rte_rcu_qsbr_thread_register(qsbr, 0);
	rte_rcu_qsbr_thread_online(qsbr, 0);
	s = create_one(2);
	old = seen("198.19.0.1");
	target = old->backends[1].target;
	assert_true(services_remove_backend(s, "a", "rs-2", error)); // waits 100 ms and goes on
	step_by(s, 10 * SECOND_NS);
	assert_int_equal(old->backend_count, 2); // the sanitizer would tell
	assert_true(services_targets(s)[target].used);
	rte_rcu_qsbr_quiescent(qsbr, 0);
	step_by(s, MILLISECOND_NS);
	assert_false(services_targets(s)[target].used);
	services_free(s);
	free(qsbr);
}

#define CASE(f) cmocka_unit_test_setup(f, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(should_publish_each_change_with_a_new_version),
		CASE(should_refuse_with_the_key_and_change_nothing),
		CASE(should_refuse_two_backends_of_one_server_id),
		CASE(should_name_the_place_in_a_configuration_that_is_wrong),
		CASE(should_allow_one_address_and_port_for_two_protocols),
		CASE(should_keep_ids_of_what_stays_the_same),
		CASE(should_give_another_service_id_when_what_a_session_knows_changes),
		CASE(should_free_an_id_only_when_no_session_has_it),
		CASE(should_let_an_id_rest_for_packets_on_their_way),
		CASE(should_free_a_service_after_its_targets),
		CASE(should_give_back_the_ids_of_a_vip_that_returns_while_sessions_live),
		CASE(should_refuse_when_sessions_hold_every_target),
		CASE(should_not_leak_the_ids_of_a_refused_request),
		CASE(should_change_single_backends),
		CASE(should_refuse_a_backend_too_many),
		CASE(should_change_limits_alone),
		CASE(should_start_what_is_new_or_enabled_slowly),
		CASE(should_keep_a_slow_start_over_a_whole_set),
		CASE(should_wait_for_readers_before_it_frees_tables_and_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
