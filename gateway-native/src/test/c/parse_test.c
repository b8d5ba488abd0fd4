// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "frame.h"

#include "../../main/c/packet/bytes.h"
#include "../../main/c/packet/checksum.h"
#include "../../main/c/packet/colour.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { IP = ETHERNET_BYTES, L4 = ETHERNET_BYTES + IPV4_MIN_BYTES };

static const struct frame_flow flow = {"198.18.141.2", "198.19.0.1", 40000, 80};
static const struct frame_flow flow6 = {"2001:db8:1::2", "2001:db8:ff::1", 40000, 80};

static void assert_address(const struct ip_address *address, const char *text)
{
	char is[IP_ADDRESS_TEXT_BYTES];

	assert_string_equal(ip_text(address, is), text);
}

// From a block of exactly its size, so that a read past the end shows.
static enum parse_outcome parse(const struct frame *f, struct packet_view *view)
{
	uint8_t *copy = malloc(f->len ? f->len : 1);
	enum parse_outcome outcome;

	assert_non_null(copy);
	memcpy(copy, f->bytes, f->len);
	outcome = parse_frame(copy, f->len, view);
	free(copy);
	return outcome;
}

static void should_read_a_tcp_packet(void **state)
{
	struct frame f = frame_tcp(flow, TCP_SYN, 0x12345678, NULL, 0, 10);
	struct packet_view view;

	(void)state;
	assert_int_equal(parse(&f, &view), PARSE_IP);
	assert_address(&view.source, "198.18.141.2");
	assert_address(&view.destination, "198.19.0.1");
	assert_int_equal(view.source_port, 40000);
	assert_int_equal(view.destination_port, 80);
	assert_int_equal(view.tcp_sequence, 0x12345678);
	assert_int_equal(view.tcp_flags, TCP_SYN);
	assert_int_equal(view.l3_offset, IP);
	assert_int_equal(view.l4_offset, IPV4_MIN_BYTES);
	assert_int_equal(view.l4_len, 30);
	assert_false(view.is_v6);
}

static void should_ignore_ethernet_padding(void **state)
{
	struct frame f = frame_tcp(flow, TCP_ACK, 1, NULL, 0, 0);
	struct packet_view view;

	(void)state;
	f.len = 60;
	assert_int_equal(parse(&f, &view), PARSE_IP);
	assert_int_equal(view.ip_len, 40);
}

static void should_find_every_cut_malformed(void **state)
{
	struct frame whole = frame_tcp(flow, TCP_SYN, 1, NULL, 0, 5);
	struct packet_view view;

	(void)state;
	for (size_t len = 0; len < whole.len; len++) {
		struct frame cut = whole;

		cut.len = len;
		assert_int_equal(parse(&cut, &view),
			len < ETHERNET_BYTES ? PARSE_MALFORMED_ETHERNET : PARSE_MALFORMED_IP);
	}
}

static void refresh_ip_checksum(struct frame *f)
{
	store_raw16(f->bytes + IP + IPV4_CHECKSUM, 0);
	store_raw16(f->bytes + IP + IPV4_CHECKSUM, checksum(f->bytes + IP, IPV4_MIN_BYTES));
}

static void should_reject_lying_lengths(void **state)
{
	struct packet_view view;
	struct frame f;

	(void)state;
	f = frame_tcp(flow, TCP_SYN, 1, NULL, 0, 5);
	f.bytes[IP] = 0x4f; // header of 60 bytes
	assert_int_equal(parse(&f, &view), PARSE_MALFORMED_IP);
	f = frame_tcp(flow, TCP_SYN, 1, NULL, 0, 5);
	f.bytes[IP] = 0x44;
	assert_int_equal(parse(&f, &view), PARSE_MALFORMED_IP);
	f = frame_tcp(flow, TCP_SYN, 1, NULL, 0, 5);
	store_be16(f.bytes + IP + IPV4_TOTAL_LENGTH, 65535);
	refresh_ip_checksum(&f);
	assert_int_equal(parse(&f, &view), PARSE_MALFORMED_IP);
	f = frame_tcp(flow, TCP_SYN, 1, NULL, 0, 5);
	f.bytes[L4 + TCP_DATA_OFFSET] = 0xf0;
	assert_int_equal(parse(&f, &view), PARSE_MALFORMED_TCP);
	f = frame_tcp(flow, TCP_SYN, 1, NULL, 0, 5);
	f.bytes[L4 + TCP_DATA_OFFSET] = 0x40;
	assert_int_equal(parse(&f, &view), PARSE_MALFORMED_TCP);
	f = frame_tcp(flow, TCP_SYN, 1, NULL, 0, 0);
	store_be16(f.bytes + IP + IPV4_TOTAL_LENGTH, 39);
	refresh_ip_checksum(&f);
	assert_int_equal(parse(&f, &view), PARSE_MALFORMED_TCP);
	f = frame_udp(flow, 10, true);
	store_be16(f.bytes + L4 + UDP_LENGTH, 19);
	assert_int_equal(parse(&f, &view), PARSE_MALFORMED_UDP);
	store_be16(f.bytes + L4 + UDP_LENGTH, 7);
	assert_int_equal(parse(&f, &view), PARSE_MALFORMED_UDP);
}

static void should_reject_contradictory_flags(void **state)
{
	static const uint8_t flags[] = {0, TCP_PSH, TCP_SYN | TCP_FIN, TCP_SYN | TCP_RST};
	struct packet_view view;

	(void)state;
	for (size_t i = 0; i < sizeof(flags); i++) {
		struct frame f = frame_tcp(flow, flags[i], 1, NULL, 0, 0);

		assert_int_equal(parse(&f, &view), PARSE_MALFORMED_TCP);
	}
}

static void should_tell_checksum_and_type(void **state)
{
	struct frame f = frame_tcp(flow, TCP_SYN, 1, NULL, 0, 0);
	struct packet_view view;

	(void)state;
	f.bytes[IP + IPV4_CHECKSUM] ^= 1;
	assert_int_equal(parse(&f, &view), PARSE_BAD_CHECKSUM);
	f = frame_tcp(flow, TCP_SYN, 1, NULL, 0, 0);
	store_be16(f.bytes + IP + IPV4_FRAGMENT, 0x4000); // don't fragment
	refresh_ip_checksum(&f);
	assert_int_equal(parse(&f, &view), PARSE_IP);
	assert_int_equal(view.fragment, FRAGMENT_NONE);
	store_be16(f.bytes + 12, 0x86dd);
	assert_int_equal(parse(&f, &view), PARSE_MALFORMED_IP);
	store_be16(f.bytes + 12, 0x88cc);
	assert_int_equal(parse(&f, &view), PARSE_MALFORMED_ETHERNET);
}

static void should_read_an_ipv6_packet(void **state)
{
	struct frame f = frame_tcp(flow6, TCP_SYN | TCP_ACK, 7, NULL, 0, 3);
	struct packet_view view;

	(void)state;
	store_be16(f.bytes + IP, 0x6ab0); // traffic class 0xab
	assert_int_equal(parse(&f, &view), PARSE_IP);
	assert_true(view.is_v6);
	assert_address(&view.source, "2001:db8:1::2");
	assert_address(&view.destination, "2001:db8:ff::1");
	assert_int_equal(view.protocol, PROTOCOL_TCP);
	assert_int_equal(view.ttl, 64);
	assert_int_equal(view.traffic_class, 0xab);
	assert_int_equal(view.ip_len, IPV6_BYTES + 23);
	assert_int_equal(view.l4_offset, IPV6_BYTES);
	assert_int_equal(view.l4_len, 23);
	assert_int_equal(view.source_port, 40000);
	assert_int_equal(view.destination_port, 80);
	assert_int_equal(view.tcp_sequence, 7);
}

static void should_find_every_cut_of_ipv6_malformed(void **state)
{
	struct frame whole = frame_udp(flow6, 5, true);
	struct packet_view view;

	(void)state;
	frame_extend(&whole, PROTOCOL_DESTINATION_OPTIONS, 16);
	assert_int_equal(parse(&whole, &view), PARSE_IP);
	for (size_t len = ETHERNET_BYTES; len < whole.len; len++) {
		struct frame cut = whole;

		cut.len = len;
		assert_int_equal(parse(&cut, &view), PARSE_MALFORMED_IP);
		// The same with a length that does not lie.
		if (len < ETHERNET_BYTES + IPV6_BYTES)
			continue;
		store_be16(cut.bytes + IP + IPV6_PAYLOAD_LENGTH,
			(uint16_t)(len - ETHERNET_BYTES - IPV6_BYTES));
		assert_int_equal(parse(&cut, &view), len < ETHERNET_BYTES + IPV6_BYTES + 16
							     ? PARSE_MALFORMED_IP
							     : PARSE_MALFORMED_UDP);
	}
}

static void should_walk_extension_headers(void **state)
{
	struct frame f = frame_tcp(flow6, TCP_SYN, 1, NULL, 0, 0);
	struct packet_view view;

	(void)state;
	frame_extend(&f, PROTOCOL_DESTINATION_OPTIONS, 8);
	frame_extend(&f, PROTOCOL_FRAGMENT, 8); // an atomic fragment is none (RFC 6946)
	frame_extend(&f, PROTOCOL_ROUTING, 24);
	frame_extend(&f, PROTOCOL_DESTINATION_OPTIONS, 32);
	frame_extend(&f, PROTOCOL_HOP_OPTIONS, 8);
	assert_int_equal(parse(&f, &view), PARSE_IP);
	assert_int_equal(view.protocol, PROTOCOL_TCP);
	assert_int_equal(view.l4_offset, IPV6_BYTES + 80);
	assert_int_equal(view.l4_len, TCP_MIN_BYTES);
	assert_int_equal(view.destination_port, 80);
	assert_int_equal(view.fragment, FRAGMENT_NONE);
}

static void should_refuse_nonsense_in_extension_headers(void **state)
{
	static const uint8_t once[] = {PROTOCOL_HOP_OPTIONS, PROTOCOL_ROUTING, PROTOCOL_FRAGMENT};
	struct packet_view view;
	struct frame f;

	(void)state;
	for (size_t i = 0; i < sizeof(once); i++) {
		f = frame_tcp(flow6, TCP_SYN, 1, NULL, 0, 0);
		frame_extend(&f, once[i], 8);
		assert_int_equal(parse(&f, &view), PARSE_IP);
		frame_extend(&f, once[i], 8);
		assert_int_equal(parse(&f, &view), PARSE_MALFORMED_IP);
	}
	f = frame_tcp(flow6, TCP_SYN, 1, NULL, 0, 0);
	for (int i = 0; i < 2; i++) {
		frame_extend(&f, PROTOCOL_DESTINATION_OPTIONS, 8);
		assert_int_equal(parse(&f, &view), PARSE_IP);
	}
	frame_extend(&f, PROTOCOL_DESTINATION_OPTIONS, 8);
	assert_int_equal(parse(&f, &view), PARSE_MALFORMED_IP);
	f = frame_tcp(flow6, TCP_SYN, 1, NULL, 0, 0);
	frame_extend(&f, PROTOCOL_HOP_OPTIONS, 8);
	frame_extend(&f, PROTOCOL_DESTINATION_OPTIONS, 8); // hop-by-hop is not first
	assert_int_equal(parse(&f, &view), PARSE_MALFORMED_IP);
	f = frame_tcp(flow6, TCP_SYN, 1, NULL, 0, 0);
	frame_extend(&f, PROTOCOL_HOP_OPTIONS, 8);
	f.bytes[IP + IPV6_BYTES + 1] = 255; // longer than the packet
	assert_int_equal(parse(&f, &view), PARSE_MALFORMED_IP);
}

static void should_show_a_protocol_that_hides_its_ports(void **state)
{
	static const uint8_t hidden[] = {50, 51, 59, 47, 135};
	struct packet_view view;
	struct frame f;

	(void)state;
	for (size_t i = 0; i < sizeof(hidden); i++) {
		f = frame_tcp(flow6, TCP_SYN, 1, NULL, 0, 0);
		f.bytes[IP + IPV6_NEXT_HEADER] = hidden[i];
		assert_int_equal(parse(&f, &view), PARSE_IP);
		assert_int_equal(view.protocol, hidden[i]);
		assert_int_equal(view.destination_port, 0);
	}
	f = frame_tcp(flow6, TCP_SYN, 1, NULL, 0, 0);
	frame_extend(&f, PROTOCOL_ROUTING, 24);
	f.bytes[IP + IPV6_BYTES + 3] = 1; // one more segment
	assert_int_equal(parse(&f, &view), PARSE_IP);
	assert_int_equal(view.protocol, PROTOCOL_ROUTING);
	assert_int_equal(view.destination_port, 0);
}

static void expect_fragments(struct frame_flow of)
{
	struct frame whole = frame_udp(of, 100, true), f;
	struct packet_view view;

	f = frame_fragment(&whole, 0, 48);
	assert_int_equal(parse(&f, &view), PARSE_IP);
	assert_int_equal(view.fragment, FRAGMENT_FIRST);
	assert_int_equal(view.protocol, PROTOCOL_UDP);
	assert_int_equal(view.destination_port, 80);
	assert_int_equal(view.l4_len, 48);
	f = frame_fragment(&whole, 48, 0);
	assert_int_equal(parse(&f, &view), PARSE_IP);
	assert_int_equal(view.fragment, FRAGMENT_LATER);
	assert_int_equal(view.protocol, PROTOCOL_UDP);
	assert_int_equal(view.destination_port, 0);
	assert_int_equal(view.l4_len, 60);
	assert_address(&view.source, of.source);
	whole = frame_tcp(of, TCP_SYN, 1, NULL, 0, 40);
	f = frame_fragment(&whole, 0, 16); // hides the flags in the next one
	assert_int_equal(parse(&f, &view), PARSE_MALFORMED_TCP);
}

static void should_report_fragments(void **state)
{
	struct frame whole = frame_udp(flow, 100, true), f = frame_fragment(&whole, 48, 0);
	struct packet_view view;

	(void)state;
	expect_fragments(flow);
	expect_fragments(flow6);
	store_be16(f.bytes + IP + IPV4_FRAGMENT, 0x1fff); // ends behind byte 65,535
	refresh_ip_checksum(&f);
	assert_int_equal(parse(&f, &view), PARSE_MALFORMED_IP);
}

static void should_refuse_impossible_sources(void **state)
{
	static const char *const v4[] = {
		"0.0.0.0", "0.1.2.3", "127.0.0.1", "224.0.0.5", "240.0.0.1", "255.255.255.255"};
	static const char *const v6[] = {"::", "::1", "ff02::1", "ff0e::1", "::ffff:198.18.0.1"};
	struct packet_view view;

	(void)state;
	for (size_t i = 0; i < sizeof(v4) / sizeof(v4[0]); i++) {
		struct frame f = frame_tcp(
			(struct frame_flow){v4[i], flow.destination, 1, 2}, TCP_SYN, 1, NULL, 0, 0);

		assert_int_equal(parse(&f, &view), PARSE_MALFORMED_IP);
	}
	for (size_t i = 0; i < sizeof(v6) / sizeof(v6[0]); i++) {
		struct frame f = frame_tcp((struct frame_flow){v6[i], flow6.destination, 1, 2},
			TCP_SYN, 1, NULL, 0, 0);

		assert_int_equal(parse(&f, &view), PARSE_MALFORMED_IP);
	}
}

static void should_not_take_a_mapped_address_on_the_wire_for_ipv4(void **state)
{
	struct frame f = frame_tcp((struct frame_flow){flow6.source, "::ffff:198.19.0.1", 1, 2},
		TCP_SYN, 1, NULL, 0, 0);
	struct packet_view view;

	(void)state;
	assert_int_equal(parse(&f, &view), PARSE_MALFORMED_IP);
}

static void should_let_a_host_without_address_ask_a_group_only(void **state)
{
	struct frame f = frame_neighbour_solicitation("::", "2001:db8::5");
	struct packet_view view;

	(void)state;
	assert_int_equal(parse(&f, &view), PARSE_IP);
	f = frame_echo("::", "2001:db8::5");
	assert_int_equal(parse(&f, &view), PARSE_MALFORMED_IP);
}

static void should_read_sctp(void **state)
{
	struct frame_flow flows[] = {flow, flow6};
	struct packet_view view;

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct frame f = frame_sctp(flows[i], 0x01020304, 4);

		assert_int_equal(parse(&f, &view), PARSE_IP);
		assert_int_equal(view.protocol, PROTOCOL_SCTP);
		assert_int_equal(view.source_port, 40000);
		assert_int_equal(view.destination_port, 80);
		assert_int_equal(view.tcp_sequence, 0x01020304);
		assert_int_equal(view.sctp_chunk, 0);
		f = frame_sctp(flows[i], 0, 4);
		assert_int_equal(parse(&f, &view), PARSE_IP);
		assert_int_equal(view.sctp_chunk, SCTP_INIT);
		f = frame_sctp(flows[i], 0, 3);
		assert_int_equal(parse(&f, &view), PARSE_IP);
		assert_int_equal(view.sctp_chunk, SCTP_NO_CHUNK);
		f.len -= 4;
		frame_finish(&f);
		assert_int_equal(parse(&f, &view), PARSE_MALFORMED_SCTP);
		flows[i].destination_port = 0;
		f = frame_sctp(flows[i], 1, 4);
		assert_int_equal(parse(&f, &view), PARSE_MALFORMED_SCTP);
	}
}

static void should_want_a_udp_checksum_over_ipv6_except_for_tunnels(void **state)
{
	struct frame_flow to = flow6;
	struct packet_view view;
	struct frame f;

	(void)state;
	f = frame_udp(flow, 10, false);
	assert_int_equal(parse(&f, &view), PARSE_IP);
	f = frame_udp(to, 10, false);
	assert_int_equal(parse(&f, &view), PARSE_MALFORMED_UDP);
	to.destination_port = 4789;
	f = frame_udp(to, 10, false);
	assert_int_equal(parse(&f, &view), PARSE_IP);
	to.destination_port = 6080;
	f = frame_udp(to, 10, false);
	assert_int_equal(parse(&f, &view), PARSE_IP);
}

static void should_read_up_to_two_vlan_tags(void **state)
{
	struct frame_flow flows[] = {flow, flow6};
	struct packet_view view;

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct frame f = frame_tcp(flows[i], TCP_SYN, 1, NULL, 0, 0);

		frame_tag(&f, ETHERTYPE_VLAN_ID, 0xe000 | 100); // priority 7
		assert_int_equal(parse(&f, &view), PARSE_IP);
		assert_int_equal(view.vlan, 100);
		assert_int_equal(view.vlan_tags, 1);
		assert_int_equal(view.l3_offset, ETHERNET_BYTES + VLAN_BYTES);
		assert_int_equal(view.destination_port, 80);
		frame_tag(&f, ETHERTYPE_QINQ_ID, 200);
		assert_int_equal(parse(&f, &view), PARSE_IP);
		assert_int_equal(view.vlan, 200);
		assert_int_equal(view.vlan_tags, 2);
		for (f.len = ETHERNET_BYTES; f.len < ETHERNET_BYTES + 2 * VLAN_BYTES; f.len++)
			assert_int_equal(parse(&f, &view), PARSE_MALFORMED_ETHERNET);
		f = frame_tcp(flows[i], TCP_SYN, 1, NULL, 0, 0);
		for (int tag = 0; tag < 3; tag++)
			frame_tag(&f, ETHERTYPE_VLAN_ID, 100);
		assert_int_equal(parse(&f, &view), PARSE_MALFORMED_ETHERNET);
	}
}

static void should_fill_in_a_view_that_was_not_cleared(void **state)
{
	struct frame frames[] = {frame_tcp(flow, TCP_SYN, 1, NULL, 0, 0), frame_udp(flow6, 9, true),
		frame_arp_request("192.0.2.1", "192.0.2.2"), frame_echo("192.0.2.1", "192.0.2.2")};
	struct packet_view clean, dirty;

	(void)state;
	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
		for (size_t len = 0; len <= frames[i].len; len++) {
			memset(&clean, 0, sizeof(clean));
			memset(&dirty, 0xee, sizeof(dirty));
			assert_int_equal(parse_frame(frames[i].bytes, len, &clean),
				parse_frame(frames[i].bytes, len, &dirty));
			assert_memory_equal(&clean, &dirty, sizeof(clean));
		}
	}
}

// The seed is printed, so that a failure can be repeated: PARSE_TEST_SEED.
static struct frame any_frame(void)
{
	struct frame_flow of = rand() % 2 ? flow : flow6;
	struct frame f;

	switch (rand() % 4) {
	case 0:
		f = frame_tcp(of, TCP_SYN, 1, NULL, 0, (size_t)rand() % 40);
		break;
	case 1:
		f = frame_sctp(of, 1, (size_t)rand() % 40);
		break;
	default:
		f = frame_udp(of, (size_t)rand() % 40, true);
		break;
	}
	while (of.source == flow6.source && rand() % 2 && f.len < 300)
		frame_extend(&f,
			(const uint8_t[]){PROTOCOL_HOP_OPTIONS, PROTOCOL_ROUTING, PROTOCOL_FRAGMENT,
				PROTOCOL_DESTINATION_OPTIONS}[rand() % 4],
			8);
	if (rand() % 4 == 0)
		frame_tag(&f, ETHERTYPE_VLAN_ID, 5);
	return f;
}

static void should_keep_within_any_bytes(void **state)
{
	const char *given = getenv("PARSE_TEST_SEED");
	unsigned int seed = given ? (unsigned int)atoi(given) : (unsigned int)time(NULL);
	int accepted = 0;

	(void)state;
	print_message("PARSE_TEST_SEED=%u\n", seed);
	srand(seed);
	for (int n = 0; n < 200000; n++) {
		struct frame f = any_frame();
		struct packet_view view;
		int changes = rand() % 6;

		for (int i = 0; i < changes; i++)
			f.bytes[IP - 2 + rand() % 80] = (uint8_t)rand();
		if (rand() % 2)
			refresh_ip_checksum(&f);
		if (rand() % 2)
			f.len = (size_t)rand() % (f.len + 1);
		if (parse(&f, &view) != PARSE_IP)
			continue;
		accepted++;
		assert_true((size_t)view.l3_offset + view.ip_len <= f.len);
		assert_int_equal(view.l4_offset + view.l4_len, view.ip_len);
		if (view.protocol == PROTOCOL_TCP && view.fragment != FRAGMENT_LATER)
			assert_in_range(view.tcp_header_len, TCP_MIN_BYTES, view.l4_len);
	}
	assert_true(accepted > 1000);
}

// Most packets are read in few steps, all others closely: what comes out must not differ. Which is
// which, the frame cannot tell: parse_ip() always looks closely.
static void should_read_the_same_in_few_steps_as_closely(void **state)
{
	static const uint8_t places[] = {
		12, 14, 15, 16, 17, 20, 21, 22, 23, 24, 26, 30, 34, 35, 36, 37, 38, 46, 47, 48};
	uint64_t random = 0x9e3779b97f4a7c15ull;
	unsigned int taken = 0;

	(void)state;
	for (int i = 0; i < 300000; i++) {
		struct frame f = frame_tcp(flow, TCP_ACK, (uint32_t)random, NULL, 0, i % 30);
		struct packet_view view, closely;
		enum parse_outcome outcome;

		for (uint64_t n = random >> 60 & 3; n > 0; n--) {
			random = random * 6364136223846793005ull + 1442695040888963407ull;
			f.bytes[places[(random >> 33) % sizeof(places)]] =
				random >> 59 & 1 ? (uint8_t)(random >> 40) : 0;
		}
		random = random * 6364136223846793005ull + 1442695040888963407ull;
		if (random >> 63) {
			store_raw16(f.bytes + IP + IPV4_CHECKSUM, 0);
			store_raw16(f.bytes + IP + IPV4_CHECKSUM,
				checksum(f.bytes + IP, IPV4_MIN_BYTES));
		}
		outcome = parse(&f, &view);
		if (load_be16(f.bytes + 12) != ETHERTYPE_IPV4_ID)
			continue;
		// The EtherType says IPv4, whatever version follows.
		if (f.bytes[IP] >> 4 != 6) {
			assert_int_equal(parse_ip(f.bytes + IP, f.len - IP, &closely), outcome);
			closely.l3_offset = IP;
			assert_memory_equal(&view, &closely, sizeof(view));
		}
		taken += outcome == PARSE_IP;
	}
	assert_in_range(taken, 30000, 290000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(should_read_a_tcp_packet),
		cmocka_unit_test(should_read_the_same_in_few_steps_as_closely),
		cmocka_unit_test(should_ignore_ethernet_padding),
		cmocka_unit_test(should_find_every_cut_malformed),
		cmocka_unit_test(should_reject_lying_lengths),
		cmocka_unit_test(should_reject_contradictory_flags),
		cmocka_unit_test(should_tell_checksum_and_type),
		cmocka_unit_test(should_read_an_ipv6_packet),
		cmocka_unit_test(should_find_every_cut_of_ipv6_malformed),
		cmocka_unit_test(should_walk_extension_headers),
		cmocka_unit_test(should_refuse_nonsense_in_extension_headers),
		cmocka_unit_test(should_show_a_protocol_that_hides_its_ports),
		cmocka_unit_test(should_report_fragments),
		cmocka_unit_test(should_refuse_impossible_sources),
		cmocka_unit_test(should_not_take_a_mapped_address_on_the_wire_for_ipv4),
		cmocka_unit_test(should_let_a_host_without_address_ask_a_group_only),
		cmocka_unit_test(should_read_sctp),
		cmocka_unit_test(should_want_a_udp_checksum_over_ipv6_except_for_tunnels),
		cmocka_unit_test(should_read_up_to_two_vlan_tags),
		cmocka_unit_test(should_fill_in_a_view_that_was_not_cleared),
		cmocka_unit_test(should_keep_within_any_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
