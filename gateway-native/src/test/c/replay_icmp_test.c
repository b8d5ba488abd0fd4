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

// The families into each other: the client's VIP and who answers for it.
#define VIP_TO(name, address, backend)                                                             \
	"  - name: " name "\n    address: \"" address "\"\n    port: 53\n    protocol: udp\n"      \
	"    backends: [{name: rs-" name ", address: \"" backend "\", port: 5353}]\n"

static const char families[] = "vips:\n" VIP_TO("u46", "198.19.0.46", "2001:db8:31::2")
	VIP_TO("u64", "2001:db8:f00::64", "198.18.31.2") VIP_TO("u66", VIP6, "2001:db8:31::2");

static void should_answer_echo_over_ipv6(void **state)
{
	static const char *const addresses[] = {VIP6, PORT6, LOCAL6};

	(void)state;
	config_vips = families;
	for (int i = 0; i < 3; i++)
		feed(frame_echo(CLIENT6, addresses[i]));
	feed(frame_echo(CLIENT6, "2001:db8:f00::99"));
	replay();
	assert_string_equal(told(), "NO_VIP");
	assert_int_equal(out.count, 3);
	for (int i = 0; i < 3; i++) {
		assert_right(&out.frames[i]);
		assert_int_equal(l4_of(&out.frames[i])[0], 129);
		assert_from(&out.frames[i], addresses[i], 0);
		assert_to(&out.frames[i], CLIENT6, 0);
	}
}

// Feeds a datagram, then an error about it from the backend's side; returns what the client is
// told.
static const struct frame *error_about_forwarded(struct frame_flow flow, const char *router,
	const char *local, struct frame (*error)(const char *, const char *, const struct frame *))
{
	config_vips = families;
	feed(frame_udp(flow, 33, true));
	replay();
	assert_int_equal(out.count, 1);
	feed(error(router, local, &out.frames[0]));
	replay();
	assert_string_equal(told(), "");
	assert_int_equal(out.count, 2);
	assert_right(&out.frames[1]);
	assert_to(&out.frames[1], flow.source, 0);
	return &out.frames[1];
}

static struct frame too_big_1400(
	const char *source, const char *destination, const struct frame *quoted)
{
	return frame_too_big(source, destination, 1400, quoted);
}

// What the error quotes is the datagram as the client had sent it, but for hops and lengths.
static void assert_quotes_what_was_sent(const struct frame *error)
{
	const uint8_t *inner = l4_of(error) + ICMP_MIN_BYTES, *sent = in.frames[0].bytes + L3;
	bool v6 = sent[0] >> 4 == 6;

	assert_int_equal(inner[0] >> 4, sent[0] >> 4);
	assert_memory_equal(inner + (v6 ? IPV6_SOURCE : IPV4_SOURCE),
		sent + (v6 ? IPV6_SOURCE : IPV4_SOURCE), v6 ? 32 : 8);
	assert_memory_equal(inner + (v6 ? 40 : 20), sent + (v6 ? 40 : 20), 8);
	assert_int_equal(load_be16(inner + (v6 ? 4 : 2)), load_be16(sent + (v6 ? 4 : 2)));
}

// Of SCTP, whose checksum can be put right where it covers nothing that was cut off.
static void should_translate_a_packet_that_is_quoted_as_a_whole(void **state)
{
	struct frame sent, quoted;
	uint8_t body[200] = {0};

	(void)state;
	config_vips = "vips: [{name: sip, address: 198.19.0.7, port: 5060, protocol: sctp, "
		      "backends: [{name: s, address: 198.18.36.2, port: 5061}]}]\n";
	feed(frame_sctp((struct frame_flow){CLIENT, "198.19.0.7", 5000, 5060}, 0, 61));
	replay();
	assert_int_equal(out.count, 1);
	sent = out.frames[0];
	memcpy(body + 4, sent.bytes + L3, sent.len - L3);
	feed(frame_icmp("198.18.36.2", LOCAL, 3, 3, body, 4 + sent.len - L3));
	replay();
	assert_string_equal(told(), "");
	assert_right(&out.frames[1]);
	quoted = in.frames[0];
	memcpy(quoted.bytes + L3, l4_of(&out.frames[1]) + ICMP_MIN_BYTES, quoted.len - L3);
	assert_right(&quoted);
	assert_from(&quoted, CLIENT, 5000);
	assert_to(&quoted, "198.19.0.7", 5060);
	// What came broken stays broken.
	body[4 + sent.len - L3 - 1] ^= 1;
	feed(frame_icmp("198.18.36.2", LOCAL, 3, 3, body, 4 + sent.len - L3));
	replay();
	memcpy(quoted.bytes + L3, l4_of(&out.frames[2]) + ICMP_MIN_BYTES, quoted.len - L3);
	assert_false(frame_checksums_right(quoted.bytes, quoted.len));
}

static void should_tell_an_ipv4_client_of_an_ipv6_error(void **state)
{
	const struct frame *f =
		error_about_forwarded((struct frame_flow){CLIENT, "198.19.0.46", 5000, 53},
			"2001:db8:31::2", LOCAL6, frame_unreachable);

	(void)state;
	assert_from(f, "198.19.0.46", 0);
	assert_memory_equal(l4_of(f), "\x03\x03", 2); // port unreachable
	assert_quotes_what_was_sent(f);
}

static void should_tell_an_ipv6_client_of_an_ipv4_error(void **state)
{
	const struct frame *f =
		error_about_forwarded((struct frame_flow){CLIENT6, "2001:db8:f00::64", 5000, 53},
			"198.18.31.2", LOCAL, frame_unreachable);

	(void)state;
	assert_from(f, "2001:db8:f00::64", 0);
	assert_memory_equal(l4_of(f), "\x01\x04", 2);
	assert_quotes_what_was_sent(f);
}

static void should_translate_ipv6_errors(void **state)
{
	const struct frame *f = error_about_forwarded((struct frame_flow){CLIENT6, VIP6, 5000, 53},
		"2001:db8:77::1", LOCAL6, too_big_1400);

	(void)state;
	assert_from(f, "2001:db8:77::1", 0); // a router between stays itself
	assert_int_equal(l4_of(f)[0], 2);
	assert_int_equal(load_be32(l4_of(f) + 4), 1400);
	assert_quotes_what_was_sent(f);
}

static void should_tell_what_fits_on_the_other_side(void **state)
{
	const struct frame *f =
		error_about_forwarded((struct frame_flow){CLIENT, "198.19.0.46", 5000, 53},
			"2001:db8:77::1", LOCAL6, too_big_1400);

	(void)state;
	assert_from(f, "198.19.0.46", 0); // a router that IPv4 cannot name
	assert_memory_equal(l4_of(f), "\x03\x04", 2);
	assert_int_equal(load_be16(l4_of(f) + 6), 1380);
	setup(NULL);
	f = error_about_forwarded((struct frame_flow){CLIENT6, "2001:db8:f00::64", 5000, 53},
		"198.18.77.1", LOCAL, too_big_1400);
	assert_int_equal(l4_of(f)[0], 2);
	assert_int_equal(load_be32(l4_of(f) + 4), 1420);
}

// From the client's side, about a reply.
static void should_tell_a_backend_of_the_other_family(void **state)
{
	const uint8_t *inner;

	(void)state;
	config_vips = families;
	feed(frame_udp((struct frame_flow){CLIENT, "198.19.0.46", 5000, 53}, 33, true));
	replay();
	feed(udp_reply_to(&out.frames[0], 20));
	replay();
	assert_int_equal(out.count, 2);
	feed(frame_unreachable(CLIENT, "198.19.0.46", &out.frames[1]));
	replay();
	assert_string_equal(told(), "");
	assert_int_equal(out.count, 3);
	assert_right(&out.frames[2]);
	assert_from(&out.frames[2], LOCAL6, 0);
	assert_to(&out.frames[2], "2001:db8:31::2", 0);
	inner = l4_of(&out.frames[2]) + ICMP_MIN_BYTES;
	assert_memory_equal(inner + 40, in.frames[1].bytes + L4_V6, 8);
}

static void should_answer_what_dies_on_its_last_hop(void **state)
{
	struct frame v4 = syn(40000, 80);
	struct frame v6 = frame_udp((struct frame_flow){CLIENT6, VIP6, 5000, 53}, 20, true);
	static char both[4096];

	(void)state;
	snprintf(both, sizeof(both), "%s%s", config_vips, families + strlen("vips:\n"));
	config_vips = both;
	set_ttl(&v4, 1);
	set_ttl(&v6, 1);
	feed(v4);
	feed(v6);
	replay();
	assert_string_equal(told(), "TTL_EXCEEDED,TTL_EXCEEDED");
	assert_int_equal(out.count, 2);
	assert_int_equal(l4_of(&out.frames[0])[0], 11);
	assert_int_equal(l4_of(&out.frames[1])[0], 3);
	for (int i = 0; i < 2; i++) {
		assert_right(&out.frames[i]);
		assert_from(&out.frames[i], i ? PORT6 : PORT, 0);
		assert_to(&out.frames[i], i ? CLIENT6 : CLIENT, 0);
	}
}

// Whoever asks for errors gets a few of them.
static void should_answer_few_of_a_flood(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 900; i++) {
		struct frame f = syn((uint16_t)(10000 + i), 80);

		set_ttl(&f, 1);
		feed_at(START + i, f);
	}
	replay();
	assert_int_equal(json_array_size(points), 900);
	assert_in_range(out.count, 1, 150);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup(should_answer_echo_and_arp, setup),
	cmocka_unit_test_setup(should_translate_icmp_errors, setup),
	cmocka_unit_test_setup(should_answer_echo_over_ipv6, setup),
	cmocka_unit_test_setup(should_translate_a_packet_that_is_quoted_as_a_whole, setup),
	cmocka_unit_test_setup(should_tell_an_ipv4_client_of_an_ipv6_error, setup),
	cmocka_unit_test_setup(should_tell_an_ipv6_client_of_an_ipv4_error, setup),
	cmocka_unit_test_setup(should_translate_ipv6_errors, setup),
	cmocka_unit_test_setup(should_tell_what_fits_on_the_other_side, setup),
	cmocka_unit_test_setup(should_tell_a_backend_of_the_other_family, setup),
	cmocka_unit_test_setup(should_answer_what_dies_on_its_last_hop, setup),
	cmocka_unit_test_setup(should_answer_few_of_a_flood, setup),
};

REPLAY_TESTS(tests)
