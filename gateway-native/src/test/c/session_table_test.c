// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "../../main/c/datapath/port_pool.h"
#include "../../main/c/datapath/session_follow.h"
#include "../../main/c/datapath/session_table.h"
#include "../../main/c/packet/parse.h"

#include <stdlib.h>

enum { CAPACITY = 1024 };

static const uint32_t timeouts[SESSION_CLASSES] = {
	[SESSION_CLASS_SYN] = 80,
	[SESSION_CLASS_ESTABLISHED] = 8000,
	[SESSION_CLASS_CLOSING] = 160,
	[SESSION_CLASS_RESET] = 40,
	[SESSION_CLASS_UDP] = 240,
};

static int removed;

static void count_removed(void *context, const struct session *session)
{
	(void)context;
	(void)session;
	removed++;
}

static int setup(void **state)
{
	struct session_table *table = malloc(sizeof(*table));

	removed = 0;
	session_table_init(
		table, aligned_alloc(64, session_table_bytes(CAPACITY)), CAPACITY, 42, timeouts);
	table->on_remove = count_removed;
	*state = table;
	return 0;
}

static int teardown(void **state)
{
	struct session_table *table = *state;

	free(table->sessions);
	free(table);
	return 0;
}

static struct session numbered(uint32_t n)
{
	return (struct session){
		.client = n,
		.vip = 1,
		.client_port = (uint16_t)n,
		.vip_port = 80,
		.backend = 9,
		.local = 7,
		.backend_port = 8080,
		.local_port = (uint16_t)n,
		.protocol = PROTOCOL_TCP,
		.state = SESSION_SYN_SENT,
		.class = SESSION_CLASS_SYN,
	};
}

static struct session *forward(struct session_table *t, uint32_t n)
{
	return session_find_forward(t, session_forward_hash(t, n, 1, (uint16_t)n, 80, PROTOCOL_TCP),
		n, 1, (uint16_t)n, 80, PROTOCOL_TCP);
}

static struct session *reply(struct session_table *t, uint32_t n)
{
	return session_find_reply(t, session_reply_hash(t, 9, 7, 8080, (uint16_t)n, PROTOCOL_TCP),
		9, 7, 8080, (uint16_t)n, PROTOCOL_TCP);
}

static void should_find_both_directions_until_removed(void **state)
{
	struct session_table *t = *state;

	for (uint32_t n = 1; n <= CAPACITY; n++) {
		struct session s = numbered(n);

		assert_non_null(session_insert(t, &s, 5));
	}
	for (uint32_t n = 1; n <= CAPACITY; n++) {
		assert_non_null(forward(t, n));
		assert_ptr_equal(forward(t, n), reply(t, n));
		assert_int_equal(forward(t, n)->created_tick, 5);
	}
	for (uint32_t n = 1; n <= CAPACITY; n += 2)
		session_remove(t, forward(t, n));
	for (uint32_t n = 1; n <= CAPACITY; n++) {
		assert_int_equal(forward(t, n) != NULL, n % 2 == 0);
		assert_int_equal(reply(t, n) != NULL, n % 2 == 0);
	}
	assert_int_equal(t->count, CAPACITY / 2);
	assert_int_equal(removed, CAPACITY / 2);
}

static void should_refuse_when_full_and_keep_what_it_has(void **state)
{
	struct session_table *t = *state;
	struct session s;

	for (uint32_t n = 1; n <= CAPACITY; n++) {
		s = numbered(n);
		assert_non_null(session_insert(t, &s, 0));
	}
	s = numbered(CAPACITY + 1);
	assert_null(session_insert(t, &s, 0));
	for (uint32_t n = 1; n <= CAPACITY; n++)
		assert_non_null(forward(t, n));
	session_remove(t, forward(t, 17));
	assert_non_null(session_insert(t, &s, 0));
}

static void should_tell_keys_apart_by_every_part(void **state)
{
	struct session_table *t = *state;
	struct session s = numbered(5);

	session_insert(t, &s, 0);
	for (int protocol = PROTOCOL_TCP; protocol <= PROTOCOL_UDP;
		protocol += PROTOCOL_UDP - PROTOCOL_TCP) {
		uint64_t hash = session_forward_hash(t, 5, 1, 5, 80, PROTOCOL_TCP);

		// The same hash on purpose: only the key may decide.
		assert_int_equal(
			session_find_forward(t, hash, 5, 1, 5, 80, (uint8_t)protocol) != NULL,
			protocol == PROTOCOL_TCP);
		assert_null(session_find_forward(t, hash, 6, 1, 5, 80, (uint8_t)protocol));
		assert_null(session_find_forward(t, hash, 5, 2, 5, 80, (uint8_t)protocol));
		assert_null(session_find_forward(t, hash, 5, 1, 6, 80, (uint8_t)protocol));
		assert_null(session_find_forward(t, hash, 5, 1, 5, 81, (uint8_t)protocol));
		assert_null(session_find_reply(t, hash, 5, 1, 5, 80, (uint8_t)protocol));
	}
}

static void should_survive_many_changes(void **state)
{
	struct session_table *t = *state;
	bool present[4 * CAPACITY] = {false};

	srand(3);
	for (int i = 0; i < 200000; i++) {
		uint32_t n = 1 + (uint32_t)rand() % (4 * CAPACITY - 1);

		if (present[n]) {
			session_remove(t, forward(t, n));
			present[n] = false;
		} else {
			struct session s = numbered(n);

			present[n] = session_insert(t, &s, 0) != NULL;
			assert_int_equal(present[n] || t->count == CAPACITY, 1);
		}
	}
	for (uint32_t n = 1; n < 4 * CAPACITY; n++)
		assert_int_equal(forward(t, n) != NULL, present[n]);
}

static void age(struct session_table *t, uint32_t tick)
{
	while (session_table_age(t, tick, 8) > 0)
		;
}

static void should_age_by_class_and_not_before_its_time(void **state)
{
	struct session_table *t = *state;
	struct session syn = numbered(1), udp = numbered(2);
	uint32_t start = UINT32_MAX - 20; // across the wrap of the ticks

	udp.class = SESSION_CLASS_UDP;
	session_insert(t, &syn, start);
	session_insert(t, &udp, start);
	age(t, start + 80);
	assert_int_equal(t->count, 2);
	age(t, start + 90);
	assert_null(forward(t, 1));
	assert_non_null(forward(t, 2));
	age(t, start + 270);
	assert_int_equal(t->count, 0);
}

static void should_keep_a_session_that_is_used(void **state)
{
	struct session_table *t = *state;
	struct session s = numbered(1);
	uint32_t tick = 0;

	session_insert(t, &s, tick);
	for (; tick < 1000; tick += 40) {
		session_touch(t, forward(t, 1), tick);
		age(t, tick);
	}
	tick -= 40;
	age(t, tick + 80 - 1); // an idle time below its timeout never ends it
	assert_non_null(forward(t, 1));
	age(t, tick + 91);
	assert_null(forward(t, 1));
}

static void should_age_in_steps(void **state)
{
	struct session_table *t = *state;

	for (uint32_t n = 1; n <= 100; n++) {
		struct session s = numbered(n);

		session_insert(t, &s, 0);
	}
	assert_int_equal(session_table_age(t, 1000, 16), 16);
	assert_int_equal(t->count, 84);
	age(t, 1000);
	assert_int_equal(t->count, 0);
}

static void should_age_every_class_while_one_has_a_backlog(void **state)
{
	struct session_table *t = *state;

	for (uint32_t n = 1; n <= 900; n++) {
		struct session s = numbered(n);

		s.class = n == 900 ? SESSION_CLASS_UDP : SESSION_CLASS_SYN;
		session_insert(t, &s, 0);
	}
	for (int i = 0; i < SESSION_CLASSES; i++)
		assert_in_range(session_table_age(t, 1000, 16), 1, 16);
	assert_null(forward(t, 900));
	assert_int_not_equal(t->count, 0);
}

static void should_follow_a_connection_to_its_end(void **state)
{
	struct session_table *t = *state;
	struct session seed = numbered(1), *s = session_insert(t, &seed, 0);

	session_follow(t, s, true, TCP_SYN, 0);
	assert_int_equal(s->state, SESSION_SYN_SENT);
	session_follow(t, s, true, TCP_ACK, 0); // no SYN-ACK has been seen
	assert_int_equal(s->state, SESSION_SYN_SENT);
	session_follow(t, s, false, TCP_SYN | TCP_ACK, 0);
	assert_int_equal(s->state, SESSION_SYN_RECEIVED);
	session_follow(t, s, true, TCP_ACK, 0);
	assert_int_equal(s->state, SESSION_ESTABLISHED);
	assert_int_equal(s->class, SESSION_CLASS_ESTABLISHED);
	session_follow(t, s, true, TCP_FIN | TCP_ACK, 0);
	assert_int_equal(s->state, SESSION_ESTABLISHED); // half-closed: the other side may talk on
	session_follow(t, s, false, TCP_FIN | TCP_ACK, 0);
	assert_int_equal(s->state, SESSION_CLOSING);
	assert_true(session_is_over(s));
}

static void should_free_a_half_open_session_soon_after_a_reset(void **state)
{
	struct session_table *t = *state;
	struct session seed = numbered(1), *s = session_insert(t, &seed, 0);

	session_follow(t, s, true, TCP_SYN, 0);
	session_follow(t, s, true, TCP_RST, 10);
	assert_int_equal(s->class, SESSION_CLASS_RESET);
	session_follow(t, s, false, TCP_SYN | TCP_ACK, 11); // a late answer still passes
	assert_int_equal(s->class, SESSION_CLASS_RESET);
	age(t, 60);
	assert_int_equal(t->count, 0);
}

static void should_give_a_reset_of_an_established_session_the_closing_time(void **state)
{
	struct session_table *t = *state;
	struct session seed = numbered(1), *s;

	seed.state = SESSION_ESTABLISHED;
	seed.class = SESSION_CLASS_ESTABLISHED;
	s = session_insert(t, &seed, 0);
	session_follow(t, s, false, TCP_RST, 10);
	assert_int_equal(s->class, SESSION_CLASS_CLOSING);
}

static struct port_pool pool_of(unsigned int worker, uint16_t first, uint16_t last)
{
	static const uint32_t locals[] = {7};
	const struct port_pool_config config = {
		.locals = locals,
		.local_count = 1,
		.backend_slots = 4,
		.workers = 3,
		.worker = worker,
		.first_port = first,
		.last_port = last,
	};
	struct port_pool pool;

	assert_int_equal(port_pool_init(&pool, &config), 0);
	return pool;
}

static void should_give_each_worker_ports_of_its_own(void **state)
{
	struct session_table *t = *state;

	for (unsigned int worker = 0; worker < 3; worker++) {
		struct port_pool pool = pool_of(worker, 1024, 1123);
		int taken = 0;

		for (uint32_t n = 1;; n++) {
			struct session s = numbered(1000 * (worker + 1) + n);

			if (!port_pool_take(&pool, t, &s, n))
				break;
			assert_in_range(s.local_port, 1024, 1123);
			assert_int_equal(port_pool_owner(s.local_port, 3), worker);
			assert_null(reply(t, s.local_port)); // never one that is in use
			assert_non_null(session_insert(t, &s, 0));
			taken++;
		}
		assert_in_range(taken, 33, 34); // all of them
		port_pool_free(&pool);
	}
	assert_int_equal(t->count, 100);
}

static void should_use_a_port_again_for_another_backend_and_after_its_end(void **state)
{
	struct session_table *t = *state;
	struct port_pool pool = pool_of(0, 1026, 1026);
	struct session s = numbered(1), other = numbered(2), third = numbered(3);

	assert_true(port_pool_take(&pool, t, &s, 0));
	session_insert(t, &s, 0);
	other.backend = 10;
	other.backend_slot = 1;
	assert_true(port_pool_take(&pool, t, &other, 0));
	assert_int_equal(other.local_port, s.local_port);
	assert_false(port_pool_take(&pool, t, &third, 0));
	session_remove(t, forward(t, 1));
	port_pool_give(&pool, &s);
	assert_true(port_pool_take(&pool, t, &third, 0));
	port_pool_free(&pool);
}

static void should_find_a_free_port_behind_a_block_in_use(void **state)
{
	struct session_table *t = *state;
	struct port_pool pool = pool_of(0, 1026, 1026 + 3 * 599);

	for (uint32_t n = 1; n <= 600; n++) {
		struct session s = numbered(n);

		assert_true(port_pool_take(&pool, t, &s, 0));
		assert_non_null(session_insert(t, &s, 0));
	}
	for (uint32_t n = 1; n <= 600; n++) { // each in turn is the only free one
		struct session before = *forward(t, n), s = numbered(n);

		session_remove(t, forward(t, n));
		port_pool_give(&pool, &before);
		assert_true(port_pool_take(&pool, t, &s, 0));
		assert_int_equal(s.local_port, before.local_port);
		assert_non_null(session_insert(t, &s, 0));
	}
	port_pool_free(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			should_find_both_directions_until_removed, setup, teardown),
		cmocka_unit_test_setup_teardown(
			should_refuse_when_full_and_keep_what_it_has, setup, teardown),
		cmocka_unit_test_setup_teardown(
			should_tell_keys_apart_by_every_part, setup, teardown),
		cmocka_unit_test_setup_teardown(should_survive_many_changes, setup, teardown),
		cmocka_unit_test_setup_teardown(
			should_age_by_class_and_not_before_its_time, setup, teardown),
		cmocka_unit_test_setup_teardown(
			should_keep_a_session_that_is_used, setup, teardown),
		cmocka_unit_test_setup_teardown(should_age_in_steps, setup, teardown),
		cmocka_unit_test_setup_teardown(
			should_age_every_class_while_one_has_a_backlog, setup, teardown),
		cmocka_unit_test_setup_teardown(
			should_find_a_free_port_behind_a_block_in_use, setup, teardown),
		cmocka_unit_test_setup_teardown(
			should_follow_a_connection_to_its_end, setup, teardown),
		cmocka_unit_test_setup_teardown(
			should_free_a_half_open_session_soon_after_a_reset, setup, teardown),
		cmocka_unit_test_setup_teardown(
			should_give_a_reset_of_an_established_session_the_closing_time, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			should_give_each_worker_ports_of_its_own, setup, teardown),
		cmocka_unit_test_setup_teardown(
			should_use_a_port_again_for_another_backend_and_after_its_end, setup,
			teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
