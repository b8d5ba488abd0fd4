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

static void should_let_what_expires_begin_with_the_capture(void **state)
{
	static const uint64_t begins[] = {0, START, 4000000000ull * SECOND};

	config_extra = "blacklist: [{prefix: 198.18.11.0/24, expires_after: 10s}]\n";
	for (int i = 0; i < 3; i++) {
		in.count = 0;
		feed_at(begins[i], syn(40000, 80));
		feed_at(begins[i] + 9 * SECOND, syn(40001, 80));
		feed_at(begins[i] + 11 * SECOND, syn(40002, 80));
		replay();
		assert_int_equal(out.count, 1);
		assert_string_equal(told(), "BLACKLISTED,BLACKLISTED");
	}
	(void)state;
}

// However much runs out between two packets.
static void should_list_nobody_longer_than_until_its_entry_expires(void **state)
{
	static char list[1 << 20];
	size_t len = (size_t)snprintf(list, sizeof(list), "blacklist:\n");

	(void)state;
	for (int i = 0; i < 9000; i++)
		len += (size_t)snprintf(list + len, sizeof(list) - len,
			"  - {prefix: 10.1.%d.%d/32, expires_after: 10s}\n", i / 250, i % 250);
	snprintf(list + len, sizeof(list) - len,
		"  - {prefix: 198.18.11.0/24, expires_after: 11s}\n");
	config_extra = list;
	feed_at(START, syn(40000, 80));
	feed_at(START + 12 * SECOND, syn(40001, 80));
	replay();
	assert_string_equal(told(), "BLACKLISTED");
	assert_int_equal(out.count, 1);
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

#define LIMITED(name, port, limits)                                                                \
	"  - name: " name "\n    address: 198.19.0.1\n    port: " port                             \
	"\n    protocol: tcp\n    limits: {" limits "}\n    backends: [{name: rs-" name            \
	", address: 198.18.31.2, port: 8080}]\n"

static const char limited[] = "vips:\n" LIMITED("packets", "80", "packets_per_second: 100")
	LIMITED("bits", "81", "bits_per_second: 800000") LIMITED("sessions", "82", "sessions: 50");

// A second of one flow's packets, one a millisecond, behind its SYN.
static void feed_a_second_of(uint16_t vip_port, size_t payload_len)
{
	struct frame_flow flow = {CLIENT, VIP, 40000, vip_port};

	for (unsigned int ms = 0; ms < 1000; ms++)
		feed_at(START + ms * 1000000ull,
			frame_tcp(flow, ms ? TCP_ACK : TCP_SYN, ms, NULL, 0, payload_len));
}

static void should_let_so_many_packets_a_second_through(void **state)
{
	(void)state;
	config_vips = limited;
	feed_a_second_of(80, 0);
	replay();
	assert_in_range(out.count, 105, 115); // a tenth of a second's worth at once, and the rest
	assert_int_equal(out.count + json_array_size(points), 1000);
	assert_string_equal(text(0, "reason"), "PACKET_RATE_LIMIT");
	assert_string_equal(text(0, "vip"), "packets");
}

static void should_let_so_many_bits_a_second_through(void **state)
{
	(void)state;
	config_vips = limited;
	feed_a_second_of(81, 960); // 8,000 bits each
	replay();
	assert_in_range(out.count, 105, 115);
	assert_int_equal(out.count + json_array_size(points), 1000);
	assert_string_equal(text(0, "reason"), "BIT_RATE_LIMIT");
}

// The limit is the node's, whoever of the workers a session belongs to, and a session that ends
// makes room.
static void should_hold_so_many_sessions_with_any_number_of_workers(void **state)
{
	(void)state;
	for (unsigned int n = 1; n <= 4; n *= 2) {
		setup(NULL);
		workers = n;
		config_vips = limited;
		for (uint16_t i = 0; i < 60; i++)
			feed(syn((uint16_t)(40000 + i), 82));
		for (uint16_t i = 0; i < 50; i++)
			feed(syn((uint16_t)(40000 + i), 82));
		feed_at(START + 20 * SECOND, syn(50000, 82)); // the half-open ones are gone
		replay();
		assert_int_equal(out.count, 50 + 50 + 1);
		assert_int_equal(json_array_size(points), 10);
		for (size_t i = 0; i < 10; i++)
			assert_string_equal(text(i, "reason"), "VIP_SESSION_LIMIT");
	}
}

static const char unlimited[] =
	"vips:\n" LIMITED("web", "80", "sessions: 0") LIMITED("api", "81", "sessions: 0");

// 50 of two VIPs together, whoever of the workers they belong to; what has a session goes on.
static void should_hold_so_many_sessions_of_all_vips_with_any_number_of_workers(void **state)
{
	(void)state;
	for (unsigned int n = 1; n <= 4; n *= 2) {
		setup(NULL);
		workers = n;
		config_sessions = "sessions: {capacity: 1024, limit: 50}\n";
		config_vips = unlimited;
		for (uint16_t i = 0; i < 400; i++)
			feed_at(START + i, syn((uint16_t)(40000 + i), i % 2 ? 80 : 81));
		feed_at(START + SECOND, syn(40000, 81));
		feed_at(START + SECOND, syn(40001, 80));
		feed_at(START + 20 * SECOND, syn(50000, 80)); // the half-open ones are gone
		replay();
		assert_int_equal(out.count, 50 + 2 + 1);
		assert_int_equal(json_array_size(points), 350);
		for (size_t i = 0; i < 350; i++) {
			assert_string_equal(text(i, "reason"), "FLOW_LIMIT");
			assert_non_null(text(i, "vip"));
		}
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup(should_drop_new_connections_over_the_limit, setup),
	cmocka_unit_test_setup(should_let_the_first_connection_of_all_through, setup),
	cmocka_unit_test_setup(
		should_keep_sessions_and_limits_when_the_captures_time_steps_back, setup),
	cmocka_unit_test_setup(should_let_what_expires_begin_with_the_capture, setup),
	cmocka_unit_test_setup(should_list_nobody_longer_than_until_its_entry_expires, setup),
	cmocka_unit_test_setup(should_refuse_sessions_over_capacity_and_keep_the_others, setup),
	cmocka_unit_test_setup(
		should_refuse_sessions_without_a_local_port_and_keep_the_others, setup),
	cmocka_unit_test_setup(should_let_so_many_packets_a_second_through, setup),
	cmocka_unit_test_setup(should_let_so_many_bits_a_second_through, setup),
	cmocka_unit_test_setup(should_hold_so_many_sessions_with_any_number_of_workers, setup),
	cmocka_unit_test_setup(
		should_hold_so_many_sessions_of_all_vips_with_any_number_of_workers, setup),
};

REPLAY_TESTS(tests)
