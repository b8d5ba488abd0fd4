// SPDX-License-Identifier: Apache-2.0
//
// TOA through replays: the server of a full NAT session is told the client's address.
#include "replay_fixture.h"

#include "../../main/c/packet/tcp_option.h"

#define NETWORK(mtu)                                                                               \
	"ports:\n  - {name: port0, address: 198.18.21.2/24, gateway: 198.18.21.1, address6: "      \
	"\"2001:db8:21::2/64\", gateway6: \"2001:db8:21::1\", mtu: " mtu "}\n"                     \
	"local_addresses: [198.18.21.16, \"2001:db8:21::16\"]\n"

static const char vips[] =
	"vips:\n"
	"  - name: web\n    address: 198.19.0.1\n    port: 80\n    protocol: tcp\n    toa: true\n"
	"    backends: [{name: rs-1, address: 198.18.31.2, port: 8080}]\n"
	"  - name: web6\n    address: \"2001:db8:f00::1\"\n    port: 80\n    protocol: tcp\n"
	"    toa: true\n    backends: [{name: rs-4, address: 198.18.31.2, port: 8080}]\n"
	"  - {name: plain, address: 198.19.0.2, port: 80, protocol: tcp, backends: [{name: rs-5, "
	"address: 198.18.31.2, port: 8080}]}\n"
	"  - {name: plain46, address: 198.19.0.3, port: 80, protocol: tcp, backends: [{name: rs-6, "
	"address: \"2001:db8:31::2\", port: 8080}]}\n"
	"  - {name: shown, address: 198.19.0.4, port: 80, protocol: tcp, mode: dnat, backends: "
	"[{name: "
	"rs-7, address: 198.18.31.2, port: 8080}]}\n"
	"  - {name: direct, address: 198.19.0.5, port: 80, protocol: tcp, mode: tunnel, tunnel: "
	"{kind: ipip, local: 198.18.21.2}, backends: [{name: rs-8, address: 198.18.31.2}]}\n";

static const struct frame_flow v4 = {CLIENT, VIP, 40000, 80}, v6 = {CLIENT6, VIP6, 40000, 80};

// The TOA option among a segment's options; NULL: there is none.
static const uint8_t *toa_of(const struct frame *f)
{
	const uint8_t *tcp = l4_of(f), *end = tcp + (tcp[TCP_DATA_OFFSET] >> 4) * 4;

	for (const uint8_t *at = tcp + TCP_MIN_BYTES; at < end && *at; at += *at == 1 ? 1 : at[1]) {
		if (*at == TOA_KIND)
			return at;
	}
	return NULL;
}

static void assert_told(const struct frame *f, const char *client)
{
	const uint8_t *toa = toa_of(f);
	struct ip_address address = frame_ip_address(client);
	bool is_v4 = ip_is_v4(&address);

	assert_non_null(toa);
	assert_int_equal(toa[1], is_v4 ? TOA_V4_BYTES : TOA_V6_BYTES);
	assert_int_equal(load_be16(toa + 2), 40000);
	assert_memory_equal(toa + 4, is_v4 ? address.bytes + 12 : address.bytes, is_v4 ? 4 : 16);
	assert_right(f);
}

static const uint8_t *payload_of(const struct frame *f)
{
	const uint8_t *tcp = l4_of(f);

	return tcp + (tcp[TCP_DATA_OFFSET] >> 4) * 4;
}

static void should_tell_the_server_in_the_syn(void **state)
{
	static const uint8_t options[] = {2, 4, 5, 0xb4, 4, 2, 1, 1};

	(void)state;
	config_vips = vips;
	feed(frame_tcp(v4, TCP_SYN, 1000, options, 8, 11));
	feed(frame_tcp(v6, TCP_SYN, 1000, options, 8, 11));
	feed(frame_tcp(v4, TCP_SYN, 1000, options, 8, 11)); // once more: the first may be lost
	feed(frame_tcp(v4, TCP_ACK, 1012, NULL, 0, 0));     // which some modules read it from
	feed(frame_tcp(v4, TCP_ACK, 1012, NULL, 0, 20));
	replay();
	assert_string_equal(told(), "");
	assert_int_equal(out.count, 5);
	assert_told(&out.frames[0], CLIENT);
	assert_told(&out.frames[1], CLIENT6);
	assert_told(&out.frames[2], CLIENT);
	assert_told(&out.frames[3], CLIENT);
	assert_null(toa_of(&out.frames[4]));
	assert_right(&out.frames[4]);
	for (int i = 0; i < 2; i++) {
		assert_memory_equal(payload_of(&out.frames[i]), payload_of(&in.frames[i]), 11);
		assert_int_equal(
			out.frames[i].bytes + out.frames[i].len - payload_of(&out.frames[i]), 11);
		// What the client said stands before it.
		assert_memory_equal(l4_of(&out.frames[i]) + 20, options, 6);
	}
}

// 40 bytes of options, none of them padding.
static const uint8_t full[40] = {2, 4, 5, 0xb4, 8, 36};

static void should_tell_it_later_when_the_syn_is_full(void **state)
{
	(void)state;
	config_vips = vips;
	feed(frame_tcp(v4, TCP_SYN, 1000, full, 40, 0));
	feed(frame_tcp(v4, TCP_ACK, 1001, full + 4, 36, 0)); // broken, and no room
	feed(frame_tcp(v4, TCP_ACK, 1001, NULL, 0, 30));
	feed(frame_tcp(v4, TCP_ACK, 1031, NULL, 0, 30));
	in.frames[1] = frame_tcp(v4, TCP_ACK, 1001, (const uint8_t[40]){8, 40}, 40, 0);
	replay();
	assert_string_equal(told(), "");
	assert_int_equal(out.count, 4); // at no packet's cost
	assert_null(toa_of(&out.frames[0]));
	assert_null(toa_of(&out.frames[1]));
	assert_told(&out.frames[2], CLIENT);
	assert_null(toa_of(&out.frames[3]));
	assert_memory_equal(payload_of(&out.frames[2]), payload_of(&in.frames[2]), 30);
}

static void should_tell_it_later_when_the_way_has_no_room(void **state)
{
	(void)state;
	config_network = NETWORK("1500");
	config_vips = vips;
	feed(frame_tcp(v4, TCP_SYN, 1000, full, 40, 0));
	feed(frame_tcp(v4, TCP_ACK, 1001, NULL, 0, 1460));
	feed(frame_tcp(v4, TCP_ACK, 2461, NULL, 0, 1453));
	feed(frame_tcp(v4, TCP_ACK, 3914, NULL, 0, 1452));
	replay();
	assert_string_equal(told(), "");
	assert_int_equal(out.count, 4);
	assert_null(toa_of(&out.frames[1]));
	assert_null(toa_of(&out.frames[2]));
	assert_told(&out.frames[3], CLIENT);
	assert_int_equal(out.frames[3].len, L3 + 1500);
}

// 4 of MSS, 20 of colour, 8 of TOA fit into 40.
static void should_tell_it_in_a_probes_syn_where_the_colour_was(void **state)
{
	(void)state;
	config_vips = vips;
	feed(coloured(40000, 0, 77, START));
	replay();
	assert_string_equal(told(), "RX,TX");
	assert_told(&out.frames[0], CLIENT);
	assert_false(has_colour(&out.frames[0]));
	assert_int_equal(out.frames[0].len, in.frames[0].len);
}

static void should_let_no_client_tell_another_address(void **state)
{
	static const uint8_t lie[8] = {TOA_KIND, 8, 0, 1, 9, 9, 9, 9};

	(void)state;
	config_vips = vips;
	feed(frame_tcp(v4, TCP_SYN, 1000, lie, 8, 0));
	replay();
	assert_told(&out.frames[0], CLIENT);
	assert_int_equal(out.frames[0].len, in.frames[0].len);
}

// On every packet, beside whatever else the client says, and where ours has no room.
static void should_let_no_client_tell_it_later(void **state)
{
	static const uint8_t odd[] = {1, TOA_KIND, 8, 0, 1, 9, 9, 9, 9, 3, 3, 7};
	static const uint8_t two[] = {
		8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 1, 1, TOA_KIND, 8, 0, 1, 9, 9, 9, 9};
	static const uint8_t fitting[40] = {
		2, 4, 5, 0xb4, 8, 28, [32] = TOA_KIND, 8, 0, 1, 9, 9, 9, 9};

	(void)state;
	config_vips = vips;
	feed(frame_tcp(v6, TCP_SYN, 1000, fitting, 40, 0)); // 20 bytes do not fit
	feed(frame_tcp(v4, TCP_SYN, 1000, NULL, 0, 0));
	feed(frame_tcp(v4, TCP_ACK, 1001, NULL, 0, 0));
	feed(frame_tcp(v4, TCP_ACK, 1001, odd, sizeof(odd), 20));
	feed(frame_tcp(v4, TCP_ACK | TCP_PSH, 1021, two, sizeof(two), 21));
	replay();
	assert_string_equal(told(), "");
	assert_int_equal(out.count, 5);
	for (int i = 0; i < 5; i++)
		assert_right(&out.frames[i]);
	assert_null(toa_of(&out.frames[0]));
	assert_memory_equal(l4_of(&out.frames[0]) + TCP_MIN_BYTES, fitting, 32);
	assert_null(toa_of(&out.frames[3]));
	assert_null(toa_of(&out.frames[4]));
	assert_memory_equal(l4_of(&out.frames[4]) + TCP_MIN_BYTES, two, 12); // the timestamp stays
	assert_memory_equal(payload_of(&out.frames[4]), payload_of(&in.frames[4]), 21);
}

// Its server may have the module loaded for another VIP.
static void should_let_no_client_tell_it_where_nobody_does(void **state)
{
	static const uint8_t lies[] = {TOA_KIND, 8, 0, 1, 9, 9, 9, 9, TOA_KIND, 20, 0, 1, [27] = 1};
	static const char *const without[] = {
		"198.19.0.2", "198.19.0.3", "198.19.0.4", "198.19.0.5"};

	(void)state;
	config_vips = vips;
	for (int i = 0; i < 4; i++) {
		struct frame_flow flow = {CLIENT, without[i], 40000, 80};

		feed(frame_tcp(flow, TCP_SYN, 1000, lies, sizeof(lies), 0));
		feed(frame_tcp(flow, TCP_ACK, 1001, lies, sizeof(lies), 5));
	}
	replay();
	assert_string_equal(told(), "");
	assert_int_equal(out.count, 8);
	for (int i = 0; i < 8; i++) {
		struct frame f = i < 6 ? out.frames[i] : inner_of(&out.frames[i], IPV4_MIN_BYTES);

		assert_right(&f);
		assert_null(toa_of(&f));
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup(should_tell_the_server_in_the_syn, setup),
	cmocka_unit_test_setup(should_tell_it_later_when_the_syn_is_full, setup),
	cmocka_unit_test_setup(should_tell_it_later_when_the_way_has_no_room, setup),
	cmocka_unit_test_setup(should_tell_it_in_a_probes_syn_where_the_colour_was, setup),
	cmocka_unit_test_setup(should_let_no_client_tell_another_address, setup),
	cmocka_unit_test_setup(should_let_no_client_tell_it_later, setup),
	cmocka_unit_test_setup(should_let_no_client_tell_it_where_nobody_does, setup),
};

REPLAY_TESTS(tests)
