// SPDX-License-Identifier: Apache-2.0
//
// Routes, Ethernet, and the neighbours that are asked and answered on the way.
#include "test.h"

#include "worker_fixture.h"

#include "../../main/c/datapath/neighbour_input.h"
#include "../../main/c/datapath/receive.h"
#include "../../main/c/datapath/transmit.h"
#include "../../main/c/packet/arp.h"
#include "../../main/c/packet/bytes.h"
#include "../../main/c/packet/ndp.h"

static const uint8_t router_mac[6] = {2, 0xaa, 0, 0, 0, 1};

bool blacklist_has_v4(const struct blacklist *list)
{
	(void)list;
	return false;
}

bool blacklist_matches(const struct blacklist *list, const struct ip_address *source)
{
	(void)list;
	(void)source;
	return false;
}

bool vip_address_known(const struct vip_table *table, const struct ip_address *address)
{
	struct ip_address vips[] = {
		frame_ip_address("192.0.2.200"), frame_ip_address("2001:db8:1::200")};

	(void)table;
	return ip_equal(address, &vips[0]) || ip_equal(address, &vips[1]);
}

static void know(unsigned int port, const char *address)
{
	neighbour_fix(fixture.worker->neighbours, (uint8_t)port,
		(struct ip_address[]){frame_ip_address(address)}, router_mac);
}

// An IP packet of this destination, on its way out.
static struct rte_mbuf *outgoing(const char *source, const char *destination, size_t payload)
{
	struct frame f = frame_udp((struct frame_flow){source, destination, 1, 2}, payload, true);
	struct rte_mbuf *packet = fixture_packet(&f);

	memset(packet_meta(packet), 0, sizeof(struct packet_meta));
	rte_pktmbuf_adj(packet, ETHERNET_BYTES);
	return packet;
}

static void flush(void)
{
	for (unsigned int i = 0; i < fixture.node.port_count; i++)
		transmit_flush(fixture.worker, i);
}

static void send_to(const char *destination)
{
	const char *source = strchr(destination, ':') ? "2001:db8:99::9" : "203.0.113.9";

	fixture.sent_count = 0;
	transmit(fixture.worker, outgoing(source, destination, 10));
	flush();
}

static void expect_sent(unsigned int index, unsigned int port, const uint8_t *mac, uint16_t type)
{
	const struct frame *f = &fixture.sent[index];

	assert_true(index < fixture.sent_count);
	assert_int_equal(fixture.sent_port[index], port);
	assert_memory_equal(f->bytes, mac, 6);
	assert_memory_equal(f->bytes + 6, fixture.node.ports[port].mac, 6);
	assert_int_equal(load_be16(f->bytes + 12), type);
}

static void should_route_both_families(void **state)
{
	(void)state;
	know(0, "192.0.2.1");
	know(0, "2001:db8:1::1");
	know(0, "192.0.2.77");
	know(1, "198.51.100.77");
	know(1, "2001:db8:2::77");
	send_to("10.0.0.1");
	expect_sent(0, 0, router_mac, ETHERTYPE_IPV4_ID);
	assert_true(frame_checksums_right(fixture.sent[0].bytes, fixture.sent[0].len));
	send_to("192.0.2.77");
	expect_sent(0, 0, router_mac, ETHERTYPE_IPV4_ID);
	send_to("198.51.100.77");
	expect_sent(0, 1, router_mac, ETHERTYPE_IPV4_ID);
	send_to("2001:db8:77::1");
	expect_sent(0, 0, router_mac, ETHERTYPE_IPV6_ID);
	assert_true(frame_checksums_right(fixture.sent[0].bytes, fixture.sent[0].len));
	send_to("2001:db8:2::77");
	expect_sent(0, 1, router_mac, ETHERTYPE_IPV6_ID);
}

static void should_drop_what_leads_nowhere(void **state)
{
	(void)state;
	fixture.node.default_port_v4 = -1;
	fixture.node.default_port_v6 = -1;
	send_to("10.0.0.1");
	send_to("2001:db8:77::1");
	assert_int_equal(fixture.dropped[DT_DROP_NO_NEIGHBOUR], 2);
}

// A port that has no address of a family has no link of it either: a mask of zero matches nothing.
static void should_not_take_a_missing_family_for_a_link(void **state)
{
	(void)state;
	fixture.node.default_port_v6 = -1;
	fixture.node.ports[0].v6 = (struct node_link){0};
	fixture.node.ports[1].v6 = (struct node_link){0};
	send_to("2001:db8:1::77");
	assert_int_equal(fixture.dropped[DT_DROP_NO_NEIGHBOUR], 1);
}

static void should_tag_on_a_vlan(void **state)
{
	(void)state;
	know(0, "192.0.2.1");
	fixture.node.ports[0].vlan = 100;
	send_to("10.0.0.1");
	expect_sent(0, 0, router_mac, ETHERTYPE_VLAN_ID);
	assert_int_equal(load_be16(fixture.sent[0].bytes + 14), 100);
	assert_int_equal(load_be16(fixture.sent[0].bytes + 16), ETHERTYPE_IPV4_ID);
	assert_true(frame_checksums_right(fixture.sent[0].bytes, fixture.sent[0].len));
	send_to("192.0.2.5"); // ARP too
	expect_sent(0, 0, (const uint8_t[]){255, 255, 255, 255, 255, 255}, ETHERTYPE_VLAN_ID);
	assert_int_equal(load_be16(fixture.sent[0].bytes + 16), ETHERTYPE_ARP_ID);
}

static void should_drop_what_is_too_long_or_has_no_room(void **state)
{
	struct rte_mbuf *packet;

	(void)state;
	know(0, "192.0.2.1");
	transmit(fixture.worker, outgoing("203.0.113.9", "10.0.0.1", 1472));
	transmit(fixture.worker, outgoing("203.0.113.9", "10.0.0.1", 1473));
	flush();
	assert_int_equal(fixture.sent_count, 1);
	assert_int_equal(fixture.dropped[DT_DROP_MTU_EXCEEDED], 1);
	packet = outgoing("203.0.113.9", "10.0.0.1", 10);
	while (rte_pktmbuf_headroom(packet) >= ETHERNET_BYTES) {
		struct frame f = fixture_bytes(packet);

		memcpy(rte_pktmbuf_prepend(packet, 4), f.bytes, f.len);
		rte_pktmbuf_trim(packet, 4);
	}
	transmit(fixture.worker, packet);
	assert_int_equal(fixture.dropped[DT_DROP_NO_HEADROOM], 1);
}

static void should_stamp_what_the_port_took(void **state)
{
	(void)state;
	know(0, "192.0.2.1");
	fixture.takes = 3;
	for (int i = 0; i < 5; i++) {
		struct rte_mbuf *packet = outgoing("203.0.113.9", "10.0.0.1", 10);

		packet_meta(packet)->stamped = i != 1;
		transmit(fixture.worker, packet);
	}
	flush();
	assert_int_equal(fixture.sent_count, 3);
	assert_int_equal(fixture.stamped, 2);
	assert_int_equal(fixture.dropped[DT_DROP_TX_QUEUE_FULL], 2);
	assert_int_equal(fixture.worker->counters.tx_packets, 3);
}

static enum dt_drop_reason refused;

// What the worker does with a neighbour's message.
static void hear(struct frame f, unsigned int port)
{
	struct rte_mbuf *packet;

	if ((f.bytes[0] & 1) == 0)
		fixture_address(&f, port);
	packet = fixture_packet(&f);
	refused = DT_DROP_NONE;
	fixture.sent_count = 0;
	if (receive(fixture.worker, packet, port, &refused) == RECEIVE_NEIGHBOUR)
		neighbour_input(fixture.worker, packet);
	else
		rte_pktmbuf_free(packet);
	flush();
}

static struct ndp_message sent_ndp(unsigned int index)
{
	const struct frame *f = &fixture.sent[index];
	struct ndp_message m;
	struct packet_view view;

	assert_int_equal(load_be16(f->bytes + 12), ETHERTYPE_IPV6_ID);
	assert_int_equal(parse_frame(f->bytes, f->len, &view), PARSE_IP);
	assert_true(ndp_is_message(f->bytes + ETHERNET_BYTES, &view));
	assert_int_equal(ndp_read(f->bytes + ETHERNET_BYTES, &view, &m), NDP_READ);
	return m;
}

static void assert_address(const struct ip_address *address, const char *text)
{
	char is[IP_ADDRESS_TEXT_BYTES];

	assert_string_equal(ip_text(address, is), text);
}

static void should_ask_for_an_ipv6_neighbour_and_send_what_waited(void **state)
{
	struct ndp_message m;

	(void)state;
	send_to("2001:db8:1::1:77");
	expect_sent(0, 0, (const uint8_t[]){0x33, 0x33, 0xff, 0x01, 0x00, 0x77}, ETHERTYPE_IPV6_ID);
	m = sent_ndp(0);
	assert_int_equal(m.type, NDP_SOLICITATION);
	assert_address(&m.source, "2001:db8:1::2");
	assert_address(&m.destination, "ff02::1:ff01:77");
	assert_address(&m.target, "2001:db8:1::1:77");
	assert_memory_equal(m.mac, fixture.node.ports[0].mac, 6);
	hear(frame_neighbour_advertisement(
		     "2001:db8:1::1:77", "2001:db8:1::2", "2001:db8:1::1:77", router_mac),
		0);
	assert_int_equal(fixture.sent_count, 1);
	expect_sent(0, 0, router_mac, ETHERTYPE_IPV6_ID);
	assert_int_equal(fixture.consumed, 1);
}

static void should_reach_a_gateway_by_its_link_local_address(void **state)
{
	struct ndp_message m;

	(void)state;
	fixture.node.ports[0].v6.gateway = frame_ip_address("fe80::1");
	send_to("2001:db8:77::1");
	m = sent_ndp(0);
	assert_address(&m.target, "fe80::1");
	assert_address(&m.source, "fe80::1:ff:fe00:1");
	hear(frame_neighbour_advertisement("fe80::1", "fe80::1:ff:fe00:1", "fe80::1", router_mac),
		0);
	expect_sent(0, 0, router_mac, ETHERTYPE_IPV6_ID);
	assert_int_equal(fixture.sent_count, 1);
}

static void should_ask_for_an_ipv4_neighbour(void **state)
{
	struct arp_message m;

	(void)state;
	send_to("10.0.0.1");
	expect_sent(0, 0, (const uint8_t[]){255, 255, 255, 255, 255, 255}, ETHERTYPE_ARP_ID);
	assert_int_equal(fixture.sent[0].len, 60);
	assert_true(arp_read(fixture.sent[0].bytes + ETHERNET_BYTES, ARP_BYTES, &m));
	assert_int_equal(m.op, ARP_OP_REQUEST);
	assert_int_equal(m.sender, frame_address("192.0.2.2"));
	assert_int_equal(m.target, frame_address("192.0.2.1"));
}

static void expect_solicited(const char *sender, const char *target)
{
	struct ndp_message m;

	hear(frame_neighbour_solicitation(sender, target), 0);
	assert_int_equal(fixture.sent_count, 1);
	expect_sent(0, 0, (const uint8_t[]){2, 0xcc, 0, 0, 0, 1}, ETHERTYPE_IPV6_ID);
	m = sent_ndp(0);
	assert_int_equal(m.type, NDP_ADVERTISEMENT);
	assert_address(&m.source, target);
	assert_address(&m.destination, sender);
	assert_address(&m.target, target);
	assert_true(m.solicited);
	assert_memory_equal(m.mac, fixture.node.ports[0].mac, 6);
}

static void should_answer_for_its_own_ipv6_addresses(void **state)
{
	(void)state;
	expect_solicited("2001:db8:1::1", "2001:db8:1::2");
	expect_solicited("fe80::1", "2001:db8:1::2");
	expect_solicited("fe80::1", "2001:db8:1::16");
	expect_solicited("fe80::1", "fe80::1:ff:fe00:1");
}

static void should_not_answer_for_vips_or_other_ports(void **state)
{
	(void)state;
	hear(frame_neighbour_solicitation("fe80::1", "2001:db8:1::200"), 0);
	assert_int_equal(fixture.sent_count, 0);
	hear(frame_neighbour_solicitation("fe80::1", "2001:db8:2::2"), 0);
	assert_int_equal(fixture.sent_count, 0);
	hear(frame_neighbour_solicitation("fe80::1", "fe80::1:ff:fe00:2"), 0);
	assert_int_equal(fixture.sent_count, 0);
	hear(frame_arp_request("192.0.2.1", "192.0.2.200"), 0);
	assert_int_equal(fixture.sent_count, 0);
	hear(frame_arp_request("192.0.2.1", "198.51.100.2"), 0);
	assert_int_equal(fixture.sent_count, 0);
	assert_int_equal(fixture.consumed, 5);
	hear(frame_arp_request("192.0.2.1", "192.0.2.16"), 0);
	assert_int_equal(fixture.sent_count, 1);
}

// RFC 4862, 5.4.3: who wants an address of ours for itself is told that it is taken.
static void should_defend_its_addresses(void **state)
{
	struct ndp_message m;

	(void)state;
	hear(frame_neighbour_solicitation("::", "2001:db8:1::2"), 0);
	expect_sent(0, 0, (const uint8_t[]){0x33, 0x33, 0, 0, 0, 1}, ETHERTYPE_IPV6_ID);
	m = sent_ndp(0);
	assert_address(&m.destination, "ff02::1");
	assert_false(m.solicited);
	hear(frame_arp_request("0.0.0.0", "192.0.2.2"), 0);
	assert_int_equal(fixture.sent_count, 1);
}

// RFC 4861, 4.3: a neighbour that checks whether we are still there may leave its MAC out.
static void should_look_up_who_asked_without_a_mac(void **state)
{
	struct frame f = frame_neighbour_solicitation("fe80::1", "2001:db8:1::2");
	struct ndp_message m;

	(void)state;
	f.len -= 8;
	frame_finish(&f);
	hear(f, 0);
	m = sent_ndp(0); // we must ask first
	assert_int_equal(m.type, NDP_SOLICITATION);
	assert_address(&m.target, "fe80::1");
	assert_address(&m.source, "fe80::1:ff:fe00:1");
	hear(frame_neighbour_advertisement("fe80::1", "fe80::1:ff:fe00:1", "fe80::1", router_mac),
		0);
	m = sent_ndp(0);
	assert_int_equal(m.type, NDP_ADVERTISEMENT);
	assert_address(&m.destination, "fe80::1");
}

static void should_refuse_impostors_and_forged_messages(void **state)
{
	struct frame f;

	(void)state;
	hear(frame_neighbour_advertisement("fe80::1", "2001:db8:1::2", "2001:db8:1::2", router_mac),
		0);
	assert_int_equal(fixture.dropped[DT_DROP_NOT_FOR_US], 1);
	hear(frame_arp_request("192.0.2.2", "192.0.2.1"), 0);
	assert_int_equal(fixture.dropped[DT_DROP_NOT_FOR_US], 2);
	f = frame_neighbour_solicitation("fe80::1", "2001:db8:1::2");
	f.bytes[ETHERNET_BYTES + IPV6_BYTES + ICMP_CHECKSUM] ^= 1;
	hear(f, 0);
	assert_int_equal(fixture.dropped[DT_DROP_BAD_CHECKSUM], 1);
	f = frame_neighbour_solicitation("fe80::1", "ff02::9");
	hear(f, 0);
	assert_int_equal(fixture.dropped[DT_DROP_ICMP_UNSUPPORTED], 1);
	f = frame_arp_request("192.0.2.1", "192.0.2.2");
	f.bytes[ETHERNET_BYTES + 4] = 5;
	hear(f, 0);
	assert_int_equal(fixture.dropped[DT_DROP_MALFORMED_ETHERNET], 1);
	// A group is nobody's MAC.
	send_to("2001:db8:1::1:77");
	hear(frame_neighbour_advertisement("fe80::1", "2001:db8:1::2", "2001:db8:1::1:77",
		     (const uint8_t[]){0x33, 0x33, 0, 0, 0, 1}),
		0);
	assert_int_equal(fixture.sent_count, 0);
	neighbour_flush(fixture.worker->neighbours);
}

static void should_announce_its_addresses(void **state)
{
	static const char *const expected[] = {
		"192.0.2.2", "192.0.2.16", "2001:db8:1::2", "2001:db8:1::16", "fe80::1:ff:fe00:1"};
	unsigned int found[5] = {0};

	(void)state;
	neighbour_announce(fixture.worker, 0);
	flush();
	assert_int_equal(fixture.sent_count, 5);
	for (unsigned int i = 0; i < 5; i++) {
		const struct frame *f = &fixture.sent[i];
		char text[IP_ADDRESS_TEXT_BYTES];
		struct ip_address said;
		struct arp_message arp;

		if (load_be16(f->bytes + 12) == ETHERTYPE_ARP_ID) {
			assert_true(arp_read(f->bytes + ETHERNET_BYTES, ARP_BYTES, &arp));
			assert_int_equal(arp.sender, arp.target);
			said = ip_from_v4(arp.target);
		} else {
			struct ndp_message m = sent_ndp(i);

			assert_int_equal(m.type, NDP_ADVERTISEMENT);
			assert_true(m.override);
			said = m.target;
		}
		ip_text(&said, text);
		for (unsigned int k = 0; k < 5; k++)
			found[k] += strcmp(text, expected[k]) == 0;
	}
	for (unsigned int k = 0; k < 5; k++)
		assert_int_equal(found[k], 1);
}

static void should_answer_link_local_askers_on_their_link(void **state)
{
	struct rte_mbuf *packet = outgoing("2001:db8:2::2", "fe80::5", 10);

	(void)state;
	know(1, "fe80::5");
	packet_meta(packet)->port_in = 1;
	transmit(fixture.worker, packet);
	flush();
	expect_sent(0, 1, router_mac, ETHERTYPE_IPV6_ID);
}

static unsigned int buffers;

static int start(void **state)
{
	int status = fixture_start(state);

	buffers = status == 0 ? fixture_free_buffers() : 0;
	return status;
}

static int finish(void **state)
{
	(void)state;
	neighbour_flush(fixture.worker->neighbours);
	return fixture_free_buffers() == buffers ? 0 : -1; // every buffer is back
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(should_route_both_families, fixture_reset, finish),
		cmocka_unit_test_setup_teardown(
			should_drop_what_leads_nowhere, fixture_reset, finish),
		cmocka_unit_test_setup_teardown(
			should_not_take_a_missing_family_for_a_link, fixture_reset, finish),
		cmocka_unit_test_setup_teardown(should_tag_on_a_vlan, fixture_reset, finish),
		cmocka_unit_test_setup_teardown(
			should_drop_what_is_too_long_or_has_no_room, fixture_reset, finish),
		cmocka_unit_test_setup_teardown(
			should_stamp_what_the_port_took, fixture_reset, finish),
		cmocka_unit_test_setup_teardown(
			should_ask_for_an_ipv6_neighbour_and_send_what_waited, fixture_reset,
			finish),
		cmocka_unit_test_setup_teardown(
			should_reach_a_gateway_by_its_link_local_address, fixture_reset, finish),
		cmocka_unit_test_setup_teardown(
			should_ask_for_an_ipv4_neighbour, fixture_reset, finish),
		cmocka_unit_test_setup_teardown(
			should_answer_for_its_own_ipv6_addresses, fixture_reset, finish),
		cmocka_unit_test_setup_teardown(
			should_not_answer_for_vips_or_other_ports, fixture_reset, finish),
		cmocka_unit_test_setup_teardown(should_defend_its_addresses, fixture_reset, finish),
		cmocka_unit_test_setup_teardown(
			should_look_up_who_asked_without_a_mac, fixture_reset, finish),
		cmocka_unit_test_setup_teardown(
			should_refuse_impostors_and_forged_messages, fixture_reset, finish),
		cmocka_unit_test_setup_teardown(
			should_announce_its_addresses, fixture_reset, finish),
		cmocka_unit_test_setup_teardown(
			should_answer_link_local_askers_on_their_link, fixture_reset, finish),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
