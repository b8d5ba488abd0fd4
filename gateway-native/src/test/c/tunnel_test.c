// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "view.h"

#include "../../main/c/packet/checksum.h"
#include "../../main/c/packet/tunnel.h"

#include <stdlib.h>

enum { INNER_BYTES = 60 };

static const struct tunnel tunnels[] = {
	{.kind = TUNNEL_IPIP, .ttl = 64},
	{.kind = TUNNEL_GRE, .ttl = 64},
	{.kind = TUNNEL_GRE, .ttl = 63, .has_id = true, .id = 0xfedcba98},
	{.kind = TUNNEL_GUE, .ttl = 64, .port = TUNNEL_GUE_PORT},
	{.kind = TUNNEL_VXLAN,
		.ttl = 1,
		.has_id = true,
		.id = 0xabcdef,
		.port = TUNNEL_VXLAN_PORT,
		.inner_mac = {2, 0, 0, 0, 0, 9}},
};

enum { TUNNELS = sizeof(tunnels) / sizeof(tunnels[0]) };

static struct tunnel tunnel_over(int n, bool outer_is_v6)
{
	struct tunnel tunnel = tunnels[n];

	tunnel.local = address_of(outer_is_v6 ? "2001:db8::1" : "192.0.2.1");
	tunnel.remote = address_of(outer_is_v6 ? "2001:db8::2" : "192.0.2.2");
	return tunnel;
}

// From a block of exactly its size, so that a read past the end shows.
static enum tunnel_outcome read_tunnel(
	const uint8_t *packet, const struct packet_view *view, struct tunnel_inner *inner)
{
	uint8_t *copy = malloc(view->ip_len);
	enum tunnel_outcome outcome;

	assert_non_null(copy);
	memcpy(copy, packet, view->ip_len);
	outcome = tunnel_read(copy, view, TUNNEL_GUE_PORT, TUNNEL_VXLAN_PORT, inner);
	free(copy);
	return outcome;
}

// The inner packet begins with its version only; nobody but its parser looks further.
static struct packet_view written(const struct tunnel *tunnel, bool inner_is_v6,
	uint8_t packet[TUNNEL_MAX_BYTES + INNER_BYTES])
{
	unsigned int header = tunnel_header_bytes(tunnel);

	memset(packet, 0xee, TUNNEL_MAX_BYTES + INNER_BYTES);
	packet[header] = inner_is_v6 ? 0x60 : 0x45;
	assert_true(
		tunnel_write(tunnel, inner_is_v6, INNER_BYTES, 0xba, 0x12345678, 0x4711, packet));
	return view_of(packet);
}

static void should_read_back_every_tunnel_it_writes(void **state)
{
	uint8_t packet[TUNNEL_MAX_BYTES + INNER_BYTES];

	(void)state;
	for (int n = 0; n < TUNNELS * 4; n++) {
		bool inner_is_v6 = n & 1;
		struct tunnel tunnel = tunnel_over(n / 4, n & 2);
		struct packet_view view = written(&tunnel, inner_is_v6, packet);
		struct tunnel_inner inner;

		assert_int_equal(view.is_v6, (n & 2) != 0);
		assert_int_equal(read_tunnel(packet, &view, &inner), TUNNEL_INNER);
		assert_int_equal(inner.kind, tunnel.kind);
		assert_int_equal(inner.offset, tunnel_header_bytes(&tunnel));
		assert_int_equal(inner.len, INNER_BYTES);
		assert_int_equal(inner.is_v6, inner_is_v6);
		assert_int_equal(inner.has_id, tunnel.has_id);
		assert_int_equal(inner.id, tunnel.id);
		assert_int_equal(packet[inner.offset], inner_is_v6 ? 0x60 : 0x45);
		assert_int_equal(packet[inner.offset + 1], 0xee);
	}
}

static void should_write_a_whole_outer_header(void **state)
{
	uint8_t packet[TUNNEL_MAX_BYTES + INNER_BYTES];

	(void)state;
	for (int n = 0; n < TUNNELS; n++) {
		struct tunnel tunnel = tunnel_over(n, false);
		struct packet_view view = written(&tunnel, false, packet);

		assert_int_equal(packet[0], 0x45);
		assert_int_equal(checksum(packet, IPV4_MIN_BYTES), 0);
		assert_int_equal(view.ip_len, tunnel_header_bytes(&tunnel) + INNER_BYTES);
		assert_int_equal(view.traffic_class, 0xba);
		assert_int_equal(view.ttl, tunnel.ttl);
		assert_int_equal(load_be16(packet + IPV4_ID), 0x4711);
		assert_int_equal(load_be16(packet + IPV4_FRAGMENT), 0x4000);
		assert_true(ip_equal(&view.source, &tunnel.local));
		assert_true(ip_equal(&view.destination, &tunnel.remote));
		tunnel = tunnel_over(n, true);
		view = written(&tunnel, false, packet);
		assert_int_equal(load_be32(packet), 0x6ba45678);
		assert_int_equal(view.ip_len, tunnel_header_bytes(&tunnel) + INNER_BYTES);
		assert_int_equal(view.ttl, tunnel.ttl);
		assert_true(ip_equal(&view.source, &tunnel.local));
		assert_true(ip_equal(&view.destination, &tunnel.remote));
	}
}

static void should_spread_flows_by_their_udp_source_port(void **state)
{
	uint8_t packet[TUNNEL_MAX_BYTES];

	(void)state;
	for (int n = 3; n < TUNNELS; n++) {
		struct tunnel tunnel = tunnel_over(n, false);

		assert_true(tunnel_write(&tunnel, false, 40, 0, 0x3fff, 0, packet));
		assert_int_equal(load_be16(packet + IPV4_MIN_BYTES), 65535);
		assert_true(tunnel_write(&tunnel, false, 40, 0, 0xffffc001, 0, packet));
		assert_int_equal(load_be16(packet + IPV4_MIN_BYTES), 49153);
		assert_int_equal(load_be16(packet + IPV4_MIN_BYTES + 2), tunnel.port);
		assert_int_equal(load_be16(packet + IPV4_MIN_BYTES + UDP_CHECKSUM), 0);
	}
}

static void should_write_the_bytes_of_the_standards(void **state)
{
	static const uint8_t gre[] = {0x20, 0, 0x86, 0xdd, 0xfe, 0xdc, 0xba, 0x98};
	static const uint8_t gue[] = {0, 4, 0, 0};
	static const uint8_t vxlan[] = {
		0x08, 0, 0, 0, 0xab, 0xcd, 0xef, 0, 2, 0, 0, 0, 0, 9, 2, 0, 192, 0, 2, 1, 0x08, 0};
	uint8_t packet[TUNNEL_MAX_BYTES + INNER_BYTES];
	struct tunnel tunnel;

	(void)state;
	tunnel = tunnel_over(2, false);
	written(&tunnel, true, packet);
	assert_memory_equal(packet + IPV4_MIN_BYTES, gre, sizeof(gre));
	tunnel = tunnel_over(3, false);
	written(&tunnel, false, packet);
	assert_memory_equal(packet + IPV4_MIN_BYTES + UDP_BYTES, gue, sizeof(gue));
	tunnel = tunnel_over(4, false);
	written(&tunnel, false, packet);
	assert_memory_equal(packet + IPV4_MIN_BYTES + UDP_BYTES, vxlan, sizeof(vxlan));
}

static void should_refuse_what_would_be_too_long(void **state)
{
	uint8_t packet[TUNNEL_MAX_BYTES];

	(void)state;
	for (int n = 0; n < TUNNELS * 2; n++) {
		struct tunnel tunnel = tunnel_over(n / 2, n & 1);
		uint16_t most = (uint16_t)(65535 - tunnel_header_bytes(&tunnel));

		assert_true(tunnel_header_bytes(&tunnel) <= TUNNEL_MAX_BYTES);
		assert_true(tunnel_write(&tunnel, false, most, 0, 0, 0, packet));
		assert_false(tunnel_write(&tunnel, false, (uint16_t)(most + 1), 0, 0, 0, packet));
	}
}

// Cut behind the outer IP header, with the lengths made to agree.
static void should_find_every_cut_malformed(void **state)
{
	uint8_t packet[TUNNEL_MAX_BYTES + INNER_BYTES];

	(void)state;
	for (int n = 0; n < TUNNELS; n++) {
		struct tunnel tunnel = tunnel_over(n, false);
		enum tunnel_outcome expected =
			tunnel.kind == TUNNEL_GRE ? TUNNEL_MALFORMED_GRE : TUNNEL_MALFORMED;
		struct packet_view view = written(&tunnel, false, packet);

		for (uint16_t len = 0; len <= tunnel_header_bytes(&tunnel) - IPV4_MIN_BYTES;
			len++) {
			struct packet_view cut = view;
			struct tunnel_inner inner;

			cut.l4_len = len;
			cut.ip_len = (uint16_t)(IPV4_MIN_BYTES + len);
			if (view.protocol == PROTOCOL_UDP)
				store_be16(packet + IPV4_MIN_BYTES + UDP_LENGTH, len);
			assert_int_equal(read_tunnel(packet, &cut, &inner), expected);
		}
	}
}

static enum tunnel_outcome read_changed(int n, size_t at, uint8_t value)
{
	uint8_t packet[TUNNEL_MAX_BYTES + INNER_BYTES];
	struct tunnel tunnel = tunnel_over(n, false);
	struct packet_view view = written(&tunnel, false, packet);
	struct tunnel_inner inner;

	packet[IPV4_MIN_BYTES + at] = value;
	view = view_of(packet);
	return read_tunnel(packet, &view, &inner);
}

static void should_refuse_unknown_gre(void **state)
{
	(void)state;
	assert_int_equal(read_changed(1, 0, 0x40), TUNNEL_MALFORMED_GRE); // routing
	assert_int_equal(read_changed(1, 0, 0x08), TUNNEL_MALFORMED_GRE); // strict route
	assert_int_equal(read_changed(1, 0, 0x04), TUNNEL_MALFORMED_GRE); // bit 5
	assert_int_equal(read_changed(1, 1, 0x01), TUNNEL_MALFORMED_GRE); // PPTP
	assert_int_equal(read_changed(1, 0, 0x80), TUNNEL_MALFORMED_GRE); // no such checksum
	assert_int_equal(read_changed(1, 1, 0xf8), TUNNEL_INNER); // bits that a receiver ignores
	assert_int_equal(read_changed(1, 2, 0x65), TUNNEL_UNSUPPORTED);
	assert_int_equal(read_changed(1, 4, 0x65), TUNNEL_MALFORMED_GRE); // says IPv4, is not
}

static void should_read_gre_with_every_field(void **state)
{
	uint8_t packet[IPV4_MIN_BYTES + 16 + INNER_BYTES] = {0x45};
	uint8_t *gre = packet + IPV4_MIN_BYTES;
	struct tunnel_inner inner;
	struct packet_view view;

	(void)state;
	store_be16(packet + IPV4_TOTAL_LENGTH, sizeof(packet));
	packet[IPV4_PROTOCOL] = PROTOCOL_GRE;
	store_be16(gre, 0xb000);
	store_be16(gre + 2, ETHERTYPE_IPV4_ID);
	store_be32(gre + 8, 77);
	gre[16] = 0x45;
	store_raw16(gre + 4, checksum(gre, sizeof(packet) - IPV4_MIN_BYTES));
	view = view_of(packet);
	assert_int_equal(read_tunnel(packet, &view, &inner), TUNNEL_INNER);
	assert_int_equal(inner.offset, IPV4_MIN_BYTES + 16);
	assert_true(inner.has_id);
	assert_int_equal(inner.id, 77);
	packet[sizeof(packet) - 1] ^= 1;
	assert_int_equal(read_tunnel(packet, &view, &inner), TUNNEL_MALFORMED_GRE);
}

static void should_refuse_unknown_gue(void **state)
{
	(void)state;
	assert_int_equal(read_changed(3, 8, 0x80), TUNNEL_MALFORMED);   // variant 2
	assert_int_equal(read_changed(3, 8, 0x01), TUNNEL_MALFORMED);   // extensions
	assert_int_equal(read_changed(3, 10, 0x80), TUNNEL_MALFORMED);  // a flag
	assert_int_equal(read_changed(3, 8, 0x20), TUNNEL_UNSUPPORTED); // control
	assert_int_equal(read_changed(3, 9, 47), TUNNEL_UNSUPPORTED);
	assert_int_equal(read_changed(3, 9, PROTOCOL_IPV6), TUNNEL_MALFORMED);
}

static void should_read_an_ip_packet_as_gue_variant_1(void **state)
{
	uint8_t packet[TUNNEL_MAX_BYTES + INNER_BYTES];
	struct tunnel tunnel = tunnel_over(3, false);
	struct packet_view view = written(&tunnel, false, packet);
	struct tunnel_inner inner;

	(void)state;
	packet[IPV4_MIN_BYTES + UDP_BYTES] = 0x60;
	assert_int_equal(read_tunnel(packet, &view, &inner), TUNNEL_INNER);
	assert_int_equal(inner.offset, IPV4_MIN_BYTES + UDP_BYTES);
	assert_true(inner.is_v6);
	packet[IPV4_MIN_BYTES + UDP_BYTES] = 0x50;
	assert_int_equal(read_tunnel(packet, &view, &inner), TUNNEL_MALFORMED);
}

static void should_refuse_unknown_vxlan(void **state)
{
	(void)state;
	assert_int_equal(read_changed(4, 8, 0x00), TUNNEL_MALFORMED);
	assert_int_equal(read_changed(4, 8, 0xff), TUNNEL_INNER); // reserved bits are ignored
	assert_int_equal(read_changed(4, 29, 0x06), TUNNEL_UNSUPPORTED); // ARP
	assert_int_equal(read_changed(4, 28, 0x81), TUNNEL_UNSUPPORTED);
	assert_int_equal(read_changed(4, 30, 0x65), TUNNEL_MALFORMED);
}

static void should_tell_what_is_no_tunnel(void **state)
{
	uint8_t packet[TUNNEL_MAX_BYTES + INNER_BYTES];
	struct tunnel tunnel = tunnel_over(4, false);
	struct packet_view view = written(&tunnel, false, packet);
	struct tunnel_inner inner;

	(void)state;
	assert_int_equal(tunnel_read(packet, &view, TUNNEL_GUE_PORT, 0, &inner), TUNNEL_NOT_ONE);
	view.fragment = FRAGMENT_FIRST;
	assert_int_equal(read_tunnel(packet, &view, &inner), TUNNEL_NOT_ONE);
	view.fragment = FRAGMENT_NONE;
	view.destination_port = 53;
	assert_int_equal(read_tunnel(packet, &view, &inner), TUNNEL_NOT_ONE);
	view.protocol = PROTOCOL_TCP;
	assert_int_equal(read_tunnel(packet, &view, &inner), TUNNEL_NOT_ONE);
}

static void should_add_nothing_without_a_tunnel(void **state)
{
	struct tunnel none = {.kind = TUNNEL_NONE};
	uint8_t byte = 0x5a;

	(void)state;
	assert_int_equal(tunnel_header_bytes(&none), 0);
	assert_true(tunnel_write(&none, false, 1500, 0, 0, 0, &byte));
	assert_int_equal(byte, 0x5a);
	assert_string_equal(tunnel_kind_name(TUNNEL_NONE), "none");
	assert_string_equal(tunnel_kind_name(TUNNEL_VXLAN), "vxlan");
}

// Whatever stood there before, and whatever differs from packet to packet.
static void should_write_the_same_from_a_header_made_beforehand(void **state)
{
	static const uint16_t lengths[] = {20, 60, 1480, 65000};
	uint8_t wanted[TUNNEL_MAX_BYTES], made[TUNNEL_HEAD_BYTES + 1];
	struct tunnel_head head;

	(void)state;
	for (int i = 0; i < TUNNELS * 4 * 4; i++) {
		const struct tunnel tunnel = tunnel_over(i % TUNNELS, i / TUNNELS & 1);
		bool inner_is_v6 = i / TUNNELS & 2;
		uint16_t len = lengths[i / TUNNELS / 4], ip_id = (uint16_t)(i * 40503);
		uint32_t entropy = (uint32_t)i * 2654435761u;
		uint8_t class = (uint8_t)(i * 37);
		unsigned int bytes = tunnel_header_bytes(&tunnel);

		assert_true(tunnel_write(&tunnel, inner_is_v6, len, class, entropy, ip_id, wanted));
		memset(made, 0xee, sizeof(made));
		tunnel_head_make(&head, &tunnel, inner_is_v6);
		assert_int_equal(head.len, bytes);
		assert_true(tunnel_head_write(
			&head, len, class, entropy, ip_id, made + TUNNEL_HEAD_BYTES));
		assert_memory_equal(made + TUNNEL_HEAD_BYTES - bytes, wanted, bytes);
		assert_int_equal(made[TUNNEL_HEAD_BYTES], 0xee);
		assert_false(tunnel_head_write(&head, (uint16_t)(65536 - bytes), class, entropy,
			ip_id, made + TUNNEL_HEAD_BYTES));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(should_write_the_same_from_a_header_made_beforehand),
		cmocka_unit_test(should_read_back_every_tunnel_it_writes),
		cmocka_unit_test(should_write_a_whole_outer_header),
		cmocka_unit_test(should_spread_flows_by_their_udp_source_port),
		cmocka_unit_test(should_write_the_bytes_of_the_standards),
		cmocka_unit_test(should_refuse_what_would_be_too_long),
		cmocka_unit_test(should_find_every_cut_malformed),
		cmocka_unit_test(should_refuse_unknown_gre),
		cmocka_unit_test(should_read_gre_with_every_field),
		cmocka_unit_test(should_refuse_unknown_gue),
		cmocka_unit_test(should_read_an_ip_packet_as_gue_variant_1),
		cmocka_unit_test(should_refuse_unknown_vxlan),
		cmocka_unit_test(should_tell_what_is_no_tunnel),
		cmocka_unit_test(should_add_nothing_without_a_tunnel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
