// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "frame.h"

#include "../../main/c/packet/bytes.h"
#include "../../main/c/packet/ndp.h"

#include <stdlib.h>
#include <time.h>

enum { IP = ETHERNET_BYTES, ICMP = IP + IPV6_BYTES };

static const uint8_t mac[6] = {0x02, 0xcc, 0, 0, 0, 1}; // frame.c's client

// From a block of exactly its size, so that a read past the end shows.
static enum ndp_outcome read_frame(const struct frame *f, struct ndp_message *message)
{
	uint8_t *copy = malloc(f->len - IP);
	enum ndp_outcome outcome = NDP_MALFORMED;
	struct packet_view view;

	assert_non_null(copy);
	memcpy(copy, f->bytes + IP, f->len - IP);
	if (parse_ip(copy, f->len - IP, &view) == PARSE_IP) {
		assert_true(ndp_is_message(copy, &view));
		outcome = ndp_read(copy, &view, message);
	}
	free(copy);
	return outcome;
}

static void assert_address(const struct ip_address *address, const char *text)
{
	char is[IP_ADDRESS_TEXT_BYTES];

	assert_string_equal(ip_text(address, is), text);
}

static void should_read_a_solicitation(void **state)
{
	struct frame f = frame_neighbour_solicitation("fe80::1", "2001:db8::10:2");
	struct ndp_message m;

	(void)state;
	assert_int_equal(read_frame(&f, &m), NDP_READ);
	assert_int_equal(m.type, NDP_SOLICITATION);
	assert_address(&m.source, "fe80::1");
	assert_address(&m.destination, "ff02::1:ff10:2");
	assert_address(&m.target, "2001:db8::10:2");
	assert_true(m.has_mac);
	assert_memory_equal(m.mac, mac, 6);
}

static void should_read_an_advertisement(void **state)
{
	struct frame f = frame_neighbour_advertisement("fe80::1", "fe80::2", "2001:db8::1", mac);
	struct ndp_message m;

	(void)state;
	assert_int_equal(read_frame(&f, &m), NDP_READ);
	assert_int_equal(m.type, NDP_ADVERTISEMENT);
	assert_address(&m.target, "2001:db8::1");
	assert_true(m.solicited);
	assert_true(m.override);
	assert_true(m.has_mac);
}

static void should_do_without_the_option(void **state)
{
	struct frame f = frame_neighbour_advertisement("fe80::1", "fe80::2", "2001:db8::1", mac);
	struct ndp_message m;

	(void)state;
	f.len -= 8;
	frame_finish(&f);
	assert_int_equal(read_frame(&f, &m), NDP_READ);
	assert_false(m.has_mac);
}

static void should_ignore_what_came_through_a_router(void **state)
{
	struct frame f = frame_neighbour_solicitation("fe80::1", "2001:db8::2");
	struct ndp_message m;

	(void)state;
	f.bytes[IP + IPV6_HOP_LIMIT] = 254;
	assert_int_equal(read_frame(&f, &m), NDP_MALFORMED);
}

static void should_tell_a_wrong_checksum(void **state)
{
	struct frame f = frame_neighbour_solicitation("fe80::1", "2001:db8::2");
	struct ndp_message m;

	(void)state;
	f.bytes[ICMP + ICMP_CHECKSUM] ^= 1;
	assert_int_equal(read_frame(&f, &m), NDP_BAD_CHECKSUM);
}

static void change(struct frame *f, size_t at, uint8_t value)
{
	f->bytes[at] = value;
	frame_finish(f);
}

static void should_refuse_contradictions(void **state)
{
	struct frame f;
	struct ndp_message m;

	(void)state;
	f = frame_neighbour_solicitation("fe80::1", "2001:db8::2");
	change(&f, ICMP + 1, 1); // code
	assert_int_equal(read_frame(&f, &m), NDP_MALFORMED);
	f = frame_neighbour_solicitation("fe80::1", "ff02::2");
	assert_int_equal(read_frame(&f, &m), NDP_MALFORMED);
	f = frame_neighbour_solicitation("fe80::1", "2001:db8::2");
	change(&f, ICMP + NDP_MESSAGE_BYTES + 1, 0); // an option of no length
	assert_int_equal(read_frame(&f, &m), NDP_MALFORMED);
	change(&f, ICMP + NDP_MESSAGE_BYTES + 1, 2); // longer than the packet
	assert_int_equal(read_frame(&f, &m), NDP_MALFORMED);
	f = frame_neighbour_advertisement("fe80::1", "ff02::1", "2001:db8::1", mac);
	assert_int_equal(read_frame(&f, &m), NDP_MALFORMED); // nobody solicits for a group
	change(&f, ICMP + 4, 0x20);
	assert_int_equal(read_frame(&f, &m), NDP_READ);
	f = frame_neighbour_solicitation("fe80::1", "2001:db8::2");
	memset(f.bytes + IP + IPV6_SOURCE, 0, 16);
	frame_finish(&f);
	assert_int_equal(read_frame(&f, &m), NDP_MALFORMED); // no address, and yet a MAC
	f = frame_neighbour_solicitation("::", "2001:db8::2");
	assert_int_equal(read_frame(&f, &m), NDP_READ);
}

static void should_find_every_cut_malformed(void **state)
{
	struct frame whole = frame_neighbour_solicitation("fe80::1", "2001:db8::2");
	struct ndp_message m;

	(void)state;
	for (size_t len = ICMP + 8; len < whole.len; len++) {
		struct frame f = whole;

		f.len = len;
		frame_finish(&f);
		assert_int_equal(read_frame(&f, &m),
			len == ICMP + NDP_MESSAGE_BYTES ? NDP_READ : NDP_MALFORMED);
	}
}

static void should_read_what_it_writes(void **state)
{
	const uint8_t types[] = {NDP_SOLICITATION, NDP_ADVERTISEMENT};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct ndp_message m = {
			.source = frame_ip_address("2001:db8::2"),
			.destination = frame_ip_address("2001:db8::1"),
			.target = frame_ip_address("2001:db8::1"),
			.type = types[i],
			.solicited = types[i] == NDP_ADVERTISEMENT,
			.override = types[i] == NDP_ADVERTISEMENT,
			.has_mac = true,
			.mac = {2, 1, 2, 3, 4, 5},
		};
		uint8_t packet[NDP_PACKET_BYTES];
		struct packet_view view;
		struct ndp_message out;

		ndp_write(packet, &m);
		assert_int_equal(parse_ip(packet, sizeof(packet), &view), PARSE_IP);
		assert_int_equal(view.ttl, 255);
		assert_int_equal(ndp_read(packet, &view, &out), NDP_READ);
		assert_memory_equal(&m, &out, offsetof(struct ndp_message, mac) + sizeof(m.mac));
	}
}

static void should_name_groups_and_link_local_addresses(void **state)
{
	struct ip_address a = frame_ip_address("2001:db8::1:abcd:ef12"), group;
	uint8_t group_mac[6];

	(void)state;
	group = ndp_solicited_node(&a);
	assert_address(&group, "ff02::1:ffcd:ef12");
	ndp_group_mac(&group, group_mac);
	assert_memory_equal(group_mac, "\x33\x33\xff\xcd\xef\x12", 6);
	a = ndp_link_local((const uint8_t[]){0x00, 0x1b, 0x21, 0x0a, 0x0b, 0x0c});
	assert_address(&a, "fe80::21b:21ff:fe0a:b0c");
	assert_true(ip_is_link_local(&a));
	a = frame_ip_address("febf::1");
	assert_true(ip_is_link_local(&a));
	a = frame_ip_address("fec0::1");
	assert_false(ip_is_link_local(&a));
}

// The seed is printed, so that a failure can be repeated: NDP_TEST_SEED.
static void should_keep_within_any_bytes(void **state)
{
	const char *given = getenv("NDP_TEST_SEED");
	unsigned int seed = given ? (unsigned int)atoi(given) : (unsigned int)time(NULL);

	(void)state;
	print_message("NDP_TEST_SEED=%u\n", seed);
	srand(seed);
	for (int n = 0; n < 100000; n++) {
		struct frame f = frame_neighbour_solicitation("fe80::1", "2001:db8::2");
		struct ndp_message m;

		f.bytes[ICMP] = rand() % 2 ? NDP_SOLICITATION : NDP_ADVERTISEMENT;
		for (int i = rand() % 6; i > 0; i--)
			f.bytes[ICMP + 4 + rand() % 28] = (uint8_t)rand();
		f.len = ICMP + 8 + (size_t)rand() % 64;
		frame_finish(&f);
		if (read_frame(&f, &m) == NDP_READ)
			assert_int_not_equal(m.target.bytes[0], 0xff);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(should_read_a_solicitation),
		cmocka_unit_test(should_read_an_advertisement),
		cmocka_unit_test(should_do_without_the_option),
		cmocka_unit_test(should_ignore_what_came_through_a_router),
		cmocka_unit_test(should_tell_a_wrong_checksum),
		cmocka_unit_test(should_refuse_contradictions),
		cmocka_unit_test(should_find_every_cut_malformed),
		cmocka_unit_test(should_read_what_it_writes),
		cmocka_unit_test(should_name_groups_and_link_local_addresses),
		cmocka_unit_test(should_keep_within_any_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
