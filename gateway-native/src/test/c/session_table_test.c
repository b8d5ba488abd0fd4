// SPDX-License-Identifier: Apache-2.0
#include "session_fixture.h"

#include <stdlib.h>

static void should_find_both_directions_until_removed(void **state)
{
	struct session_table *t = *state;

	for (uint32_t n = 1; n <= FIXTURE_CAPACITY; n++) {
		struct session s = fixture_session(n);

		assert_non_null(fixture_insert(t, &s, 5));
	}
	for (uint32_t n = 1; n <= FIXTURE_CAPACITY; n++) {
		assert_non_null(fixture_forward(t, n));
		assert_ptr_equal(fixture_forward(t, n), fixture_reply(t, n));
		assert_int_equal(fixture_forward(t, n)->created_tick, 5);
	}
	for (uint32_t n = 1; n <= FIXTURE_CAPACITY; n += 2)
		session_remove(t, fixture_forward(t, n));
	for (uint32_t n = 1; n <= FIXTURE_CAPACITY; n++) {
		assert_int_equal(fixture_forward(t, n) != NULL, n % 2 == 0);
		assert_int_equal(fixture_reply(t, n) != NULL, n % 2 == 0);
	}
	assert_int_equal(t->count, FIXTURE_CAPACITY / 2);
	assert_int_equal(fixture_removed, FIXTURE_CAPACITY / 2);
}

static void should_refuse_when_full_and_keep_what_it_has(void **state)
{
	struct session_table *t = *state;
	struct session s;

	for (uint32_t n = 1; n <= FIXTURE_CAPACITY; n++) {
		s = fixture_session(n);
		assert_non_null(fixture_insert(t, &s, 0));
	}
	s = fixture_session(FIXTURE_CAPACITY + 1);
	assert_null(fixture_insert(t, &s, 0));
	for (uint32_t n = 1; n <= FIXTURE_CAPACITY; n++) {
		assert_non_null(fixture_forward(t, n));
		assert_non_null(fixture_reply(t, n));
	}
	session_remove(t, fixture_forward(t, 17));
	assert_non_null(fixture_insert(t, &s, 0));
}

static void should_refuse_the_key_too_many_of_one_bucket(void **state)
{
	struct session_table *t = *state;
	const uint32_t fits = SESSION_INDEX_MAX_CHAIN * SESSION_INDEX_SLOTS;

	for (uint32_t n = 1; n <= fits + 5; n++) {
		struct session s = fixture_session(n);

		assert_int_equal(
			session_insert(t, &s, 77, fixture_reply_hash(t, &s), 0) != NULL, n <= fits);
	}
	assert_int_equal(t->count, fits);
	for (uint32_t n = 1; n <= fits + 5; n++) {
		struct session s = fixture_session(n);

		assert_int_equal(
			session_find_forward(t, 77, &s.client, s.client_port, s.service) != NULL,
			n <= fits);
		assert_int_equal(fixture_reply(t, n) != NULL, n <= fits);
	}
}

static void should_take_back_the_buckets_it_chained(void **state)
{
	struct session_table *t = *state;

	for (uint64_t round = 0; round < 1000; round++) {
		uint64_t hash = round * 0x9e3779b97f4a7c15ull;

		for (uint32_t n = 1; n <= 80; n++) {
			struct session s = fixture_session(n);

			s.local_index = SESSION_LOCAL_NONE;
			assert_non_null(session_insert(t, &s, hash, 0, 0));
		}
		fixture_age(t, 1000);
		assert_int_equal(t->count, 0);
	}
}

static void should_take_at_most_128_bytes_a_session(void **state)
{
	(void)state;
	for (uint64_t n = 1000; n <= SESSION_MAX_CAPACITY; n += n < 70000 ? 1 : n / 7)
		assert_in_range(session_table_bytes((uint32_t)n), 64 * n, 128 * n);
	assert_in_range(session_table_bytes(10000000), 0, 1280000000);
	assert_in_range(
		session_table_bytes(SESSION_MAX_CAPACITY), 0, 128ull * SESSION_MAX_CAPACITY);
}

static void should_tell_forward_keys_apart_by_every_part(void **state)
{
	struct session_table *t = *state;
	struct session s = fixture_session(5), v6 = s;
	uint64_t hash = fixture_forward_hash(t, &s);
	struct ip_address other = fixture_v4(6), longer = fixture_v6(5);

	fixture_insert(t, &s, 0);
	// The same hash on purpose: only the key may decide.
	assert_non_null(session_find_forward(t, hash, &s.client, 5, FIXTURE_SERVICE));
	assert_null(session_find_forward(t, hash, &other, 5, FIXTURE_SERVICE));
	assert_null(session_find_forward(t, hash, &longer, 5, FIXTURE_SERVICE));
	assert_null(session_find_forward(t, hash, &s.client, 6, FIXTURE_SERVICE));
	assert_null(session_find_forward(t, hash, &s.client, 5, FIXTURE_SERVICE + 1));
	v6.client = longer;
	v6.local_port = 6;
	assert_non_null(session_insert(t, &v6, hash, fixture_reply_hash(t, &v6), 0));
	assert_ptr_equal(session_find_forward(t, hash, &s.client, 5, FIXTURE_SERVICE),
		fixture_forward(t, 5));
	assert_ptr_not_equal(
		session_find_forward(t, hash, &longer, 5, FIXTURE_SERVICE), fixture_forward(t, 5));
}

static void should_tell_reply_keys_apart_by_every_part(void **state)
{
	struct session_table *t = *state;
	struct session s = fixture_session(5);
	uint64_t hash = fixture_reply_hash(t, &s);
	const struct ip_address *backend = &t->targets[FIXTURE_TARGET].address;
	const struct ip_address *other = &t->targets[FIXTURE_OTHER_TARGET].address;

	fixture_insert(t, &s, 0);
	assert_non_null(session_find_reply(t, hash, backend, 8080, 0, NULL, 5, PROTOCOL_TCP));
	assert_null(session_find_reply(t, hash, other, 8080, 0, NULL, 5, PROTOCOL_TCP));
	assert_null(session_find_reply(t, hash, backend, 8081, 0, NULL, 5, PROTOCOL_TCP));
	assert_null(session_find_reply(t, hash, backend, 8080, 1, NULL, 5, PROTOCOL_TCP));
	assert_null(session_find_reply(t, hash, backend, 8080, 0, NULL, 6, PROTOCOL_TCP));
	assert_null(session_find_reply(t, hash, backend, 8080, 0, NULL, 5, PROTOCOL_UDP));
	assert_null(session_find_reply(
		t, hash, backend, 8080, SESSION_LOCAL_CLIENT, &s.client, 5, PROTOCOL_TCP));
}

static void should_tell_dnat_sessions_apart_by_their_client(void **state)
{
	struct session_table *t = *state;
	struct session a = fixture_session(5), b = fixture_session(6);
	const struct ip_address *backend = &t->targets[FIXTURE_TARGET].address;
	struct session *first, *second;

	a.local_index = b.local_index = SESSION_LOCAL_CLIENT;
	b.client_port = b.local_port = 5;
	first = session_insert(t, &a, fixture_forward_hash(t, &a), 99, 0);
	second = session_insert(t, &b, fixture_forward_hash(t, &b), 99, 0);
	assert_ptr_equal(first, session_find_reply(t, 99, backend, 8080, SESSION_LOCAL_CLIENT,
					&a.client, 5, PROTOCOL_TCP));
	assert_ptr_equal(second, session_find_reply(t, 99, backend, 8080, SESSION_LOCAL_CLIENT,
					 &b.client, 5, PROTOCOL_TCP));
	assert_null(session_find_reply(t, 99, backend, 8080, 0, NULL, 5, PROTOCOL_TCP));
}

static void should_have_no_reply_entry_in_tunnel_mode(void **state)
{
	struct session_table *t = *state;
	struct session s = fixture_session(5);
	const struct ip_address *backend = &t->targets[FIXTURE_TARGET].address;

	s.local_index = SESSION_LOCAL_NONE;
	assert_non_null(session_insert(t, &s, fixture_forward_hash(t, &s), 99, 0));
	assert_null(session_find_reply(
		t, 99, backend, 8080, SESSION_LOCAL_NONE, NULL, 5, PROTOCOL_TCP));
	session_remove(t, fixture_forward(t, 5));
	assert_null(fixture_forward(t, 5));
	assert_int_equal(t->count, 0);
}

static void should_age_by_class_and_not_before_its_time(void **state)
{
	struct session_table *t = *state;
	struct session syn = fixture_session(1), udp = fixture_session(2);
	uint32_t start = UINT32_MAX - 20; // across the wrap of the ticks

	udp.class = SESSION_CLASS_UDP;
	fixture_insert(t, &syn, start);
	fixture_insert(t, &udp, start);
	fixture_age(t, start + 80);
	assert_int_equal(t->count, 2);
	fixture_age(t, start + 90);
	assert_null(fixture_forward(t, 1));
	assert_non_null(fixture_forward(t, 2));
	fixture_age(t, start + 270);
	assert_int_equal(t->count, 0);
}

static void should_keep_a_session_that_is_used(void **state)
{
	struct session_table *t = *state;
	struct session s = fixture_session(1);
	uint32_t tick = 0;

	fixture_insert(t, &s, tick);
	for (; tick < 1000; tick += 40) {
		session_touch(t, fixture_forward(t, 1), tick);
		fixture_age(t, tick);
	}
	tick -= 40;
	fixture_age(t, tick + 80 - 1); // an idle time below its timeout never ends it
	assert_non_null(fixture_forward(t, 1));
	fixture_age(t, tick + 91);
	assert_null(fixture_forward(t, 1));
}

static void should_age_in_steps(void **state)
{
	struct session_table *t = *state;

	for (uint32_t n = 1; n <= 100; n++) {
		struct session s = fixture_session(n);

		fixture_insert(t, &s, 0);
	}
	assert_int_equal(session_table_age(t, 1000, 16), 16);
	assert_int_equal(t->count, 84);
	fixture_age(t, 1000);
	assert_int_equal(t->count, 0);
}

static void should_age_every_class_while_one_has_a_backlog(void **state)
{
	struct session_table *t = *state;

	for (uint32_t n = 1; n <= 900; n++) {
		struct session s = fixture_session(n);

		s.class = n == 900 ? SESSION_CLASS_UDP : SESSION_CLASS_SYN;
		fixture_insert(t, &s, 0);
	}
	for (int i = 0; i < SESSION_CLASSES; i++)
		assert_in_range(session_table_age(t, 1000, 16), 1, 16);
	assert_null(fixture_forward(t, 900));
	assert_int_not_equal(t->count, 0);
}

static void should_show_every_session_once(void **state)
{
	struct session_table *t = *state;
	uint32_t cursor = 0, seen = 0;

	for (uint32_t n = 1; n <= 100; n++) {
		struct session s = fixture_session(n);

		fixture_insert(t, &s, 0);
	}
	for (uint32_t n = 1; n <= 100; n += 3)
		session_remove(t, fixture_forward(t, n));
	for (const struct session *s; (s = session_table_next(t, &cursor));)
		seen += s == fixture_forward(t, s->client_port);
	assert_int_equal(seen, 66);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(should_find_both_directions_until_removed),
		TEST(should_refuse_when_full_and_keep_what_it_has),
		TEST(should_refuse_the_key_too_many_of_one_bucket),
		TEST(should_take_back_the_buckets_it_chained),
		TEST(should_take_at_most_128_bytes_a_session),
		TEST(should_tell_forward_keys_apart_by_every_part),
		TEST(should_tell_reply_keys_apart_by_every_part),
		TEST(should_tell_dnat_sessions_apart_by_their_client),
		TEST(should_have_no_reply_entry_in_tunnel_mode),
		TEST(should_age_by_class_and_not_before_its_time),
		TEST(should_keep_a_session_that_is_used),
		TEST(should_age_in_steps),
		TEST(should_age_every_class_while_one_has_a_backlog),
		TEST(should_show_every_session_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
