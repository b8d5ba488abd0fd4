// SPDX-License-Identifier: Apache-2.0
//
// Every reason, and the packet that dies of it. What a replay cannot bring about is listed with the
// test that does; a reason that stands nowhere fails.
#include "replay_fixture.h"

#include "../../main/c/telemetry/registry.h"

enum { SEVERAL = 40, MANY = 70 };

static const char tunnels[] =
	"tunnels:\n"
	"  - {name: from-eip, kind: vxlan, local: 198.18.21.2, id: 100}\n"
	"  - {name: from-edge, kind: gre, local: 198.18.21.2, remote: 198.18.51.2, id: 7}\n"
	"blacklist: [{prefix: 192.0.2.0/24}]\n";

static const char network[] =
	"ports:\n  - {name: port0, address: 198.18.21.2/24, gateway: 198.18.21.1, mtu: 1500}\n"
	"local_addresses: [198.18.21.16]\n";

#define ONE_BACKEND "    backends: [{name: rs-1, address: 198.18.31.2, port: 8080}]\n"
#define TCP_VIP(name, port)                                                                        \
	"  - name: " name "\n    address: 198.19.0.1\n    port: " port "\n    protocol: tcp\n"

static const char vips[] = "vips:\n" TCP_VIP("vip-web", "80") ONE_BACKEND TCP_VIP("vip-off",
	"81") "    enabled: false\n" ONE_BACKEND TCP_VIP("vip-empty", "82") TCP_VIP("vip-down",
	"83") "    backends: [{name: rs-9, address: 198.18.39.2, port: 1, enabled: "
	      "false}]\n" TCP_VIP("vip-connections",
		      "84") "    new_connection_limit: 10\n" ONE_BACKEND TCP_VIP("vip-packets",
		      "85") "    limits: {packets_per_second: 10}\n" ONE_BACKEND TCP_VIP("vip-bits",
		      "86") "    limits: {bits_per_second: 1000}\n" ONE_BACKEND TCP_VIP("vip-"
											"sessions",
		      "87") "    limits: {sessions: 3}\n" ONE_BACKEND TCP_VIP("vip-dnat",
		      "88") "    mode: dnat\n" ONE_BACKEND TCP_VIP("vip-dnat-too",
		      "89") "    mode: dnat\n" ONE_BACKEND TCP_VIP("vip-tunnel",
		      "90") "    mode: tunnel\n    tunnel: {kind: ipip, local: 198.18.21.2}\n"
			    "    backends: [{name: rs-1, address: 198.18.31.2}]\n"
			    "  - name: vip-dns\n    address: 198.19.0.1\n    port: 53\n    "
			    "protocol: udp\n" ONE_BACKEND
			    "  - name: vip-quic\n    address: 198.19.0.1\n    port: 443\n    "
			    "protocol: udp\n"
			    "    quic: {layout: katran}\n"
			    "    backends: [{name: rs-1-quic, address: 198.18.31.2, server_id: "
			    "1}]\n";

static struct frame cut_ethernet(void)
{
	struct frame f = syn(1, 80);

	f.len = 10;
	return f;
}

static struct frame cut_ip(void)
{
	struct frame f = syn(1, 80);

	f.len = 30;
	return f;
}

static struct frame tcp_header_beyond_its_end(void)
{
	struct frame f = syn(1, 80);

	f.bytes[L4 + TCP_DATA_OFFSET] = 0xf0;
	return f;
}

static struct frame tcp_options_that_contradict_themselves(void)
{
	return frame_tcp((struct frame_flow){CLIENT, VIP, 18, 80}, TCP_SYN, 1,
		(const uint8_t[]){8, 1, 0, 0}, 4, 0);
}

static struct frame udp_longer_than_it_is(void)
{
	struct frame f = frame_udp((struct frame_flow){CLIENT, VIP, 4, 53}, 4, true);

	store_be16(f.bytes + L4 + UDP_LENGTH, 400);
	return f;
}

static struct frame sctp_cut(void)
{
	return frame_ip(CLIENT, VIP, PROTOCOL_SCTP, (const uint8_t[]){0, 1, 0, 80, 0, 0, 0, 0}, 8);
}

static struct frame gre_of_another_version(void)
{
	struct frame inner = syn(1, 80), f = frame_gre(&inner, "198.18.51.2", PORT, 7);

	f.bytes[L4 + 1] |= 1;
	return f;
}

static struct frame vxlan_without_inner_frame(void)
{
	return frame_udp((struct frame_flow){"198.18.51.2", PORT, 5000, 4789}, 10, true);
}

static struct frame vxlan_of_another_network(void)
{
	struct frame inner = syn(1, 80);

	return frame_vxlan(&inner, "198.18.51.2", PORT, 4789, 101);
}

static struct frame one_byte_to_quic(void)
{
	return frame_udp((struct frame_flow){CLIENT, VIP, 4, 443}, 0, true);
}

// A short header and a connection id of Katran's layout that names server 0x0102.
static struct frame quic_of_an_unknown_server(void)
{
	struct frame f = frame_udp((struct frame_flow){CLIENT, VIP, 5, 443}, 40, true);
	static const uint8_t header[] = {0x40, 0x40, 0x40, 0x80, 0, 0, 0, 0, 0};

	memcpy(f.bytes + L4 + UDP_BYTES, header, sizeof(header));
	frame_finish(&f);
	return f;
}

static struct frame wrong_ip_checksum(void)
{
	struct frame f = syn(5, 80);

	f.bytes[L3 + IPV4_CHECKSUM] ^= 1;
	return f;
}

static struct frame first_fragment(void)
{
	struct frame f = syn(6, 80);

	change_ip(&f, L3 + IPV4_FRAGMENT, 0x2000);
	return f;
}

static struct frame last_hop(void)
{
	struct frame f = syn(7, 80);

	set_ttl(&f, 1);
	return f;
}

static struct frame too_long_for_the_tunnel(void)
{
	return frame_tcp((struct frame_flow){CLIENT, VIP, 8, 90}, TCP_SYN, 1, NULL, 0, 1450);
}

static struct frame multicast(void)
{
	return frame_tcp((struct frame_flow){CLIENT, "224.0.0.5", 8, 80}, TCP_SYN, 1, NULL, 0, 0);
}

static struct frame group_mac(void)
{
	struct frame f = syn(19, 80);

	f.bytes[0] = 0x01;
	return f;
}

static struct frame to_a_port_of_nobody(void)
{
	return syn(9, 99);
}

static struct frame to_an_address_of_nobody(void)
{
	return frame_tcp((struct frame_flow){CLIENT, "198.19.0.9", 9, 80}, TCP_SYN, 1, NULL, 0, 0);
}

static struct frame ping_of_nobody(void)
{
	return frame_echo(CLIENT, "198.19.0.9");
}

static struct frame to_a_disabled_vip(void)
{
	return syn(10, 81);
}

static struct frame udp_to_a_tcp_vip(void)
{
	return frame_udp((struct frame_flow){CLIENT, VIP, 11, 80}, 4, true);
}

static struct frame ospf(void)
{
	return frame_ip(CLIENT, VIP, 89, (const uint8_t[]){1, 2, 3, 4}, 4);
}

static struct frame ack_of_nothing(void)
{
	return frame_tcp((struct frame_flow){CLIENT, VIP, 12, 80}, TCP_ACK, 1, NULL, 0, 0);
}

static struct frame reply_of_nothing(void)
{
	return frame_tcp((struct frame_flow){"198.18.31.2", LOCAL, 80, 13}, TCP_ACK, 1, NULL, 0, 0);
}

static struct frame udp_reply_of_nothing(void)
{
	return frame_udp((struct frame_flow){"198.18.31.2", LOCAL, 80, 13}, 4, true);
}

static struct frame to_a_vip_without_backends(void)
{
	return syn(14, 82);
}

static struct frame to_a_vip_whose_backends_are_down(void)
{
	return syn(15, 83);
}

static uint16_t another_port(void)
{
	static uint16_t last = 20000;

	return last++;
}

static struct frame connection(void)
{
	return syn(another_port(), 84);
}

static struct frame one_packet_more(void)
{
	return syn(another_port(), 85);
}

static struct frame some_bits_more(void)
{
	return syn(another_port(), 86);
}

static struct frame session(void)
{
	return syn(another_port(), 87);
}

static struct frame flow_of_a_full_node(void)
{
	return syn(another_port(), 80);
}

static struct frame blacklisted(void)
{
	return frame_tcp((struct frame_flow){"192.0.2.9", VIP, 20, 80}, TCP_SYN, 1, NULL, 0, 0);
}

// The second one of a client port to a backend that the first one has reached through another VIP.
static struct frame client_port_taken(void)
{
	static uint16_t vip = 88;

	return syn(21, vip++);
}

static struct frame timestamp_request(void)
{
	return frame_icmp(CLIENT, VIP, 13, 0, NULL, 0);
}

struct row {
	enum dt_drop_reason reason;
	struct frame (*packet)(void);
	unsigned int times; // 0: once; the last one dies
	const char *elsewhere;
};

static const struct row rows[] = {
	{DT_DROP_MALFORMED_ETHERNET, cut_ethernet, 0, NULL},
	{DT_DROP_MALFORMED_IP, cut_ip, 0, NULL},
	{DT_DROP_MALFORMED_TCP, tcp_header_beyond_its_end, 0, NULL},
	{DT_DROP_MALFORMED_TCP, tcp_options_that_contradict_themselves, 0, NULL},
	{DT_DROP_MALFORMED_UDP, udp_longer_than_it_is, 0, NULL},
	{DT_DROP_MALFORMED_SCTP, sctp_cut, 0, NULL},
	{DT_DROP_MALFORMED_GRE, gre_of_another_version, 0, NULL},
	{DT_DROP_MALFORMED_QUIC, one_byte_to_quic, 0, NULL},
	{DT_DROP_BAD_CHECKSUM, wrong_ip_checksum, 0, NULL},
	{DT_DROP_FRAGMENT_UNSUPPORTED, first_fragment, 0, NULL},
	{DT_DROP_TTL_EXCEEDED, last_hop, 0, NULL},
	{DT_DROP_MTU_EXCEEDED, too_long_for_the_tunnel, 0, NULL},
	{DT_DROP_NOT_FOR_US, multicast, 0, NULL},
	{DT_DROP_NOT_FOR_US, group_mac, 0, NULL},
	{DT_DROP_NO_VIP, to_a_port_of_nobody, 0, NULL},
	{DT_DROP_NO_VIP, to_an_address_of_nobody, 0, NULL},
	{DT_DROP_NO_VIP, ping_of_nobody, 0, NULL},
	{DT_DROP_NO_VIP, udp_reply_of_nothing, 0, NULL},
	{DT_DROP_VIP_DISABLED, to_a_disabled_vip, 0, NULL},
	{DT_DROP_PROTOCOL_UNSUPPORTED, udp_to_a_tcp_vip, 0, NULL},
	{DT_DROP_PROTOCOL_UNSUPPORTED, ospf, 0, NULL},
	{DT_DROP_NON_SYN_NO_SESSION, ack_of_nothing, 0, NULL},
	{DT_DROP_NON_SYN_NO_SESSION, reply_of_nothing, 0, NULL},
	{DT_DROP_SESSION_TABLE_FULL, NULL, 0,
		"replay_limit: should_refuse_sessions_over_capacity_and_keep_the_others"},
	{DT_DROP_VIP_SESSION_LIMIT, session, 4, NULL},
	{DT_DROP_PACKET_RATE_LIMIT, one_packet_more, SEVERAL, NULL},
	{DT_DROP_BIT_RATE_LIMIT, some_bits_more, SEVERAL, NULL},
	{DT_DROP_NEW_CONNECTION_LIMIT, connection, SEVERAL, NULL},
	{DT_DROP_BLACKLISTED, blacklisted, 0, NULL},
	{DT_DROP_NO_BACKEND, to_a_vip_without_backends, 0, NULL},
	{DT_DROP_NO_HEALTHY_BACKEND, to_a_vip_whose_backends_are_down, 0, NULL},
	{DT_DROP_QUIC_UNKNOWN_SERVER, quic_of_an_unknown_server, 0, NULL},
	{DT_DROP_PORT_POOL_EXHAUSTED, NULL, 0,
		"replay_limit: should_refuse_sessions_without_a_local_port_and_keep_the_others"},
	{DT_DROP_NAT_FAIL, client_port_taken, 2, NULL},
	{DT_DROP_TUNNEL_ENCAP_FAIL, NULL, 0, "fault: should_say_that_a_tunnel_has_no_beginning"},
	{DT_DROP_TUNNEL_DECAP_FAIL, vxlan_without_inner_frame, 0, NULL},
	{DT_DROP_TUNNEL_UNKNOWN, vxlan_of_another_network, 0, NULL},
	{DT_DROP_NO_HEADROOM, NULL, 0, "fault: should_say_that_a_buffer_has_no_headroom"},
	{DT_DROP_NO_NEIGHBOUR, NULL, 0, "fault: should_say_that_a_next_hop_does_not_answer"},
	{DT_DROP_HANDOFF_RING_FULL, NULL, 0, "fault: should_say_that_a_worker_is_behind"},
	{DT_DROP_MBUF_EXHAUSTED, NULL, 0, "fault: should_say_that_no_buffer_is_left"},
	{DT_DROP_TX_QUEUE_FULL, NULL, 0, "fault: should_say_that_a_port_takes_no_more"},
	{DT_DROP_DRAINING, NULL, 0, "fault: should_say_that_the_node_is_draining"},
	{DT_DROP_ICMP_UNSUPPORTED, timestamp_request, 0, NULL},
	{DT_DROP_NO_EIP, NULL, 0, "eip: the tier that has elastic IPs"},
	// Nothing in the data path says it yet: VIPs do not move between clusters.
	{DT_DROP_MIGRATING, NULL, 0, "none"},
	// Behind the others: its sessions leave them no room.
	{DT_DROP_FLOW_LIMIT, flow_of_a_full_node, MANY, NULL},
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static unsigned int times_of(const struct row *row)
{
	return row->packet && row->times == 0 ? 1 : row->times;
}

static void should_name_the_reason_of_every_drop(void **state)
{
	size_t point = 0;

	(void)state;
	config_network = network;
	config_extra = tunnels;
	config_sessions = "sessions: {capacity: 1024, limit: 60}\n";
	config_vips = vips;
	for (int i = 0; i < ROWS; i++) {
		for (unsigned int n = 0; n < times_of(&rows[i]); n++)
			feed_at(START + (uint64_t)i * 10 * SECOND, rows[i].packet());
	}
	replay();
	for (int i = 0; i < ROWS; i++) {
		uint64_t time = START + (uint64_t)i * 10 * SECOND;
		size_t found = 0;

		for (; point < json_array_size(points) &&
			(uint64_t)number(point, "time_ns") == time;
			point++, found++) {
			assert_string_equal(
				text(point, "reason"), dt_drop_reason_name(rows[i].reason));
			assert_string_equal(text(point, "key_state"), "SAMPLED");
			assert_int_equal(number(point, "sample_weight"), 1);
		}
		if (rows[i].packet && found == 0)
			fail_msg("row %d: nobody died of %s", i,
				dt_drop_reason_name(rows[i].reason));
	}
	assert_int_equal(point, json_array_size(points));
}

static void should_know_a_packet_for_every_reason(void **state)
{
	(void)state;
	for (uint16_t code = 1; code < DT_DROP_COUNT; code++) {
		bool listed = false;

		for (int i = 0; i < ROWS; i++)
			listed |= rows[i].reason == code;
		if (!listed && strcmp(dt_drop_reason_name(code), "UNKNOWN") != 0)
			fail_msg("%s: no packet is known that dies of it",
				dt_drop_reason_name(code));
	}
}

static void should_write_a_point_of_every_drop_whatever_the_share(void **state)
{
	struct frame lost = syn(40000, 80);

	(void)state;
	config_telemetry = "telemetry: {directory: /nonexistent, drop_sample_share: 0}\n";
	config_vips = "vips: []\n";
	open_input();
	for (uint64_t n = 0; n < 3000; n++) // within a second
		put(START + n, lost.bytes, lost.len);
	replay_input();
	assert_int_equal(out.count, 0);
	assert_int_equal(json_array_size(points), 3000);
	for (size_t i = 0; i < 3000; i++) {
		assert_string_equal(text(i, "reason"), "NO_VIP");
		assert_string_equal(text(i, "key_state"), "SAMPLED");
		assert_int_equal(number(i, "sample_weight"), 1);
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup(should_name_the_reason_of_every_drop, setup),
	cmocka_unit_test(should_know_a_packet_for_every_reason),
	cmocka_unit_test_setup(should_write_a_point_of_every_drop_whatever_the_share, setup),
};

REPLAY_TESTS(tests)
