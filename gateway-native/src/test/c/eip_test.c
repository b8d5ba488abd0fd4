// SPDX-License-Identifier: Apache-2.0
//
// The stage alone: what comes before and behind it is a fake that writes down what it was given.
#include "test.h"

#include "frame.h"

#include "../../main/c/datapath/decolour.h"
#include "../../main/c/datapath/drop.h"
#include "../../main/c/datapath/eip.h"
#include "../../main/c/datapath/icmp_answer.h"
#include "../../main/c/datapath/stamp.h"
#include "../../main/c/datapath/transmit.h"
#include "../../main/c/packet/bytes.h"

#include <rte_eal.h>
#include <rte_errno.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLIENT "198.51.100.7"
#define PUBLIC "203.0.113.9"
#define PRIVATE "10.1.0.9"
#define CLIENT6 "2001:db8:1::7"
#define PUBLIC6 "2001:db8:ff::9"
#define PRIVATE6 "fd00:1:2::9"
#define GATEWAY "192.0.2.2"
#define GATEWAY6 "2001:db8:2::2"
#define INSIDE "192.0.2.77"
#define INSIDE6 "2001:db8:2::77"
#define NOW_NS (1767225600ull * 1000000000ull)

enum { MTU = 1500, SLOT = 5, SLOT6 = 6, MAX_SENT = 256 };

// Tunnels by number.
enum { NONE, IPIP4, IPIP6, GRE4, GRE6, GUE4, GUE6, VXLAN4, VXLAN6, TUNNELS };

struct sent {
	struct packet_meta meta;
	size_t len;
	uint8_t bytes[4096];
};

static struct {
	struct sent sent[MAX_SENT];
	unsigned int sent_count;
	unsigned int drops[DT_DROP_COUNT];
	unsigned int drop_count;
	struct packet_meta dropped; // the last one
	uint8_t points[64];         // stamped, in order
	unsigned int point_count;
	struct packet_meta stamped; // at the last one
	unsigned int decoloured;
} seen;

static struct rte_mempool *pool;
static struct node node;
static struct worker worker;
static struct vip_counter counters[VIP_MAX];
static struct eip_table *eips;

void transmit_to(struct worker *w, struct rte_mbuf *packet, const struct ip_address *destination)
{
	const uint8_t *ip = packet_l3(packet);
	struct ip_address written = ip[0] >> 4 == 6 ? ip_load_v6(ip + IPV6_DESTINATION)
						    : ip_from_v4(load_raw32(ip + IPV4_DESTINATION));

	assert_true(ip_equal(destination, &written));
	transmit(w, packet);
}

void transmit(struct worker *w, struct rte_mbuf *packet)
{
	struct sent *s = &seen.sent[seen.sent_count++];

	(void)w;
	assert_true(seen.sent_count <= MAX_SENT);
	assert_true(packet->data_len <= sizeof(s->bytes));
	assert_int_equal(packet->pkt_len, packet->data_len);
	s->meta = *packet_meta(packet);
	s->len = packet->data_len;
	memcpy(s->bytes, rte_pktmbuf_mtod(packet, void *), s->len);
	rte_pktmbuf_free(packet);
}

// Everything leaves by port 0, but for what has no route.
bool transmit_route(const struct node *n, const struct ip_address *destination, unsigned int *port,
	struct ip_address *next_hop)
{
	(void)n;
	*port = 0;
	*next_hop = *destination;
	return !ip_is_v4(destination) || ip_v4(destination) != frame_address("10.9.9.9");
}

void drop(struct worker *w, struct rte_mbuf *packet, enum dt_drop_reason reason)
{
	(void)w;
	seen.drops[reason]++;
	seen.drop_count++;
	seen.dropped = *packet_meta(packet);
	rte_pktmbuf_free(packet);
}

void drop_uncreated(struct worker *w, uint32_t bytes, enum dt_drop_reason reason)
{
	(void)w;
	(void)bytes;
	fail_msg("no buffer: %s", dt_drop_reason_name(reason));
}

void stamp_point(struct worker *w, struct packet_meta *meta, enum dt_trace_point point)
{
	(void)w;
	seen.points[seen.point_count++] = (uint8_t)point;
	seen.stamped = *meta;
}

void decolour_usual(struct worker *w, struct rte_mbuf *packet)
{
	decolour_closely(w, packet);
}

void decolour_ahead(struct worker *w, struct rte_mbuf *const *packets, unsigned int count)
{
	(void)w;
	for (unsigned int i = 0; i < count; i++)
		packet_meta(packets[i])->mac = DT_COLOUR_MAC_UNUSUAL;
}

enum decolour_outcome decolour_closely(struct worker *w, struct rte_mbuf *packet)
{
	const struct packet_view *view = &packet_meta(packet)->view;

	(void)w;
	seen.decoloured++;
	return packet_l4(packet)[TCP_MIN_BYTES] == 8 && view->tcp_header_len > TCP_MIN_BYTES
		       ? DECOLOUR_MALFORMED
		       : DECOLOUR_NEXT;
}

static int start_eal(void **state)
{
	char *arguments[] = {"eip_test", "--no-huge", "-m", "128", "--no-pci", "--no-telemetry",
		"--no-shconf", "--log-level=error", "--lcores=0@(0-1)"};

	(void)state;
	if (rte_eal_init(sizeof(arguments) / sizeof(arguments[0]), arguments) < 0)
		return -1;
	pool = rte_pktmbuf_pool_create(
		"eip", 1023, 0, PACKET_META_BYTES, RTE_PKTMBUF_HEADROOM + 8192, SOCKET_ID_ANY);
	return pool ? 0 : -1;
}

static void add_tunnel(unsigned int number, enum tunnel_kind kind, bool v6)
{
	node.tunnels[number - 1] = (struct tunnel){
		.local = frame_ip_address(v6 ? GATEWAY6 : GATEWAY),
		.remote = frame_ip_address(v6 ? INSIDE6 : INSIDE),
		.id = 4711,
		.has_id = true,
		.port = kind == TUNNEL_GUE ? TUNNEL_GUE_PORT : TUNNEL_VXLAN_PORT,
		.kind = (uint8_t)kind,
		.ttl = 60,
	};
}

static void add_eip(const char *public, const char *private, uint32_t slot, uint8_t tunnel)
{
	const struct eip eip = {
		.public_address = frame_ip_address(public),
		.private_address = frame_ip_address(private),
		.slot = slot,
		.tunnel = tunnel,
		.enabled = true,
	};

	if (eip_table_add(eips, &eip) != 0)
		assert_int_equal(eip_table_set(eips, &eip), 0);
}

static const struct dt_colour_prober_config probers[] = {
	{.id = 1, .address_len = 4, .prefix_bits = 24, .prefix = {198, 51, 100, 0}},
	{.id = 1, .address_len = 16, .prefix_bits = 48, .prefix = {0x20, 0x01, 0x0d, 0xb8, 0, 1}},
};
static const struct dt_colour_key_config keys[] = {{.id = 0, .bytes = {1, 2, 3}}};

static struct dt_colour_guard *new_guard(void)
{
	const struct dt_colour_guard_config config = {
		.probers = probers,
		.prober_count = 2,
		.keys = keys,
		.key_count = 1,
		.stamp_rate_limit = 1000,
	};
	struct dt_colour_guard *guard;

	assert_int_equal(dt_colour_guard_create(&config, NULL, &guard), 0);
	return guard;
}

static int setup(void **state)
{
	(void)state;
	memset(&seen, 0, sizeof(seen));
	memset(&node, 0, sizeof(node));
	memset(&worker, 0, sizeof(worker));
	memset(counters, 0, sizeof(counters));
	for (int v6 = 0; v6 < 2; v6++) {
		add_tunnel((unsigned int)(IPIP4 + v6), TUNNEL_IPIP, v6);
		add_tunnel((unsigned int)(GRE4 + v6), TUNNEL_GRE, v6);
		add_tunnel((unsigned int)(GUE4 + v6), TUNNEL_GUE, v6);
		add_tunnel((unsigned int)(VXLAN4 + v6), TUNNEL_VXLAN, v6);
	}
	node.tunnel_count = TUNNELS - 1;
	node.tier = DT_TIER_EIP;
	node.port_count = 1;
	node.ports[0].mtu = MTU;
	node.ports[0].v4.address = frame_ip_address(GATEWAY);
	node.ports[0].v6.address = frame_ip_address(GATEWAY6);
	eips = eip_table_create(64, 1, NULL);
	node.eips = eips;
	node.guard = new_guard();
	worker.node = &node;
	worker.pool = pool;
	worker.vip_counters = counters;
	worker.now = (struct node_time){.mono_ns = 1, .real_ns = NOW_NS};
	add_eip(PUBLIC, PRIVATE, SLOT, NONE);
	add_eip(PUBLIC6, PRIVATE6, SLOT6, NONE);
	return eips ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	eip_table_free(eips);
	dt_colour_guard_free((struct dt_colour_guard *)node.guard);
	return rte_mempool_in_use_count(pool) == 0 ? 0 : -1; // every packet went somewhere
}

// What receive() does with a frame.
static struct rte_mbuf *received(const struct frame *f, uint8_t tunnel_in)
{
	struct rte_mbuf *packet = rte_pktmbuf_alloc(pool);
	struct packet_meta *meta;
	size_t len = f->len - ETHERNET_BYTES;

	assert_non_null(packet);
	memcpy(rte_pktmbuf_append(packet, (uint16_t)len), f->bytes + ETHERNET_BYTES, len);
	meta = packet_meta(packet);
	memset(meta, 0, sizeof(*meta));
	assert_int_equal(parse_ip(f->bytes + ETHERNET_BYTES, len, &meta->view), PARSE_IP);
	meta->frame_bytes = (uint16_t)f->len;
	meta->vip_slot = DT_SLOT_NONE;
	meta->backend_slot = DT_SLOT_NONE;
	meta->direction = DT_DIR_FORWARD;
	meta->rx_real_ns = NOW_NS;
	meta->tunnel_in = tunnel_in;
	return packet;
}

static void pass(const struct frame *f, uint8_t tunnel_in)
{
	struct rte_mbuf *packet = received(f, tunnel_in);

	eip(&worker, &packet, 1);
}

static const struct sent *only_sent(void)
{
	assert_int_equal(seen.drop_count, 0);
	assert_int_equal(seen.sent_count, 1);
	return &seen.sent[0];
}

// A sent IP packet as a frame, for the helpers.
static struct frame as_frame(const uint8_t *ip, size_t len)
{
	struct frame f = {.len = len + ETHERNET_BYTES};

	assert_true(f.len <= sizeof(f.bytes));
	store_be16(f.bytes + 12, ip[0] >> 4 == 6 ? ETHERTYPE_IPV6_ID : ETHERTYPE_IPV4_ID);
	memcpy(f.bytes + ETHERNET_BYTES, ip, len);
	return f;
}

static struct packet_view view_of(const uint8_t *ip, size_t len)
{
	struct packet_view view;

	assert_int_equal(parse_ip(ip, len, &view), PARSE_IP);
	return view;
}

static void expect_addresses(
	const uint8_t *ip, size_t len, const char *source, const char *destination)
{
	struct frame f = as_frame(ip, len);
	struct packet_view view = view_of(ip, len);
	struct ip_address from = frame_ip_address(source), to = frame_ip_address(destination);

	assert_true(ip_equal(&view.source, &from));
	assert_true(ip_equal(&view.destination, &to));
	assert_true(frame_checksums_right(f.bytes, f.len));
}

static void expect_dropped(enum dt_drop_reason reason)
{
	assert_int_equal(seen.drop_count, 1);
	assert_int_equal(seen.drops[reason], 1);
}

static struct frame tcp_in(bool v6, uint8_t flags, size_t payload)
{
	struct frame_flow flow = {v6 ? CLIENT6 : CLIENT, v6 ? PUBLIC6 : PUBLIC, 40000, 443};

	return frame_tcp(flow, flags, 1, NULL, 0, payload);
}

static struct frame tcp_out(bool v6, uint8_t flags, size_t payload)
{
	struct frame_flow flow = {v6 ? PRIVATE6 : PRIVATE, v6 ? CLIENT6 : CLIENT, 443, 40000};

	return frame_tcp(flow, flags, 1, NULL, 0, payload);
}

static void should_lead_inside_and_back_without_a_tunnel(void **state)
{
	(void)state;
	for (int v6 = 0; v6 < 2; v6++) {
		struct frame in = tcp_in(v6, TCP_ACK, 100), out = tcp_out(v6, TCP_ACK, 100);
		unsigned int slot = v6 ? SLOT6 : SLOT;

		seen.sent_count = 0;
		pass(&in, 0);
		expect_addresses(seen.sent[0].bytes, seen.sent[0].len, v6 ? CLIENT6 : CLIENT,
			v6 ? PRIVATE6 : PRIVATE);
		assert_int_equal(view_of(seen.sent[0].bytes, seen.sent[0].len).ttl, 63);
		assert_int_equal(seen.sent[0].meta.direction, DT_DIR_FORWARD);
		pass(&out, 0);
		expect_addresses(seen.sent[1].bytes, seen.sent[1].len, v6 ? PUBLIC6 : PUBLIC,
			v6 ? CLIENT6 : CLIENT);
		assert_int_equal(seen.sent[1].meta.direction, DT_DIR_REPLY);
		assert_int_equal(seen.sent[1].meta.vip_slot, slot);
		assert_int_equal(counters[slot].packets[DT_DIR_FORWARD], 1);
		assert_int_equal(counters[slot].bytes[DT_DIR_FORWARD], in.len);
		assert_int_equal(counters[slot].packets[DT_DIR_REPLY], 1);
		assert_int_equal(counters[slot].bytes[DT_DIR_REPLY], out.len);
	}
	assert_int_equal(seen.drop_count, 0);
}

static void should_encapsulate_in_every_kind_of_tunnel(void **state)
{
	(void)state;
	for (uint8_t tunnel = IPIP4; tunnel < TUNNELS; tunnel++) {
		for (int v6 = 0; v6 < 2; v6++) {
			struct frame in = tcp_in(v6, TCP_ACK, 33);
			struct ip_address from, to;
			struct packet_view outer;
			struct tunnel_inner inner;
			const struct sent *s = &seen.sent[0];
			bool outer_v6 = tunnel % 2 == 0;

			add_eip(PUBLIC, PRIVATE, SLOT, tunnel);
			add_eip(PUBLIC6, PRIVATE6, SLOT6, tunnel);
			seen.sent_count = 0;
			pass(&in, 0);
			only_sent();
			outer = view_of(s->bytes, s->len);
			from = frame_ip_address(outer_v6 ? GATEWAY6 : GATEWAY);
			to = frame_ip_address(outer_v6 ? INSIDE6 : INSIDE);
			assert_true(ip_equal(&outer.source, &from));
			assert_true(ip_equal(&outer.destination, &to));
			assert_int_equal(tunnel_read(s->bytes, &outer, TUNNEL_GUE_PORT,
						 TUNNEL_VXLAN_PORT, &inner),
				TUNNEL_INNER);
			assert_int_equal(inner.kind, node.tunnels[tunnel - 1].kind);
			expect_addresses(s->bytes + inner.offset, inner.len, v6 ? CLIENT6 : CLIENT,
				v6 ? PRIVATE6 : PRIVATE);
			assert_int_equal(inner.len, in.len - ETHERNET_BYTES);
		}
	}
}

static void should_let_what_comes_through_a_tunnel_out(void **state)
{
	struct frame out = tcp_out(false, TCP_ACK, 10);

	(void)state;
	add_eip(PUBLIC, PRIVATE, SLOT, VXLAN4);
	pass(&out, VXLAN4);
	expect_addresses(only_sent()->bytes, seen.sent[0].len, PUBLIC, CLIENT);
}

static void should_send_one_inside_host_to_another_by_their_public_addresses(void **state)
{
	struct frame_flow flow = {PRIVATE, "203.0.113.10", 40000, 80};
	struct frame f = frame_tcp(flow, TCP_SYN, 1, NULL, 0, 0);
	struct frame_flow returned = {PUBLIC, "203.0.113.10", 40000, 80};

	(void)state;
	add_eip("203.0.113.10", "10.1.0.10", 7, NONE);
	pass(&f, 0);
	expect_addresses(seen.sent[0].bytes, seen.sent[0].len, PUBLIC, "203.0.113.10");
	f = frame_tcp(returned, TCP_SYN, 1, NULL, 0, 0); // the router sends it back to us
	pass(&f, 0);
	expect_addresses(seen.sent[1].bytes, seen.sent[1].len, PUBLIC, "10.1.0.10");
}

static void should_lead_a_neighbour_of_private_addresses_inside(void **state)
{
	struct frame_flow flow = {"10.1.255.1", PUBLIC, 40000, 443}; // near, but nobody's
	struct frame f = frame_tcp(flow, TCP_SYN, 1, NULL, 0, 0);

	(void)state;
	pass(&f, 0);
	expect_addresses(only_sent()->bytes, seen.sent[0].len, "10.1.255.1", PRIVATE);
	assert_int_equal(seen.sent[0].meta.direction, DT_DIR_FORWARD);
}

static void should_carry_any_protocol(void **state)
{
	static const uint8_t payload[40] = {7, 7, 7};
	static const uint8_t protocols[] = {PROTOCOL_GRE, 50, 51, 2, 112, 103, 253};

	(void)state;
	for (int v6 = 0; v6 < 2; v6++) {
		struct frame_flow flow = {v6 ? CLIENT6 : CLIENT, v6 ? PUBLIC6 : PUBLIC, 4000, 443};
		struct frame frames[10];
		unsigned int n = 0;

		frames[n++] = frame_udp(flow, 77, true);
		frames[n++] = frame_sctp(flow, 9, 33);
		frames[n++] = frame_echo(flow.source, flow.destination);
		for (size_t i = 0; i < sizeof(protocols); i++)
			frames[n++] = frame_ip(flow.source, flow.destination, protocols[i], payload,
				sizeof(payload));
		for (unsigned int i = 0; i < n; i++) {
			seen.sent_count = 0;
			pass(&frames[i], 0);
			expect_addresses(only_sent()->bytes, seen.sent[0].len, flow.source,
				v6 ? PRIVATE6 : PRIVATE);
		}
	}
}

static void should_pass_fragments(void **state)
{
	struct frame_flow flow = {CLIENT, PUBLIC, 4000, 443};
	struct frame whole = frame_udp(flow, 1000, true);
	struct frame first = frame_fragment(&whole, 0, 504), later = frame_fragment(&whole, 504, 0);

	(void)state;
	add_eip(PUBLIC, PRIVATE, SLOT, GRE4);
	pass(&first, 0);
	pass(&later, 0);
	assert_int_equal(seen.sent_count, 2);
	assert_int_equal(seen.drop_count, 0);
}

static void should_refuse_a_first_fragment_without_its_checksum(void **state)
{
	struct frame f = tcp_in(false, TCP_ACK, 64);
	struct rte_mbuf *packet = received(&f, 0);

	(void)state;
	packet_meta(packet)->view.fragment = FRAGMENT_FIRST;
	packet_meta(packet)->view.l4_len = 8;
	eip(&worker, &packet, 1);
	expect_dropped(DT_DROP_FRAGMENT_UNSUPPORTED);
}

static void should_drop_what_has_no_eip(void **state)
{
	struct frame_flow in = {CLIENT, "203.0.113.200", 1000, 80};
	struct frame_flow out = {"10.1.0.200", CLIENT, 80, 1000};
	struct frame f = frame_tcp(in, TCP_SYN, 1, NULL, 0, 0);

	(void)state;
	pass(&f, 0);
	f = frame_tcp(out, TCP_ACK, 1, NULL, 0, 0);
	pass(&f, 0);
	pass(&f, IPIP4);
	f = tcp_in(false, TCP_ACK, 0); // from inside, nobody may use a client's address
	pass(&f, IPIP4);
	assert_int_equal(seen.drops[DT_DROP_NO_EIP], 4);
	assert_int_equal(seen.sent_count, 0);
	assert_int_equal(seen.dropped.stage, DT_TP_VIP_LOOKUP);
}

static void should_drop_what_is_disabled(void **state)
{
	struct eip eip = {
		.public_address = frame_ip_address(PUBLIC),
		.private_address = frame_ip_address(PRIVATE),
		.slot = SLOT,
	};
	struct frame f = tcp_in(false, TCP_ACK, 0);

	(void)state;
	eip_table_set(eips, &eip);
	pass(&f, 0);
	f = tcp_out(false, TCP_ACK, 0);
	pass(&f, 0);
	assert_int_equal(seen.drops[DT_DROP_VIP_DISABLED], 2);
	assert_int_equal(seen.dropped.vip_slot, SLOT);
}

static void should_drop_what_no_tunnel_takes(void **state)
{
	struct frame f = tcp_in(false, TCP_ACK, 0);
	struct rte_mbuf *packet;

	(void)state;
	add_eip(PUBLIC, PRIVATE, SLOT, TUNNELS);
	pass(&f, 0);
	assert_int_equal(seen.drops[DT_DROP_TUNNEL_UNKNOWN], 1);
	add_eip(PUBLIC, PRIVATE, SLOT, VXLAN6);
	packet = received(&f, 0);
	rte_pktmbuf_prepend(packet, RTE_PKTMBUF_HEADROOM);
	memmove(rte_pktmbuf_mtod(packet, uint8_t *), f.bytes + ETHERNET_BYTES,
		f.len - ETHERNET_BYTES);
	eip(&worker, &packet, 1);
	assert_int_equal(seen.drops[DT_DROP_NO_HEADROOM], 1);
	// Nowhere to go, so that no MTU stops it: longer than an IP packet may be.
	node.ports[0].mtu = UINT16_MAX;
	node.tunnels[GRE4 - 1].remote = frame_ip_address("10.9.9.9");
	add_eip(PUBLIC, PRIVATE, SLOT, GRE4);
	packet = received(&f, 0);
	packet_meta(packet)->view.ip_len = UINT16_MAX - 3;
	eip(&worker, &packet, 1);
	assert_int_equal(seen.drops[DT_DROP_TUNNEL_ENCAP_FAIL], 1);
	assert_int_equal(seen.drop_count, 3);
	assert_int_equal(seen.sent_count, 0);
}

static void should_drop_what_contradicts_itself_in_its_options(void **state)
{
	static const uint8_t options[4] = {8, 0, 0, 0};
	struct frame_flow flow = {CLIENT, PUBLIC, 1000, 80};
	struct frame f = frame_tcp(flow, TCP_SYN, 1, options, 4, 0);

	(void)state;
	pass(&f, 0);
	expect_dropped(DT_DROP_MALFORMED_TCP);
}

// The last sent packet is an ICMP error from the gateway to `to` about `about`, untouched.
static const uint8_t *expect_error(
	const struct frame *about, const char *to, uint8_t type, uint8_t code)
{
	const struct sent *s = &seen.sent[seen.sent_count - 1];
	bool v6 = s->bytes[0] >> 4 == 6;
	struct packet_view view = view_of(s->bytes, s->len);
	const uint8_t *icmp = s->bytes + view.l4_offset;

	assert_true(seen.sent_count > 0);
	expect_addresses(s->bytes, s->len, v6 ? GATEWAY6 : GATEWAY, to);
	assert_int_equal(icmp[0], type);
	assert_int_equal(icmp[1], code);
	assert_memory_equal(icmp + ICMP_MIN_BYTES, about->bytes + ETHERNET_BYTES, 48);
	return icmp;
}

static void should_answer_what_is_too_long_for_the_tunnel(void **state)
{
	struct frame f = tcp_in(false, TCP_ACK, 1400);

	(void)state;
	add_eip(PUBLIC, PRIVATE, SLOT, VXLAN4); // 20 + 8 + 8 + 14 bytes
	add_eip(PUBLIC6, PRIVATE6, SLOT6, VXLAN6);
	pass(&f, 0); // 1,440 + 50
	assert_int_equal(seen.drop_count, 0);
	f = tcp_in(false, TCP_ACK, 1411);
	store_be16(f.bytes + ETHERNET_BYTES + IPV4_FRAGMENT, 0x4000);
	frame_finish(&f);
	pass(&f, 0);
	assert_int_equal(load_be16(expect_error(&f, CLIENT, 3, 4) + 6), 1450);
	store_be16(f.bytes + ETHERNET_BYTES + IPV4_FRAGMENT, 0); // it may be fragmented, not here
	frame_finish(&f);
	pass(&f, 0);
	assert_int_equal(load_be16(expect_error(&f, CLIENT, 3, 4) + 6), 1450);
	f = tcp_in(true, TCP_ACK, 1371);
	pass(&f, 0);
	assert_int_equal(load_be32(expect_error(&f, CLIENT6, 2, 0) + 4), 1430);
	assert_int_equal(seen.drops[DT_DROP_MTU_EXCEEDED], 3);
	assert_int_equal(seen.drop_count, 3);
	assert_int_equal(worker.counters.icmp_errors_sent, 3);
}

static void should_answer_through_the_tunnel_a_packet_came_from(void **state)
{
	struct frame f = tcp_out(false, TCP_ACK, 1470);
	struct packet_view outer;
	struct tunnel_inner inner;

	(void)state;
	add_eip(PUBLIC, PRIVATE, SLOT, GRE4);
	pass(&f, GRE4);
	expect_dropped(DT_DROP_MTU_EXCEEDED);
	assert_int_equal(seen.sent_count, 1);
	outer = view_of(seen.sent[0].bytes, seen.sent[0].len);
	assert_int_equal(tunnel_read(seen.sent[0].bytes, &outer, 0, 0, &inner), TUNNEL_INNER);
	expect_addresses(seen.sent[0].bytes + inner.offset, inner.len, GATEWAY, PRIVATE);
	assert_int_equal(load_be16(seen.sent[0].bytes + inner.offset + IPV4_MIN_BYTES + 6), MTU);
}

static void should_answer_a_ttl_that_runs_out(void **state)
{
	struct frame f = tcp_in(false, TCP_ACK, 60);

	(void)state;
	f.bytes[ETHERNET_BYTES + IPV4_TTL] = 1;
	frame_finish(&f);
	pass(&f, 0);
	expect_error(&f, CLIENT, 11, 0);
	f = tcp_out(true, TCP_ACK, 60);
	f.bytes[ETHERNET_BYTES + IPV6_HOP_LIMIT] = 1;
	pass(&f, 0);
	expect_error(&f, PRIVATE6, 3, 0);
	assert_int_equal(seen.drops[DT_DROP_TTL_EXCEEDED], 2);
}

static void should_not_answer_errors_and_later_fragments(void **state)
{
	struct frame quoted = tcp_out(false, TCP_ACK, 60);
	struct frame error = frame_unreachable(CLIENT, PUBLIC, &quoted);
	struct frame whole = tcp_in(false, TCP_ACK, 1000), later = frame_fragment(&whole, 504, 0);

	(void)state;
	error.bytes[ETHERNET_BYTES + IPV4_TTL] = 1;
	frame_finish(&error);
	later.bytes[ETHERNET_BYTES + IPV4_TTL] = 1;
	frame_finish(&later);
	pass(&error, 0);
	pass(&later, 0);
	assert_int_equal(seen.drops[DT_DROP_TTL_EXCEEDED], 2);
	assert_int_equal(seen.sent_count, 0);
}

static void should_answer_a_limited_number_of_packets_a_second(void **state)
{
	struct frame f = tcp_in(false, TCP_ACK, 60);

	(void)state;
	f.bytes[ETHERNET_BYTES + IPV4_TTL] = 1;
	frame_finish(&f);
	for (int i = 0; i < 500; i++)
		pass(&f, 0);
	assert_int_equal(seen.sent_count, ICMP_ANSWERS_PER_SECOND / 10); // a tenth at once
	worker.now.mono_ns += 10000000;
	for (int i = 0; i < 500; i++)
		pass(&f, 0);
	assert_int_equal(seen.sent_count, ICMP_ANSWERS_PER_SECOND / 10 + 10);
	assert_int_equal(seen.drops[DT_DROP_TTL_EXCEEDED], 1000);
}

static const uint8_t *quoted_in(const struct sent *s, size_t *len)
{
	struct packet_view view = view_of(s->bytes, s->len);

	*len = view.l4_len - (size_t)ICMP_MIN_BYTES;
	return s->bytes + view.l4_offset + ICMP_MIN_BYTES;
}

static void should_translate_an_error_from_outside_with_what_it_quotes(void **state)
{
	(void)state;
	for (int v6 = 0; v6 < 2; v6++) {
		struct frame_flow sent_flow = {
			v6 ? PUBLIC6 : PUBLIC, v6 ? CLIENT6 : CLIENT, 443, 40000};
		struct frame_flow original = {
			v6 ? PRIVATE6 : PRIVATE, v6 ? CLIENT6 : CLIENT, 443, 40000};
		struct frame sent = frame_udp(sent_flow, 60, true);
		struct frame before = frame_udp(original, 60, true);
		const char *router = v6 ? "2001:db8:77::1" : "192.0.2.200";
		struct frame error = frame_too_big(router, sent_flow.source, 1300, &sent);
		const uint8_t *quoted;
		size_t len;

		seen.sent_count = 0;
		pass(&error, 0);
		expect_addresses(only_sent()->bytes, seen.sent[0].len, router, original.source);
		quoted = quoted_in(&seen.sent[0], &len);
		assert_true(len >= 28);
		assert_memory_equal(quoted, before.bytes + ETHERNET_BYTES, len);
	}
}

static void should_translate_an_error_from_inside_with_what_it_quotes(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		bool v6 = i % 2, from_router = i / 2;
		struct frame_flow outside = {
			v6 ? CLIENT6 : CLIENT, v6 ? PUBLIC6 : PUBLIC, 40000, 53};
		struct frame_flow inside = {
			v6 ? CLIENT6 : CLIENT, v6 ? PRIVATE6 : PRIVATE, 40000, 53};
		const char *router = v6 ? "fd00:1:99::1" : "172.16.0.1";
		struct frame before = frame_udp(outside, 60, true);
		struct frame translated = frame_udp(inside, 60, true);
		struct frame error = frame_unreachable(
			from_router ? router : inside.destination, inside.source, &translated);
		const uint8_t *quoted;
		size_t len;

		seen.sent_count = 0;
		pass(&error, i == 2 ? GRE4 : 0);
		// A router's own address means nothing outside.
		expect_addresses(
			only_sent()->bytes, seen.sent[0].len, outside.destination, outside.source);
		assert_int_equal(seen.sent[0].meta.direction, DT_DIR_REPLY);
		quoted = quoted_in(&seen.sent[0], &len);
		assert_true(len >= 28);
		assert_memory_equal(quoted, before.bytes + ETHERNET_BYTES, len);
	}
}

static void should_not_pass_an_error_that_quotes_no_packet_of_the_entry(void **state)
{
	(void)state;
	for (int v6 = 0; v6 < 2; v6++) {
		const char *outer = v6 ? CLIENT6 : CLIENT, *public = v6 ? PUBLIC6 : PUBLIC;
		const char *private = v6 ? PRIVATE6 : PRIVATE;
		const char *other = v6 ? "2001:db8:99::9" : "198.51.100.99";
		struct frame others = frame_udp((struct frame_flow){other, outer, 1, 2}, 60, true);
		struct frame received =
			frame_udp((struct frame_flow){outer, public, 1, 2}, 60, true);
		struct frame own = frame_udp((struct frame_flow){public, outer, 1, 2}, 60, true);
		struct frame errors[] = {frame_unreachable(outer, public, &others),
			frame_unreachable(outer, public, &received),
			frame_unreachable(private, outer, &others),
			frame_unreachable(outer, public, &own)};

		// Too little of it to tell.
		errors[3].len =
			ETHERNET_BYTES + (v6 ? IPV6_BYTES : IPV4_MIN_BYTES) + ICMP_MIN_BYTES + 19;
		frame_finish(&errors[3]);
		memset(seen.drops, 0, sizeof(seen.drops));
		seen.sent_count = 0;
		for (int i = 0; i < 4; i++)
			pass(&errors[i], 0);
		assert_int_equal(seen.drops[DT_DROP_ICMP_UNSUPPORTED], 4);
		assert_int_equal(seen.sent_count, 0);
	}
}

// What it quotes lies in two fragments: it could not be translated with them.
static void should_not_pass_an_error_in_fragments(void **state)
{
	struct frame own = frame_udp((struct frame_flow){PUBLIC, CLIENT, 1, 2}, 60, true);
	struct frame error = frame_unreachable(CLIENT, PUBLIC, &own);
	struct frame first = frame_fragment(&error, 0, 32);

	(void)state;
	pass(&first, 0);
	expect_dropped(DT_DROP_ICMP_UNSUPPORTED);
	assert_int_equal(seen.sent_count, 0);
}

static uint16_t mss_of(const struct sent *s, size_t inner)
{
	struct packet_view view = view_of(s->bytes + inner, s->len - inner);

	return load_be16(s->bytes + inner + view.l4_offset + TCP_MIN_BYTES + 2);
}

static void should_leave_room_for_the_tunnel_in_both_ends_mss(void **state)
{
	static const uint8_t options[4] = {2, 4, 0x05, 0xb4}; // 1460
	struct frame_flow in = {CLIENT, PUBLIC, 40000, 443}, out = {PRIVATE, CLIENT, 443, 40000};
	struct frame syn = frame_tcp(in, TCP_SYN, 1, options, 4, 0);
	struct frame syn_ack = frame_tcp(out, TCP_SYN | TCP_ACK, 1, options, 4, 0);

	(void)state;
	pass(&syn, 0);
	assert_int_equal(mss_of(&seen.sent[0], 0), 1460); // no tunnel
	add_eip(PUBLIC, PRIVATE, SLOT, VXLAN4);
	pass(&syn, 0);
	assert_int_equal(mss_of(&seen.sent[1], 50), MTU - 50 - 40);
	expect_addresses(seen.sent[1].bytes + 50, seen.sent[1].len - 50, CLIENT, PRIVATE);
	pass(&syn_ack, VXLAN4);
	assert_int_equal(mss_of(&seen.sent[2], 0), MTU - 50 - 40);
	expect_addresses(seen.sent[2].bytes, seen.sent[2].len, PUBLIC, CLIENT);
}

static void should_look_for_colours_where_they_may_be(void **state)
{
	static const uint8_t options[4] = {1, 1, 1, 1};
	struct frame_flow in = {CLIENT, PUBLIC, 40000, 443}, out = {PRIVATE, CLIENT, 443, 40000};
	struct frame syn = frame_tcp(in, TCP_SYN, 1, options, 4, 0);
	struct frame ack = frame_tcp(in, TCP_ACK, 1, options, 4, 0);
	struct frame reply = frame_tcp(out, TCP_SYN | TCP_ACK, 1, options, 4, 0);
	struct frame bare = tcp_in(false, TCP_SYN, 0);

	(void)state;
	pass(&ack, 0);
	pass(&bare, 0);
	pass(&reply, GRE4);
	assert_int_equal(seen.decoloured, 0);
	pass(&syn, 0);
	assert_int_equal(seen.decoloured, 1);
	node.erase_colour = true; // then none may get through, whatever it stands in
	pass(&ack, 0);
	assert_int_equal(seen.decoloured, 2);
}

static uint32_t isn_of_probe(bool v6)
{
	struct ip_address prober = frame_ip_address(v6 ? CLIENT6 : CLIENT);
	struct ip_address vip = frame_ip_address(v6 ? PUBLIC6 : PUBLIC);
	struct dt_siphash_key key = dt_siphash_key_read(keys[0].bytes);
	struct dt_siphash_key derived = dt_colour_derive_key(&key, 1);
	size_t skip = v6 ? 0 : 12;

	return dt_colour_isn(&derived, prober.bytes + skip, vip.bytes + skip, 16 - skip, 40000, 443,
		dt_colour_epoch(NOW_NS));
}

static void should_stamp_the_reply_to_a_probe(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		bool v6 = i % 2;
		struct frame f = tcp_out(v6, i / 2 ? TCP_RST | TCP_ACK : TCP_SYN | TCP_ACK, 0);
		uint8_t *tcp = f.bytes + ETHERNET_BYTES + (v6 ? IPV6_BYTES : IPV4_MIN_BYTES);
		struct ip_address public = frame_ip_address(v6 ? PUBLIC6 : PUBLIC);

		store_be32(tcp + 8, isn_of_probe(v6) + 1);
		frame_finish(&f);
		seen.point_count = 0;
		pass(&f, 0);
		assert_int_equal(seen.points[0], DT_TP_RX);
		assert_int_equal(seen.stamped.key_state, DT_KEY_UNKNOWN);
		assert_int_equal(seen.stamped.direction, DT_DIR_REPLY);
		// The flow as the prober knows it.
		assert_true(ip_equal(&seen.stamped.view.source, &public));
		assert_int_equal(seen.stamped.vip_slot, v6 ? SLOT6 : SLOT);
		assert_true(seen.sent[i].meta.stamped);
	}
	assert_int_equal(worker.counters.colour_recognised, 4);
}

static void should_not_stamp_other_replies(void **state)
{
	static const uint8_t flags[] = {TCP_ACK, TCP_RST, TCP_SYN, TCP_FIN | TCP_ACK};

	(void)state;
	for (size_t i = 0; i < sizeof(flags); i++) {
		struct frame f = tcp_out(false, flags[i], 0);

		store_be32(f.bytes + ETHERNET_BYTES + IPV4_MIN_BYTES + 8, isn_of_probe(false) + 1);
		frame_finish(&f);
		pass(&f, 0);
		assert_false(seen.sent[i].meta.stamped);
	}
	assert_int_equal(seen.point_count, 0);
}

static void should_take_bursts_of_every_size_in_their_order(void **state)
{
	struct rte_mbuf *packets[WORKER_BURST];

	(void)state;
	for (unsigned int n = 0; n <= WORKER_BURST; n++) {
		seen.sent_count = 0;
		seen.drop_count = 0;
		for (unsigned int i = 0; i < n; i++) {
			struct frame_flow in = {CLIENT, PUBLIC, (uint16_t)(i + 1), 443};
			struct frame_flow out = {PRIVATE, CLIENT, (uint16_t)(i + 1), 443};
			struct frame_flow none = {CLIENT, "203.0.113.77", (uint16_t)(i + 1), 443};
			struct frame f = frame_tcp(i % 3 == 0   ? in
						   : i % 3 == 1 ? out
								: none,
				TCP_ACK, 1, NULL, 0, i);

			packets[i] = received(&f, 0);
		}
		eip(&worker, packets, n);
		assert_int_equal(seen.sent_count + seen.drop_count, n);
		assert_int_equal(seen.drop_count, n / 3);
		for (unsigned int i = 0, at = 0; i < n; i++) {
			if (i % 3 == 2)
				continue;
			assert_int_equal(seen.sent[at].meta.view.source_port, i + 1);
			at++;
		}
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(should_lead_inside_and_back_without_a_tunnel),
		TEST(should_encapsulate_in_every_kind_of_tunnel),
		TEST(should_let_what_comes_through_a_tunnel_out),
		TEST(should_send_one_inside_host_to_another_by_their_public_addresses),
		TEST(should_lead_a_neighbour_of_private_addresses_inside),
		TEST(should_carry_any_protocol),
		TEST(should_pass_fragments),
		TEST(should_refuse_a_first_fragment_without_its_checksum),
		TEST(should_drop_what_has_no_eip),
		TEST(should_drop_what_is_disabled),
		TEST(should_drop_what_no_tunnel_takes),
		TEST(should_drop_what_contradicts_itself_in_its_options),
		TEST(should_answer_what_is_too_long_for_the_tunnel),
		TEST(should_answer_through_the_tunnel_a_packet_came_from),
		TEST(should_answer_a_ttl_that_runs_out),
		TEST(should_not_answer_errors_and_later_fragments),
		TEST(should_answer_a_limited_number_of_packets_a_second),
		TEST(should_translate_an_error_from_outside_with_what_it_quotes),
		TEST(should_translate_an_error_from_inside_with_what_it_quotes),
		TEST(should_not_pass_an_error_in_fragments),
		TEST(should_not_pass_an_error_that_quotes_no_packet_of_the_entry),
		TEST(should_leave_room_for_the_tunnel_in_both_ends_mss),
		TEST(should_look_for_colours_where_they_may_be),
		TEST(should_stamp_the_reply_to_a_probe),
		TEST(should_not_stamp_other_replies),
		TEST(should_take_bursts_of_every_size_in_their_order),
	};

	return cmocka_run_group_tests(tests, start_eal, NULL);
}
