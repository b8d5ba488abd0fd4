// SPDX-License-Identifier: Apache-2.0
#include "session_fixture.h"

#include "../../main/c/datapath/port_pool.h"

static struct ip_address locals[PORT_POOL_MAX_LOCALS]; // fixture_v4(7 + index), or IPv6
static unsigned int local_count;

static int setup(void **state)
{
	local_count = 1;
	for (unsigned int i = 0; i < PORT_POOL_MAX_LOCALS; i++)
		locals[i] = fixture_v4(7 + i);
	return fixture_setup(state);
}

static struct port_pool pool_of(unsigned int worker, uint16_t first, uint16_t last)
{
	const struct port_pool_config config = {
		.locals = locals,
		.local_count = local_count,
		.workers = 3,
		.worker = worker,
		.first_port = first,
		.last_port = last,
	};
	struct port_pool pool;

	assert_int_equal(port_pool_init(&pool, &config), 0);
	return pool;
}

// Takes a port and inserts the session with it; NULL: none is left.
static struct session *take(
	struct port_pool *pool, struct session_table *t, struct session *s, uint64_t hash)
{
	const struct target *target = &t->targets[s->target];
	uint64_t reply_hash;
	struct session *inserted;

	if (!port_pool_take(pool, t, s, hash, &reply_hash))
		return NULL;
	assert_null(session_find_reply(t, reply_hash, &target->address, target->port,
		s->local_index, NULL, s->local_port, s->protocol)); // never one that is in use
	assert_true(reply_hash == session_reply_hash(t, &target->address, &locals[s->local_index],
					  target->port, s->local_port, s->protocol));
	inserted = session_insert(t, s, fixture_forward_hash(t, s), reply_hash, 0);
	assert_non_null(inserted);
	return inserted;
}

static void should_give_each_worker_ports_of_its_own(void **state)
{
	struct session_table *t = *state;

	for (unsigned int worker = 0; worker < 3; worker++) {
		struct port_pool pool = pool_of(worker, 1024, 1123);
		int taken = 0;

		for (uint32_t n = 1;; n++) {
			struct session s = fixture_session(1000 * (worker + 1) + n);

			if (!take(&pool, t, &s, n))
				break;
			assert_in_range(s.local_port, 1024, 1123);
			assert_int_equal(port_pool_owner(s.local_port, 3), worker);
			taken++;
		}
		assert_in_range(taken, 33, 34); // all of them
		port_pool_free(&pool);
	}
	assert_int_equal(t->count, 100);
}

static void should_use_a_port_again_for_another_target_and_after_its_end(void **state)
{
	struct session_table *t = *state;
	struct port_pool pool = pool_of(0, 1026, 1026);
	struct session s = fixture_session(1), other = fixture_session(2);
	struct session third = fixture_session(3);

	assert_non_null(take(&pool, t, &s, 0));
	other.target = FIXTURE_OTHER_TARGET;
	assert_non_null(take(&pool, t, &other, 0));
	assert_int_equal(other.local_port, s.local_port);
	assert_null(take(&pool, t, &third, 0));
	session_remove(t, fixture_forward(t, 1));
	port_pool_give(&pool, &s);
	assert_non_null(take(&pool, t, &third, 0));
	port_pool_free(&pool);
}

static void should_find_a_free_port_behind_a_block_in_use(void **state)
{
	struct session_table *t = *state;
	struct port_pool pool = pool_of(0, 1026, 1026 + 3 * 599);

	for (uint32_t n = 1; n <= 600; n++) {
		struct session s = fixture_session(n);

		assert_non_null(take(&pool, t, &s, 0));
	}
	for (uint32_t n = 1; n <= 600; n++) { // each in turn is the only free one
		struct session before = *fixture_forward(t, n), s = fixture_session(n);

		session_remove(t, fixture_forward(t, n));
		port_pool_give(&pool, &before);
		assert_non_null(take(&pool, t, &s, 0));
		assert_int_equal(s.local_port, before.local_port);
	}
	port_pool_free(&pool);
}

static void should_find_two_free_ports_among_many_in_use(void **state)
{
	struct session_table *t = *state;
	struct port_pool pool = pool_of(0, 1026, 1026 + 3 * 899);

	for (uint32_t n = 1; n <= 900; n++) {
		struct session s = fixture_session(n);

		assert_non_null(take(&pool, t, &s, 0));
	}
	for (uint32_t n = 1; n < 900; n += 2) {
		for (uint32_t i = n; i < n + 2; i++) {
			struct session before = *fixture_forward(t, i);

			session_remove(t, fixture_forward(t, i));
			port_pool_give(&pool, &before);
		}
		for (uint32_t i = n; i < n + 2; i++) {
			struct session s = fixture_session(i);

			assert_non_null(take(&pool, t, &s, 0));
		}
	}
	port_pool_free(&pool);
}

static void should_take_the_port_given_back_last_when_the_search_ends(void **state)
{
	struct session_table *t = *state;
	const uint64_t hash = 5 * 65536 / 8; // local address 5 is asked first
	struct port_pool pool;
	struct port_pool_cell *cell;

	local_count = 8; // PORT_POOL_BUDGET / 8 tries at each
	pool = pool_of(0, 1026, 1026 + 3 * 299);
	cell = &pool.cells[FIXTURE_TARGET * local_count + 5];
	for (uint32_t n = 1; n <= 300; n++) {
		struct session s = fixture_session(n);

		assert_non_null(take(&pool, t, &s, hash));
		assert_int_equal(s.local_index, 5);
	}
	for (uint32_t n = 150; n <= 300; n++) {
		struct session before = *fixture_forward(t, n), s = fixture_session(n);

		cell->cursor = 0; // farther from it than a search goes
		session_remove(t, fixture_forward(t, n));
		port_pool_give(&pool, &before);
		assert_non_null(take(&pool, t, &s, hash));
		assert_int_equal(s.local_port, before.local_port);
		assert_int_equal(s.local_index, 5);
	}
	port_pool_free(&pool);
}

static void should_take_locals_of_the_targets_family_only(void **state)
{
	struct session_table *t = *state;
	unsigned int seen_v4 = 0, seen_v6 = 0;
	struct port_pool pool;

	local_count = 6;
	locals[1] = fixture_v6(1);
	locals[4] = fixture_v6(2);
	pool = pool_of(0, 1026, 1999);
	for (uint32_t n = 1; n <= 800; n++) {
		struct session s = fixture_session(n);

		s.target = n % 2 ? FIXTURE_TARGET : FIXTURE_TARGET_V6;
		assert_non_null(take(&pool, t, &s, n * 0x9e3779b97f4a7c15ull >> 20));
		assert_int_equal(ip_is_v4(&locals[s.local_index]), n % 2);
		*(n % 2 ? &seen_v4 : &seen_v6) |= 1u << s.local_index;
	}
	assert_int_equal(seen_v4, 0x2d);
	assert_int_equal(seen_v6, 0x12);
	port_pool_free(&pool);
}

static void should_refuse_a_family_without_locals(void **state)
{
	struct session_table *t = *state;
	struct port_pool pool = pool_of(0, 1026, 1999);
	struct session s = fixture_session(1);

	s.target = FIXTURE_TARGET_V6;
	assert_null(take(&pool, t, &s, 1));
	port_pool_free(&pool);
	local_count = 0;
	pool = pool_of(0, 1026, 1999);
	s.target = FIXTURE_TARGET;
	assert_null(take(&pool, t, &s, 1));
	port_pool_free(&pool);
}

static void should_fall_back_on_another_local_when_one_is_used_up(void **state)
{
	struct session_table *t = *state;
	struct port_pool pool;

	local_count = 2;
	pool = pool_of(0, 1026, 1029);
	for (uint32_t n = 1; n <= 4; n++) {
		struct session s = fixture_session(n);

		assert_non_null(take(&pool, t, &s, 0)); // the same local is tried first each time
		assert_int_equal(s.local_index, n > 2);
	}
	port_pool_free(&pool);
}

static void should_leave_sessions_without_a_port_alone(void **state)
{
	struct port_pool pool = pool_of(0, 1026, 1029);
	struct session s = fixture_session(1);

	(void)state;
	s.local_index = SESSION_LOCAL_CLIENT;
	port_pool_give(&pool, &s);
	s.local_index = SESSION_LOCAL_NONE;
	port_pool_give(&pool, &s);
	for (unsigned int i = 0; i < TARGET_MAX * local_count; i++)
		assert_int_equal(pool.cells[i].used, 0);
	port_pool_free(&pool);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(should_give_each_worker_ports_of_its_own),
		TEST(should_use_a_port_again_for_another_target_and_after_its_end),
		TEST(should_find_a_free_port_behind_a_block_in_use),
		TEST(should_find_two_free_ports_among_many_in_use),
		TEST(should_take_the_port_given_back_last_when_the_search_ends),
		TEST(should_take_locals_of_the_targets_family_only),
		TEST(should_refuse_a_family_without_locals),
		TEST(should_fall_back_on_another_local_when_one_is_used_up),
		TEST(should_leave_sessions_without_a_port_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
