// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "view.h"

#include "../../main/c/packet/checksum.h"
#include "../../main/c/packet/colour.h"
#include "../../main/c/packet/tcp_option.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

struct segment {
	size_t header_len;
	size_t payload_len;
	uint8_t bytes[TCP_MAX_BYTES + 32];
};

static const char *const client_v4 = "198.51.100.7", *const client_v6 = "2001:db8::7";

static uint16_t sum_of(const uint8_t *tcp, size_t len)
{
	struct ip_address source = ip_from_v4(htonl(0xc6336407)),
			  destination = ip_from_v4(htonl(0xc0000250));

	return checksum_transport(&source, &destination, PROTOCOL_TCP, tcp, len);
}

static struct segment segment(uint8_t flags, const uint8_t *options, size_t options_len)
{
	struct segment s = {.header_len = TCP_MIN_BYTES + options_len, .payload_len = 11};
	uint8_t *tcp = s.bytes;

	store_be16(tcp, 40000);
	store_be16(tcp + 2, 80);
	tcp[TCP_DATA_OFFSET] = (uint8_t)(s.header_len / 4 << 4);
	tcp[TCP_FLAGS] = flags;
	if (options_len)
		memcpy(tcp + TCP_MIN_BYTES, options, options_len);
	memset(tcp + s.header_len, 0x77, s.payload_len);
	store_raw16(tcp + TCP_CHECKSUM, sum_of(tcp, s.header_len + s.payload_len));
	return s;
}

#define SEGMENT(flags, ...)                                                                        \
	segment(flags, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static bool sum_is_right(const struct segment *s)
{
	return sum_of(s->bytes, s->header_len + s->payload_len) == 0;
}

static void should_lower_the_mss_of_a_syn(void **state)
{
	struct segment s = SEGMENT(TCP_SYN, 2, 4, 0x05, 0xb4, 1, 3, 3, 7);

	(void)state;
	assert_true(tcp_clamp_mss(s.bytes, s.header_len, 1400));
	assert_int_equal(load_be16(s.bytes + 22), 1400);
	assert_true(sum_is_right(&s));
	assert_false(tcp_clamp_mss(s.bytes, s.header_len, 1400));
	assert_false(tcp_clamp_mss(s.bytes, s.header_len, 1460));
	assert_int_equal(load_be16(s.bytes + 22), 1400);
}

static void should_lower_an_mss_at_an_odd_offset(void **state)
{
	struct segment s = SEGMENT(TCP_SYN | TCP_ACK, 1, 2, 4, 0xff, 0x01, 1, 1, 0);

	(void)state;
	assert_true(tcp_clamp_mss(s.bytes, s.header_len, 536));
	assert_int_equal(load_be16(s.bytes + 23), 536);
	assert_true(sum_is_right(&s));
}

static void should_leave_other_segments_alone(void **state)
{
	struct segment established = SEGMENT(TCP_ACK, 2, 4, 0x05, 0xb4);
	struct segment none = segment(TCP_SYN, NULL, 0);
	struct segment broken = SEGMENT(TCP_SYN, 3, 1, 2, 4, 0x05, 0xb4, 0, 0);
	struct segment ended = SEGMENT(TCP_SYN, 0, 1, 2, 4, 0x05, 0xb4, 0, 0);

	(void)state;
	assert_false(tcp_clamp_mss(established.bytes, established.header_len, 536));
	assert_false(tcp_clamp_mss(none.bytes, none.header_len, 536));
	assert_false(tcp_clamp_mss(broken.bytes, broken.header_len, 536));
	assert_false(tcp_clamp_mss(ended.bytes, ended.header_len, 536));
	assert_true(sum_is_right(&established) && sum_is_right(&broken) && sum_is_right(&ended));
}

static int growth_of(const struct segment *s, const char *client)
{
	struct ip_address address = address_of(client);

	return toa_growth(s->bytes, s->header_len, &address);
}

// As the gateway does it: room between header and payload, then the sums.
static void insert(struct segment *s, const char *client)
{
	struct ip_address address = address_of(client);
	int growth = growth_of(s, client);
	size_t old_len = s->header_len + s->payload_len;
	uint64_t delta;

	assert_true(growth >= 0);
	memmove(s->bytes + s->header_len + growth, s->bytes + s->header_len, s->payload_len);
	memset(s->bytes + s->header_len, 0xaa, (size_t)growth);
	delta = toa_insert(s->bytes, s->header_len, (unsigned int)growth, &address, 40000);
	s->header_len += (size_t)growth;
	delta += checksum_delta16(
		htons((uint16_t)old_len), htons((uint16_t)(s->header_len + s->payload_len)));
	store_raw16(s->bytes + TCP_CHECKSUM,
		checksum_apply(load_raw16(s->bytes + TCP_CHECKSUM), checksum_fold(delta)));
}

// The option's place as the server's stack finds it: NULL when the list is broken before it.
static const uint8_t *find(const struct segment *s, uint8_t kind, uint8_t len)
{
	size_t at = TCP_MIN_BYTES;

	while (at < s->header_len && s->bytes[at] != 0) {
		if (s->bytes[at] == kind && s->header_len - at >= len && s->bytes[at + 1] == len)
			return s->bytes + at;
		if (s->bytes[at] == 1) {
			at++;
			continue;
		}
		if (s->header_len - at < 2 || s->bytes[at + 1] < 2)
			return NULL;
		at += s->bytes[at + 1];
	}
	return NULL;
}

static void assert_told(const struct segment *s, const char *client)
{
	struct ip_address address = address_of(client);
	const uint8_t *option = find(s, TOA_KIND, ip_is_v4(&address) ? TOA_V4_BYTES : TOA_V6_BYTES);

	assert_non_null(option);
	assert_int_equal(load_be16(option + 2), 40000);
	if (ip_is_v4(&address))
		assert_int_equal(load_raw32(option + 4), ip_v4(&address));
	else
		assert_memory_equal(option + 4, address.bytes, 16);
	assert_int_equal(s->bytes[TCP_DATA_OFFSET] >> 4, s->header_len / 4);
	assert_true(sum_is_right(s));
	for (size_t i = 0; i < s->payload_len; i++)
		assert_int_equal(s->bytes[s->header_len + i], 0x77);
}

static void should_tell_the_client_where_there_are_no_options(void **state)
{
	struct segment s = segment(TCP_ACK, NULL, 0);

	(void)state;
	assert_int_equal(growth_of(&s, client_v4), TOA_V4_BYTES);
	insert(&s, client_v4);
	assert_told(&s, client_v4);
	s = segment(TCP_ACK, NULL, 0);
	assert_int_equal(growth_of(&s, client_v6), TOA_V6_BYTES);
	insert(&s, client_v6);
	assert_told(&s, client_v6);
}

static void should_use_the_place_of_an_erased_colour(void **state)
{
	uint8_t options[4 + DT_COLOUR_BYTES] = {2, 4, 0x05, 0xb4};
	struct dt_colour_option colour = {.version = 1};
	struct segment s;

	(void)state;
	dt_colour_write(&colour, options + 4);
	assert_true(dt_colour_erase(options, sizeof(options)));
	s = segment(TCP_SYN, options, sizeof(options));
	assert_int_equal(growth_of(&s, client_v4), 0);
	assert_int_equal(growth_of(&s, client_v6), 0);
	insert(&s, client_v6);
	assert_told(&s, client_v6);
	assert_non_null(find(&s, 2, 4));
}

static void should_use_what_follows_the_end_of_the_list(void **state)
{
	struct segment s = SEGMENT(TCP_SYN, 2, 4, 0x05, 0xb4, 1, 1, 0, 9, 9, 9, 9, 9);

	(void)state;
	assert_int_equal(growth_of(&s, client_v4), 0);
	insert(&s, client_v4);
	assert_told(&s, client_v4);
	s = SEGMENT(TCP_SYN, 2, 4, 0x05, 0xb4, 1, 1, 0, 9);
	assert_int_equal(growth_of(&s, client_v4), 4);
	insert(&s, client_v4);
	assert_told(&s, client_v4);
}

static void should_keep_options_behind_the_padding(void **state)
{
	struct segment s = SEGMENT(TCP_SYN, 2, 4, 0x05, 0xb4, 1, 1, 4, 2, 1, 1, 1, 3, 3, 7, 1, 1);

	(void)state;
	assert_int_equal(growth_of(&s, client_v4), 8);
	insert(&s, client_v4);
	assert_told(&s, client_v4);
	assert_int_equal(load_be16(find(&s, 2, 4) + 2), 1460);
	assert_non_null(find(&s, 4, 2));
	assert_int_equal(find(&s, 3, 3)[2], 7);
}

static void should_overwrite_what_a_client_claims_to_be(void **state)
{
	struct segment s = SEGMENT(
		TCP_SYN, 254, 8, 1, 2, 10, 0, 0, 1, 2, 4, 0x05, 0xb4, 254, 8, 3, 4, 10, 0, 0, 2);

	(void)state;
	assert_int_equal(growth_of(&s, client_v4), 0);
	insert(&s, client_v4);
	assert_told(&s, client_v4);
	assert_int_equal(s.bytes[TCP_MIN_BYTES + 12], 1);
	assert_int_equal(s.bytes[TCP_MIN_BYTES + 19], 1);
}

static void should_speak_before_a_broken_option(void **state)
{
	struct segment s = SEGMENT(TCP_SYN, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1);

	(void)state;
	assert_int_equal(growth_of(&s, client_v4), 8);
	insert(&s, client_v4);
	assert_told(&s, client_v4);
}

static void should_say_when_there_is_no_room(void **state)
{
	uint8_t options[40] = {30, 40};
	struct segment s = segment(TCP_SYN, options, sizeof(options));
	struct ip_address client = address_of(client_v4);
	struct segment before;

	(void)state;
	assert_int_equal(growth_of(&s, client_v4), -ENOSPC);
	before = s;
	assert_int_equal(toa_insert(s.bytes, s.header_len, 8, &client, 1), 0);
	assert_memory_equal(&before, &s, sizeof(s));
	options[1] = 32;
	s = segment(TCP_SYN, options, 32);
	assert_int_equal(growth_of(&s, client_v4), 8);
	assert_int_equal(growth_of(&s, client_v6), -ENOSPC);
	insert(&s, client_v4);
	assert_told(&s, client_v4);
	assert_int_equal(s.header_len, TCP_MAX_BYTES);
}

// The seed is printed, so that a failure can be repeated: TCP_OPTION_TEST_SEED.
static void should_keep_checksums_right_whatever_the_options(void **state)
{
	const char *given = getenv("TCP_OPTION_TEST_SEED");
	unsigned int seed = given ? (unsigned int)atoi(given) : (unsigned int)time(NULL);

	(void)state;
	print_message("TCP_OPTION_TEST_SEED=%u\n", seed);
	srand(seed);
	for (int n = 0; n < 200000; n++) {
		static const uint8_t likely[] = {0, 1, 1, 1, 2, 4, 4, 8, 254, 3};
		const char *client = n % 2 ? client_v4 : client_v6;
		uint8_t options[40];
		struct segment s;

		for (size_t i = 0; i < sizeof(options); i++)
			options[i] = rand() % 8 ? likely[(size_t)rand() % sizeof(likely)]
						: (uint8_t)rand();
		s = segment(TCP_SYN, options, (size_t)rand() % 11 * 4);
		tcp_clamp_mss(s.bytes, s.header_len, (uint16_t)rand());
		assert_true(sum_is_right(&s));
		if (growth_of(&s, client) < 0)
			continue;
		insert(&s, client);
		assert_told(&s, client);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(should_lower_the_mss_of_a_syn),
		cmocka_unit_test(should_lower_an_mss_at_an_odd_offset),
		cmocka_unit_test(should_leave_other_segments_alone),
		cmocka_unit_test(should_tell_the_client_where_there_are_no_options),
		cmocka_unit_test(should_use_the_place_of_an_erased_colour),
		cmocka_unit_test(should_use_what_follows_the_end_of_the_list),
		cmocka_unit_test(should_keep_options_behind_the_padding),
		cmocka_unit_test(should_overwrite_what_a_client_claims_to_be),
		cmocka_unit_test(should_speak_before_a_broken_option),
		cmocka_unit_test(should_say_when_there_is_no_room),
		cmocka_unit_test(should_keep_checksums_right_whatever_the_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
