// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "../../main/c/datapath/neighbour.h"

#include <stdlib.h>
#include <string.h>

#define SECOND 1000000000ull

static const uint8_t mac[6] = {2, 0, 0, 0, 0, 9};
static int requests, unicasts, dropped;
static int packet;

static void request(void *context, uint8_t port, uint32_t address, const uint8_t *to)
{
	(void)context;
	(void)port;
	(void)address;
	requests++;
	unicasts += to != NULL;
}

static void unreachable(void *context, void *lost)
{
	(void)context;
	assert_ptr_equal(lost, &packet);
	dropped++;
}

static int setup(void **state)
{
	struct neighbour_table *t = calloc(1, sizeof(*t));

	t->callbacks.request = request;
	t->callbacks.unreachable = unreachable;
	requests = unicasts = dropped = 0;
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	free(*state);
	return 0;
}

static void should_keep_the_first_packets_until_the_answer(void **state)
{
	struct neighbour_table *t = *state;
	void *waiting[NEIGHBOUR_PENDING];
	const uint8_t *found;

	for (int i = 0; i < NEIGHBOUR_PENDING; i++)
		assert_int_equal(neighbour_resolve(t, 0, 5, &packet, 0, &found), NEIGHBOUR_QUEUED);
	assert_int_equal(neighbour_resolve(t, 0, 5, &packet, 0, &found), NEIGHBOUR_DEAD);
	assert_int_equal(requests, 1);
	assert_int_equal(neighbour_learn(t, 5, mac, SECOND / 10, waiting), NEIGHBOUR_PENDING);
	assert_int_equal(neighbour_resolve(t, 0, 5, &packet, SECOND / 10, &found), NEIGHBOUR_KNOWN);
	assert_memory_equal(found, mac, 6);
	assert_int_equal(neighbour_learn(t, 5, mac, SECOND / 5, waiting), 0);
}

static void should_give_up_within_a_second_and_try_again_later(void **state)
{
	struct neighbour_table *t = *state;
	const uint8_t *found;

	neighbour_resolve(t, 0, 5, &packet, 0, &found);
	for (uint64_t now = 0; now <= SECOND; now += NEIGHBOUR_STEP_NS)
		neighbour_step(t, now);
	assert_int_equal(requests, NEIGHBOUR_TRIES);
	assert_int_equal(dropped, 1);
	assert_int_equal(neighbour_resolve(t, 0, 5, &packet, SECOND, &found), NEIGHBOUR_DEAD);
	assert_int_equal(neighbour_resolve(t, 0, 5, &packet, 3 * SECOND, &found), NEIGHBOUR_QUEUED);
	assert_int_equal(requests, NEIGHBOUR_TRIES + 1);
	neighbour_flush(t);
	assert_int_equal(dropped, 2);
}

static void should_refresh_a_pinned_neighbour_before_it_ages(void **state)
{
	struct neighbour_table *t = *state;
	void *waiting[NEIGHBOUR_PENDING];
	const uint8_t *found;

	neighbour_pin(t, 0, 5, 0);
	assert_false(neighbour_is_reachable(t, 5));
	neighbour_learn(t, 5, mac, 0, waiting);
	for (uint64_t now = 0; now <= NEIGHBOUR_REFRESH_NS + SECOND / 10; now += NEIGHBOUR_STEP_NS)
		neighbour_step(t, now);
	assert_int_equal(unicasts, 1);
	assert_true(neighbour_is_reachable(t, 5)); // used all the while
	assert_int_equal(
		neighbour_resolve(t, 0, 5, &packet, NEIGHBOUR_REFRESH_NS, &found), NEIGHBOUR_KNOWN);
	neighbour_learn(t, 5, mac, NEIGHBOUR_REFRESH_NS + SECOND, waiting);
	neighbour_step(t, NEIGHBOUR_REFRESH_NS + 2 * SECOND);
	assert_int_equal(requests, 2);
}

static void should_notice_a_neighbour_that_went_away_and_came_back(void **state)
{
	struct neighbour_table *t = *state;
	void *waiting[NEIGHBOUR_PENDING];
	uint64_t now;

	neighbour_pin(t, 0, 5, 0);
	neighbour_learn(t, 5, mac, 0, waiting);
	for (now = 0; now <= NEIGHBOUR_REFRESH_NS + 6 * SECOND; now += NEIGHBOUR_STEP_NS)
		neighbour_step(t, now);
	assert_false(neighbour_is_reachable(t, 5));
	neighbour_learn(t, 5, mac, now, waiting);
	assert_true(neighbour_is_reachable(t, 5));
}

static void should_not_learn_what_nobody_asked_for(void **state)
{
	struct neighbour_table *t = *state;
	void *waiting[NEIGHBOUR_PENDING];

	assert_int_equal(neighbour_learn(t, 77, mac, 0, waiting), 0);
	assert_false(neighbour_is_reachable(t, 77));
}

static void should_keep_a_configured_neighbour(void **state)
{
	struct neighbour_table *t = *state;
	void *waiting[NEIGHBOUR_PENDING];
	const uint8_t *found;

	neighbour_fix(t, 0, 5, mac);
	neighbour_learn(t, 5, (const uint8_t[6]){6}, 0, waiting);
	neighbour_step(t, 1000 * SECOND);
	assert_int_equal(
		neighbour_resolve(t, 0, 5, &packet, 1000 * SECOND, &found), NEIGHBOUR_KNOWN);
	assert_memory_equal(found, mac, 6);
	assert_int_equal(requests, 0);
}

static void should_make_room_for_new_neighbours(void **state)
{
	struct neighbour_table *t = *state;
	void *waiting[NEIGHBOUR_PENDING];
	const uint8_t *found;

	neighbour_pin(t, 0, 1, 0);
	neighbour_learn(t, 1, mac, 0, waiting);
	for (uint32_t address = 2; address < 20000; address++) {
		assert_int_equal(neighbour_resolve(t, 0, address, &packet, address, &found),
			NEIGHBOUR_QUEUED);
		neighbour_learn(t, address, mac, address, waiting);
	}
	assert_true(neighbour_is_reachable(t, 1));
}

static void should_keep_so_many_packets_in_all(void **state)
{
	struct neighbour_table *t = *state;
	void *waiting[NEIGHBOUR_PENDING];
	const uint8_t *found;
	int queued = 0;

	for (uint32_t address = 1; address <= 100; address++) {
		for (int i = 0; i < NEIGHBOUR_PENDING; i++)
			queued += neighbour_resolve(t, 0, address, &packet, 0, &found) ==
				  NEIGHBOUR_QUEUED;
	}
	assert_int_equal(queued, NEIGHBOUR_ALL_PENDING);
	assert_int_equal(requests, 100); // they are asked for all the same
	assert_int_equal(neighbour_learn(t, 1, mac, 0, waiting), NEIGHBOUR_PENDING);
	for (int i = 0; i < NEIGHBOUR_PENDING; i++)
		assert_int_equal(
			neighbour_resolve(t, 0, 100, &packet, 0, &found), NEIGHBOUR_QUEUED);
	assert_int_equal(neighbour_resolve(t, 0, 99, &packet, 0, &found), NEIGHBOUR_DEAD);
	for (uint64_t now = 0; now <= SECOND; now += NEIGHBOUR_STEP_NS)
		neighbour_step(t, now);
	assert_int_equal(dropped, NEIGHBOUR_ALL_PENDING);
	assert_int_equal(neighbour_resolve(t, 0, 200, &packet, 0, &found), NEIGHBOUR_QUEUED);
	neighbour_flush(t);
	assert_int_equal(t->pending_total, 0);
}

static void should_assume_more_neighbours_than_it_holds(void **state)
{
	struct neighbour_table *t = *state;
	void *waiting[NEIGHBOUR_PENDING];
	const uint8_t *found;

	t->assume_present = true;
	neighbour_pin(t, 0, 1, 0);
	for (uint32_t address = 2; address < 20000; address++) {
		assert_int_equal(neighbour_resolve(t, 0, address, &packet, address, &found),
			NEIGHBOUR_KNOWN);
		assert_memory_equal(found + 2, &address, 4);
	}
	assert_int_equal(neighbour_learn(t, 19999, mac, 20000, waiting), 0);
	assert_int_equal(neighbour_resolve(t, 0, 19999, &packet, 20000, &found), NEIGHBOUR_KNOWN);
	assert_memory_equal(found, "\x02\x00", 2); // an ARP message in a capture changes nothing
	assert_true(neighbour_is_reachable(t, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			should_keep_the_first_packets_until_the_answer, setup, teardown),
		cmocka_unit_test_setup_teardown(
			should_give_up_within_a_second_and_try_again_later, setup, teardown),
		cmocka_unit_test_setup_teardown(
			should_refresh_a_pinned_neighbour_before_it_ages, setup, teardown),
		cmocka_unit_test_setup_teardown(
			should_notice_a_neighbour_that_went_away_and_came_back, setup, teardown),
		cmocka_unit_test_setup_teardown(
			should_not_learn_what_nobody_asked_for, setup, teardown),
		cmocka_unit_test_setup_teardown(
			should_keep_a_configured_neighbour, setup, teardown),
		cmocka_unit_test_setup_teardown(
			should_make_room_for_new_neighbours, setup, teardown),
		cmocka_unit_test_setup_teardown(
			should_keep_so_many_packets_in_all, setup, teardown),
		cmocka_unit_test_setup_teardown(
			should_assume_more_neighbours_than_it_holds, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
