// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "quic_lb_encode.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { PACKET_BYTES = 60 };

static const struct quic_config katran = {.layout = QUIC_LAYOUT_KATRAN};

static size_t hex(const char *text, uint8_t *out)
{
	size_t len = strlen(text) / 2;

	for (size_t i = 0; i < len; i++) {
		char byte[3] = {text[2 * i], text[2 * i + 1], 0};

		out[i] = (uint8_t)strtoul(byte, NULL, 16);
	}
	return len;
}

// From a block of exactly its size, so that a read past the end shows.
static enum quic_outcome read_quic(const uint8_t *payload, size_t len,
	const struct quic_config *config, struct quic_server_id *id)
{
	uint8_t *copy = malloc(len ? len : 1);
	enum quic_outcome outcome;

	assert_non_null(copy);
	memcpy(copy, payload, len);
	outcome = quic_read(copy, len, config, id);
	free(copy);
	return outcome;
}

static size_t short_header(const uint8_t *cid, size_t cid_len, uint8_t packet[PACKET_BYTES])
{
	memset(packet, 0x5a, PACKET_BYTES);
	packet[0] = 0x40;
	memcpy(packet + 1, cid, cid_len);
	return PACKET_BYTES;
}

static size_t long_header(uint8_t first, uint32_t version, const uint8_t *cid, size_t cid_len,
	uint8_t packet[PACKET_BYTES])
{
	memset(packet, 0, PACKET_BYTES);
	packet[0] = first;
	for (int i = 0; i < 4; i++)
		packet[1 + i] = (uint8_t)(version >> (24 - 8 * i));
	packet[5] = (uint8_t)cid_len;
	memcpy(packet + 6, cid, cid_len);
	packet[6 + cid_len] = 3;
	return PACKET_BYTES;
}

static void assert_id(const struct quic_server_id *id, const char *expected)
{
	char text[2 * QUIC_MAX_SERVER_ID_BYTES + 1] = "";

	for (int i = 0; i < id->len; i++)
		snprintf(text + (ptrdiff_t)2 * i, 3, "%02x", id->bytes[i]);
	assert_string_equal(text, expected);
}

static void should_read_katrans_ids(void **state)
{
	static const struct {
		const char *cid;
		const char *id;
	} cases[] = {
		{"6b59c0ffffffffff", "0000ad67"}, // 1: 10 1011 0101 1001 11
		{"40007fffffffffff", "00000001"}, //
		{"bf12345678ffffff", "00123456"}, // 2
		{"c0deadbeefffffff", "deadbeef"}, // 3
	};
	uint8_t cid[20], packet[PACKET_BYTES];
	struct quic_server_id id;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t cid_len = hex(cases[i].cid, cid), len = short_header(cid, cid_len, packet);

		assert_int_equal(read_quic(packet, len, &katran, &id), QUIC_SERVER);
		assert_id(&id, cases[i].id);
		len = long_header(0xe0, 1, cid, cid_len, packet); // Handshake
		assert_int_equal(read_quic(packet, len, &katran, &id), QUIC_SERVER);
		assert_id(&id, cases[i].id);
	}
}

static void should_know_no_server_for_ids_without_one(void **state)
{
	static const char *const cids[] = {
		"3fffffffffffffff", "40003fffffffffff", "bf000000ffffffff", "c000000000ffffff"};
	uint8_t cid[20], packet[PACKET_BYTES];
	struct quic_server_id id;

	(void)state;
	for (size_t i = 0; i < sizeof(cids) / sizeof(cids[0]); i++) {
		size_t cid_len = hex(cids[i], cid);

		assert_int_equal(
			read_quic(packet, short_header(cid, cid_len, packet), &katran, &id),
			QUIC_NO_SERVER);
		assert_int_equal(id.len, 0);
	}
	hex("c0deadbeefffff", cid);
	assert_int_equal(read_quic(packet, long_header(0xe0, 1, cid, 7, packet), &katran, &id),
		QUIC_NO_SERVER);
}

static void should_not_trust_an_id_of_the_clients_choice(void **state)
{
	static const struct {
		uint8_t first;
		uint32_t version;
		enum quic_outcome expected;
	} cases[] = {
		{0xc0, 1, QUIC_NO_SERVER},          // Initial
		{0xd3, 1, QUIC_NO_SERVER},          // 0-RTT
		{0xe0, 1, QUIC_SERVER},             // Handshake
		{0xd0, 0x6b3343cf, QUIC_NO_SERVER}, // the same in QUIC 2
		{0xe0, 0x6b3343cf, QUIC_NO_SERVER}, //
		{0xf0, 0x6b3343cf, QUIC_SERVER},    //
		{0xe0, 0xff00001d, QUIC_SERVER},    // draft 29
		{0xe0, 0xfaceb002, QUIC_SERVER},    // mvfst
		{0xe0, 0x1a2a3a4a, QUIC_NO_SERVER}, // a version to be negotiated
		{0xe0, 0, QUIC_NO_SERVER},
	};
	uint8_t cid[20], packet[PACKET_BYTES];
	struct quic_server_id id;

	(void)state;
	hex("c0deadbeefffffff", cid);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t len = long_header(cases[i].first, cases[i].version, cid, 8, packet);

		assert_int_equal(read_quic(packet, len, &katran, &id), cases[i].expected);
	}
}

static void should_find_malformed_what_is_not_quic(void **state)
{
	uint8_t cid[21] = {0xc0, 1}, packet[PACKET_BYTES];
	struct quic_server_id id;

	(void)state;
	for (size_t len = 0; len < 9; len++) {
		short_header(cid, 8, packet);
		assert_int_equal(read_quic(packet, len, &katran, &id), QUIC_MALFORMED);
	}
	for (size_t len = 0; len < 6 + 8 + 1 + 3; len++) {
		long_header(0xc0, 1, cid, 8, packet);
		assert_int_equal(read_quic(packet, len, &katran, &id), QUIC_MALFORMED);
	}
	assert_int_equal(read_quic(packet, 6 + 8 + 1 + 3, &katran, &id), QUIC_NO_SERVER);
	long_header(0x80, 1, cid, 8, packet); // the fixed bit, greased
	assert_int_equal(read_quic(packet, PACKET_BYTES, &katran, &id), QUIC_NO_SERVER);
	long_header(0x80, 0x0a0a0a0a, cid, 8, packet);
	assert_int_equal(read_quic(packet, PACKET_BYTES, &katran, &id), QUIC_NO_SERVER);
	long_header(0xc0, 1, cid, 21, packet);
	assert_int_equal(read_quic(packet, PACKET_BYTES, &katran, &id), QUIC_MALFORMED);
}

// draft-ietf-quic-load-balancers-21: appendix B, and the example of section 5.4.2.4. The last
// vector of B.2 stands there under rotation 3; the first byte of its id says 0.
static void should_read_the_ids_of_the_draft(void **state)
{
	static const char *const key = "8f95f09245765f80256934e50c66207f";
	static const struct {
		const char *key;
		const char *server_id;
		uint8_t nonce_bytes;
		uint8_t rotation;
		const char *cid;
	} cases[] = {
		{NULL, "c4605e", 4, 0, "07c4605e4504cc4f"},
		{key, "ed793a", 4, 0, "0720b1d07b359d3c"},
		{key, "ed793a51d49b8f5fab65", 5, 1, "2fcc381bc74cb4fbad2823a3d1f8fed2"},
		{key, "ed793a51d49b8f5f", 8, 2, "504dd2d05a7b0de9b2b9907afb5ecf8cc3"},
		{key, "ed793a51d49b8f5fab", 9, 0, "125779c9cc86beb3a3a4a3ca96fce4bfe0cdbc"},
		{"fdf726a9893ec05c0632d3956680baf0", "31441a", 4, 0, "0767947d29be054a"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct quic_config config = {.layout = QUIC_LAYOUT_LB};
		struct quic_lb_config *lb = &config.lb[cases[i].rotation];
		uint8_t bytes[16], cid[20], packet[PACKET_BYTES];
		struct quic_server_id id;
		size_t cid_len = hex(cases[i].cid, cid);

		lb->used = true;
		lb->server_id_bytes = (uint8_t)(strlen(cases[i].server_id) / 2);
		lb->nonce_bytes = cases[i].nonce_bytes;
		if (cases[i].key) {
			hex(cases[i].key, bytes);
			quic_lb_set_key(lb, bytes);
		}
		assert_int_equal(
			read_quic(packet, short_header(cid, cid_len, packet), &config, &id),
			QUIC_SERVER);
		assert_id(&id, cases[i].server_id);
		assert_int_equal(
			read_quic(packet, long_header(0xe0, 1, cid, cid_len, packet), &config, &id),
			QUIC_SERVER);
		assert_id(&id, cases[i].server_id);
		assert_int_equal(read_quic(packet, long_header(0xe0, 1, cid, cid_len - 1, packet),
					 &config, &id),
			QUIC_NO_SERVER);
		assert_int_equal(read_quic(packet, cid_len, &config, &id), QUIC_MALFORMED);
	}
}

// The seed is printed, so that a failure can be repeated: QUIC_TEST_SEED.
static void should_read_back_ids_of_every_length(void **state)
{
	const char *given = getenv("QUIC_TEST_SEED");
	unsigned int seed = given ? (unsigned int)atoi(given) : (unsigned int)time(NULL);
	int lengths = 0;

	(void)state;
	print_message("QUIC_TEST_SEED=%u\n", seed);
	srand(seed);
	for (int n = 0; n < 40000; n++) {
		uint8_t rotation = (uint8_t)(rand() % QUIC_LB_CONFIGS), key[16], cid[20], bytes[40];
		struct quic_config config = {.layout = QUIC_LAYOUT_LB};
		struct quic_lb_config *lb = &config.lb[rotation];
		uint8_t packet[PACKET_BYTES];
		struct quic_server_id id;

		lb->used = true;
		lb->server_id_bytes = (uint8_t)(1 + n % QUIC_MAX_SERVER_ID_BYTES);
		lb->nonce_bytes = (uint8_t)(4 + n / QUIC_MAX_SERVER_ID_BYTES % 15);
		if (lb->server_id_bytes + lb->nonce_bytes > 19)
			continue;
		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = (uint8_t)rand();
		memcpy(key, bytes + 24, sizeof(key));
		if (rand() % 8)
			quic_lb_set_key(lb, key);
		short_header(cid, quic_lb_encode(lb, rotation, bytes, bytes + 15, cid), packet);
		assert_int_equal(read_quic(packet, PACKET_BYTES, &config, &id), QUIC_SERVER);
		assert_int_equal(id.len, lb->server_id_bytes);
		assert_memory_equal(id.bytes, bytes, id.len);
		lengths++;
	}
	assert_true(lengths > 20000);
}

static void should_leave_unroutable_ids_to_any_server(void **state)
{
	struct quic_config config = {.layout = QUIC_LAYOUT_LB}, none = {0};
	uint8_t packet[PACKET_BYTES], cid[20] = {0xe7, 1, 2, 3, 4, 5, 6, 7};
	struct quic_server_id id;

	(void)state;
	config.lb[0] =
		(struct quic_lb_config){.used = true, .server_id_bytes = 3, .nonce_bytes = 4};
	config.lb[1] =
		(struct quic_lb_config){.used = true, .server_id_bytes = 10, .nonce_bytes = 10};
	for (int rotation = 0; rotation < 8; rotation++) {
		cid[0] = (uint8_t)(rotation << 5 | 7);
		short_header(cid, 8, packet);
		assert_int_equal(read_quic(packet, PACKET_BYTES, &config, &id),
			rotation == 0 ? QUIC_SERVER : QUIC_NO_SERVER);
		assert_int_equal(read_quic(packet, PACKET_BYTES, &none, &id), QUIC_NO_SERVER);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(should_read_katrans_ids),
		cmocka_unit_test(should_know_no_server_for_ids_without_one),
		cmocka_unit_test(should_not_trust_an_id_of_the_clients_choice),
		cmocka_unit_test(should_find_malformed_what_is_not_quic),
		cmocka_unit_test(should_read_the_ids_of_the_draft),
		cmocka_unit_test(should_read_back_ids_of_every_length),
		cmocka_unit_test(should_leave_unroutable_ids_to_any_server),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
