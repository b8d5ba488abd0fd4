// SPDX-License-Identifier: Apache-2.0
#include "services_fixture.h"

#include "../../main/c/datapath/rate_limit.h"

#include <stdlib.h>
#include <string.h>

static void should_publish_each_change_with_a_new_version(void **state)
{
	struct services *s = create_one(2);

	(void)state;
	assert_int_equal(services_version(s), 7);
	assert_int_equal(atomic_load(&fixture.published)->config_version, 7);
	assert_true(services_add(s, vip_of("b", "2001:db8::1", 1), fixture.error));
	assert_int_equal(atomic_load(&fixture.published)->config_version, 8);
	assert_string_equal(seen("2001:db8::1")->name, "b");
	assert_true(services_set(s, vip_of("a", "198.19.0.9", 3), fixture.error));
	assert_null(seen("198.19.0.1"));
	assert_int_equal(seen("198.19.0.9")->backend_count, 3);
	assert_true(services_remove(s, "b", fixture.error));
	assert_null(seen("2001:db8::1"));
	assert_int_equal(services_version(s), 10);
	assert_int_equal(services_count(s), 1);
	services_free(s);
	assert_null(atomic_load(&fixture.published));
}

static void should_refuse_with_the_key_and_change_nothing(void **state)
{
	struct services *s = create_one(2);
	const struct vip_table *before = atomic_load(&fixture.published);
	struct vip *vip;
	struct backend b;

	(void)state;
	assert_false(services_add(s, vip_of("a", "198.19.0.2", 1), fixture.error));
	expect_error("vip.name: 'a' exists");
	assert_false(services_add(s, vip_of("b", "198.19.0.1", 1), fixture.error));
	expect_error("vip.address: 198.19.0.1 port 80 is taken by 'a'");
	assert_false(services_add(s, vip_of("b", "10.0.0.1", 1), fixture.error));
	expect_error("vip.address: 10.0.0.1 is an address of the gateway itself");
	assert_false(services_set(s, vip_of("b", "198.19.0.1", 1), fixture.error));
	expect_error("vip.name: no VIP 'b'");
	assert_false(services_remove(s, "b", fixture.error));
	expect_error("name: no VIP 'b'");
	assert_false(services_enable(s, "b", true, fixture.error));
	expect_error("name: no VIP 'b'");
	vip = vip_of("b", "198.19.0.2", 3);
	vip->backends[2] = vip->backends[0];
	assert_false(services_add(s, vip, fixture.error));
	expect_error("vip.backends[2].name: VIP 'b' has another backend 'rs-1'");
	vip = vip_of("b", "2001:db8::2", 2);
	vip->mode = VIP_DNAT;
	assert_false(services_add(s, vip, fixture.error));
	expect_error("vip.backends[0].address: 10.1.0.1 is not of the VIP's family");
	vip = vip_of("b", "2001:db8::2", 2);
	vip->mode = VIP_TUNNEL;
	vip->tunnel.local = address("2001:db8::3");
	assert_false(services_add(s, vip, fixture.error));
	expect_error("vip.backends[0].address: 10.1.0.1 is not of the family of the tunnel");
	vip = vip_of("b", "198.19.0.2", 2);
	vip->limits.bits_per_second = RATE_LIMIT_MAX + 1;
	assert_false(services_add(s, vip, fixture.error));
	expect_error("vip.limits.bits_per_second: 1000000000001 is more than 1000000000000");
	b = backend_of("rs-1", "10.1.0.9");
	assert_false(services_add_backend(s, "a", &b, fixture.error));
	expect_error("backend.name: VIP 'a' has another backend 'rs-1'");
	assert_false(services_add_backend(s, "x", &b, fixture.error));
	expect_error("vip: no VIP 'x'");
	b = backend_of("rs-9", "10.1.0.9");
	b.weight = 101;
	assert_false(services_add_backend(s, "a", &b, fixture.error));
	expect_error("backend.weight: 101 is more than 100");
	assert_false(services_set_backend(s, "a", &b, fixture.error));
	expect_error("backend.name: VIP 'a' has no backend 'rs-9'");
	assert_false(services_remove_backend(s, "a", "rs-9", fixture.error));
	expect_error("backend: VIP 'a' has no backend 'rs-9'");
	assert_false(services_enable_backend(s, "a", "rs-9", true, fixture.error));
	expect_error("backend: VIP 'a' has no backend 'rs-9'");
	assert_ptr_equal(atomic_load(&fixture.published), before);
	assert_int_equal(services_version(s), 7);
	services_free(s);
}

static void should_refuse_two_backends_of_one_server_id(void **state)
{
	struct services *s = create_one(3);
	struct backend b = *services_find_backend(s, "a", "rs-1");

	(void)state;
	b.server_id = (struct quic_server_id){2, {1, 2}};
	assert_true(services_set_backend(s, "a", &b, fixture.error));
	b = *services_find_backend(s, "a", "rs-3");
	b.server_id = (struct quic_server_id){2, {1, 2}};
	assert_false(services_set_backend(s, "a", &b, fixture.error));
	expect_error("backend.server_id: is that of backend 'rs-1'");
	b.server_id.bytes[1] = 3;
	assert_true(services_set_backend(s, "a", &b, fixture.error));
	b = *services_find_backend(s, "a", "rs-1");
	b.server_id.bytes[1] = 3; // the first of the two is the one asked for
	assert_false(services_set_backend(s, "a", &b, fixture.error));
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
	assert_true(services_add(s, udp, fixture.error));
	assert_int_not_equal(services_find(s, "a")->service, services_find(s, "b")->service);
	services_free(s);
}

static void should_change_single_backends(void **state)
{
	struct services *s = create_one(3);
	struct backend b = backend_of("rs-9", "2001:db8::9");
	uint16_t first = services_find_backend(s, "a", "rs-1")->target;

	(void)state;
	b.server_id = (struct quic_server_id){1, {9}};
	assert_true(services_add_backend(s, "a", &b, fixture.error));
	assert_int_equal(seen("198.19.0.1")->backend_count, 4);
	assert_true(services_remove_backend(s, "a", "rs-2", fixture.error));
	assert_int_equal(seen("198.19.0.1")->backend_count, 3);
	assert_null(services_find_backend(s, "a", "rs-2"));
	assert_string_equal(seen("198.19.0.1")->backends[1].name, "rs-3");
	assert_string_equal(seen("198.19.0.1")->backends[2].name, "rs-9");
	b = *services_find_backend(s, "a", "rs-1");
	b.draining = true;
	b.weight = 42;
	assert_true(services_set_backend(s, "a", &b, fixture.error));
	assert_true(services_find_backend(s, "a", "rs-1")->draining);
	assert_int_equal(services_find_backend(s, "a", "rs-1")->weight, 42);
	assert_int_equal(services_find_backend(s, "a", "rs-1")->target, first);
	for (uint32_t i = 0; i < seen("198.19.0.1")->schedule_size; i++)
		assert_int_not_equal(seen("198.19.0.1")->schedule[i], 0);
	for (int i = 1; i <= 9; i++) {
		char name[8];

		snprintf(name, sizeof(name), "rs-%d", i);
		services_remove_backend(s, "a", name, fixture.error);
	}
	assert_int_equal(seen("198.19.0.1")->backend_count, 0);
	services_free(s);
}

static void should_refuse_a_backend_too_many(void **state)
{
	struct services *s = create_one(VIP_MAX_BACKENDS);
	struct backend b = backend_of("more", "10.9.9.9");

	(void)state;
	assert_false(services_add_backend(s, "a", &b, fixture.error));
	expect_error("backend: VIP 'a' has 1024 backends");
	services_free(s);
}

static void should_change_limits_alone(void **state)
{
	struct services *s = create_one(1);
	struct vip_limits limits = {.packets_per_second = 5, .new_connections_per_second = 6};

	(void)state;
	assert_true(services_set_limits(s, "a", &limits, fixture.error));
	assert_int_equal(seen("198.19.0.1")->limits.packets_per_second, 5);
	assert_true(seen("198.19.0.1")->limited);
	limits.packets_per_second = 0;
	assert_true(services_set_limits(s, "a", &limits, fixture.error));
	assert_false(seen("198.19.0.1")->limited);
	assert_false(services_set_limits(s, "x", &limits, fixture.error));
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
	assert_true(services_add_backend(s, "a", &b, fixture.error));
	assert_int_equal(effective("new"), 10);
	assert_int_equal(effective("rs-1"), 100);
	version = services_version(s);
	table = atomic_load(&fixture.published);
	step_by(s, SECOND_NS - 1);
	assert_ptr_equal(atomic_load(&fixture.published), table);
	step_by(s, 1);
	assert_ptr_not_equal(atomic_load(&fixture.published), table);
	assert_int_equal(effective("new"), 20);
	assert_int_equal(services_version(s), version); // the configuration is the same
	assert_true(services_enable_backend(s, "a", "rs-1", false, fixture.error));
	step_by(s, 4 * SECOND_NS);
	assert_int_equal(effective("new"), 60); // another's change does not start it again
	assert_true(services_enable_backend(s, "a", "rs-1", true, fixture.error));
	assert_int_equal(effective("rs-1"), 10);
	step_by(s, 20 * SECOND_NS);
	assert_int_equal(effective("rs-1"), 100);
	assert_int_equal(effective("new"), 100);
	table = atomic_load(&fixture.published);
	step_by(s, 20 * SECOND_NS);
	assert_ptr_equal(atomic_load(&fixture.published), table);
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
		assert_true(services_set(s, vip, fixture.error));
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
	fixture.qsbr = aligned_alloc(64, (rte_rcu_qsbr_get_memsize(1) + 63) / 64 * 64);
	assert_int_equal(rte_rcu_qsbr_init(fixture.qsbr, 1), 0);
	rte_rcu_qsbr_thread_register(fixture.qsbr, 0);
	rte_rcu_qsbr_thread_online(fixture.qsbr, 0);
	s = create_one(2);
	old = seen("198.19.0.1");
	target = old->backends[1].target;
	assert_true(
		services_remove_backend(s, "a", "rs-2", fixture.error)); // waits 100 ms and goes on
	step_by(s, 10 * SECOND_NS);
	assert_int_equal(old->backend_count, 2); // the sanitizer would tell
	assert_true(services_targets(s)[target].used);
	rte_rcu_qsbr_quiescent(fixture.qsbr, 0);
	step_by(s, MILLISECOND_NS);
	assert_false(services_targets(s)[target].used);
	services_free(s);
	free(fixture.qsbr);
}

#define CASE(f) cmocka_unit_test_setup(f, services_set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(should_publish_each_change_with_a_new_version),
		CASE(should_refuse_with_the_key_and_change_nothing),
		CASE(should_refuse_two_backends_of_one_server_id),
		CASE(should_name_the_place_in_a_configuration_that_is_wrong),
		CASE(should_allow_one_address_and_port_for_two_protocols),
		CASE(should_change_single_backends),
		CASE(should_refuse_a_backend_too_many),
		CASE(should_change_limits_alone),
		CASE(should_start_what_is_new_or_enabled_slowly),
		CASE(should_keep_a_slow_start_over_a_whole_set),
		CASE(should_wait_for_readers_before_it_frees_tables_and_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
