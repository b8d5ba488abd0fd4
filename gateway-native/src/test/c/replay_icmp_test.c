// SPDX-License-Identifier: Apache-2.0
//
// ICMP through replays.
#include "replay_fixture.h"

#include "../../main/c/packet/arp.h"

static void should_answer_echo_and_arp(void **state)
{
	static const char *const addresses[] = {VIP, "198.18.21.2", LOCAL};
	const uint8_t *arp;

	(void)state;
	for (int i = 0; i < 3; i++)
		feed(frame_echo(CLIENT, addresses[i]));
	feed(frame_arp_request("198.18.21.1", "198.18.21.2"));
	feed(frame_arp_request("198.18.21.1", LOCAL));
	feed(frame_arp_request("198.18.21.1", "198.18.21.99"));
	feed(frame_arp_request("198.18.21.1", VIP)); // every node has it: none answers
	replay();
	assert_int_equal(out.count, 5);
	for (int i = 0; i < 3; i++) {
		assert_true(frame_checksums_right(out.frames[i].bytes, out.frames[i].len));
		assert_int_equal(out.frames[i].bytes[L4], 0);
		assert_int_equal(load_raw32(out.frames[i].bytes + L3 + IPV4_SOURCE),
			frame_address(addresses[i]));
	}
	arp = out.frames[4].bytes + ETHERNET_BYTES;
	assert_int_equal(load_be16(arp + 6), ARP_OP_REPLY);
	assert_int_equal(load_raw32(arp + 14), frame_address(LOCAL));
}

static void should_translate_icmp_errors(void **state)
{
	struct frame sent, quoted;
	const uint8_t *inner;

	(void)state;
	feed(frame_udp((struct frame_flow){CLIENT, VIP, 5000, 53}, 33, true));
	replay();
	sent = out.frames[0];
	quoted = in.frames[0];
	feed(frame_unreachable("198.18.31.2", LOCAL, &sent));
	feed(frame_unreachable("198.18.31.2", LOCAL, &quoted)); // about nothing we sent
	replay();
	assert_int_equal(out.count, 2);
	assert_true(frame_checksums_right(out.frames[1].bytes, out.frames[1].len));
	assert_int_equal(load_raw32(out.frames[1].bytes + L3 + IPV4_SOURCE), frame_address(VIP));
	assert_int_equal(
		load_raw32(out.frames[1].bytes + L3 + IPV4_DESTINATION), frame_address(CLIENT));
	inner = out.frames[1].bytes + L4 + ICMP_MIN_BYTES;
	assert_int_equal(load_raw32(inner + IPV4_SOURCE), frame_address(CLIENT));
	assert_int_equal(load_raw32(inner + IPV4_DESTINATION), frame_address(VIP));
	assert_int_equal(load_be16(inner + 20), 5000);
	assert_int_equal(load_be16(inner + 22), 53);
	assert_int_equal(load_raw16(inner + 20 + UDP_CHECKSUM),
		load_raw16(in.frames[0].bytes + L4 + UDP_CHECKSUM)); // what the client had sent
	assert_string_equal(told(), "ICMP_UNSUPPORTED");
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup(should_answer_echo_and_arp, setup),
	cmocka_unit_test_setup(should_translate_icmp_errors, setup),
};

REPLAY_TESTS(tests)
