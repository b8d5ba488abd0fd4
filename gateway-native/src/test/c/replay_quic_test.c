// SPDX-License-Identifier: Apache-2.0
//
// QUIC VIPs through replays: the connection id names the server, whatever the addresses are.
#include "replay_fixture.h"

#define SERVERS                                                                                    \
	"    backends:\n"                                                                          \
	"      - {name: rs-1-quic, address: 198.18.31.2, server_id: 1}\n"                          \
	"      - {name: rs-2-quic, address: 198.18.32.2, server_id: 2}\n"                          \
	"      - {name: rs-3-quic, address: 198.18.33.2, server_id: 3}\n"

static const char katran[] =
	"vips:\n  - name: quic\n    address: 198.19.0.1\n    port: 443\n    protocol: udp\n"
	"    quic: {layout: katran}\n" SERVERS;
static const char quic_lb[] =
	"vips:\n  - name: quic\n    address: 198.19.0.1\n    port: 443\n    protocol: udp\n"
	"    quic:\n      layout: quic-lb\n"
	"      configs: [{id: 0, server_id_bytes: 1, nonce_bytes: 6}]\n" SERVERS;
static const char tunnelled[] =
	"vips:\n  - name: quic\n    address: 198.19.0.1\n    port: 443\n    protocol: udp\n"
	"    mode: tunnel\n    tunnel: {kind: ipip, local: 198.18.21.2}\n"
	"    quic: {layout: katran}\n" SERVERS;

static struct frame datagram(const char *client, uint16_t port, const uint8_t *payload, size_t len)
{
	struct frame f = frame_udp((struct frame_flow){client, VIP, port, 443}, 60, true);

	memcpy(f.bytes + L4 + UDP_BYTES, payload, len);
	frame_finish(&f);
	return f;
}

// A short header; Katran's layout with 16 bits.
static struct frame short_katran(const char *client, uint16_t port, uint16_t server)
{
	uint8_t header[9] = {0x40};
	uint32_t id = 1u << 30 | (uint32_t)server << 14;

	store_be32(header + 1, id);
	return datagram(client, port, header, sizeof(header));
}

static struct frame short_lb(const char *client, uint16_t port, uint8_t server)
{
	const uint8_t header[] = {0x40, 0x07, server, 1, 2, 3, 4, 5, 6};

	return datagram(client, port, header, sizeof(header));
}

// The client's own choice of a connection id, which happens to look like server 3's.
static struct frame initial(const char *client, uint16_t port)
{
	static const uint8_t header[] = {0xc0, 0, 0, 0, 1, 8, 0x40, 0x00, 0xc0, 0, 1, 2, 3, 4, 0};

	return datagram(client, port, header, sizeof(header));
}

static void should_keep_the_server_when_the_client_moves(void **state)
{
	static const char *const clients[] = {CLIENT, "198.18.99.2", "198.18.98.7"};
	static const char *const servers[] = {"198.18.31.2", "198.18.32.2", "198.18.33.2"};

	(void)state;
	config_vips = katran;
	for (uint16_t server = 1; server <= 3; server++) {
		for (uint16_t c = 0; c < 3; c++)
			feed(short_katran(clients[c], (uint16_t)(40000 + server), server));
	}
	replay();
	assert_string_equal(told(), "");
	assert_int_equal(out.count, 9);
	for (unsigned int i = 0; i < 9; i++) {
		assert_to(&out.frames[i], servers[i / 3], 443);
		assert_right(&out.frames[i]);
	}
}

static void should_read_quic_lb_too(void **state)
{
	(void)state;
	config_vips = quic_lb;
	feed(short_lb(CLIENT, 40000, 2));
	feed(short_lb("198.18.99.2", 50000, 2));
	feed(short_lb("198.18.99.2", 50001, 3));
	feed(short_lb("198.18.99.2", 50002, 9));
	replay();
	assert_string_equal(told(), "QUIC_UNKNOWN_SERVER");
	assert_int_equal(out.count, 3);
	assert_to(&out.frames[0], "198.18.32.2", 443);
	assert_to(&out.frames[1], "198.18.32.2", 443);
	assert_to(&out.frames[2], "198.18.33.2", 443);
}

static void should_choose_for_those_that_have_no_server_yet_and_stay_with_it(void **state)
{
	struct ip_address first, then;
	bool differs = false;

	(void)state;
	config_vips = katran;
	for (uint16_t n = 0; n < 20; n++)
		feed(initial(CLIENT, (uint16_t)(40000 + n)));
	for (uint16_t n = 0; n < 20; n++)
		feed(initial(CLIENT, (uint16_t)(40000 + n)));
	replay();
	assert_int_equal(out.count, 40);
	for (unsigned int n = 0; n < 20; n++) {
		first = destination_of(&out.frames[n]);
		then = destination_of(&out.frames[n + 20]);
		assert_true(ip_equal(&first, &then));
		assert_int_equal(
			source_port_of(&out.frames[n]), source_port_of(&out.frames[n + 20]));
		then = destination_of(&out.frames[0]);
		differs |= !ip_equal(&first, &then);
	}
	assert_true(differs);
}

// One that may not come in its place leaves the session as it is.
static void should_keep_the_session_of_who_may_not_move(void **state)
{
	static const char limited[] =
		"vips:\n  - name: quic\n    address: 198.19.0.1\n    port: 443\n    protocol: udp\n"
		"    new_connection_limit: 1\n    quic: {layout: katran}\n" SERVERS;

	(void)state;
	config_vips = limited;
	feed(short_katran(CLIENT, 40000, 1));
	feed(short_katran(CLIENT, 40000, 2));
	feed(short_katran(CLIENT, 40000, 1));
	replay();
	assert_string_equal(told(), "NEW_CONNECTION_LIMIT");
	assert_int_equal(out.count, 2);
	assert_to(&out.frames[1], "198.18.31.2", 443);
	assert_int_equal(source_port_of(&out.frames[0]), source_port_of(&out.frames[1]));
}

static void should_take_a_long_header_with_any_fixed_bit(void **state)
{
	struct frame greased = initial(CLIENT, 40000);

	(void)state;
	config_vips = katran;
	greased.bytes[L4 + UDP_BYTES] &= 0xbf;
	frame_finish(&greased);
	feed(greased);
	replay();
	assert_string_equal(told(), "");
	assert_int_equal(out.count, 1);
}

// The address and port were somebody else's before: the connection id knows better.
static void should_believe_the_connection_id_more_than_the_session(void **state)
{
	(void)state;
	for (int mode = 0; mode < 2; mode++) {
		setup(NULL);
		config_vips = mode ? tunnelled : katran;
		feed(short_katran(CLIENT, 40000, 1));
		feed(short_katran(CLIENT, 40000, 2));
		replay();
		assert_int_equal(out.count, 2);
		assert_to(&out.frames[0], "198.18.31.2", 0);
		assert_to(&out.frames[1], "198.18.32.2", 0);
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup(should_keep_the_server_when_the_client_moves, setup),
	cmocka_unit_test_setup(should_read_quic_lb_too, setup),
	cmocka_unit_test_setup(
		should_choose_for_those_that_have_no_server_yet_and_stay_with_it, setup),
	cmocka_unit_test_setup(should_believe_the_connection_id_more_than_the_session, setup),
	cmocka_unit_test_setup(should_keep_the_session_of_who_may_not_move, setup),
	cmocka_unit_test_setup(should_take_a_long_header_with_any_fixed_bit, setup),
};

REPLAY_TESTS(tests)
