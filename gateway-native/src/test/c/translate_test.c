// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "frame.h"

#include "../../main/c/packet/bytes.h"
#include "../../main/c/packet/checksum.h"
#include "../../main/c/packet/translate.h"

#include <stdlib.h>

static const struct frame_flow flow4 = {"198.51.100.7", "203.0.113.9", 40000, 443};
static const struct frame_flow flow6 = {"2001:db8:1::7", "2001:db8:ff::9", 40000, 443};

static uint8_t *ip_of(struct frame *f)
{
	return f->bytes + ETHERNET_BYTES;
}

static struct packet_view view_of(struct frame *f)
{
	struct packet_view view;

	assert_int_equal(parse_ip(ip_of(f), f->len - ETHERNET_BYTES, &view), PARSE_IP);
	return view;
}

static struct translation to(enum translate_side side, const char *from, const char *text)
{
	static struct ip_address addresses[2]; // one a family
	struct ip_address before = frame_ip_address(from), after = frame_ip_address(text);
	struct ip_address *kept = &addresses[ip_is_v4(&after)];

	*kept = after;
	return (struct translation){
		.side = side,
		.to = kept,
		.delta = checksum_fold(checksum_delta_address(&before, &after)),
	};
}

static struct translation for_family(const struct frame *f, enum translate_side side)
{
	bool v6 = f->bytes[ETHERNET_BYTES] >> 4 == 6;
	const struct frame_flow *flow = v6 ? &flow6 : &flow4;

	return to(side, side == TRANSLATE_SOURCE ? flow->source : flow->destination,
		v6 ? "fd00:1:2:3::abcd" : "10.200.3.4");
}

static void expect_translated(struct frame f, enum translate_side side)
{
	struct translation t = for_family(&f, side);
	struct packet_view before = view_of(&f), after;

	assert_true(frame_checksums_right(f.bytes, f.len));
	assert_true(translate_packet(ip_of(&f), &before, &t));
	assert_true(frame_checksums_right(f.bytes, f.len));
	after = view_of(&f);
	assert_true(ip_equal(side == TRANSLATE_SOURCE ? &after.source : &after.destination, t.to));
	assert_true(ip_equal(side == TRANSLATE_SOURCE ? &after.destination : &after.source,
		side == TRANSLATE_SOURCE ? &before.destination : &before.source));
	assert_int_equal(after.ttl, before.ttl - 1);
	assert_int_equal(after.source_port, before.source_port);
	assert_int_equal(after.destination_port, before.destination_port);
}

static void expect_both_sides(struct frame f)
{
	expect_translated(f, TRANSLATE_SOURCE);
	expect_translated(f, TRANSLATE_DESTINATION);
}

static void should_keep_every_checksum_right(void **state)
{
	static const uint8_t payload[33] = {1, 2, 3};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct frame_flow flow = i ? flow6 : flow4;

		for (size_t len = 0; len < 64; len++) {
			expect_both_sides(frame_tcp(flow, TCP_ACK, (uint32_t)len, NULL, 0, len));
			expect_both_sides(frame_udp(flow, len, true));
			expect_both_sides(frame_sctp(flow, 7, len));
		}
		expect_both_sides(frame_echo(flow.source, flow.destination));
		expect_both_sides(frame_ip(
			flow.source, flow.destination, PROTOCOL_GRE, payload, sizeof(payload)));
		expect_both_sides(
			frame_ip(flow.source, flow.destination, 50, payload, sizeof(payload)));
	}
}

static void should_take_one_off_every_ttl(void **state)
{
	(void)state;
	for (int ttl = 0; ttl < 256; ttl++) {
		struct frame f = frame_tcp(flow4, TCP_ACK, 1, NULL, 0, 5);
		struct translation t = for_family(&f, TRANSLATE_SOURCE);
		struct packet_view view;

		ip_of(&f)[IPV4_TTL] = (uint8_t)ttl;
		frame_finish(&f);
		view = view_of(&f);
		assert_true(translate_packet(ip_of(&f), &view, &t));
		assert_true(frame_checksums_right(f.bytes, f.len));
		assert_int_equal(ip_of(&f)[IPV4_TTL], (uint8_t)(ttl - 1));
	}
}

static void should_leave_a_udp_checksum_of_none(void **state)
{
	struct frame f = frame_udp(flow4, 9, false);

	(void)state;
	expect_both_sides(f);
}

static void should_never_make_a_udp_checksum_of_none(void **state)
{
	struct translation t;
	int made = 0;

	(void)state;
	for (uint32_t n = 0; n < 70000; n++) {
		struct frame f = frame_udp(flow4, 4, true);
		struct packet_view view;

		store_be16(ip_of(&f) + 28, (uint16_t)n);
		frame_finish(&f);
		view = view_of(&f);
		t = for_family(&f, TRANSLATE_SOURCE);
		translate_packet(ip_of(&f), &view, &t);
		made += load_raw16(ip_of(&f) + 26) == 0xffff;
		assert_int_not_equal(load_raw16(ip_of(&f) + 26), 0);
	}
	assert_true(made > 0); // the case was met
}

static void should_translate_behind_extension_headers(void **state)
{
	struct frame f = frame_tcp(flow6, TCP_ACK, 1, NULL, 0, 5);

	(void)state;
	frame_extend(&f, PROTOCOL_DESTINATION_OPTIONS, 16);
	frame_extend(&f, PROTOCOL_HOP_OPTIONS, 8);
	expect_both_sides(f);
}

// Put together again, the datagram is right: its checksum stands in the first piece alone.
static void should_translate_fragments_so_that_the_whole_is_right(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct frame whole = frame_udp(i ? flow6 : flow4, 200, true);
		size_t l4 = i ? ETHERNET_BYTES + IPV6_BYTES : ETHERNET_BYTES + IPV4_MIN_BYTES;
		struct frame first = frame_fragment(&whole, 0, 96);
		struct frame later = frame_fragment(&whole, 96, 0);
		struct translation t = for_family(&whole, TRANSLATE_DESTINATION);
		struct packet_view view = view_of(&first);
		size_t at;

		assert_int_equal(view.fragment, FRAGMENT_FIRST);
		assert_true(translate_packet(ip_of(&first), &view, &t));
		at = view.l4_offset + (size_t)ETHERNET_BYTES;
		memcpy(whole.bytes + l4, first.bytes + at, first.len - at);
		view = view_of(&later);
		assert_int_equal(view.fragment, FRAGMENT_LATER);
		assert_true(translate_packet(ip_of(&later), &view, &t));
		at = view.l4_offset + (size_t)ETHERNET_BYTES;
		memcpy(whole.bytes + l4 + 96, later.bytes + at, later.len - at);
		view = view_of(&whole);
		t.delta = 0xffff; // the addresses alone
		if (i)
			memcpy(ip_of(&whole) + IPV6_DESTINATION, t.to->bytes, 16);
		else
			store_raw32(ip_of(&whole) + IPV4_DESTINATION, ip_v4(t.to));
		if (!i) {
			store_raw16(ip_of(&whole) + IPV4_CHECKSUM, 0);
			store_raw16(ip_of(&whole) + IPV4_CHECKSUM,
				checksum(ip_of(&whole), IPV4_MIN_BYTES));
		}
		assert_true(frame_checksums_right(whole.bytes, whole.len));
	}
}

static void should_refuse_a_first_fragment_without_its_checksum(void **state)
{
	struct frame f = frame_tcp(flow4, TCP_ACK, 1, NULL, 0, 100), before;
	struct translation t = for_family(&f, TRANSLATE_SOURCE);
	struct packet_view view = view_of(&f);

	(void)state;
	view.fragment = FRAGMENT_FIRST;
	view.l4_len = TCP_CHECKSUM + 1;
	before = f;
	assert_false(translate_packet(ip_of(&f), &view, &t));
	assert_memory_equal(before.bytes, f.bytes, f.len);
}

// An error about a packet from `flow`'s destination to its source, as the destination's side sees
// it, is about the translated packet: both ends agree once it is translated back.
static void expect_quoted(struct frame quoted, struct frame error, enum translate_side side)
{
	struct translation t = for_family(&quoted, side);
	struct packet_view view = view_of(&error);
	struct quoted_packet q;

	assert_true(frame_checksums_right(error.bytes, error.len));
	assert_true(translate_read_quoted(ip_of(&error), &view, &q));
	translate_quoted(ip_of(&error), &view, &q, &t);
	assert_true(frame_checksums_right(error.bytes, error.len));
	assert_true(translate_read_quoted(ip_of(&error), &view, &q));
	assert_true(ip_equal(side == TRANSLATE_SOURCE ? &q.source : &q.destination, t.to));
	// What is quoted is what the packet itself would have become, the TTL apart.
	view = view_of(&quoted);
	assert_true(translate_packet(ip_of(&quoted), &view, &t));
	if (view.is_v6) {
		ip_of(&quoted)[IPV6_HOP_LIMIT]++;
	} else {
		ip_of(&quoted)[IPV4_TTL]++;
		store_raw16(ip_of(&quoted) + IPV4_CHECKSUM, 0);
		store_raw16(
			ip_of(&quoted) + IPV4_CHECKSUM, checksum(ip_of(&quoted), IPV4_MIN_BYTES));
	}
	view = view_of(&error);
	assert_memory_equal(ip_of(&error) + view.l4_offset + ICMP_MIN_BYTES, ip_of(&quoted),
		view.l4_len - (size_t)ICMP_MIN_BYTES);
}

static void should_translate_what_an_error_quotes(void **state)
{
	(void)state;
	for (size_t len = 0; len < 40; len++) {
		struct frame quoted[] = {
			frame_udp(flow4, len, true),
			frame_udp(flow4, len, false),
			frame_tcp(flow4, TCP_ACK, 5, NULL, 0, len),
			frame_echo(flow4.source, flow4.destination),
			frame_udp(flow6, len, true),
			frame_tcp(flow6, TCP_ACK, 5, NULL, 0, len),
			frame_echo(flow6.source, flow6.destination),
		};

		frame_extend(&quoted[4], PROTOCOL_HOP_OPTIONS, 24);
		for (size_t i = 0; i < sizeof(quoted) / sizeof(quoted[0]); i++) {
			const char *router = i < 4 ? "192.0.2.1" : "2001:db8:5::1";
			const char *home = i < 4 ? flow4.source : flow6.source;
			struct frame error = frame_unreachable(router, home, &quoted[i]);

			expect_quoted(quoted[i], error, TRANSLATE_SOURCE);
			expect_quoted(quoted[i], error, TRANSLATE_DESTINATION);
			error = frame_too_big(router, home, 1400, &quoted[i]);
			expect_quoted(quoted[i], error, TRANSLATE_SOURCE);
		}
	}
}

static void should_take_only_errors_for_errors(void **state)
{
	struct frame frames[] = {
		frame_echo(flow4.source, flow4.destination),
		frame_echo(flow6.source, flow6.destination),
		frame_tcp(flow4, TCP_ACK, 1, NULL, 0, 60),
		frame_udp(flow6, 60, true),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
		struct packet_view view = view_of(&frames[i]);
		struct quoted_packet q;

		assert_false(translate_read_quoted(ip_of(&frames[i]), &view, &q));
	}
}

// Cut off and scribbled over, in memory of just its size: a sanitizer sees what reads or writes
// beyond.
static void should_stay_within_a_hostile_error(void **state)
{
	(void)state;
	srand(9);
	for (int i = 0; i < 200000; i++) {
		bool v6 = i % 2;
		struct frame quoted = frame_tcp(v6 ? flow6 : flow4, TCP_ACK, 5, NULL, 0, 20);
		struct frame error = frame_too_big(v6 ? "2001:db8:5::1" : "192.0.2.1",
			v6 ? flow6.source : flow4.source, 1400, &quoted);
		struct translation t = for_family(&quoted, TRANSLATE_SOURCE);
		struct packet_view view = view_of(&error);
		size_t cut = (size_t)rand() % (view.l4_len - (size_t)ICMP_MIN_BYTES + 1);
		size_t len = view.ip_len - cut;
		uint8_t *packet = malloc(len);
		struct quoted_packet q;

		assert_non_null(packet);
		memcpy(packet, ip_of(&error), len);
		view.ip_len = (uint16_t)len;
		view.l4_len = (uint16_t)(view.l4_len - cut);
		for (int k = rand() % 4; k > 0 && view.l4_len > ICMP_MIN_BYTES; k--)
			packet[view.l4_offset + ICMP_MIN_BYTES +
				(size_t)rand() % (view.l4_len - (size_t)ICMP_MIN_BYTES)] =
				(uint8_t)rand();
		if (translate_read_quoted(packet, &view, &q))
			translate_quoted(packet, &view, &q, &t);
		free(packet);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(should_keep_every_checksum_right),
		cmocka_unit_test(should_take_one_off_every_ttl),
		cmocka_unit_test(should_leave_a_udp_checksum_of_none),
		cmocka_unit_test(should_never_make_a_udp_checksum_of_none),
		cmocka_unit_test(should_translate_behind_extension_headers),
		cmocka_unit_test(should_translate_fragments_so_that_the_whole_is_right),
		cmocka_unit_test(should_refuse_a_first_fragment_without_its_checksum),
		cmocka_unit_test(should_translate_what_an_error_quotes),
		cmocka_unit_test(should_take_only_errors_for_errors),
		cmocka_unit_test(should_stay_within_a_hostile_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
