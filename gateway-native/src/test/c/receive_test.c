// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "worker_fixture.h"

#include "../../main/c/datapath/blacklist.h"
#include "../../main/c/datapath/receive.h"
#include "../../main/c/packet/bytes.h"

#include <stdlib.h>
#include <time.h>

static const struct frame_flow to_vip = {"203.0.113.9", "198.19.0.1", 40000, 80};
static const struct frame_flow to_vip6 = {"2001:db8:99::9", "2001:db8:ff::1", 40000, 80};

static struct ip_address listed; // the blacklist
static struct vip_table *vips;
static struct rte_mbuf *packet;
static enum dt_drop_reason reason;

bool blacklist_has_v4(const struct blacklist *list)
{
	(void)list;
	return true;
}

bool blacklist_matches(const struct blacklist *list, const struct ip_address *source)
{
	assert_non_null(list);
	return ip_equal(source, &listed);
}

static int start(void **state)
{
	struct vip *made[2];

	for (int i = 0; i < 2; i++) {
		made[i] = vip_new(0);
		made[i]->address = frame_ip_address(i ? to_vip6.destination : to_vip.destination);
		made[i]->name[0] = (char)('a' + i);
		made[i]->port = 80;
		made[i]->protocol = PROTOCOL_TCP;
		made[i]->service = (uint16_t)i;
		if (vip_finish(made[i]) != 0)
			return -1;
	}
	vips = vip_table_new(made, 2, 1);
	return vips ? fixture_start(state) : -1;
}

static int reset(void **state)
{
	rte_pktmbuf_free(packet);
	packet = NULL;
	fixture_reset(state);
	fixture.worker->vips = vips;
	return 0;
}

static enum receive_outcome take_raw(const struct frame *f)
{
	rte_pktmbuf_free(packet);
	packet = fixture_packet(f);
	reason = DT_DROP_NONE;
	return receive(fixture.worker, packet, 0, &reason);
}

static enum receive_outcome take(struct frame f)
{
	fixture_address(&f, 0);
	return take_raw(&f);
}

static void expect_drop(struct frame f, enum dt_drop_reason why)
{
	assert_int_equal(take(f), RECEIVE_DROP);
	assert_int_equal(reason, why);
}

static struct frame tcp(const char *source, const char *destination)
{
	return frame_tcp(
		(struct frame_flow){source, destination, 4000, 80}, TCP_SYN, 1, NULL, 0, 0);
}

static void expect_ip(const struct frame *whole, size_t l3)
{
	struct frame f = fixture_bytes(packet);

	assert_int_equal(f.len, whole->len - l3);
	assert_memory_equal(f.bytes, whole->bytes + l3, f.len);
}

static void should_take_ethernet_and_padding_off(void **state)
{
	struct frame f = frame_tcp(to_vip, TCP_SYN, 1, NULL, 0, 0), padded = f;

	(void)state;
	padded.len = 64;
	assert_int_equal(take(padded), RECEIVE_TO_VIP);
	expect_ip(&f, ETHERNET_BYTES);
	assert_int_equal(packet_meta(packet)->frame_bytes, 64);
	assert_int_equal(packet_meta(packet)->tunnel_in, 0);
	assert_int_equal(packet_meta(packet)->stage, DT_TP_RX);
	assert_int_equal(packet_meta(packet)->key_state, 0);
	f = frame_tcp(to_vip6, TCP_SYN, 1, NULL, 0, 9);
	assert_int_equal(take(f), RECEIVE_TO_VIP);
	expect_ip(&f, ETHERNET_BYTES);
	assert_int_equal(take(frame_sctp(to_vip6, 1, 4)), RECEIVE_TO_VIP);
}

static void should_take_its_own_vlan_only(void **state)
{
	struct frame f = frame_tcp(to_vip, TCP_SYN, 1, NULL, 0, 10), tagged = f, other = f, twice;

	(void)state;
	frame_tag(&tagged, ETHERTYPE_VLAN_ID, 100);
	frame_tag(&other, ETHERTYPE_VLAN_ID, 101);
	twice = other;
	frame_tag(&twice, ETHERTYPE_QINQ_ID, 100);
	expect_drop(tagged, DT_DROP_NOT_FOR_US);
	fixture.node.ports[0].accept_any_mac = true; // a recording, of whatever VLAN
	assert_int_equal(take(tagged), RECEIVE_TO_VIP);
	fixture.node.ports[0].vlan = 100;
	assert_int_equal(take(tagged), RECEIVE_TO_VIP);
	expect_ip(&f, ETHERNET_BYTES);
	assert_int_equal(take(twice), RECEIVE_TO_VIP);
	expect_ip(&f, ETHERNET_BYTES);
	expect_drop(other, DT_DROP_NOT_FOR_US);
	expect_drop(f, DT_DROP_NOT_FOR_US);
}

static void should_leave_to_others_what_is_theirs(void **state)
{
	struct frame f = frame_tcp(to_vip, TCP_SYN, 1, NULL, 0, 0);

	(void)state;
	assert_int_equal(take_raw(&f), RECEIVE_DROP); // another MAC
	assert_int_equal(reason, DT_DROP_NOT_FOR_US);
	memset(f.bytes, 0xff, 6);
	assert_int_equal(take_raw(&f), RECEIVE_DROP);
	assert_int_equal(reason, DT_DROP_NOT_FOR_US);
	expect_drop(tcp("203.0.113.9", "224.0.0.5"), DT_DROP_NOT_FOR_US);
	expect_drop(tcp("2001:db8:99::9", "ff02::5"), DT_DROP_NOT_FOR_US);
	expect_drop(tcp("fe80::9", "fe80::8"), DT_DROP_NOT_FOR_US);
	f.len = 13;
	expect_drop(f, DT_DROP_MALFORMED_ETHERNET);
}

static void should_know_its_own_addresses(void **state)
{
	(void)state;
	assert_int_equal(take(tcp("10.0.0.1", "192.0.2.16")), RECEIVE_TO_LOCAL);
	assert_int_equal(packet_meta(packet)->local_index, 0);
	assert_int_equal(take(tcp("2001:db8:3::1", "2001:db8:1::16")), RECEIVE_TO_LOCAL);
	assert_int_equal(packet_meta(packet)->local_index, 1);
	expect_drop(tcp("10.0.0.1", "192.0.2.2"), DT_DROP_NOT_FOR_US);
	expect_drop(tcp("2001:db8:3::1", "2001:db8:2::2"), DT_DROP_NOT_FOR_US);
	assert_int_equal(take(frame_echo("10.0.0.1", "192.0.2.2")), RECEIVE_ICMP);
	assert_int_equal(take(frame_echo("2001:db8:3::1", "2001:db8:1::16")), RECEIVE_ICMP);
	assert_int_equal(take(frame_echo("fe80::9", "fe80::1:ff:fe00:1")), RECEIVE_ICMP);
	assert_int_equal(take(frame_echo("10.0.0.1", "198.19.0.1")), RECEIVE_ICMP);
	assert_int_equal(take(frame_echo("2001:db8:3::1", "2001:db8:ff::1")), RECEIVE_ICMP);
	// The client of a DNAT session, perhaps: its owner knows.
	assert_int_equal(take(frame_echo("10.0.0.1", "198.19.0.2")), RECEIVE_ICMP);
	expect_drop(frame_ip("10.0.0.1", "198.19.0.2", PROTOCOL_GRE, NULL, 0), DT_DROP_NO_VIP);
	expect_drop(frame_ip("10.0.0.1", "198.19.0.1", PROTOCOL_GRE, NULL, 0),
		DT_DROP_PROTOCOL_UNSUPPORTED);
	// The other family's ICMP is none.
	expect_drop(frame_ip("10.0.0.1", "198.19.0.1", PROTOCOL_ICMPV6, (uint8_t[8]){128}, 8),
		DT_DROP_PROTOCOL_UNSUPPORTED);
}

static void should_name_what_is_malformed(void **state)
{
	struct frame f = frame_tcp(to_vip, TCP_SYN | TCP_FIN, 1, NULL, 0, 0);

	(void)state;
	expect_drop(f, DT_DROP_MALFORMED_TCP);
	f = frame_tcp(to_vip, TCP_SYN, 1, NULL, 0, 0);
	f.bytes[ETHERNET_BYTES + IPV4_CHECKSUM] ^= 1;
	expect_drop(f, DT_DROP_BAD_CHECKSUM);
	f = frame_udp((struct frame_flow){to_vip6.source, to_vip6.destination, 1, 2}, 4, false);
	expect_drop(f, DT_DROP_MALFORMED_UDP);
	expect_drop(frame_sctp((struct frame_flow){to_vip.source, to_vip.destination, 0, 2}, 1, 4),
		DT_DROP_MALFORMED_SCTP);
	expect_drop(frame_ip("10.0.0.1", "198.19.0.1", PROTOCOL_ICMP, (uint8_t[4]){8}, 4),
		DT_DROP_ICMP_UNSUPPORTED);
	f = frame_tcp(to_vip6, TCP_SYN, 1, NULL, 0, 0);
	f.len--;
	expect_drop(f, DT_DROP_MALFORMED_IP);
	store_be16(f.bytes + 12, 0x88cc);
	expect_drop(f, DT_DROP_MALFORMED_ETHERNET);
}

static void should_let_the_tier_decide_on_fragments(void **state)
{
	struct frame whole4 = frame_udp(to_vip, 100, true), whole6 = frame_udp(to_vip6, 100, true);
	struct frame to_us =
		frame_udp((struct frame_flow){"10.0.0.1", "192.0.2.2", 1, 2}, 99, true);

	(void)state;
	for (size_t offset = 0; offset <= 48; offset += 48) {
		fixture.node.tier = DT_TIER_CLB;
		expect_drop(frame_fragment(&whole4, offset, 48), DT_DROP_FRAGMENT_UNSUPPORTED);
		expect_drop(frame_fragment(&whole6, offset, 48), DT_DROP_FRAGMENT_UNSUPPORTED);
		fixture.node.tier = DT_TIER_EIP;
		assert_int_equal(take(frame_fragment(&whole4, offset, 48)), RECEIVE_TO_EIP);
		assert_int_equal(take(frame_fragment(&whole6, offset, 48)), RECEIVE_TO_EIP);
		expect_drop(frame_fragment(&to_us, offset, 48), DT_DROP_FRAGMENT_UNSUPPORTED);
	}
}

static void should_give_an_eip_gateway_all_but_its_own(void **state)
{
	(void)state;
	fixture.node.tier = DT_TIER_EIP;
	assert_int_equal(take(tcp("10.0.0.1", "198.19.0.77")), RECEIVE_TO_EIP);
	assert_int_equal(take(frame_echo("10.0.0.1", "198.19.0.77")), RECEIVE_TO_EIP);
	assert_int_equal(
		take(frame_ip("10.0.0.1", "198.19.0.77", PROTOCOL_GRE, NULL, 0)), RECEIVE_TO_EIP);
	assert_int_equal(take(frame_ip("2001:db8::5", "2001:db8:77::1", 50, (uint8_t[8]){1}, 8)),
		RECEIVE_TO_EIP);
	assert_int_equal(take(frame_echo("10.0.0.1", "192.0.2.2")), RECEIVE_ICMP);
	expect_drop(tcp("10.0.0.1", "192.0.2.2"), DT_DROP_NOT_FOR_US);
	expect_drop(tcp("10.0.0.1", "224.0.0.9"), DT_DROP_NOT_FOR_US);
	expect_drop(tcp("fe80::5", "fe80::6"), DT_DROP_NOT_FOR_US);
}

static void should_drop_blacklisted_sources(void **state)
{
	(void)state;
	listed = frame_ip_address("203.0.113.9");
	assert_int_equal(take(tcp("203.0.113.9", "198.19.0.1")), RECEIVE_TO_VIP);
	fixture.node.blacklist = (const struct blacklist *)&listed;
	expect_drop(tcp("203.0.113.9", "198.19.0.1"), DT_DROP_BLACKLISTED);
	assert_int_equal(take(tcp("203.0.113.8", "198.19.0.1")), RECEIVE_TO_VIP);
	listed = frame_ip_address("2001:db8:99::9");
	expect_drop(tcp("2001:db8:99::9", "2001:db8:ff::1"), DT_DROP_BLACKLISTED);
}

static void should_verify_checksums_when_asked(void **state)
{
	struct frame frames[] = {frame_tcp(to_vip, TCP_SYN, 1, NULL, 0, 5),
		frame_tcp(to_vip6, TCP_SYN, 1, NULL, 0, 5), frame_udp(to_vip, 5, true),
		frame_udp(to_vip6, 5, true), frame_sctp(to_vip, 1, 5), frame_sctp(to_vip6, 1, 5)};

	(void)state;
	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
		struct frame f = frames[i];

		f.bytes[f.len - 1] ^= 0x40;
		fixture.node.verify_checksums = false;
		assert_int_equal(take(f), RECEIVE_TO_VIP);
		fixture.node.verify_checksums = true;
		expect_drop(f, DT_DROP_BAD_CHECKSUM);
		assert_int_equal(take(frames[i]), RECEIVE_TO_VIP);
	}
	assert_int_equal(take(frame_udp(to_vip, 5, false)), RECEIVE_TO_VIP);
	frames[3].len += 8; // behind the UDP datagram, still in the IP packet: not covered
	memset(frames[3].bytes + frames[3].len - 8, 0x5a, 8);
	store_be16(frames[3].bytes + ETHERNET_BYTES + IPV6_PAYLOAD_LENGTH,
		(uint16_t)(frames[3].len - ETHERNET_BYTES - IPV6_BYTES));
	assert_int_equal(take(frames[3]), RECEIVE_TO_VIP);
	fixture.node.tier = DT_TIER_EIP; // of a fragment nobody can tell
	frames[2] = frame_udp(to_vip, 100, true);
	assert_int_equal(take(frame_fragment(&frames[2], 0, 48)), RECEIVE_TO_EIP);
}

static void should_hand_neighbours_on(void **state)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 9};
	struct frame f = frame_arp_request("192.0.2.1", "192.0.2.2");

	(void)state;
	assert_int_equal(take_raw(&f), RECEIVE_NEIGHBOUR);
	assert_false(packet_meta(packet)->view.is_v6);
	f = frame_neighbour_solicitation("fe80::1", "2001:db8:1::2");
	assert_int_equal(take_raw(&f), RECEIVE_NEIGHBOUR);
	expect_ip(&f, ETHERNET_BYTES);
	f = frame_neighbour_solicitation("::", "2001:db8:1::2");
	assert_int_equal(take_raw(&f), RECEIVE_NEIGHBOUR);
	assert_int_equal(
		take(frame_neighbour_advertisement("fe80::1", "2001:db8:1::2", "fe80::1", mac)),
		RECEIVE_NEIGHBOUR);
	f.bytes[ETHERNET_BYTES + IPV6_HOP_LIMIT] = 64;
	assert_int_equal(take_raw(&f), RECEIVE_DROP);
	assert_int_equal(reason, DT_DROP_ICMP_UNSUPPORTED);
}

static void add_tunnel(struct tunnel t, const char *local, const char *remote)
{
	struct node *n = &fixture.node;
	unsigned int index = n->tunnel_count++;

	t.local = frame_ip_address(local);
	if (remote)
		t.remote = frame_ip_address(remote);
	n->tunnels[index] = t;
	node_add_own_address(n, &t.local, OWN_TUNNEL, index); // several may share it
	n->gue_port = 6080;
	n->vxlan_port = 4789;
}

static void expect_inner(struct frame outer, const struct frame *inner, unsigned int tunnel)
{
	assert_int_equal(take(outer), RECEIVE_TO_VIP);
	expect_ip(inner, ETHERNET_BYTES);
	assert_int_equal(packet_meta(packet)->tunnel_in, tunnel + 1);
	assert_int_equal(packet_meta(packet)->view.source_port, 40000);
	assert_int_equal(packet_meta(packet)->view.is_v6, inner->bytes[12] == 0x86);
	assert_int_equal(packet_meta(packet)->frame_bytes, outer.len);
}

static void should_take_off_tunnels_that_end_here(void **state)
{
	struct frame inner[] = {
		frame_tcp(to_vip, TCP_SYN, 1, NULL, 0, 3), frame_udp(to_vip6, 7, true)};
	static const char *const far[] = {"10.9.9.9", "2001:db8:9::9"};
	static const char *const near[] = {"192.0.2.99", "2001:db8:1::99"};

	(void)state;
	for (int i = 0; i < 2; i++) {
		add_tunnel((struct tunnel){.kind = TUNNEL_IPIP}, near[i], NULL);
		add_tunnel((struct tunnel){.kind = TUNNEL_GRE}, near[i], NULL);
		add_tunnel((struct tunnel){.kind = TUNNEL_GRE, .has_id = true, .id = 7}, near[i],
			NULL);
		add_tunnel((struct tunnel){.kind = TUNNEL_GUE}, near[i], NULL);
		add_tunnel((struct tunnel){.kind = TUNNEL_VXLAN, .id = 99}, near[i], NULL);
	}
	for (unsigned int outer = 0; outer < 2; outer++) {
		const char *from = far[outer], *to = near[outer];

		for (int i = 0; i < 2; i++) {
			expect_inner(frame_ipip(&inner[i], from, to), &inner[i], 5 * outer);
			expect_inner(frame_gre(&inner[i], from, to, -1), &inner[i], 5 * outer + 1);
			expect_inner(frame_gre(&inner[i], from, to, 7), &inner[i], 5 * outer + 2);
			expect_inner(
				frame_gue(&inner[i], from, to, 6080), &inner[i], 5 * outer + 3);
			expect_inner(frame_vxlan(&inner[i], from, to, 4789, 99), &inner[i],
				5 * outer + 4);
		}
	}
}

static void should_prefer_the_tunnel_of_the_sender(void **state)
{
	struct frame inner = frame_tcp(to_vip, TCP_SYN, 1, NULL, 0, 3);

	(void)state;
	add_tunnel((struct tunnel){.kind = TUNNEL_VXLAN, .id = 5}, "192.0.2.99", NULL);
	add_tunnel((struct tunnel){.kind = TUNNEL_VXLAN, .id = 5}, "192.0.2.99", "10.9.9.9");
	expect_inner(frame_vxlan(&inner, "10.9.9.9", "192.0.2.99", 4789, 5), &inner, 1);
	expect_inner(frame_vxlan(&inner, "10.9.9.8", "192.0.2.99", 4789, 5), &inner, 0);
	fixture.node.tunnels[0].remote = frame_ip_address("10.9.9.7");
	expect_drop(frame_vxlan(&inner, "10.9.9.8", "192.0.2.99", 4789, 5), DT_DROP_TUNNEL_UNKNOWN);
}

static void should_end_tunnels_at_a_ports_address_too(void **state)
{
	struct frame inner = frame_tcp(to_vip, TCP_SYN, 1, NULL, 0, 3);

	(void)state;
	add_tunnel((struct tunnel){.kind = TUNNEL_GRE}, "192.0.2.2", NULL);
	expect_inner(frame_gre(&inner, "10.9.9.9", "192.0.2.2", -1), &inner, 0);
	assert_int_equal(take(frame_echo("10.9.9.9", "192.0.2.2")), RECEIVE_ICMP);
	// Another port of ours, where no tunnel ends.
	expect_drop(frame_gre(&inner, "10.9.9.9", "198.51.100.2", -1), DT_DROP_TUNNEL_UNKNOWN);
	// Answers of backends may come to a tunnel's port number.
	assert_int_equal(
		take(frame_udp((struct frame_flow){"10.0.0.1", "192.0.2.16", 53, 4789}, 40, true)),
		RECEIVE_TO_LOCAL);
}

static void should_refuse_unknown_and_broken_tunnels(void **state)
{
	struct frame inner = frame_tcp(to_vip, TCP_SYN, 1, NULL, 0, 3), f;
	const char *far = "10.9.9.9", *near = "192.0.2.99";

	(void)state;
	add_tunnel((struct tunnel){.kind = TUNNEL_VXLAN, .id = 99}, near, NULL);
	expect_drop(frame_vxlan(&inner, far, near, 4789, 98), DT_DROP_TUNNEL_UNKNOWN);
	expect_drop(frame_gre(&inner, far, near, -1), DT_DROP_TUNNEL_UNKNOWN);
	f = frame_gre(&inner, far, near, -1);
	f.bytes[ETHERNET_BYTES + IPV4_MIN_BYTES + 1] = 5; // version
	expect_drop(f, DT_DROP_MALFORMED_GRE);
	f = frame_vxlan(&inner, far, near, 4789, 99);
	f.bytes[ETHERNET_BYTES + IPV4_MIN_BYTES + UDP_BYTES] = 0; // no VNI
	expect_drop(f, DT_DROP_TUNNEL_DECAP_FAIL);
	inner = frame_tcp(to_vip, TCP_SYN | TCP_RST, 1, NULL, 0, 3);
	expect_drop(frame_vxlan(&inner, far, near, 4789, 99), DT_DROP_MALFORMED_TCP);
	inner = frame_tcp(to_vip, TCP_SYN, 1, NULL, 0, 3);
	inner.bytes[ETHERNET_BYTES + IPV4_CHECKSUM] ^= 1;
	expect_drop(frame_vxlan(&inner, far, near, 4789, 99), DT_DROP_BAD_CHECKSUM);
	// A tunnel in a tunnel: one is taken off.
	inner = frame_tcp(to_vip, TCP_SYN, 1, NULL, 0, 3);
	inner = frame_vxlan(&inner, far, near, 4789, 99);
	expect_drop(frame_vxlan(&inner, far, near, 4789, 99), DT_DROP_NOT_FOR_US);
	f = frame_udp((struct frame_flow){far, near, 1, 4789}, 600, true);
	expect_drop(frame_fragment(&f, 0, 304), DT_DROP_FRAGMENT_UNSUPPORTED);
}

static void should_look_for_the_inner_source_in_the_blacklist(void **state)
{
	struct frame inner = frame_tcp(to_vip, TCP_SYN, 1, NULL, 0, 3);

	(void)state;
	add_tunnel((struct tunnel){.kind = TUNNEL_IPIP}, "192.0.2.99", NULL);
	fixture.node.blacklist = (const struct blacklist *)&listed;
	listed = frame_ip_address("10.9.9.9");
	assert_int_equal(take(frame_ipip(&inner, "10.9.9.9", "192.0.2.99")), RECEIVE_TO_VIP);
	listed = frame_ip_address(to_vip.source);
	expect_drop(frame_ipip(&inner, "10.9.9.9", "192.0.2.99"), DT_DROP_BLACKLISTED);
}

static void should_not_believe_neighbours_in_a_tunnel(void **state)
{
	struct frame inner = frame_neighbour_advertisement(
		"fe80::1", "2001:db8:1::2", "2001:db8:1::1", (const uint8_t[6]){2});

	(void)state;
	add_tunnel((struct tunnel){.kind = TUNNEL_IPIP}, "192.0.2.99", NULL);
	assert_int_equal(take(frame_ipip(&inner, "10.9.9.9", "192.0.2.99")), RECEIVE_ICMP);
}

static void should_take_tunnels_without_checksum_on_any_configured_port(void **state)
{
	struct frame inner = frame_tcp(to_vip, TCP_SYN, 1, NULL, 0, 3), f;

	(void)state;
	add_tunnel((struct tunnel){.kind = TUNNEL_GUE}, "2001:db8:1::99", NULL);
	fixture.node.gue_port = 7000;
	f = frame_gue(&inner, "2001:db8:9::9", "2001:db8:1::99", 7000);
	store_raw16(f.bytes + ETHERNET_BYTES + IPV6_BYTES + UDP_CHECKSUM, 0);
	expect_inner(f, &inner, 0);
	f = frame_udp((struct frame_flow){"2001:db8:9::9", "2001:db8:1::99", 1, 7001}, 8, false);
	expect_drop(f, DT_DROP_MALFORMED_UDP);
}

static void should_tell_the_inner_packet_of_congestion(void **state)
{
	struct frame inner[] = {frame_tcp(to_vip, TCP_SYN, 1, NULL, 0, 3),
		frame_tcp(to_vip6, TCP_SYN, 1, NULL, 0, 3)};

	(void)state;
	add_tunnel((struct tunnel){.kind = TUNNEL_IPIP}, "192.0.2.99", NULL);
	for (int i = 0; i < 2; i++) {
		uint8_t ect = i ? 0x20 : 2;
		struct frame f;

		f = frame_ipip(&inner[i], "10.9.9.9", "192.0.2.99");
		f.bytes[ETHERNET_BYTES + IPV4_TOS] = 3;
		frame_finish(&f);
		expect_drop(f, DT_DROP_TUNNEL_DECAP_FAIL); // the inner one does not know of it
		inner[i].bytes[ETHERNET_BYTES + 1] = ect;
		frame_finish(&inner[i]);
		f = frame_ipip(&inner[i], "10.9.9.9", "192.0.2.99");
		f.bytes[ETHERNET_BYTES + IPV4_TOS] = 3;
		frame_finish(&f);
		assert_int_equal(take(f), RECEIVE_TO_VIP);
		assert_int_equal(packet_meta(packet)->view.traffic_class & 3, 3);
		inner[i].bytes[ETHERNET_BYTES + 1] = i ? 0x30 : 3;
		frame_finish(&inner[i]);
		expect_ip(&inner[i], ETHERNET_BYTES);
	}
}

static void should_join_the_segments_of_a_packet(void **state)
{
	struct frame f = frame_tcp(to_vip, TCP_SYN, 1, NULL, 0, 300), head = f, tail = f;
	struct rte_mbuf *second;

	(void)state;
	fixture_address(&f, 0);
	head = f;
	head.len = 60;
	tail.len = f.len - 60;
	memcpy(tail.bytes, f.bytes + 60, tail.len);
	packet = fixture_packet(&head);
	second = fixture_packet(&tail);
	assert_int_equal(rte_pktmbuf_chain(packet, second), 0);
	assert_int_equal(receive(fixture.worker, packet, 0, &reason), RECEIVE_TO_VIP);
	expect_ip(&f, ETHERNET_BYTES);
}

static void should_know_the_flow_of_an_oversized_frame(void **state)
{
	struct frame f = frame_tcp(to_vip, TCP_SYN, 1, NULL, 0, 300), none = {.len = 0};

	(void)state;
	packet = fixture_packet(&none);
	receive_oversized(fixture.worker, packet, 0, f.bytes, f.len);
	assert_int_equal(packet_meta(packet)->frame_bytes, f.len);
	assert_int_equal(packet_meta(packet)->view.destination_port, 80);
	assert_int_equal(packet_meta(packet)->stage, DT_TP_RX);
}

// The seed is printed, so that a failure can be repeated: RECEIVE_TEST_SEED.
static void should_survive_any_bytes(void **state)
{
	const char *given = getenv("RECEIVE_TEST_SEED");
	unsigned int seed = given ? (unsigned int)atoi(given) : (unsigned int)time(NULL);
	struct frame inner = frame_tcp(to_vip, TCP_SYN, 1, NULL, 0, 3), outer[4];
	unsigned int free_before = fixture_free_buffers(), forwarded = 0;

	(void)state;
	print_message("RECEIVE_TEST_SEED=%u\n", seed);
	srand(seed);
	add_tunnel((struct tunnel){.kind = TUNNEL_VXLAN, .id = 99}, "192.0.2.99", NULL);
	add_tunnel((struct tunnel){.kind = TUNNEL_GRE}, "192.0.2.99", NULL);
	add_tunnel((struct tunnel){.kind = TUNNEL_GUE}, "2001:db8:1::99", NULL);
	fixture.node.verify_checksums = true;
	outer[0] = frame_vxlan(&inner, "10.9.9.9", "192.0.2.99", 4789, 99);
	outer[1] = frame_gre(&inner, "10.9.9.9", "192.0.2.99", -1);
	outer[2] = frame_gue(&inner, "2001:db8:9::9", "2001:db8:1::99", 6080);
	outer[3] = frame_neighbour_solicitation("fe80::1", "2001:db8:1::2");
	for (int n = 0; n < 100000; n++) {
		struct frame f = outer[n % 4];

		if (n % 4 != 3)
			fixture_address(&f, 0);
		for (int i = rand() % 4; i > 0; i--)
			f.bytes[ETHERNET_BYTES + rand() % 100] = (uint8_t)rand();
		if (rand() % 2)
			frame_finish(&f);
		if (rand() % 4 == 0)
			f.len = (size_t)rand() % f.len;
		if (take_raw(&f) == RECEIVE_DROP) {
			assert_int_not_equal(reason, DT_DROP_NONE);
			continue;
		}
		forwarded++;
		assert_int_equal(packet->data_len, packet->pkt_len);
		assert_int_equal(packet_meta(packet)->view.ip_len, packet->data_len);
	}
	assert_true(forwarded > 1000);
	rte_pktmbuf_free(packet);
	packet = NULL;
	assert_int_equal(fixture_free_buffers(), free_before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(should_take_ethernet_and_padding_off, reset),
		cmocka_unit_test_setup(should_take_its_own_vlan_only, reset),
		cmocka_unit_test_setup(should_leave_to_others_what_is_theirs, reset),
		cmocka_unit_test_setup(should_know_its_own_addresses, reset),
		cmocka_unit_test_setup(should_name_what_is_malformed, reset),
		cmocka_unit_test_setup(should_let_the_tier_decide_on_fragments, reset),
		cmocka_unit_test_setup(should_give_an_eip_gateway_all_but_its_own, reset),
		cmocka_unit_test_setup(should_drop_blacklisted_sources, reset),
		cmocka_unit_test_setup(should_verify_checksums_when_asked, reset),
		cmocka_unit_test_setup(should_hand_neighbours_on, reset),
		cmocka_unit_test_setup(should_take_off_tunnels_that_end_here, reset),
		cmocka_unit_test_setup(should_prefer_the_tunnel_of_the_sender, reset),
		cmocka_unit_test_setup(should_end_tunnels_at_a_ports_address_too, reset),
		cmocka_unit_test_setup(should_refuse_unknown_and_broken_tunnels, reset),
		cmocka_unit_test_setup(should_look_for_the_inner_source_in_the_blacklist, reset),
		cmocka_unit_test_setup(should_not_believe_neighbours_in_a_tunnel, reset),
		cmocka_unit_test_setup(
			should_take_tunnels_without_checksum_on_any_configured_port, reset),
		cmocka_unit_test_setup(should_tell_the_inner_packet_of_congestion, reset),
		cmocka_unit_test_setup(should_join_the_segments_of_a_packet, reset),
		cmocka_unit_test_setup(should_know_the_flow_of_an_oversized_frame, reset),
		cmocka_unit_test_setup(should_survive_any_bytes, reset),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
