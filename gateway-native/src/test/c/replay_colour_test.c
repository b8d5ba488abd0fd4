// SPDX-License-Identifier: Apache-2.0
//
// Colours through replays.
#include "replay_fixture.h"

static void should_stamp_a_probe_and_hide_its_colour(void **state)
{
	struct frame first;

	(void)state;
	feed(coloured(20000, 0, 77, START));
	replay();
	first = out.frames[0];
	assert_string_equal(told(), "RX,TX");
	assert_false(has_colour(&first));
	assert_true(frame_checksums_right(first.bytes, first.len));
	assert_int_equal(first.len, in.frames[0].len);
	feed(reply_to(&first, TCP_SYN | TCP_ACK));
	feed(coloured(20000, DT_COLOUR_FLAG_RESET, 78, START + 2000000));
	replay();
	assert_string_equal(told(), "RX,TX,RX,TX,RX,TX");
	assert_int_equal(out.count, 3);
	assert_false(has_colour(&out.frames[2]));
	assert_true(frame_checksums_right(out.frames[2].bytes, out.frames[2].len));
	for (size_t i = 0; i < 6; i++) {
		assert_string_equal(text(i, "key_state"), "VERIFIED");
		assert_int_equal(number(i, "prober_id"), 1);
		assert_int_equal(number(i, "probe_sequence"), i < 4 ? 77 : 78);
		assert_string_equal(text(i, "direction"), i == 2 || i == 3 ? "REPLY" : "FORWARD");
		assert_int_equal(
			json_is_true(json_object_get(json_array_get(points, i), "reset")), i >= 4);
		assert_int_equal(number(i, "time_ns"), START + i / 2 * 1000000);
	}
	// The packet as received.
	assert_string_equal(text(1, "source_address"), CLIENT);
	assert_string_equal(text(1, "destination_address"), VIP);
	assert_string_equal(text(1, "vip"), "vip-web");
	assert_string_equal(text(2, "destination_address"), LOCAL);
	assert_string_equal(text(2, "backend"), text(1, "backend"));
	assert_int_equal(strncmp(text(1, "backend"), "rs-", 3), 0);
}

static void should_stamp_every_stage_when_asked(void **state)
{
	(void)state;
	feed(coloured(20000, DT_COLOUR_FLAG_EVERY_STAGE, 77, START));
	replay();
	assert_string_equal(told(), "RX,COLOUR,VIP_LOOKUP,BACKEND,SESSION,NAT,TX");
}

static void should_forward_what_does_not_verify_without_stamp_or_colour(void **state)
{
	struct frame forged = coloured(20001, 0, 78, START), elsewhere;

	(void)state;
	forged.bytes[L4 + 20 + 4 + 12] ^= 1; // the MAC
	frame_finish(&forged);
	elsewhere = coloured(20002, 0, 79, START);
	store_raw32(elsewhere.bytes + L3 + IPV4_SOURCE, frame_address("198.18.41.2"));
	frame_finish(&elsewhere);
	feed(forged);
	feed(elsewhere);
	feed(coloured(20003, 0, 80, START - 100 * SECOND)); // old
	feed(coloured(20004, 0, 81, START));
	feed(coloured(20004, 0, 81, START)); // once more
	replay();
	assert_int_equal(out.count, 5);
	for (unsigned int i = 0; i < 5; i++) {
		assert_false(has_colour(&out.frames[i]));
		assert_true(frame_checksums_right(out.frames[i].bytes, out.frames[i].len));
	}
	assert_string_equal(told(), "RX,TX"); // of the one that was genuine and new
	assert_int_equal(number(0, "probe_sequence"), 81);
}

static void should_let_no_second_colour_through(void **state)
{
	uint8_t options[40];

	(void)state;
	make_option(options, (struct colour){.prober_id = 1,
				     .sequence = 5,
				     .syn_sequence = 1000,
				     .time = START,
				     .source_port = 20000});
	memcpy(options + 20, options, 20);
	feed(frame_tcp((struct frame_flow){CLIENT, VIP, 20000, 80}, TCP_SYN, 1000, options, 40, 0));
	replay();
	assert_int_equal(out.count, 1);
	assert_false(has_colour(&out.frames[0]));
	assert_true(frame_checksums_right(out.frames[0].bytes, out.frames[0].len));
}

static void should_let_nothing_through_that_looks_like_a_colour(void **state)
{
	static const uint8_t options[][12] = {
		{253, 4, 0x44, 0x59, 253, 8, 0x44, 0x59, 1, 2, 3, 4},
		{253, 12, 0x44, 0x59, 1, 2, 3, 4, 5, 6, 7, 8},
		{0, 1, 253, 10, 0x44, 0x59, 1, 2, 3, 4, 5, 6},
		{2, 4, 5, 0xb4, 0, 253, 4, 0x44, 0x59, 0, 0, 0},
	};

	(void)state;
	for (uint16_t i = 0; i < 4; i++)
		feed(frame_tcp((struct frame_flow){CLIENT, VIP, (uint16_t)(20000 + i), 80}, TCP_SYN,
			1000, options[i], 12, 0));
	replay();
	assert_int_equal(out.count, 4);
	for (unsigned int i = 0; i < 4; i++) {
		const struct frame *f = &out.frames[i];

		assert_true(frame_checksums_right(f->bytes, f->len));
		assert_null(memmem(f->bytes + L4 + 20, f->len - L4 - 20, "\x44\x59", 2));
	}
}

static void should_stamp_each_reply_as_the_latest_probe_asked(void **state)
{
	struct frame first;

	(void)state;
	feed(coloured(20000, DT_COLOUR_FLAG_EVERY_STAGE, 77, START));
	replay();
	first = out.frames[0];
	feed(coloured(20000, 0, 78, START));
	feed(reply_to(&first, TCP_SYN | TCP_ACK));
	replay();
	assert_string_equal(told(), "RX,COLOUR,VIP_LOOKUP,BACKEND,SESSION,NAT,TX,RX,TX,RX,TX");
	assert_int_equal(number(10, "probe_sequence"), 78);
}

static void should_stamp_the_death_of_a_probe(void **state)
{
	struct frame lost = coloured(20000, 0, 77, START);

	(void)state;
	store_be16(lost.bytes + L4 + 2, 99); // no VIP has the port; the MAC does not cover it
	frame_finish(&lost);
	feed(lost);
	replay();
	assert_int_equal(out.count, 0);
	assert_string_equal(told(), "RX,NO_VIP");
	assert_string_equal(text(1, "key_state"), "VERIFIED");
	assert_int_equal(number(1, "probe_sequence"), 77);
}

static void should_stamp_the_death_of_a_probe_to_a_local_address(void **state)
{
	struct frame astray = coloured(20000, 0, 77, START);

	(void)state;
	store_raw32(astray.bytes + L3 + IPV4_DESTINATION, frame_address(LOCAL));
	frame_finish(&astray);
	feed(astray);
	replay();
	assert_int_equal(out.count, 0);
	assert_string_equal(told(), "RX,NON_SYN_NO_SESSION");
	assert_string_equal(text(1, "key_state"), "VERIFIED");
	assert_string_equal(text(1, "direction"), "FORWARD");
	assert_int_equal(number(1, "probe_sequence"), 77);
}

static void should_stamp_the_death_of_a_probe_with_broken_options(void **state)
{
	uint8_t options[24];

	(void)state;
	make_option(options, (struct colour){.prober_id = 1,
				     .sequence = 5,
				     .syn_sequence = 1000,
				     .time = START,
				     .source_port = 20000});
	memcpy(options + 20, (const uint8_t[]){8, 1, 0, 0}, 4);
	feed(frame_tcp((struct frame_flow){CLIENT, VIP, 20000, 80}, TCP_SYN, 1000, options, 24, 0));
	replay();
	assert_int_equal(out.count, 0);
	assert_string_equal(told(), "RX,MALFORMED_TCP");
	assert_string_equal(text(1, "key_state"), "VERIFIED");
	assert_int_equal(number(1, "probe_sequence"), 5);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup(should_stamp_a_probe_and_hide_its_colour, setup),
	cmocka_unit_test_setup(should_stamp_every_stage_when_asked, setup),
	cmocka_unit_test_setup(should_forward_what_does_not_verify_without_stamp_or_colour, setup),
	cmocka_unit_test_setup(should_let_no_second_colour_through, setup),
	cmocka_unit_test_setup(should_let_nothing_through_that_looks_like_a_colour, setup),
	cmocka_unit_test_setup(should_stamp_each_reply_as_the_latest_probe_asked, setup),
	cmocka_unit_test_setup(should_stamp_the_death_of_a_probe, setup),
	cmocka_unit_test_setup(should_stamp_the_death_of_a_probe_to_a_local_address, setup),
	cmocka_unit_test_setup(should_stamp_the_death_of_a_probe_with_broken_options, setup),
};

REPLAY_TESTS(tests)
