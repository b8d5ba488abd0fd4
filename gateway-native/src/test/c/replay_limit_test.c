// SPDX-License-Identifier: Apache-2.0
//
// Limits of VIPs and of the node through replays.
#include "replay_fixture.h"

static const char one_backend[] =
	"vips:\n  - name: vip-web\n    address: 198.19.0.1\n    port: 80\n    protocol: tcp\n"
	"    backends: [{name: rs-1-web, address: 198.18.31.2, port: 8080}]\n";

static void should_drop_new_connections_over_the_limit(void **state)
{
	(void)state;
	for (uint16_t n = 0; n < 10; n++)
		feed_at(START + n, syn((uint16_t)(40000 + n),
					   84)); // all at once: a tenth of a second's worth passes
	for (uint16_t n = 0; n < 20; n++)
		feed_at(START + SECOND + n * 50000000ull,
			syn((uint16_t)(41000 + n), 84)); // 20 a second
	replay();
	assert_in_range(out.count, 1 + 10, 1 + 11);
	assert_int_equal(json_array_size(points), 30 - out.count);
	assert_string_equal(text(0, "reason"), "NEW_CONNECTION_LIMIT");
	assert_string_equal(text(0, "vip"), "vip-slow");
}

static void should_let_the_first_connection_of_all_through(void **state)
{
	(void)state;
	feed_at(0, syn(40000, 84)); // the clock's beginning
	feed_at(0, syn(40001, 84));
	replay();
	assert_int_equal(out.count, 1);
	assert_string_equal(told(), "NEW_CONNECTION_LIMIT");
}

static void should_keep_sessions_and_limits_when_the_captures_time_steps_back(void **state)
{
	(void)state;
	feed_at(START + 60 * SECOND, syn(40000, 80));
	feed_at(START + 60 * SECOND, syn(40001, 84));
	feed_at(START, syn(40000, 80));
	feed_at(START, syn(40002, 84));
	feed_at(START + 59 * SECOND, syn(40000, 80));
	replay();
	assert_int_equal(out.count, 4);
	assert_memory_equal(out.frames[2].bytes, out.frames[0].bytes, out.frames[0].len);
	assert_memory_equal(out.frames[3].bytes, out.frames[0].bytes, out.frames[0].len);
	assert_int_equal(out.times[2], START); // as captured
	assert_string_equal(told(), "NEW_CONNECTION_LIMIT");
	assert_int_equal(number(0, "time_ns"), START);
	assert_int_equal(number(0, "dwell_ns"), 0);
}

static void should_refuse_sessions_over_capacity_and_keep_the_others(void **state)
{

	(void)state;
	config_sessions = "sessions: {capacity: 16}\n";
	config_vips = one_backend;
	for (uint16_t n = 0; n < 17; n++)
		feed(syn((uint16_t)(40000 + n), 80));
	for (uint16_t n = 0; n < 16; n++)
		feed(syn((uint16_t)(40000 + n), 80));
	feed_at(START + 12 * SECOND, syn(50000, 80)); // the half-open ones are gone by then
	replay();
	assert_string_equal(told(), "SESSION_TABLE_FULL");
	assert_int_equal(out.count, 33);
}

static void should_refuse_sessions_without_a_local_port_and_keep_the_others(void **state)
{

	(void)state;
	config_extra = "local_ports: {first: 2000, last: 2003}\n";
	config_vips = one_backend;
	for (uint16_t n = 0; n < 5; n++)
		feed(syn((uint16_t)(40000 + n), 80));
	for (uint16_t n = 0; n < 4; n++)
		feed(syn((uint16_t)(40000 + n), 80));
	replay();
	assert_string_equal(told(), "PORT_POOL_EXHAUSTED");
	assert_int_equal(out.count, 8);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup(should_drop_new_connections_over_the_limit, setup),
	cmocka_unit_test_setup(should_let_the_first_connection_of_all_through, setup),
	cmocka_unit_test_setup(
		should_keep_sessions_and_limits_when_the_captures_time_steps_back, setup),
	cmocka_unit_test_setup(should_refuse_sessions_over_capacity_and_keep_the_others, setup),
	cmocka_unit_test_setup(
		should_refuse_sessions_without_a_local_port_and_keep_the_others, setup),
};

REPLAY_TESTS(tests)
