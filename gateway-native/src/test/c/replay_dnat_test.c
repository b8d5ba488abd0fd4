// SPDX-License-Identifier: Apache-2.0
//
// DNAT through replays: the backend sees the client, and answers it through the gateway.
#include "replay_fixture.h"

static const char vips[] =
	"vips:\n"
	"  - name: web\n    address: 198.19.0.1\n    port: 80\n    protocol: tcp\n    mode: dnat\n"
	"    backends: [{name: rs-1, address: 198.18.31.2, port: 8080}]\n"
	"  - name: web-too\n    address: 198.19.0.2\n    port: 80\n    protocol: tcp\n    mode: "
	"dnat\n"
	"    backends: [{name: rs-1, address: 198.18.31.2, port: 8080}]\n"
	"  - name: web6\n    address: \"2001:db8:f00::1\"\n    port: 80\n    protocol: tcp\n"
	"    mode: dnat\n"
	"    backends: [{name: rs-6, address: \"2001:db8:31::2\", port: 8080}]\n"
	"  - name: dns\n    address: 198.19.0.1\n    port: 53\n    protocol: udp\n    mode: dnat\n"
	"    backends: [{name: rs-1-dns, address: 198.18.31.2, port: 5353}]\n";

static void assert_there_and_back(
	struct frame sent, const char *client, const char *backend, const char *vip)
{
	config_vips = vips;
	feed(sent);
	replay();
	assert_int_equal(out.count, 1);
	assert_right(&out.frames[0]);
	assert_from(&out.frames[0], client, 40000);
	assert_to(&out.frames[0], backend, 8080);
	feed(reply_to(&out.frames[0], TCP_SYN | TCP_ACK));
	replay();
	assert_string_equal(told(), "");
	assert_int_equal(out.count, 2);
	assert_right(&out.frames[1]);
	assert_from(&out.frames[1], vip, 80);
	assert_to(&out.frames[1], client, 40000);
}

static void should_show_the_client_to_the_backend_and_the_vip_to_the_client(void **state)
{
	(void)state;
	assert_there_and_back(syn(40000, 80), CLIENT, "198.18.31.2", VIP);
}

static void should_do_so_over_ipv6(void **state)
{
	struct frame sent =
		frame_tcp((struct frame_flow){CLIENT6, VIP6, 40000, 80}, TCP_SYN, 1000, NULL, 0, 0);

	(void)state;
	assert_there_and_back(sent, CLIENT6, "2001:db8:31::2", VIP6);
}

static void should_follow_probes_and_their_replies(void **state)
{
	(void)state;
	config_vips = vips;
	feed(coloured(20000, DT_COLOUR_FLAG_EVERY_STAGE, 77, START));
	replay();
	feed(reply_to(&out.frames[0], TCP_SYN | TCP_ACK));
	replay();
	assert_string_equal(told(), "RX,COLOUR,VIP_LOOKUP,BACKEND,SESSION,NAT,TX,"
				    "RX,SESSION,NAT,TX");
	assert_string_equal(text(7, "direction"), "REPLY");
	assert_string_equal(text(7, "destination_address"), CLIENT);
	assert_int_equal(number(7, "probe_sequence"), 77);
}

// Two VIPs, one backend: from its side the two flows would be one.
static void should_not_mix_flows_that_the_backend_cannot_tell_apart(void **state)
{
	struct frame_flow other = {CLIENT, "198.19.0.2", 40000, 80};

	(void)state;
	config_vips = vips;
	feed(syn(40000, 80));
	feed(frame_tcp(other, TCP_SYN, 1, NULL, 0, 0));
	feed(frame_tcp((struct frame_flow){CLIENT, VIP, 40000, 80}, TCP_RST, 1, NULL, 0, 0));
	feed(frame_tcp(other, TCP_SYN, 1, NULL, 0, 0)); // the first one is over
	replay();
	assert_string_equal(told(), "NAT_FAIL");
	assert_int_equal(out.count, 3);
	feed(reply_to(&out.frames[2], TCP_SYN | TCP_ACK));
	replay();
	assert_int_equal(out.count, 4);
	assert_from(&out.frames[3], "198.19.0.2", 80);
}

static void should_say_no_vip_of_what_is_nobodys_reply(void **state)
{
	(void)state;
	config_vips = vips;
	feed(frame_tcp((struct frame_flow){"198.18.31.2", CLIENT, 8080, 40000}, TCP_SYN | TCP_ACK,
		1, NULL, 0, 0));
	feed(coloured(20000, 0, 77, START));
	store_be16(in.frames[1].bytes + L4 + 2, 99);
	frame_finish(&in.frames[1]);
	replay();
	assert_int_equal(out.count, 0);
	assert_string_equal(told(), "NO_VIP,RX,NO_VIP");
	assert_string_equal(text(0, "point"), "VIP_LOOKUP");
	assert_string_equal(text(2, "direction"), "FORWARD");
	assert_string_equal(text(2, "key_state"), "VERIFIED");
}

static void should_translate_errors_both_ways(void **state)
{
	struct frame forwarded, replied;
	const uint8_t *inner;

	(void)state;
	config_vips = vips;
	feed(frame_udp((struct frame_flow){CLIENT, VIP, 5000, 53}, 33, true));
	replay();
	forwarded = out.frames[0];
	feed(frame_unreachable("198.18.30.1", CLIENT, &forwarded)); // a router's, to the client
	feed(udp_reply_to(&forwarded, 20));
	replay();
	assert_string_equal(told(), "");
	assert_int_equal(out.count, 3);
	assert_right(&out.frames[1]);
	assert_from(&out.frames[1], "198.18.30.1", 0);
	assert_to(&out.frames[1], CLIENT, 0);
	inner = out.frames[1].bytes + L4 + ICMP_MIN_BYTES;
	assert_memory_equal(inner + IPV4_SOURCE, in.frames[0].bytes + L3 + IPV4_SOURCE, 8);
	assert_memory_equal(inner + 20, in.frames[0].bytes + L4, 8); // ports and checksum too
	replied = out.frames[2];
	feed(frame_unreachable(CLIENT, VIP, &replied));
	replay();
	assert_int_equal(out.count, 4);
	assert_right(&out.frames[3]);
	assert_from(&out.frames[3], CLIENT, 0);
	assert_to(&out.frames[3], "198.18.31.2", 0);
	inner = out.frames[3].bytes + L4 + ICMP_MIN_BYTES;
	assert_memory_equal(inner + 20, in.frames[2].bytes + L4, 8); // as the backend had sent it
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup(
		should_show_the_client_to_the_backend_and_the_vip_to_the_client, setup),
	cmocka_unit_test_setup(should_do_so_over_ipv6, setup),
	cmocka_unit_test_setup(should_follow_probes_and_their_replies, setup),
	cmocka_unit_test_setup(should_not_mix_flows_that_the_backend_cannot_tell_apart, setup),
	cmocka_unit_test_setup(should_say_no_vip_of_what_is_nobodys_reply, setup),
	cmocka_unit_test_setup(should_translate_errors_both_ways, setup),
};

REPLAY_TESTS(tests)
