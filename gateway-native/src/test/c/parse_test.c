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
	assert_int_equal(parse(&f, &view), PARSE_IPV4);
	assert_int_equal(view.source, frame_address("198.18.141.2"));
	assert_int_equal(view.destination, frame_address("198.19.0.1"));
	assert_int_equal(view.source_port, 40000);
	assert_int_equal(view.destination_port, 80);
	assert_int_equal(view.tcp_sequence, 0x12345678);
	assert_int_equal(view.tcp_flags, TCP_SYN);
	assert_int_equal(view.l4_offset, L4);
	assert_int_equal(view.l4_len, 30);
}

static void should_ignore_ethernet_padding(void **state)
{
	struct frame f = frame_tcp(flow, TCP_ACK, 1, NULL, 0, 0);
	struct packet_view view;

	(void)state;
	f.len = 60;
	assert_int_equal(parse(&f, &view), PARSE_IPV4);
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

static void should_tell_checksum_fragment_and_type(void **state)
{
	struct frame f = frame_tcp(flow, TCP_SYN, 1, NULL, 0, 0);
	struct packet_view view;

	(void)state;
	f.bytes[IP + IPV4_CHECKSUM] ^= 1;
	assert_int_equal(parse(&f, &view), PARSE_BAD_CHECKSUM);
	f = frame_tcp(flow, TCP_SYN, 1, NULL, 0, 0);
	store_be16(f.bytes + IP + IPV4_FRAGMENT, 0x2000);
	refresh_ip_checksum(&f);
	assert_int_equal(parse(&f, &view), PARSE_FRAGMENT);
	assert_int_equal(view.source, frame_address("198.18.141.2"));
	store_be16(f.bytes + IP + IPV4_FRAGMENT, 0x4000); // don't fragment
	refresh_ip_checksum(&f);
	assert_int_equal(parse(&f, &view), PARSE_IPV4);
	store_be16(f.bytes + 12, 0x86dd);
	assert_int_equal(parse(&f, &view), PARSE_MALFORMED_ETHERNET);
}

// The seed is printed, so that a failure can be repeated: PARSE_TEST_SEED.
static void should_keep_within_any_bytes(void **state)
{
	const char *given = getenv("PARSE_TEST_SEED");
	unsigned int seed = given ? (unsigned int)atoi(given) : (unsigned int)time(NULL);

	(void)state;
	print_message("PARSE_TEST_SEED=%u\n", seed);
	srand(seed);
	for (int n = 0; n < 200000; n++) {
		struct frame f = n % 2 ? frame_tcp(flow, TCP_SYN, 1, NULL, 0, (size_t)rand() % 40)
				       : frame_udp(flow, (size_t)rand() % 40, true);
		struct packet_view view;
		enum parse_outcome outcome;
		int changes = rand() % 6;

		for (int i = 0; i < changes; i++)
			f.bytes[IP - 2 + rand() % 60] = (uint8_t)rand();
		if (rand() % 2)
			refresh_ip_checksum(&f);
		f.len = (size_t)rand() % (f.len + 1);
		outcome = parse(&f, &view);
		if (outcome != PARSE_IPV4)
			continue;
		assert_true((size_t)view.l4_offset + view.l4_len <= f.len);
		if (view.protocol == PROTOCOL_TCP)
			assert_in_range(view.tcp_header_len, TCP_MIN_BYTES, view.l4_len);
	}
}

static void should_update_checksums_as_if_made_anew(void **state)
{
	(void)state;
	srand(7);
	for (int n = 0; n < 100000; n++) {
		uint8_t bytes[40];
		uint16_t before, delta;
		uint32_t old, new = (uint32_t)rand() << 1 ^ (uint32_t)rand();
		size_t at = (size_t)(rand() % 10) * 4;

		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = n % 5 ? (uint8_t)rand() : (uint8_t) - (rand() % 2);
		before = checksum(bytes, sizeof(bytes));
		old = load_raw32(bytes + at);
		store_raw32(bytes + at, new);
		delta = checksum_fold(checksum_delta32(old, new));
		// Both zeros of ones' complement stand for the same sum.
		assert_int_equal(checksum_apply(before, delta) % 0xffff,
			checksum(bytes, sizeof(bytes)) % 0xffff);
		assert_int_equal(
			checksum_apply(checksum_apply(before, delta), (uint16_t)~delta) % 0xffff,
			before % 0xffff);
	}
	assert_int_equal(checksum_apply_udp(0, 0x1234), 0);
	for (uint32_t delta = 0; delta <= 0xffff; delta++)
		assert_int_not_equal(checksum_apply_udp(0x4321, (uint16_t)delta), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(should_read_a_tcp_packet),
		cmocka_unit_test(should_ignore_ethernet_padding),
		cmocka_unit_test(should_find_every_cut_malformed),
		cmocka_unit_test(should_reject_lying_lengths),
		cmocka_unit_test(should_reject_contradictory_flags),
		cmocka_unit_test(should_tell_checksum_fragment_and_type),
		cmocka_unit_test(should_keep_within_any_bytes),
		cmocka_unit_test(should_update_checksums_as_if_made_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
