// SPDX-License-Identifier: Apache-2.0
//
// Full NAT between and within the families, and SCTP, through replays.
#include "replay_fixture.h"

#include "../../main/c/packet/checksum.h"

#define BACKEND "198.18.31.2"
#define BACKEND6 "2001:db8:31::2"
#define VIP_TO(name, address, protocol, backend)                                                   \
	"  - name: " name "\n    address: \"" address "\"\n    port: 80\n    protocol: " protocol  \
	"\n    backends: [{name: rs-" name ", address: \"" backend "\", port: 8080}]\n"

// The third address decides: .44, .46, .64 and .66 are from-to.
static const char vips[] = "vips:\n" VIP_TO("t44", "198.19.0.44", "tcp", BACKEND) VIP_TO(
	"t46", "198.19.0.46", "tcp", BACKEND6) VIP_TO("t64", "2001:db8:f00::64", "tcp", BACKEND)
	VIP_TO("t66", "2001:db8:f00::66", "tcp", BACKEND6) VIP_TO(
		"u44", "198.19.0.44", "udp", BACKEND) VIP_TO("u46", "198.19.0.46", "udp", BACKEND6)
		VIP_TO("u64", "2001:db8:f00::64", "udp", BACKEND) VIP_TO("u66", "2001:db8:f00::66",
			"udp", BACKEND6) VIP_TO("s44", "198.19.0.44", "sctp", BACKEND)
			VIP_TO("s46", "198.19.0.46", "sctp", BACKEND6)
				VIP_TO("s64", "2001:db8:f00::64", "sctp", BACKEND)
					VIP_TO("s66", "2001:db8:f00::66", "sctp", BACKEND6);

static const struct pair {
	const char *vip;
	const char *client;
	const char *backend;
	const char *local;
} pairs[] = {
	{"198.19.0.44", CLIENT, BACKEND, LOCAL},
	{"198.19.0.46", CLIENT, BACKEND6, LOCAL6},
	{"2001:db8:f00::64", CLIENT6, BACKEND, LOCAL},
	{"2001:db8:f00::66", CLIENT6, BACKEND6, LOCAL6},
};

enum { PAIRS = 4, PORT_HERE = 40000 };

static struct frame_flow to_vip(const struct pair *pair)
{
	return (struct frame_flow){pair->client, pair->vip, PORT_HERE, 80};
}

static uint8_t ttl_of(const struct frame *f)
{
	const uint8_t *ip = l3_of(f);

	return ip[0] >> 4 == 6 ? ip[IPV6_HOP_LIMIT] : ip[IPV4_TTL];
}

// The length that the IP header says is the frame's.
static void assert_whole(const struct frame *f)
{
	const uint8_t *ip = l3_of(f);
	size_t len = ip[0] >> 4 == 6 ? load_be16(ip + IPV6_PAYLOAD_LENGTH) + (size_t)IPV6_BYTES
				     : load_be16(ip + IPV4_TOTAL_LENGTH);

	assert_int_equal(len, f->len - L3);
	assert_int_equal(
		load_be16(f->bytes + 12), ip[0] >> 4 == 6 ? ETHERTYPE_IPV6_ID : ETHERTYPE_IPV4_ID);
	assert_right(f);
}

// Sends the frames, each of which the backend answers by what `answer` makes, and looks at both
// ways.
static void assert_both_ways(
	const struct frame *sent, struct frame (*answer)(const struct frame *forwarded))
{
	struct frame forwarded[PAIRS];

	config_vips = vips;
	for (int i = 0; i < PAIRS; i++)
		feed(sent[i]);
	replay();
	assert_string_equal(told(), "");
	assert_int_equal(out.count, PAIRS);
	for (int i = 0; i < PAIRS; i++) {
		forwarded[i] = out.frames[i];
		assert_whole(&forwarded[i]);
		assert_from(&forwarded[i], pairs[i].local, 0);
		assert_to(&forwarded[i], pairs[i].backend, 8080);
		assert_int_equal(ttl_of(&forwarded[i]), 63);
	}
	for (int i = 0; i < PAIRS; i++)
		feed(answer(&forwarded[i]));
	replay();
	assert_string_equal(told(), "");
	assert_int_equal(out.count, 2 * PAIRS);
	for (int i = 0; i < PAIRS; i++) {
		const struct frame *back = &out.frames[PAIRS + i];

		assert_whole(back);
		assert_from(back, pairs[i].vip, 80);
		assert_to(back, pairs[i].client, PORT_HERE);
		assert_int_equal(ttl_of(back), 63);
	}
}

static struct frame syn_ack(const struct frame *forwarded)
{
	return reply_to(forwarded, TCP_SYN | TCP_ACK);
}

static void should_translate_tcp_between_the_families(void **state)
{
	static const uint8_t options[] = {2, 4, 5, 0xb4, 1, 1, 4, 2};
	struct frame sent[PAIRS];

	(void)state;
	for (int i = 0; i < PAIRS; i++)
		sent[i] = frame_tcp(to_vip(&pairs[i]), TCP_SYN, 1000, options, 8, 33);
	assert_both_ways(sent, syn_ack);
	for (int i = 0; i < PAIRS; i++) {
		assert_int_equal(l4_len_of(&out.frames[i]), 20 + 8 + 33);
		assert_memory_equal(l4_of(&out.frames[i]) + 28, l4_of(&sent[i]) + 28, 33);
	}
}

static struct frame answer_udp(const struct frame *forwarded)
{
	return udp_reply_to(forwarded, 21);
}

static void should_translate_udp_between_the_families(void **state)
{
	struct frame sent[PAIRS];

	(void)state;
	for (int i = 0; i < PAIRS; i++)
		sent[i] = frame_udp(to_vip(&pairs[i]), 33, true);
	assert_both_ways(sent, answer_udp);
}

static void should_make_the_checksum_that_udp_over_ipv6_must_have(void **state)
{
	(void)state;
	config_vips = vips;
	feed(frame_udp(to_vip(&pairs[1]), 33, false));
	feed(frame_udp(to_vip(&pairs[0]), 33, false));
	replay();
	assert_int_equal(out.count, 2);
	assert_whole(&out.frames[0]);
	assert_int_not_equal(load_raw16(l4_of(&out.frames[0]) + UDP_CHECKSUM), 0);
	assert_int_equal(load_raw16(l4_of(&out.frames[1]) + UDP_CHECKSUM), 0); // none stays none
}

static struct frame answer_sctp(const struct frame *forwarded)
{
	char from[IP_ADDRESS_TEXT_BYTES], to[IP_ADDRESS_TEXT_BYTES];
	struct ip_address source = source_of(forwarded), destination = destination_of(forwarded);

	return frame_sctp((struct frame_flow){ip_text(&destination, from), ip_text(&source, to),
				  destination_port_of(forwarded), source_port_of(forwarded)},
		7, 52);
}

static void should_translate_sctp_with_its_checksum(void **state)
{
	struct frame sent[PAIRS];

	(void)state;
	for (int i = 0; i < PAIRS; i++) // an INIT has no tag yet
		sent[i] = frame_sctp(to_vip(&pairs[i]), 0, 41);
	assert_both_ways(sent, answer_sctp);
}

static void should_open_an_association_with_an_init_only(void **state)
{
	(void)state;
	config_vips = vips;
	feed(frame_sctp_chunk(to_vip(&pairs[0]), 0, SCTP_ABORT, 16));
	feed(frame_sctp_chunk(to_vip(&pairs[0]), 0, 0, 16));
	feed(frame_sctp_chunk(to_vip(&pairs[0]), 0, SCTP_INIT, 3)); // cut short
	feed(frame_sctp_chunk(to_vip(&pairs[0]), 9, SCTP_INIT, 16));
	replay();
	assert_int_equal(out.count, 0);
	assert_int_equal(json_array_size(points), 4);
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(text(i, "reason"), "NON_SYN_NO_SESSION");
}

static void should_leave_a_broken_checksum_broken(void **state)
{
	struct frame tcp = frame_tcp(to_vip(&pairs[1]), TCP_SYN, 1, NULL, 0, 10);
	struct frame sctp = frame_sctp(to_vip(&pairs[2]), 0, 10);

	(void)state;
	config_vips = vips;
	tcp.bytes[tcp.len - 1] ^= 1;
	sctp.bytes[sctp.len - 1] ^= 1;
	feed(tcp);
	feed(sctp);
	replay();
	assert_int_equal(out.count, 2);
	for (int i = 0; i < 2; i++)
		assert_false(frame_checksums_right(out.frames[i].bytes, out.frames[i].len));
}

static void should_keep_the_traffic_class_between_the_families(void **state)
{
	struct frame v4 = frame_udp(to_vip(&pairs[1]), 9, true);
	struct frame v6 = frame_udp(to_vip(&pairs[2]), 9, true);

	(void)state;
	config_vips = vips;
	v4.bytes[L3 + IPV4_TOS] = 0xb9; // expedited forwarding, ECN 1
	store_be32(v6.bytes + L3, 6u << 28 | 0xb9u << 20 | 0x12345);
	frame_finish(&v4);
	frame_finish(&v6);
	feed(v4);
	feed(v6);
	replay();
	assert_int_equal(out.count, 2);
	assert_int_equal(load_be32(l3_of(&out.frames[0])), 6u << 28 | 0xb9u << 20);
	assert_int_equal(l3_of(&out.frames[1])[IPV4_TOS], 0xb9);
}

// RFC 7915, 5.1: what any IPv6 path carries may be fragmented behind us, what is longer not.
static void should_let_short_packets_from_ipv6_be_fragmented(void **state)
{
	(void)state;
	config_vips = vips;
	feed(frame_udp(to_vip(&pairs[2]), 1260 - 28, true));
	feed(frame_udp(to_vip(&pairs[2]), 1261 - 28, true));
	replay();
	assert_int_equal(out.count, 2);
	assert_int_equal(load_be16(l3_of(&out.frames[0]) + IPV4_FRAGMENT), 0);
	assert_int_equal(load_be16(l3_of(&out.frames[1]) + IPV4_FRAGMENT), 0x4000);
	assert_int_not_equal(load_be16(l3_of(&out.frames[0]) + IPV4_ID),
		load_be16(l3_of(&out.frames[1]) + IPV4_ID));
}

static void should_leave_extension_headers_and_options_behind(void **state)
{
	static const uint8_t router_alert[4] = {0x94, 4, 0, 0};
	struct frame v6 = frame_udp(to_vip(&pairs[2]), 9, true), v4, plain;

	(void)state;
	config_vips = vips;
	frame_extend(&v6, PROTOCOL_DESTINATION_OPTIONS, 24);
	plain = frame_udp(to_vip(&pairs[1]), 9, true);
	v4 = plain;
	memmove(v4.bytes + L4 + 4, v4.bytes + L4, v4.len - L4);
	memcpy(v4.bytes + L4, router_alert, 4);
	v4.bytes[L3] = 0x46;
	v4.len += 4;
	frame_finish(&v4);
	feed(v6);
	feed(v4);
	replay();
	assert_string_equal(told(), "");
	assert_int_equal(out.count, 2);
	for (int i = 0; i < 2; i++) {
		assert_whole(&out.frames[i]);
		assert_int_equal(l4_len_of(&out.frames[i]), UDP_BYTES + 9);
	}
	assert_int_equal(out.frames[0].len, L4 + UDP_BYTES + 9);
	assert_int_equal(out.frames[1].len, L4_V6 + UDP_BYTES + 9);
}

static void should_not_forget_a_source_route_in_silence(void **state)
{
	static const uint8_t loose[8] = {131, 7, 4, 198, 18, 99, 1, 0};
	struct frame f = frame_udp(to_vip(&pairs[1]), 9, true);

	(void)state;
	config_vips = vips;
	memmove(f.bytes + L4 + 8, f.bytes + L4, f.len - L4);
	memcpy(f.bytes + L4, loose, 8);
	f.bytes[L3] = 0x47;
	f.len += 8;
	frame_finish(&f);
	feed(f);
	replay();
	assert_int_equal(out.count, 0);
	assert_string_equal(told(), "NAT_FAIL");
	assert_string_equal(text(0, "point"), "NAT");
}

static void should_stamp_probes_over_ipv6(void **state)
{
	uint8_t option[DT_COLOUR_BYTES];

	(void)state;
	config_vips = vips;
	make_option(option, (struct colour){.prober_id = 1,
				    .sequence = 9,
				    .syn_sequence = 1000,
				    .time = START,
				    .source_port = PORT_HERE,
				    .source = CLIENT6});
	feed(frame_tcp(to_vip(&pairs[3]), TCP_SYN, 1000, option, sizeof(option), 0));
	replay();
	assert_int_equal(out.count, 1);
	assert_false(has_colour(&out.frames[0]));
	assert_whole(&out.frames[0]);
	feed(reply_to(&out.frames[0], TCP_SYN | TCP_ACK));
	replay();
	assert_string_equal(told(), "RX,TX,RX,TX");
	assert_string_equal(text(0, "source_address"), CLIENT6);
	assert_string_equal(text(0, "destination_address"), "2001:db8:f00::66");
	assert_string_equal(text(2, "destination_address"), LOCAL6);
	assert_int_equal(number(3, "probe_sequence"), 9);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup(should_translate_tcp_between_the_families, setup),
	cmocka_unit_test_setup(should_translate_udp_between_the_families, setup),
	cmocka_unit_test_setup(should_make_the_checksum_that_udp_over_ipv6_must_have, setup),
	cmocka_unit_test_setup(should_translate_sctp_with_its_checksum, setup),
	cmocka_unit_test_setup(should_open_an_association_with_an_init_only, setup),
	cmocka_unit_test_setup(should_leave_a_broken_checksum_broken, setup),
	cmocka_unit_test_setup(should_keep_the_traffic_class_between_the_families, setup),
	cmocka_unit_test_setup(should_let_short_packets_from_ipv6_be_fragmented, setup),
	cmocka_unit_test_setup(should_leave_extension_headers_and_options_behind, setup),
	cmocka_unit_test_setup(should_not_forget_a_source_route_in_silence, setup),
	cmocka_unit_test_setup(should_stamp_probes_over_ipv6, setup),
};

REPLAY_TESTS(tests)
