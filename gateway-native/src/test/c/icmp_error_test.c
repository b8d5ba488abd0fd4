// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "view.h"

#include "../../main/c/packet/checksum.h"
#include "../../main/c/packet/icmp_error.h"

enum { BIG = 2000 };

static void fill_v4(uint8_t *packet, uint16_t len, uint8_t protocol)
{
	memset(packet, 0x33, BIG);
	packet[0] = 0x45;
	store_be16(packet + IPV4_TOTAL_LENGTH, len);
	packet[IPV4_PROTOCOL] = protocol;
	store_raw32(packet + IPV4_SOURCE, inet_addr("198.51.100.7"));
	store_raw32(packet + IPV4_DESTINATION, inet_addr("192.0.2.80"));
}

static void fill_v6(uint8_t *packet, uint16_t len, uint8_t protocol)
{
	struct ip_address source = address_of("2001:db8::7"), vip = address_of("2001:db8:1::80");

	memset(packet, 0x44, BIG);
	packet[0] = 0x60;
	store_be16(packet + IPV6_PAYLOAD_LENGTH, (uint16_t)(len - IPV6_BYTES));
	packet[IPV6_NEXT_HEADER] = protocol;
	memcpy(packet + IPV6_SOURCE, source.bytes, 16);
	memcpy(packet + IPV6_DESTINATION, vip.bytes, 16);
}

static size_t answer(const uint8_t *packet, enum icmp_error_kind kind, uint32_t mtu,
	const char *source, uint8_t out[ICMP_ERROR_V6_MAX_BYTES])
{
	struct packet_view view = view_of(packet);
	struct ip_address address = address_of(source);

	return icmp_error_write(kind, mtu, &address, packet, &view, out);
}

static void should_tell_an_ipv4_sender_the_mtu(void **state)
{
	uint8_t packet[BIG], out[ICMP_ERROR_V6_MAX_BYTES];
	const uint8_t *icmp = out + IPV4_MIN_BYTES;
	struct packet_view view;
	size_t len;

	(void)state;
	fill_v4(packet, 1500, PROTOCOL_TCP);
	len = answer(packet, ICMP_ERROR_PACKET_TOO_BIG, 1450, "192.0.2.1", out);
	assert_int_equal(len, ICMP_ERROR_V4_MAX_BYTES);
	view = view_of(out);
	assert_int_equal(view.ip_len, len);
	assert_int_equal(view.protocol, PROTOCOL_ICMP);
	assert_int_equal(ip_v4(&view.source), inet_addr("192.0.2.1"));
	assert_int_equal(ip_v4(&view.destination), inet_addr("198.51.100.7"));
	assert_int_equal(checksum(out, IPV4_MIN_BYTES), 0);
	assert_int_equal(checksum(icmp, len - IPV4_MIN_BYTES), 0);
	assert_int_equal(icmp[0], 3);
	assert_int_equal(icmp[1], 4);
	assert_int_equal(load_be16(icmp + 4), 0);
	assert_int_equal(load_be16(icmp + 6), 1450);
	assert_memory_equal(icmp + ICMP_MIN_BYTES, packet, len - IPV4_MIN_BYTES - ICMP_MIN_BYTES);
	answer(packet, ICMP_ERROR_PACKET_TOO_BIG, 100000, "192.0.2.1", out);
	assert_int_equal(load_be16(icmp + 6), 65535);
}

static void should_tell_an_ipv4_sender_that_the_time_ran_out(void **state)
{
	uint8_t packet[BIG], out[ICMP_ERROR_V6_MAX_BYTES];
	size_t len;

	(void)state;
	fill_v4(packet, 41, PROTOCOL_TCP);
	len = answer(packet, ICMP_ERROR_TIME_EXCEEDED, 1450, "192.0.2.1", out);
	assert_int_equal(len, IPV4_MIN_BYTES + ICMP_MIN_BYTES + 41);
	assert_int_equal(checksum(out + IPV4_MIN_BYTES, len - IPV4_MIN_BYTES), 0);
	assert_int_equal(out[IPV4_MIN_BYTES], 11);
	assert_int_equal(out[IPV4_MIN_BYTES + 1], 0);
	assert_int_equal(load_be32(out + IPV4_MIN_BYTES + 4), 0);
}

static void should_tell_an_ipv6_sender(void **state)
{
	uint8_t packet[BIG], out[ICMP_ERROR_V6_MAX_BYTES];
	const uint8_t *icmp = out + IPV6_BYTES;
	struct packet_view view;
	size_t len;

	(void)state;
	fill_v6(packet, 1500, PROTOCOL_UDP);
	len = answer(packet, ICMP_ERROR_PACKET_TOO_BIG, 100000, "2001:db8::1", out);
	assert_int_equal(len, ICMP_ERROR_V6_MAX_BYTES);
	view = view_of(out);
	assert_int_equal(view.ip_len, len);
	assert_int_equal(view.protocol, PROTOCOL_ICMPV6);
	assert_int_equal(icmp[0], 2);
	assert_int_equal(load_be32(icmp + 4), 100000);
	assert_memory_equal(icmp + ICMP_MIN_BYTES, packet, len - IPV6_BYTES - ICMP_MIN_BYTES);
	assert_memory_equal(out + IPV6_DESTINATION, packet + IPV6_SOURCE, 16);
	assert_int_equal(checksum_transport(&view.source, &view.destination, PROTOCOL_ICMPV6, icmp,
				 view.l4_len),
		0);
	fill_v6(packet, 48, PROTOCOL_UDP);
	assert_int_equal(answer(packet, ICMP_ERROR_TIME_EXCEEDED, 9, "2001:db8::1", out), 96);
	assert_int_equal(icmp[0], 3);
	assert_int_equal(icmp[1], 0);
	assert_int_equal(load_be32(icmp + 4), 0);
}

static void should_not_mix_families(void **state)
{
	uint8_t packet[BIG], out[ICMP_ERROR_V6_MAX_BYTES];

	(void)state;
	fill_v6(packet, 100, PROTOCOL_UDP);
	assert_int_equal(answer(packet, ICMP_ERROR_TIME_EXCEEDED, 0, "192.0.2.1", out), 0);
	fill_v4(packet, 100, PROTOCOL_UDP);
	assert_int_equal(answer(packet, ICMP_ERROR_TIME_EXCEEDED, 0, "2001:db8::1", out), 0);
}

static bool allowed(const uint8_t *packet)
{
	struct packet_view view = view_of(packet);

	return icmp_error_allowed(packet, &view);
}

static void should_not_answer_icmp_errors(void **state)
{
	static const uint8_t errors[] = {3, 4, 5, 11, 12}, queries[] = {0, 8, 13, 14};
	static const uint8_t errors6[] = {0, 1, 2, 3, 4, 127, 137}, queries6[] = {128, 129, 135};
	uint8_t packet[BIG];

	(void)state;
	fill_v4(packet, 100, PROTOCOL_ICMP);
	for (size_t i = 0; i < sizeof(errors); i++) {
		packet[IPV4_MIN_BYTES] = errors[i];
		assert_false(allowed(packet));
	}
	for (size_t i = 0; i < sizeof(queries); i++) {
		packet[IPV4_MIN_BYTES] = queries[i];
		assert_true(allowed(packet));
	}
	fill_v6(packet, 100, PROTOCOL_ICMPV6);
	for (size_t i = 0; i < sizeof(errors6); i++) {
		packet[IPV6_BYTES] = errors6[i];
		assert_false(allowed(packet));
	}
	for (size_t i = 0; i < sizeof(queries6); i++) {
		packet[IPV6_BYTES] = queries6[i];
		assert_true(allowed(packet));
	}
}

static void should_not_answer_later_fragments(void **state)
{
	uint8_t packet[BIG];
	struct packet_view view;

	(void)state;
	fill_v4(packet, 100, PROTOCOL_UDP);
	view = view_of(packet);
	view.fragment = FRAGMENT_FIRST;
	assert_true(icmp_error_allowed(packet, &view));
	view.fragment = FRAGMENT_LATER;
	assert_false(icmp_error_allowed(packet, &view));
}

static void should_answer_single_nodes_only(void **state)
{
	static const char *const v4[] = {
		"0.0.0.0", "127.0.0.1", "224.0.0.5", "239.1.1.1", "255.255.255.255"};
	static const char *const v6[] = {"::", "::1", "ff02::1", "::ffff:192.0.2.1"};
	uint8_t packet[BIG];

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(v4) / sizeof(v4[0]); i++) {
		fill_v4(packet, 100, PROTOCOL_UDP);
		assert_true(allowed(packet));
		store_raw32(
			packet + (i & 1 ? IPV4_SOURCE : IPV4_DESTINATION), inet_addr(v4[i / 2]));
		assert_false(allowed(packet));
	}
	for (size_t i = 0; i < 2 * sizeof(v6) / sizeof(v6[0]); i++) {
		struct ip_address address = address_of(v6[i / 2]);

		fill_v6(packet, 100, PROTOCOL_UDP);
		assert_true(allowed(packet));
		memcpy(packet + (i & 1 ? IPV6_SOURCE : IPV6_DESTINATION), address.bytes, 16);
		assert_false(allowed(packet));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(should_tell_an_ipv4_sender_the_mtu),
		cmocka_unit_test(should_tell_an_ipv4_sender_that_the_time_ran_out),
		cmocka_unit_test(should_tell_an_ipv6_sender),
		cmocka_unit_test(should_not_mix_families),
		cmocka_unit_test(should_not_answer_icmp_errors),
		cmocka_unit_test(should_not_answer_later_fragments),
		cmocka_unit_test(should_answer_single_nodes_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
