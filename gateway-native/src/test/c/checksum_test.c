// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "frame.h"

#include "../../main/c/packet/bytes.h"
#include "../../main/c/packet/checksum.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

static struct ip_address any_address(void)
{
	struct ip_address a;

	if (rand() % 2)
		return ip_from_v4((uint32_t)rand() << 1 ^ (uint32_t)rand());
	for (int i = 0; i < 16; i++)
		a.bytes[i] = rand() % 4 ? (uint8_t)rand() : (uint8_t) - (rand() % 2);
	return a;
}

// By the letter: RFC 793 and 8200 pseudo headers, summed byte by byte.
static uint16_t checksum_by_the_letter(const struct ip_address *source,
	const struct ip_address *destination, uint8_t protocol, const uint8_t *segment, size_t len)
{
	size_t address = ip_is_v4(source) ? 4 : 16, at = 0;
	uint8_t all[128] = {0};
	uint32_t sum = 0;

	memcpy(all, source->bytes + 16 - address, address);
	memcpy(all + address, destination->bytes + 16 - address, address);
	at = 2 * address;
	if (address == 4) {
		all[at + 1] = protocol;
		store_be16(all + at + 2, (uint16_t)len);
		at += 4;
	} else {
		store_be32(all + at, (uint32_t)len);
		all[at + 7] = protocol;
		at += 8;
	}
	memcpy(all + at, segment, len);
	for (size_t i = 0; i < at + len; i += 2)
		sum += load_be16(all + i);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

static void should_follow_addresses_of_both_families_in_checksums(void **state)
{
	uint8_t segment[21];

	(void)state;
	srand(11);
	for (int n = 0; n < 100000; n++) {
		struct ip_address source = any_address(), destination, new_source, new_destination;
		size_t len = 1 + (size_t)rand() % sizeof(segment);
		uint16_t before, after, delta;

		do
			destination = any_address();
		while (ip_is_v4(&source) != ip_is_v4(&destination));
		new_source = any_address();
		do
			new_destination = any_address();
		while (ip_is_v4(&new_source) != ip_is_v4(&new_destination));
		for (size_t i = 0; i < len; i++)
			segment[i] = (uint8_t)rand();
		before = checksum_by_the_letter(&source, &destination, 6, segment, len);
		after = checksum_by_the_letter(&new_source, &new_destination, 6, segment, len);
		assert_int_equal(
			checksum_transport(&source, &destination, 6, segment, len), before);
		delta = checksum_fold(checksum_delta_address(&source, &new_source) +
				      checksum_delta_address(&destination, &new_destination));
		assert_int_equal(checksum_apply(before, delta), after);
	}
}

// Against CRC32c bit by bit (RFC 9260, appendix A).
static void should_make_sctp_checksums(void **state)
{
	uint8_t packet[12 + 9] = {0};
	uint32_t crc = UINT32_MAX;

	(void)state;
	memcpy(packet + 12, "123456789", 9);
	store_raw32(packet + 8, 0xdeadbeef); // counts as zero
	for (size_t i = 0; i < sizeof(packet); i++) {
		crc ^= i >= 8 && i < 12 ? 0 : packet[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	assert_int_equal(checksum_sctp(packet, sizeof(packet)), htole32(~crc));
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
		cmocka_unit_test(should_follow_addresses_of_both_families_in_checksums),
		cmocka_unit_test(should_make_sctp_checksums),
		cmocka_unit_test(should_update_checksums_as_if_made_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
