// SPDX-License-Identifier: Apache-2.0
#include "services_fixture.h"

#include "../../main/c/control/service_ids.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

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
	assert_true(services_set(s, vip, fixture.error));
	vip = (struct vip *)seen("198.19.0.1");
	assert_int_equal(vip->service, service);
	assert_int_equal(vip->backends[0].target, targets[2]);
	assert_int_equal(vip->backends[1].target, targets[1]);
	assert_int_not_equal(vip->backends[2].target, targets[0]);
	assert_int_equal(services_targets(s)[targets[1]].port, 8080);
	assert_int_equal(services_targets(s)[targets[1]].service, service);
	assert_int_equal(services_targets(s)[targets[1]].backend_slot, slot_of(NULL, "rs-2"));
	assert_int_equal(ip_v4(&services_targets(s)[targets[1]].address), inet_addr("10.1.0.2"));
	assert_true(services_enable(s, "a", false, fixture.error));
	assert_true(services_enable_backend(s, "a", "rs-2", false, fixture.error));
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
	assert_true(services_set(s, vip, fixture.error));
	assert_int_not_equal(services_find(s, "a")->service, service);
	assert_int_not_equal(services_find(s, "a")->backends[0].target, target);
	assert_null(atomic_load(&fixture.published)->by_service[service]);
	assert_ptr_equal(
		atomic_load(&fixture.published)->by_service[services_find(s, "a")->service],
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
	fixture.sessions_of_target[target] = 3;
	assert_true(services_remove_backend(s, "a", "rs-2", fixture.error));
	step_by(s, 3600 * SECOND_NS);
	assert_memory_equal(&services_targets(s)[target], &kept, sizeof(kept));
	fixture.sessions_of_target[target] = 0;
	step_by(s, MILLISECOND_NS);
	assert_false(services_targets(s)[target].used);
	services_free(s);
}

static void should_let_an_id_rest_for_packets_on_their_way(void **state)
{
	struct services *s = create_one(2);
	uint16_t target = services_find_backend(s, "a", "rs-2")->target;

	(void)state;
	assert_true(services_remove_backend(s, "a", "rs-2", fixture.error));
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
	fixture.sessions_of_target[target] = 1;
	assert_true(services_remove(s, "a", fixture.error));
	step_by(s, 10 * SECOND_NS);
	// Were it free, a VIP that is another one could get it: all 8192 but this one can be had.
	for (unsigned int i = 0; i < SERVICE_MAX + 100; i++) {
		char text[20];

		snprintf(text, sizeof(text), "198.20.%u.%u", i / 250, i % 250 + 1);
		assert_true(services_add(s, vip_of("b", text, 1), fixture.error));
		assert_int_not_equal(services_find(s, "b")->service, service);
		assert_true(services_remove(s, "b", fixture.error));
		step_by(s, SERVICE_IDS_REST_NS);
	}
	fixture.sessions_of_target[target] = 0;
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
	fixture.sessions_of_service[service] = 1;
	fixture.sessions_of_target[target] = 1;
	assert_true(services_remove(s, "a", fixture.error));
	step_by(s, 10 * SECOND_NS);
	assert_true(services_add(s, vip_of("a", "198.19.0.1", 2), fixture.error));
	assert_int_equal(services_find(s, "a")->service, service);
	assert_int_equal(services_find_backend(s, "a", "rs-2")->target, target);
	fixture.sessions_of_service[service] = 0;
	fixture.sessions_of_target[target] = 0;
	step_by(s, 10 * SECOND_NS); // it is in use again, sessions or not
	assert_true(services_targets(s)[target].used);
	assert_ptr_equal(
		atomic_load(&fixture.published)->by_service[service], services_find(s, "a"));
	services_free(s);
}

static void should_refuse_when_sessions_hold_every_target(void **state)
{
	struct vip *vip = vip_of("a", "198.19.0.1", VIP_MAX_BACKENDS);
	struct services *s = create(&vip, 1);

	(void)state;
	memset(fixture.sessions_of_target, 0xff, sizeof(fixture.sessions_of_target));
	for (uint16_t port = 1; port < TARGET_MAX / VIP_MAX_BACKENDS; port++) {
		vip = vip_of("a", "198.19.0.1", VIP_MAX_BACKENDS);
		for (uint32_t i = 0; i < VIP_MAX_BACKENDS; i++)
			vip->backends[i].port = port;
		assert_true(services_set(s, vip, fixture.error));
		step_by(s, 10 * SECOND_NS);
	}
	vip = vip_of("a", "198.19.0.1", 1);
	vip->backends[0].port = 60000;
	assert_false(services_set(s, vip, fixture.error));
	expect_error("vip: 16384 backends with sessions is the limit");
	assert_int_equal(seen("198.19.0.1")->backend_count, VIP_MAX_BACKENDS);
	memset(fixture.sessions_of_target, 0, sizeof(fixture.sessions_of_target));
	step_by(s, 10 * SECOND_NS);
	vip = vip_of("a", "198.19.0.1", 1);
	vip->backends[0].port = 60000;
	assert_true(services_set(s, vip, fixture.error));
	services_free(s);
}

static void should_not_leak_the_ids_of_a_refused_request(void **state)
{
	struct services *s = create_one(0);

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct vip *vip = vip_of("b", "198.19.0.2", VIP_MAX_BACKENDS);
		unsigned int used = 0;

		assert_true(services_add(s, vip, fixture.error));
		vip = vip_of("b", "198.19.0.2", VIP_MAX_BACKENDS);
		for (uint32_t j = 0; j < VIP_MAX_BACKENDS; j++) // too many names in all
			snprintf(vip->backends[j].name, DT_NAME_LEN, "x-%d-%u", i, j);
		if (i == 2) {
			for (int j = 0; j < DT_MAX_NAMES; j++)
				fixture.names[j][0] =
					fixture.names[j][0] ? fixture.names[j][0] : '!';
			assert_false(services_set(s, vip, fixture.error));
			expect_error("gets no slot");
		} else {
			assert_true(services_set(s, vip, fixture.error));
		}
		assert_true(services_remove(s, "b", fixture.error));
		step_by(s, 2 * SECOND_NS);
		for (int j = 0; j < TARGET_MAX; j++)
			used += services_targets(s)[j].used;
		assert_int_equal(used, 0);
	}
	services_free(s);
}

#define CASE(f) cmocka_unit_test_setup(f, services_set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(should_keep_ids_of_what_stays_the_same),
		CASE(should_give_another_service_id_when_what_a_session_knows_changes),
		CASE(should_free_an_id_only_when_no_session_has_it),
		CASE(should_let_an_id_rest_for_packets_on_their_way),
		CASE(should_free_a_service_after_its_targets),
		CASE(should_give_back_the_ids_of_a_vip_that_returns_while_sessions_live),
		CASE(should_refuse_when_sessions_hold_every_target),
		CASE(should_not_leak_the_ids_of_a_refused_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
