// SPDX-License-Identifier: Apache-2.0
//
// Full NAT and DNAT through replays.
#include "replay_fixture.h"

static void should_translate_both_ways_with_right_checksums(void **state)
{
	const uint8_t *ip, *tcp;
	struct frame first;

	(void)state;
	feed(syn(40000, 80));
	replay();
	assert_int_equal(out.count, 1);
	first = out.frames[0];
	ip = first.bytes + L3;
	tcp = first.bytes + L4;
	assert_true(frame_checksums_right(first.bytes, first.len));
	assert_int_equal(load_raw32(ip + IPV4_SOURCE), frame_address(LOCAL));
	assert_true(load_raw32(ip + IPV4_DESTINATION) == frame_address("198.18.31.2") ||
		    load_raw32(ip + IPV4_DESTINATION) == frame_address("198.18.32.2"));
	assert_int_equal(load_be16(tcp + 2), 8080);
	assert_int_equal(ip[IPV4_TTL], 63);
	assert_int_equal(load_be32(tcp + TCP_SEQUENCE), 1000);
	assert_memory_equal(first.bytes, "\x02\x00\x5e\x00\x00\x01", 6); // the configured next hop
	assert_int_equal(out.times[0], in.times[0]);

	feed(reply_to(&first, TCP_SYN | TCP_ACK));
	replay();
	assert_int_equal(out.count, 2);
	assert_memory_equal(out.frames[0].bytes, first.bytes, first.len); // the same again
	ip = out.frames[1].bytes + L3;
	tcp = out.frames[1].bytes + L4;
	assert_true(frame_checksums_right(out.frames[1].bytes, out.frames[1].len));
	assert_int_equal(load_raw32(ip + IPV4_SOURCE), frame_address(VIP));
	assert_int_equal(load_raw32(ip + IPV4_DESTINATION), frame_address(CLIENT));
	assert_int_equal(load_be16(tcp), 80);
	assert_int_equal(load_be16(tcp + 2), 40000);
	assert_int_equal(json_array_size(points), 0); // no colour, no drop
}

static void should_keep_a_flow_at_its_backend_and_spread_flows(void **state)
{
	uint32_t seen[2] = {0};

	(void)state;
	for (uint16_t n = 0; n < 100; n++)
		feed(syn((uint16_t)(40000 + n), 80));
	for (uint16_t n = 0; n < 100; n++)
		feed(syn((uint16_t)(40000 + n), 80));
	replay();
	assert_int_equal(out.count, 200);
	for (unsigned int n = 0; n < 100; n++) {
		assert_memory_equal(
			out.frames[n].bytes, out.frames[n + 100].bytes, out.frames[n].len);
		seen[load_raw32(out.frames[n].bytes + L3 + IPV4_DESTINATION) ==
			frame_address("198.18.31.2")]++;
	}
	assert_in_range(seen[0], 30, 70);
}

static void should_carry_frames_up_to_the_mtu_and_tell_of_longer_ones(void **state)
{
	static const size_t lengths[] = {3000, 9014, 9015, 30000};
	static uint8_t bytes[30000];

	(void)state;
	open_input();
	for (uint16_t i = 0; i < 4; i++) {
		struct frame f = syn((uint16_t)(40000 + i), 80);

		change_ip(&f, L3 + IPV4_TOTAL_LENGTH, (uint16_t)(lengths[i] - ETHERNET_BYTES));
		memcpy(bytes, f.bytes, f.len);
		put(START, bytes, lengths[i]);
	}
	replay_input();
	assert_int_equal(out.count, 2);
	assert_int_equal(out.frames[0].len, 3000);
	assert_int_equal(out.frames[1].len, 9014);
	assert_string_equal(told(), "MTU_EXCEEDED,MTU_EXCEEDED");
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(number(i, "packet_bytes"), lengths[2 + i]);
		assert_int_equal(number(i, "source_port"), 40002 + i);
		assert_string_equal(text(i, "destination_address"), VIP);
	}
}

// 9,000 bytes of IP, whatever a capture has around them.
static void should_carry_jumbo_frames_with_tags_and_check_sequence(void **state)
{
	static uint8_t bytes[9100];

	(void)state;
	open_input();
	for (uint16_t i = 0; i < 6; i++) {
		struct frame f = syn((uint16_t)(40000 + i), 80);
		size_t tags = i % 3u;

		change_ip(&f, L3 + IPV4_TOTAL_LENGTH, 9000);
		for (size_t t = 0; t < tags; t++)
			frame_tag(&f, t ? 0x88a8 : 0x8100, 7);
		memset(bytes, 0, sizeof(bytes));
		memcpy(bytes, f.bytes, f.len);
		put(START + i, bytes, 9014 + tags * VLAN_BYTES + (i >= 3 ? 4u : 0u));
	}
	replay_input();
	assert_string_equal(told(), "");
	assert_int_equal(out.count, 6);
	for (int i = 0; i < 6; i++)
		assert_int_equal(out.frames[i].len, 9014);
}

// Nobody outside has these.
static void should_take_no_flow_from_an_address_of_its_own(void **state)
{
	static const char *const ours[] = {PORT, LOCAL, VIP};

	(void)state;
	for (int i = 0; i < 3; i++) {
		feed(frame_tcp((struct frame_flow){ours[i], VIP, 80, 80}, TCP_SYN, 1, NULL, 0, 0));
		feed(frame_udp((struct frame_flow){ours[i], VIP, 53, 53}, 20, true));
	}
	replay();
	assert_int_equal(out.count, 0);
	assert_string_equal(told(),
		"MALFORMED_IP,MALFORMED_IP,MALFORMED_IP,MALFORMED_IP,MALFORMED_IP,MALFORMED_IP");
}

static void should_answer_thousands_of_clients_on_the_same_link(void **state)
{
	enum { CLIENTS = 5000 };

	(void)state;
	config_network = "ports: [{name: port0, address: 10.0.0.2/16, gateway: 10.0.0.1}]\n"
			 "local_addresses: [10.0.0.16]\n"
			 "local_ports: {first: 2000, last: 60000}\n";
	config_sessions = "sessions: {capacity: 8192}\n";
	config_vips = "vips:\n  - name: vip-web\n    address: 198.19.0.1\n    port: 80\n"
		      "    protocol: tcp\n"
		      "    backends: [{name: rs-1-web, address: 10.0.255.2, port: 8080}]\n";
	open_input();
	for (unsigned int n = 0; n < CLIENTS; n++) {
		char client[INET_ADDRSTRLEN];
		struct frame f;

		snprintf(client, sizeof(client), "10.0.%u.%u", 1 + n / 250, 1 + n % 250);
		f = frame_tcp(
			(struct frame_flow){client, VIP, 40000, 80}, TCP_SYN, 1000, NULL, 0, 0);
		put(START + n, f.bytes, f.len);
	}
	for (unsigned int n = 0; n < CLIENTS; n++) { // ports are given in turn
		struct frame f = frame_tcp(
			(struct frame_flow){"10.0.255.2", "10.0.0.16", 8080, (uint16_t)(2000 + n)},
			TCP_SYN | TCP_ACK, 5000, NULL, 0, 0);

		put(START + CLIENTS + n, f.bytes, f.len);
	}
	replay_input();
	assert_int_equal(json_array_size(points), 0);
	assert_int_equal(out.count, 2 * CLIENTS);
}

static void should_carry_udp_with_and_without_checksum(void **state)
{
	struct frame_flow flow = {CLIENT, VIP, 5000, 53};

	(void)state;
	feed(frame_udp(flow, 33, true));
	feed(frame_udp(flow, 33, false));
	replay();
	assert_int_equal(out.count, 2);
	assert_true(frame_checksums_right(out.frames[0].bytes, out.frames[0].len));
	assert_int_not_equal(load_raw16(out.frames[0].bytes + L4 + UDP_CHECKSUM), 0);
	assert_int_equal(load_raw16(out.frames[1].bytes + L4 + UDP_CHECKSUM), 0);
	assert_int_equal(load_be16(out.frames[0].bytes + L4 + 2), 5353);
}

static void should_start_anew_when_a_port_comes_back(void **state)
{
	struct frame first, second;

	(void)state;
	feed(coloured(20000, 0, 1, START));
	feed(coloured(20000, DT_COLOUR_FLAG_RESET, 2, START));
	feed_at(START + SECOND, coloured(20000, 0, 3, START));
	replay();
	assert_int_equal(out.count, 3);
	first = out.frames[0];
	second = out.frames[2];
	assert_int_not_equal(
		load_be16(first.bytes + L4), load_be16(second.bytes + L4)); // another local port
	assert_int_equal(load_raw32(first.bytes + L3 + IPV4_DESTINATION),
		load_raw32(second.bytes + L3 + IPV4_DESTINATION));
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup(should_translate_both_ways_with_right_checksums, setup),
	cmocka_unit_test_setup(should_keep_a_flow_at_its_backend_and_spread_flows, setup),
	cmocka_unit_test_setup(should_carry_frames_up_to_the_mtu_and_tell_of_longer_ones, setup),
	cmocka_unit_test_setup(should_carry_jumbo_frames_with_tags_and_check_sequence, setup),
	cmocka_unit_test_setup(should_take_no_flow_from_an_address_of_its_own, setup),
	cmocka_unit_test_setup(should_answer_thousands_of_clients_on_the_same_link, setup),
	cmocka_unit_test_setup(should_carry_udp_with_and_without_checksum, setup),
	cmocka_unit_test_setup(should_start_anew_when_a_port_comes_back, setup),
};

REPLAY_TESTS(tests)
