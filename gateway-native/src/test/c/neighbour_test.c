// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "../../main/c/datapath/neighbour.h"

#include <stdlib.h>
#include <string.h>

#define SECOND 1000000000ull

static const uint8_t mac[6] = {2, 0, 0, 0, 0, 9};
static int requests, unicasts, dropped;
static int packet;

// IPv4 addresses by number; the family makes no difference, which one test shows.
#define AT(number) ((const struct ip_address[]){ip_from_v4(number)})

static void request(
	void *context, uint8_t port, const struct ip_address *address, const uint8_t *to)
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
		assert_int_equal(
			neighbour_resolve(t, 0, AT(5), &packet, 0, &found), NEIGHBOUR_QUEUED);
	assert_int_equal(neighbour_resolve(t, 0, AT(5), &packet, 0, &found), NEIGHBOUR_DEAD);
	assert_int_equal(requests, 1);
	assert_int_equal(neighbour_learn(t, AT(5), mac, SECOND / 10, waiting), NEIGHBOUR_PENDING);
	assert_int_equal(
		neighbour_resolve(t, 0, AT(5), &packet, SECOND / 10, &found), NEIGHBOUR_KNOWN);
	assert_memory_equal(found, mac, 6);
	assert_int_equal(neighbour_learn(t, AT(5), mac, SECOND / 5, waiting), 0);
}

static void should_give_up_within_a_second_and_try_again_later(void **state)
{
	struct neighbour_table *t = *state;
	const uint8_t *found;

	neighbour_resolve(t, 0, AT(5), &packet, 0, &found);
	for (uint64_t now = 0; now <= SECOND; now += NEIGHBOUR_STEP_NS)
		neighbour_step(t, now);
	assert_int_equal(requests, NEIGHBOUR_TRIES);
	assert_int_equal(dropped, 1);
	assert_int_equal(neighbour_resolve(t, 0, AT(5), &packet, SECOND, &found), NEIGHBOUR_DEAD);
	assert_int_equal(
		neighbour_resolve(t, 0, AT(5), &packet, 3 * SECOND, &found), NEIGHBOUR_QUEUED);
	assert_int_equal(requests, NEIGHBOUR_TRIES + 1);
	neighbour_flush(t);
	assert_int_equal(dropped, 2);
}

static void should_refresh_a_pinned_neighbour_before_it_ages(void **state)
{
	struct neighbour_table *t = *state;
	void *waiting[NEIGHBOUR_PENDING];
	const uint8_t *found;

	neighbour_pin(t, 0, AT(5), 0);
	assert_false(neighbour_is_reachable(t, AT(5)));
	neighbour_learn(t, AT(5), mac, 0, waiting);
	for (uint64_t now = 0; now <= NEIGHBOUR_REFRESH_NS + SECOND / 10; now += NEIGHBOUR_STEP_NS)
		neighbour_step(t, now);
	assert_int_equal(unicasts, 1);
	assert_true(neighbour_is_reachable(t, AT(5))); // used all the while
	assert_int_equal(neighbour_resolve(t, 0, AT(5), &packet, NEIGHBOUR_REFRESH_NS, &found),
		NEIGHBOUR_KNOWN);
	neighbour_learn(t, AT(5), mac, NEIGHBOUR_REFRESH_NS + SECOND, waiting);
	neighbour_step(t, NEIGHBOUR_REFRESH_NS + 2 * SECOND);
	assert_int_equal(requests, 2);
}

static void should_notice_a_neighbour_that_went_away_and_came_back(void **state)
{
	struct neighbour_table *t = *state;
	void *waiting[NEIGHBOUR_PENDING];
	uint64_t now;

	neighbour_pin(t, 0, AT(5), 0);
	neighbour_learn(t, AT(5), mac, 0, waiting);
	for (now = 0; now <= NEIGHBOUR_REFRESH_NS + 6 * SECOND; now += NEIGHBOUR_STEP_NS)
		neighbour_step(t, now);
	assert_false(neighbour_is_reachable(t, AT(5)));
	neighbour_learn(t, AT(5), mac, now, waiting);
	assert_true(neighbour_is_reachable(t, AT(5)));
}

static void should_not_learn_what_nobody_asked_for(void **state)
{
	struct neighbour_table *t = *state;
	void *waiting[NEIGHBOUR_PENDING];

	assert_int_equal(neighbour_learn(t, AT(77), mac, 0, waiting), 0);
	assert_false(neighbour_is_reachable(t, AT(77)));
}

static void should_keep_a_configured_neighbour(void **state)
{
	struct neighbour_table *t = *state;
	void *waiting[NEIGHBOUR_PENDING];
	const uint8_t *found;

	neighbour_fix(t, 0, AT(5), mac);
	neighbour_learn(t, AT(5), (const uint8_t[6]){6}, 0, waiting);
	neighbour_step(t, 1000 * SECOND);
	assert_int_equal(
		neighbour_resolve(t, 0, AT(5), &packet, 1000 * SECOND, &found), NEIGHBOUR_KNOWN);
	assert_memory_equal(found, mac, 6);
	assert_int_equal(requests, 0);
}

static void should_make_room_for_new_neighbours(void **state)
{
	struct neighbour_table *t = *state;
	void *waiting[NEIGHBOUR_PENDING];
	const uint8_t *found;

	neighbour_pin(t, 0, AT(1), 0);
	neighbour_learn(t, AT(1), mac, 0, waiting);
	for (uint32_t address = 2; address < 20000; address++) {
		assert_int_equal(neighbour_resolve(t, 0, AT(address), &packet, address, &found),
			NEIGHBOUR_QUEUED);
		neighbour_learn(t, AT(address), mac, address, waiting);
	}
	assert_true(neighbour_is_reachable(t, AT(1)));
}

static void should_keep_so_many_packets_in_all(void **state)
{
	struct neighbour_table *t = *state;
	void *waiting[NEIGHBOUR_PENDING];
	const uint8_t *found;
	int queued = 0;

	for (uint32_t address = 1; address <= 100; address++) {
		for (int i = 0; i < NEIGHBOUR_PENDING; i++)
			queued += neighbour_resolve(t, 0, AT(address), &packet, 0, &found) ==
				  NEIGHBOUR_QUEUED;
	}
	assert_int_equal(queued, NEIGHBOUR_ALL_PENDING);
	assert_int_equal(requests, 100); // they are asked for all the same
	assert_int_equal(neighbour_learn(t, AT(1), mac, 0, waiting), NEIGHBOUR_PENDING);
	for (int i = 0; i < NEIGHBOUR_PENDING; i++)
		assert_int_equal(
			neighbour_resolve(t, 0, AT(100), &packet, 0, &found), NEIGHBOUR_QUEUED);
	assert_int_equal(neighbour_resolve(t, 0, AT(99), &packet, 0, &found), NEIGHBOUR_DEAD);
	for (uint64_t now = 0; now <= SECOND; now += NEIGHBOUR_STEP_NS)
		neighbour_step(t, now);
	assert_int_equal(dropped, NEIGHBOUR_ALL_PENDING);
	assert_int_equal(neighbour_resolve(t, 0, AT(200), &packet, 0, &found), NEIGHBOUR_QUEUED);
	neighbour_flush(t);
	assert_int_equal(t->pending_total, 0);
}

static void should_assume_more_neighbours_than_it_holds(void **state)
{
	struct neighbour_table *t = *state;
	void *waiting[NEIGHBOUR_PENDING];
	const uint8_t *found;

	t->assume_present = true;
	neighbour_pin(t, 0, AT(1), 0);
	for (uint32_t address = 2; address < 20000; address++) {
		assert_int_equal(neighbour_resolve(t, 0, AT(address), &packet, address, &found),
			NEIGHBOUR_KNOWN);
		assert_memory_equal(found + 2, &address, 4);
	}
	assert_int_equal(neighbour_learn(t, AT(19999), mac, 20000, waiting), 0);
	assert_int_equal(
		neighbour_resolve(t, 0, AT(19999), &packet, 20000, &found), NEIGHBOUR_KNOWN);
	assert_memory_equal(found, "\x02\x00", 2); // an ARP message in a capture changes nothing
	assert_true(neighbour_is_reachable(t, AT(1)));
}

static struct ip_address v6(uint64_t high, uint64_t low)
{
	return (struct ip_address){.halves = {high, low}};
}

static void should_tell_addresses_of_both_families_apart(void **state)
{
	struct neighbour_table *t = *state;
	struct ip_address a = v6(1, 5), b = v6(2, 5), mapped = ip_from_v4(5);
	const uint8_t other[6] = {2, 0, 0, 0, 0, 8};
	void *waiting[NEIGHBOUR_PENDING];
	const uint8_t *found;

	for (const struct ip_address *each[] = {&a, &b, &mapped, NULL}, **i = each; *i; i++)
		assert_int_equal(neighbour_resolve(t, 0, *i, &packet, 0, &found), NEIGHBOUR_QUEUED);
	assert_int_equal(neighbour_learn(t, &a, mac, 0, waiting), 1);
	assert_int_equal(neighbour_learn(t, &b, other, 0, waiting), 1);
	assert_false(neighbour_is_reachable(t, &mapped));
	neighbour_resolve(t, 0, &a, &packet, 0, &found);
	assert_memory_equal(found, mac, 6);
	neighbour_resolve(t, 0, &b, &packet, 0, &found);
	assert_memory_equal(found, other, 6);
}

// Addresses of one link differ in a few bits at one end: they must not share a bucket.
static void should_hold_a_whole_link(void **state)
{
	struct neighbour_table *t = *state;
	void *waiting[NEIGHBOUR_PENDING];
	unsigned int reachable = 0;
	const uint8_t *found;

	for (uint32_t i = 1; i <= 1000; i++) {
		struct ip_address links[] = {
			ip_from_v4(htonl(0x0a010000 | i)), v6(0x20010db8, (uint64_t)i << 48)};

		for (int family = 0; family < 2; family++) {
			neighbour_resolve(t, 0, &links[family], &packet, i, &found);
			neighbour_learn(t, &links[family], mac, i, waiting);
		}
	}
	for (uint32_t i = 1; i <= 1000; i++) {
		reachable += neighbour_is_reachable(t, AT(htonl(0x0a010000 | i)));
		reachable += neighbour_is_reachable(
			t, (struct ip_address[]){v6(0x20010db8, (uint64_t)i << 48)});
	}
	assert_true(reachable > 1900); // of 4096 places
}

static void should_stay_with_a_mac_that_is_confirmed(void **state)
{
	struct neighbour_table *t = *state;
	void *waiting[NEIGHBOUR_PENDING];
	const uint8_t *found;

	neighbour_resolve(t, 0, AT(5), &packet, 0, &found);
	assert_int_equal(neighbour_learn(t, AT(5), NULL, 0, waiting), 0); // it has none yet
	assert_false(neighbour_is_reachable(t, AT(5)));
	neighbour_learn(t, AT(5), mac, 0, waiting);
	for (uint64_t now = 0; now <= NEIGHBOUR_REFRESH_NS + 30 * SECOND;
		now += NEIGHBOUR_STEP_NS) {
		if (now % SECOND == 0)
			neighbour_learn(t, AT(5), NULL, now, waiting);
		neighbour_step(t, now);
	}
	assert_int_equal(
		neighbour_resolve(t, 0, AT(5), &packet, 60 * SECOND, &found), NEIGHBOUR_KNOWN);
	assert_memory_equal(found, mac, 6);
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
		cmocka_unit_test_setup_teardown(
			should_tell_addresses_of_both_families_apart, setup, teardown),
		cmocka_unit_test_setup_teardown(should_hold_a_whole_link, setup, teardown),
		cmocka_unit_test_setup_teardown(
			should_stay_with_a_mac_that_is_confirmed, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
